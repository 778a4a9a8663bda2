"""Settings laxer than those of the paper, or than the packaged presets: said as U is.

A cutoff of 300 eV, one k point or a wide smearing give other numbers, and a moment
may still lie in its range; so may those of a relaxation that no static run follows.
What departs from the presets is named behind an outcome, unless it is stricter: a
larger cutoff, a denser mesh, a tighter limit. The cutoff and the mesh are the paper's;
the other presets are ours, see ``presets/steps.yaml``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from workflows.analysis.ions import LITHIUM
from workflows.campaign.calculation import CONVENTIONAL, Calculation
from workflows.campaign.presets import functionals, merge
from workflows.campaign.step_names import GEOMETRY
from workflows.records.document import INCAR, TaskDocument
from workflows.results.comparable import SPACING, k_spacing
from workflows.vasp.equality import same_value
from workflows.vasp.known_tags import physics_tags

CUTOFF = 520.0
"""eV, the paper's."""
MESH = (3, 3, 3)
"""The paper's, of the 56-atom cell."""
METAL_MESH = 12
"""Points along each axis of bcc lithium. Choice: 0.15 1/A, meV of a metal's energy."""
WIDTH = 0.05
"""eV, of the occupations in GPAW: the packaged campaigns'."""
NOT_RECORDED = "not recorded"
"""Ends what is unknown of a run that gave numbers; of one without, nothing is said."""
NO_STATIC = "no static step"
"""The numbers are those of a relaxation's last step: of the basis of its start, and of
a coarser convergence. The paper's calculations are static ones."""
HAMILTONIAN = (
    *("GGA", "METAGGA", "XC", "LIBXC1", "LIBXC2", "LHFCALC", "AEXX", "HFSCREEN"),
    *("IVDW", "LUSE_VDW", "LDAUTYPE", "LSORBIT", "LNONCOLLINEAR", "NUPDOWN"),
)
"""INCAR tags by which a calculation has another Hamiltonian than its preset."""

STRICTER: Mapping[str, Callable[[Any, Any], bool]] = {
    "ENCUT": lambda own, preset: own >= preset,
    "LMAXMIX": lambda own, preset: own >= preset,
    "EDIFF": lambda own, preset: own <= preset,
    "SIGMA": lambda own, preset: own <= preset,
    "EDIFFG": lambda own, preset: preset <= own < 0,
    "ISYM": lambda own, _: own in {-1, 0},
    "ISMEAR": lambda own, _: own in {0, -5},
    "PREC": lambda own, _: str(own).lower().startswith("acc"),
}
"""Tag -> whether a value, beside that of its preset, is at least as strict."""


def of_document(document: TaskDocument) -> tuple[str, ...]:
    """Return what is laxer in a recorded step, and what is not on record.

    Of a step without a result, only what is on record: its settings are the planned
    ones where no output has been read.
    """
    step, settings = document.task_label.partition("-")[0], document.settings
    metal = document.reference
    if step == GEOMETRY or document.surrogate:
        return ()
    mesh = settings.get("kpoints")
    if document.engine == "gpaw":
        found = _of_gpaw(settings)
    elif document.engine == "vasp":
        alone = step == document.result_step == "relax"
        found = _of_vasp(settings, step, metal=bool(metal))
        found += (NO_STATIC,) if alone else ()
    else:
        return ()
    if step == "dos":  # its mesh is another, and its numbers count for no row
        return found
    missing = () if mesh else (f"k mesh {NOT_RECORDED}",)
    found = (*found, *missing, *_coarse(mesh, document.supercell, metal=metal))
    if document.energy is None and not document.state.usable:  # no output was read
        return tuple(each for each in found if not each.endswith(NOT_RECORDED))
    return found


def of_calculation(calculation: Calculation) -> tuple[str, ...]:
    """Return what is planned laxer in the steps whose numbers count."""
    settings, metal = calculation.settings, calculation.reference
    found: list[str] = []
    for step in calculation.steps:
        if step in {"dos", GEOMETRY} or calculation.engine not in {"vasp", "gpaw"}:
            continue
        if calculation.engine == "gpaw":
            found += _of_gpaw(settings)
        else:
            tags = settings["incar"].get(step, {})
            own = {**settings, INCAR: physics_tags(tags), "ENCUT": tags.get("ENCUT")}
            found += _of_vasp(own, step, metal=bool(metal))
            found += [] if "static" in calculation.steps else [NO_STATIC]
        mesh = settings["kpoints"].get(step)
        found += _coarse(mesh, calculation.supercell, metal=metal)
    return tuple(dict.fromkeys(found))


def in_one(parts: Iterable[str]) -> str:
    """Join what several steps or rows say of their settings, each once."""
    found = (one for part in parts for one in part.split(", ") if one)
    return ", ".join(dict.fromkeys(found))


def _of_gpaw(settings: Mapping[str, Any]) -> tuple[str, ...]:
    cutoff, width = settings.get("cutoff"), settings.get("width")
    if cutoff is None or width is None:
        return (f"cutoff or smearing {NOT_RECORDED}",)
    low = (f"cutoff {cutoff:g} eV",) if cutoff < CUTOFF else ()
    return low + ((f"smearing {width:g} eV",) if width > WIDTH else ())


def _of_vasp(settings: Mapping[str, Any], step: str, *, metal: bool) -> tuple[str, ...]:
    applied, tags = settings.get("ENCUT"), settings.get(INCAR)
    found = [] if applied else [f"ENCUT {NOT_RECORDED}"]
    if applied and applied < CUTOFF:
        found.append(f"ENCUT = {applied:g}")
    if tags is None:
        found.append(f"INCAR tags {NOT_RECORDED}")
    elif settings.get("functional") in functionals():
        ran = {t: settings[t] for t in ("PREC", "LASPH", "LMAXMIX") if t in settings}
        own = {**tags, **{t: v for t, v in ran.items() if t in tags}}
        name = str(settings["functional"])
        found += _departures(own, _preset(step, name, metal=metal))
    return tuple(found)


@cache
def _preset(step: str, functional: str, *, metal: bool) -> Mapping[str, Any]:
    merged = merge(step, functional=functional, lithium=metal)
    return physics_tags({name: tag.value for name, tag in merged.items()})


def _departures(own: Mapping[str, Any], preset: Mapping[str, Any]) -> list[str]:
    """Return the tags in which a step is laxer than its preset, or only other."""
    found = []
    for tag in sorted({*own, *preset} - {*HAMILTONIAN, "ENCUT"}):
        value = own.get(tag)
        if value is None:
            found.append(f"no {tag}")
        elif not _as_strict(tag, value, preset.get(tag)):
            found.append(f"{tag} = {value}")
    return found


def _as_strict(tag: str, own: Any, preset: Any) -> bool:
    if same_value(own, preset):
        return True
    try:
        return preset is not None and tag in STRICTER and STRICTER[tag](own, preset)
    except TypeError:  # a word where a number stands
        return False


def _coarse(
    mesh: Sequence[int] | None, supercell: Sequence[Sequence[float]], *, metal: str
) -> tuple[str, ...]:
    """Name a mesh whose points are farther apart than the paper's, along any axis."""
    if not mesh:
        return ()
    if metal:
        coarse = metal == LITHIUM and min(mesh) < METAL_MESH
    else:
        pairs = zip(
            k_spacing(mesh, supercell), k_spacing(MESH, CONVENTIONAL), strict=True
        )
        coarse = any(own > (1 + SPACING) * paper for own, paper in pairs)
    return (f"k mesh {'x'.join(map(str, mesh))}",) if coarse else ()
