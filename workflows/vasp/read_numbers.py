"""The numbers of one VASP run, from vasprun.xml and OUTCAR, from one of them, or cut.

Lattice, energy and eigenvalues come from vasprun.xml, which has the most digits;
site moments, U as applied, potentials and what VASP says about convergence from
OUTCAR. Either stands in for the other as far as it can. A cut file gives its last
complete ionic step, never half of one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflows.analysis.band_gap import BandGap, band_gap
from workflows.vasp.convergence import last_change, not_relaxed, reached_ediff
from workflows.vasp.equality import same_structure
from workflows.vasp.finite import (
    is_number,
    keep_finite,
    largest,
    largest_component,
    pressure,
)
from workflows.vasp.hubbard import largest_u
from workflows.vasp.many_body import many_body_algorithm
from workflows.vasp.numbers import VaspNumbers
from workflows.vasp.one_run import contradiction, of_outcar_alone, of_vasprun_alone
from workflows.vasp.outcar_moments import number
from workflows.vasp.outcar_steps import IonicStep, OutcarBody
from workflows.vasp.run_files import VaspFiles, holds, read_bytes, read_text
from workflows.vasp.undisplaced import undisplaced
from workflows.vasp.vasprun import (
    asked_hubbards,
    asked_own_j,
    final_energy,
    open_outcar,
    open_vasprun,
    read_structure,
    titels,
)

if TYPE_CHECKING:
    from pymatgen.core import Structure

_FERMI_LEVELS = {
    "vasprun.xml": re.compile(rb'<i name="efermi">\s*([^\s<]+)'),
    "OUTCAR": re.compile(rb"E-fermi\s*:\s*(\S+)"),
}


_STARS = re.compile(rb"<v>[^<]*\*{3}")
_APPLIED = (
    *("encut", "prec", "nelm", "nsw", "ibrion", "ediff", "ediffg", "isif"),
    *("lasph", "ispin", "lmaxmix"),
)
"""What OUTCAR prints as applied, by the names of its head."""
_NAMES = {"encut": "ENMAX"}
"""What vasprun.xml calls one of them."""


def read_numbers(files: VaspFiles, *, cut: bool = False) -> VaspNumbers:
    """Read a run.

    Parameters
    ----------
    files
        Of one run.
    cut
        Take what is complete, from files that stop before their end.

    Raises
    ------
    Exception
        Whatever pymatgen makes of a damaged file; if `cut`, nothing is raised.
    """
    outcar = open_outcar(files, cut=cut)
    run = open_vasprun(files, cut=cut)
    common: dict[str, Any] = {
        **_fermi_levels(files),
        "many_body": many_body_algorithm(files),
        "overflow": _overflow(files, outcar),
    }
    readers: list[Callable[[], VaspNumbers]] = [lambda: _from_oszicar(files)]
    if outcar is not None:
        readers.insert(0, lambda: _from_outcar(outcar, files))
    if run is not None:
        readers.insert(0, lambda: _from_both(run, outcar))
    for read in readers:
        try:
            found = keep_finite(_without_ground_state(replace(read(), **common)))
            return replace(found, undisplaced=undisplaced(found, run))
        except Exception:  # whatever half a file leads pymatgen to
            if not cut:
                raise
    return VaspNumbers()


def _overflow(files: VaspFiles, outcar: OutcarBody | None) -> bool:
    last = outcar.steps[-1] if outcar is not None and outcar.steps else None
    printed = last is not None and last.overflow
    return printed or holds(files.find("vasprun.xml"), _STARS) is not None


def _fermi_levels(files: VaspFiles) -> dict[str, Any]:
    """Read the last Fermi level, eV; pymatgen gives it only with the whole DOS."""
    last: dict[str, float] = {}
    for name, pattern in _FERMI_LEVELS.items():
        path = files.find(name)
        found = pattern.findall(read_bytes(path)) if path is not None else []
        if found:
            last[name] = number(found[-1].decode("ascii", "replace"))
    finite = [level for level in last.values() if math.isfinite(level)]
    return {
        "efermi": finite[0] if finite else None,
        "efermi_lost": tuple(
            n for n, level in last.items() if not math.isfinite(level)
        ),
    }


def _without_ground_state(numbers: VaspNumbers) -> VaspNumbers:
    """Take no total energy from a run above the ground state.

    What it prints under that name is of its first part, or of none.
    """
    if not numbers.many_body:
        return numbers
    return replace(numbers, energy=None, electronic=(), last_changes=())


def _from_both(run: Any, outcar: OutcarBody | None) -> VaspNumbers:
    parameters = dict(run.parameters)
    last = outcar.steps[-1] if outcar is not None and outcar.steps else None
    end = run.ionic_steps[-1] if run.ionic_steps else {}
    noncollinear = _noncollinear(parameters) or (
        outcar is not None and outcar.header.noncollinear
    )
    scalars = last is not None and noncollinear and last.vectors is None
    gap, gap_lost = _gap(run)
    common = {} if outcar is None else _from_header(outcar)
    return VaspNumbers(
        **{
            "hubbards": asked_hubbards(run),
            "hubbard_j": asked_own_j(run),
            "nelect": parameters.get("NELECT"),
            "asked_nelect": parameters.get("NELECT"),
            "potcar": titels(run),
            **common,
        },
        structure=run.final_structure,
        initial=run.structures[0] if run.ionic_steps else run.initial_structure,
        energy=final_energy(run),
        **_cycles(run, outcar),
        magnetization=last.moments if last and not scalars else None,
        vectors=last.vectors if last else None,
        noncollinear=noncollinear,
        total_magnetization=last.total_magnetization if last else None,
        occupations=outcar.occupations if outcar is not None else (),
        version=run.vasp_version,
        gap=gap,
        gap_lost=gap_lost,
        max_force=largest(end.get("forces")),
        pressure=pressure(end.get("stress")),
        max_stress=largest_component(end.get("stress")),
        parameters=parameters,
        incar=dict(run.incar),
        kpoints=run.kpoints,
        outcar=outcar,
        contradiction=of_outcar_alone(outcar)
        or contradiction(run, outcar)
        or of_vasprun_alone(run),
        not_relaxed=not_relaxed(run) if outcar is None and run.ionic_steps else "",
        learned=bool(end.get("learned")),
        sources=("vasprun.xml", "OUTCAR") if outcar else ("vasprun.xml",),
    )


def _noncollinear(parameters: Mapping[str, Any]) -> bool:
    return any(parameters.get(tag) is True for tag in ("LNONCOLLINEAR", "LSORBIT"))


def _cycles(run: Any, outcar: OutcarBody | None) -> dict[str, Any]:
    """Return the electronic cycle of each ionic step in vasprun.xml.

    How many steps, whether it converged, and the last change of the energy. OUTCAR
    says it where it has the same ionic steps.
    """
    steps = run.ionic_steps
    told: Sequence[IonicStep | None] = [None] * len(steps)
    if outcar is not None and len(outcar.steps) == len(steps):
        told = outcar.steps
    cycles: list[tuple[int, bool | None]] = []
    changes: list[float | None] = []
    for step, said in zip(steps, told, strict=True):
        change = last_change(step)
        if said is not None and said.change is not None:
            change = said.change
        changes.append(change)
        number = len(step["electronic_steps"])
        reached = reached_ediff(
            said.converged if said is not None else None,
            number,
            change,
            run.parameters,
            run.vasp_version,
        )
        cycles.append((0, True) if step.get("learned") else (number, reached))
    return {"electronic": tuple(cycles), "last_changes": tuple(changes)}


def _from_outcar(outcar: OutcarBody, files: VaspFiles) -> VaspNumbers:
    steps, header = outcar.steps, outcar.header
    last = steps[-1] if steps else None
    structure = outcar.structure(last) if last else None
    parameters = {
        _NAMES.get(tag, tag.upper()): value
        for tag in _APPLIED
        if (value := getattr(header, tag)) is not None
    }
    changes = tuple(step.change for step in steps)
    reached = (
        reached_ediff(
            step.converged,
            step.electronic_steps,
            step.change if step.converged else None,
            parameters,
            header.version,
        )
        for step in steps
    )
    return VaspNumbers(
        **_from_header(outcar),
        structure=_sharpened(structure, files.find("CONTCAR")),
        initial=outcar.structure(steps[0]) if steps else None,
        energy=last.energy if last else None,
        electronic=tuple(
            (0, True) if step.learned else (step.electronic_steps, ok)
            for step, ok in zip(steps, reached, strict=True)
        ),
        last_changes=changes,
        magnetization=last.moments if last else None,
        vectors=last.vectors if last else None,
        noncollinear=header.noncollinear
        or (last is not None and last.vectors is not None),
        total_magnetization=last.total_magnetization if last else None,
        occupations=outcar.occupations,
        version=header.version,
        max_force=largest(last.forces) if last else None,
        pressure=last.pressure if last else None,
        parameters=parameters,
        outcar=outcar,
        contradiction=of_outcar_alone(outcar),
        learned=last is not None and last.learned,
        sources=("OUTCAR",),
    )


def _from_oszicar(files: VaspFiles) -> VaspNumbers:
    """Return the last energy of a run that left little else, and its start."""
    path = files.find("OSZICAR")
    text = read_text(path) if path is not None else ""
    energies = re.findall(r"^ *\d+ F= *\S+ E0= *(-?\.?\d\S+)", text, re.MULTILINE)
    steps = text.split(" F= ")[: len(energies)]
    return VaspNumbers(
        initial=read_structure(files.find("POSCAR")),
        energy=float(energies[-1]) if energies else None,
        electronic=tuple((len(re.findall(r"^\w+: ", s, re.M)), None) for s in steps),
        sources=("OSZICAR",) if energies else (),
    )


def _from_header(outcar: OutcarBody) -> dict[str, Any]:
    header = outcar.header
    blocks = header.hubbards
    electrons = outcar.steps[-1].electrons if outcar.steps else None
    return {
        "hubbards": largest_u(blocks),
        "hubbard_j": header.own_j,
        "split_hubbards": {e: us for e, us in blocks.items() if len(set(us)) > 1},
        "nelect": electrons if electrons is not None else header.nelect,
        "asked_nelect": header.nelect,
        "neutral_nelect": header.neutral_nelect,
        "potcar": dict(zip(header.elements, header.titels, strict=False)),
    }


def _gap(run: Any) -> tuple[BandGap | None, bool]:
    """Return the gap, and whether it is lost: no numbers, or no level that is empty."""
    try:
        if not all(map(is_number, run.eigenvalues.values())):
            return None, True
        found = band_gap(run.eigenvalues)
        return (found, False) if math.isfinite(found.gap) else (None, True)
    except (AttributeError, ValueError, TypeError):
        return None, False


def _sharpened(structure: Structure | None, contcar: Path | None) -> Structure | None:
    """Give OUTCAR's five decimals the digits of a CONTCAR that agrees with them."""
    finer = read_structure(contcar)
    if structure is None or finer is None:
        return structure
    return finer if same_structure(structure, finer, tolerance=2e-4) else structure
