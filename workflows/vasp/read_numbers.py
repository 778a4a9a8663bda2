"""The numbers of one VASP run, from vasprun.xml and OUTCAR, from one of them, or cut.

Lattice, energy and eigenvalues come from vasprun.xml, which has the most digits;
site moments, U as applied, potentials and what VASP says about convergence from
OUTCAR. Either stands in for the other as far as it can. A cut file gives its last
complete ionic step, never half of one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflows.analysis.band_gap import BandGap, band_gap
from workflows.vasp.convergence import not_relaxed, settled
from workflows.vasp.equality import same_structure
from workflows.vasp.finite import is_number, keep_finite, largest, pressure
from workflows.vasp.hubbard import largest_u, u_by_element
from workflows.vasp.numbers import VaspNumbers
from workflows.vasp.one_run import contradiction
from workflows.vasp.outcar_steps import OutcarBody
from workflows.vasp.run_files import VaspFiles, read_bytes, read_text
from workflows.vasp.vasprun import final_energy, open_outcar, open_vasprun, read_poscar

if TYPE_CHECKING:
    from pymatgen.core import Structure

_FERMI_LEVELS = {
    "vasprun.xml": re.compile(rb'<i name="efermi">\s*([^\s<]+)'),
    "OUTCAR": re.compile(rb"E-fermi\s*:\s*(\S+)"),
}


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
    readers: list[Callable[[], VaspNumbers]] = [lambda: _from_oszicar(files)]
    if outcar is not None:
        readers.insert(0, lambda: _from_outcar(outcar, files))
    if run is not None:
        readers.insert(0, lambda: _from_both(run, outcar))
    for read in readers:
        try:
            return keep_finite(replace(read(), efermi=_fermi_level(files)))
        except Exception:  # whatever half a file leads pymatgen to
            if not cut:
                raise
    return VaspNumbers()


def _fermi_level(files: VaspFiles) -> float | None:
    """Read the last Fermi level, eV; pymatgen gives it only with the whole DOS."""
    for name, pattern in _FERMI_LEVELS.items():
        path = files.find(name)
        found = pattern.findall(read_bytes(path)) if path is not None else []
        with suppress(IndexError, ValueError):
            if math.isfinite(level := float(found[-1])):
                return level
    return None


def _from_both(run: Any, outcar: OutcarBody | None) -> VaspNumbers:
    parameters = dict(run.parameters)
    steps = [len(step["electronic_steps"]) for step in run.ionic_steps]
    said = _said(outcar, len(steps))
    last = outcar.steps[-1] if outcar is not None and outcar.steps else None
    forces, stress = (run.ionic_steps[-1].get(k) for k in ("forces", "stress"))
    titels = {t.split()[1].split("_")[0]: t for t in map(str, run.potcar_symbols)}
    gap, gap_lost = _gap(run)
    common = {} if outcar is None else _from_header(outcar)
    return VaspNumbers(
        **{
            "hubbards": _asked_hubbards(run),
            "nelect": parameters.get("NELECT"),
            "asked_nelect": parameters.get("NELECT"),
            "potcar": titels,
            **common,
        },
        structure=run.final_structure,
        initial=run.structures[0],
        energy=final_energy(run),
        electronic=tuple(
            (n, ok if ok is not None else settled(step, parameters))
            for n, ok, step in zip(steps, said, run.ionic_steps, strict=True)
        ),
        magnetization=last.moments if last else None,
        total_magnetization=last.total_magnetization if last else None,
        occupations=outcar.occupations if outcar is not None else (),
        version=run.vasp_version,
        gap=gap,
        gap_lost=gap_lost,
        max_force=largest(forces),
        pressure=pressure(stress),
        parameters=parameters,
        incar=dict(run.incar),
        kpoints=run.kpoints,
        outcar=outcar,
        contradiction=contradiction(run, outcar),
        not_relaxed=not_relaxed(run) if outcar is None else "",
        sources=("vasprun.xml", "OUTCAR") if outcar else ("vasprun.xml",),
    )


def _from_outcar(outcar: OutcarBody, files: VaspFiles) -> VaspNumbers:
    steps, header = outcar.steps, outcar.header
    last = steps[-1] if steps else None
    structure = outcar.structure(last) if last else None
    tags = (
        "encut",
        "prec",
        "nelm",
        "nsw",
        "ibrion",
        "ediff",
        "ediffg",
        "lasph",
        "ispin",
        "lmaxmix",
    )
    names = {"encut": "ENMAX"}
    return VaspNumbers(
        **_from_header(outcar),
        structure=_sharpened(structure, files.find("CONTCAR")),
        initial=outcar.structure(steps[0]) if steps else None,
        energy=last.energy if last else None,
        electronic=tuple((s.electronic_steps, s.converged) for s in steps),
        magnetization=last.moments if last else None,
        total_magnetization=last.total_magnetization if last else None,
        occupations=outcar.occupations,
        version=header.version,
        max_force=largest(last.forces) if last else None,
        pressure=last.pressure if last else None,
        parameters={
            names.get(tag, tag.upper()): value
            for tag in tags
            if (value := getattr(header, tag)) is not None
        },
        outcar=outcar,
        sources=("OUTCAR",),
    )


def _from_oszicar(files: VaspFiles) -> VaspNumbers:
    """Return the last energy of a run that left little else, and its start."""
    path = files.find("OSZICAR")
    text = read_text(path) if path is not None else ""
    energies = re.findall(r"^ *\d+ F= *\S+ E0= *(-?\.?\d\S+)", text, re.MULTILINE)
    steps = text.split(" F= ")[: len(energies)]
    return VaspNumbers(
        initial=read_poscar(files.find("POSCAR")),
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
        "split_hubbards": {e: us for e, us in blocks.items() if len(set(us)) > 1},
        "nelect": electrons if electrons is not None else header.nelect,
        "asked_nelect": header.nelect,
        "neutral_nelect": header.neutral_nelect,
        "potcar": dict(zip(header.elements, header.titels, strict=False)),
    }


def _said(outcar: OutcarBody | None, number: int) -> list[bool | None]:
    """Return what OUTCAR says of each step's convergence, if it has these steps."""
    if outcar is None or len(outcar.steps) != number:
        return [None] * number
    return [step.converged for step in outcar.steps]


def _asked_hubbards(run: Any) -> dict[str, float]:
    """Return U - J from vasprun.xml, which has what was asked for each species."""
    values = {**run.parameters, **run.incar}
    columns = [values.get(tag) for tag in ("LDAUL", "LDAUU", "LDAUJ")]
    blocks = [str(t).split()[1].split("_")[0] for t in run.potcar_symbols]
    if not values.get("LDAU") or not all(isinstance(c, list) for c in columns):
        return {}
    return largest_u(u_by_element(blocks, columns) or {})


def _gap(run: Any) -> tuple[BandGap | None, bool]:
    """Return the gap, and whether it is lost to eigenvalues that are no numbers."""
    try:
        if not all(map(is_number, run.eigenvalues.values())):
            return None, True
        return band_gap(run.eigenvalues), False
    except (AttributeError, ValueError, TypeError):
        return None, False


def _sharpened(structure: Structure | None, contcar: Path | None) -> Structure | None:
    """Give OUTCAR's five decimals the digits of a CONTCAR that agrees with them."""
    finer = read_poscar(contcar)
    if structure is None or finer is None:
        return structure
    return finer if same_structure(structure, finer, tolerance=2e-4) else structure
