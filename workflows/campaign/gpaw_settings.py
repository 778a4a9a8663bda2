"""Everything that decides a number of the gpaw engine, presets resolved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import ceil
from typing import TYPE_CHECKING, Any

from workflows.campaign import presets
from workflows.campaign.campaign import Campaign
from workflows.campaign.gpaw_section import GpawSection
from workflows.campaign.step_names import GEOMETRY
from workflows.errors import InputError

if TYPE_CHECKING:
    from pymatgen.core import Structure


def gpaw_settings(
    campaign: Campaign,
    metals: Iterable[str],
    structure: Structure,
    steps: tuple[str, ...],
) -> dict[str, Any]:
    """Resolve the settings of one calculation.

    Parameters
    ----------
    campaign
        Its section ``gpaw``, and ``chgnet`` where that relaxes.
    metals
        Elements that need a U.
    structure
        Says which elements are there.
    steps
        Steps of the calculation.

    Raises
    ------
    InputError
        A metal without U, an element without moment, or a cutoff at which the
        pressure of the basis is not known and a cell shall be relaxed.
    """
    gpaw = campaign.gpaw
    elements = tuple(dict.fromkeys(site.specie.symbol for site in structure))
    return {
        **_common(campaign, steps, structure),
        "hubbards": _hubbards(campaign, metals, elements),
        "magmom": _moments(campaign, elements),
        "kpoints": {s: list(_mesh(gpaw, s)) for s in steps if s != GEOMETRY},
    }


def gpaw_metal_settings(
    campaign: Campaign, metal: Structure, steps: tuple[str, ...]
) -> dict[str, Any]:
    """Resolve those of the ion's metal: no U, no moments, a mesh for a metal.

    A hexagonal cell gets a mesh through Gamma: a shifted one breaks its symmetry.
    """
    mesh = metal_mesh(campaign.gpaw.kpoints_lithium, metal)
    hexagonal = {} if metal.lattice.is_orthogonal else {"centring": "gamma"}
    return {
        **_common(campaign, steps, None),
        **hexagonal,
        "hubbards": {},
        "magmom": {},
        "kpoints": {s: mesh for s in steps if s != GEOMETRY},
    }


def metal_mesh(mesh: tuple[int, int, int], metal: Structure) -> list[int]:
    """Keep the spacing of a mesh for bcc lithium in the cell of another metal."""
    a = float(presets.ion_preset("Li")["a"])
    lengths = metal.lattice.reciprocal_lattice_crystallographic.abc
    return [
        max(1, ceil(n * a * length - 1e-6))
        for n, length in zip(mesh, lengths, strict=True)
    ]


def _common(
    campaign: Campaign, steps: tuple[str, ...], structure: Structure | None
) -> dict[str, Any]:
    gpaw = campaign.gpaw
    settings: dict[str, Any] = {
        "functional": gpaw.functional,
        "cutoff": gpaw.cutoff,
        "centring": gpaw.centring,
        "width": gpaw.width,
        "energy": gpaw.energy,
        "max_iterations": gpaw.max_iterations,
        "symmetry": gpaw.symmetry,
        "ladder": presets.gpaw_preset("ladder"),
        "basis_energy": _basis_energy(campaign, steps, structure),
    }
    if GEOMETRY in steps:
        settings["geometry"] = campaign.chgnet.model_dump(mode="json")
    if "relax" in steps:
        settings["relax"] = {
            "fmax": gpaw.fmax,
            "smax": gpaw.smax,
            "max_steps": gpaw.max_steps,
            **presets.gpaw_preset("relax"),
        }
    return settings


def _basis_energy(
    campaign: Campaign, steps: tuple[str, ...], structure: Structure | None
) -> float | None:
    """Return the energy by whose volume the basis' own pressure is known, eV a cell."""
    oxygen = 0 if structure is None else round(structure.composition["O"])
    known = presets.gpaw_preset("basis_energy")
    if oxygen and campaign.gpaw.cutoff not in known:
        if "relax" not in steps:
            return None
        raise InputError(
            f"campaign {campaign.name}: gpaw.cutoff = {campaign.gpaw.cutoff:g} eV: the "
            "Pulay stress at this cutoff is not known, so the cell would relax to a "
            f"wrong size; take one of {', '.join(f'{k:g}' for k in known)}, or "
            "geometry: chgnet"
        )
    return float(oxygen * known.get(campaign.gpaw.cutoff, 0.0))


def _mesh(gpaw: GpawSection, step: str) -> tuple[int, int, int]:
    return gpaw.kpoints_dos or gpaw.kpoints if step == "dos" else gpaw.kpoints


def _moments(campaign: Campaign, elements: Iterable[str]) -> dict[str, float]:
    own: Mapping[str, float] = campaign.gpaw.magmom
    given = {**presets.ion_values("magmom"), **own}
    if missing := [e for e in elements if e not in given]:
        raise InputError(
            f"campaign {campaign.name}: gpaw.magmom names no value for "
            f"{', '.join(missing)} (it names {', '.join(own)}); add it"
        )
    return {element: float(given[element]) for element in elements}


def _hubbards(
    campaign: Campaign, metals: Iterable[str], elements: tuple[str, ...]
) -> dict[str, float]:
    own = [e for e in elements if e in set(metals)]
    values = campaign.gpaw.hubbards()
    if campaign.gpaw.hubbard_u == "none":
        values = dict.fromkeys(own, 0.0)
    if missing := [metal for metal in own if metal not in values]:
        raise InputError(
            f"campaign {campaign.name}: gpaw.hubbard_u gives no U for "
            f"{', '.join(missing)} (it names {', '.join(values) or 'nothing'}); every "
            "transition metal needs one in eV, 0 allowed"
        )
    if strange := [e for e in elements if e not in own and values.get(e)]:
        raise InputError(
            f"campaign {campaign.name}: gpaw.hubbard_u puts U on {', '.join(strange)}, "
            "which is not a transition metal of the host; remove it"
        )
    return {metal: float(values[metal]) for metal in own}
