"""Whether OUTCAR and vasprun.xml were written by one run of VASP.

Energy and lattice are taken from one and moments from the other; a file copied from
the run before or after, which mostly differs by less than a meV, would give numbers
that no calculation ever had together. Both files print every number of one array, so
they differ by rounding alone.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from workflows.vasp.outcar_steps import IonicStep, OutcarBody
from workflows.vasp.vasprun import final_energy

ENERGY_DIFFERENCE = 2e-6
"""eV; both files print the same number, VASP 5 with six decimals in OUTCAR."""
PLACES = 1e-4
"""A; OUTCAR prints positions with five decimals."""
COUNTED = (-1, 1, 2, 3)
"""IBRION of runs with one entry for each ionic step, at its own positions, in both."""
TAGS = {
    "ENCUT": "ENMAX",
    **{tag: tag for tag in ("NELECT", "NUPDOWN", "ISPIN", "LMAXMIX", "LASPH")},
    **{tag: tag for tag in ("NSW", "IBRION")},
}
"""What OUTCAR and vasprun.xml call what both print as applied, in full."""
SAME_CUTOFF = 0.06
"""eV; OUTCAR prints one decimal, and 1.3 ENMAX of a potential has three."""
SAME_TAG = 1e-3
"""Electrons and others; OUTCAR prints NELECT with four decimals."""


def contradiction(run: Any, outcar: OutcarBody | None) -> str:
    """Return in what OUTCAR and vasprun.xml cannot be of one run; empty for nothing.

    Parameters
    ----------
    run
        pymatgen's ``Vasprun``.
    outcar
        What lies beside it, if there is one.
    """
    if outcar is None or not outcar.steps:
        return ""
    last = outcar.steps[-1]
    told = (
        _atoms(run, last)
        or _energy(run, last)
        or _applied(run, outcar)
        or _steps(run, outcar)
    )
    return f"{told}: they are not of one run" if told else ""


def _atoms(run: Any, last: IonicStep) -> str:
    atoms = len(run.final_structure)
    for what, found in (("site moments", last.moments), ("atoms", last.positions)):
        if found and len(found) != atoms:
            return f"OUTCAR has {len(found)} {what} and vasprun.xml {atoms} atoms"
    return ""


def _energy(run: Any, last: IonicStep) -> str:
    energy = final_energy(run)
    if not math.isfinite(energy) or not math.isfinite(last.energy):
        return ""  # the one that is a number is taken, and judged as such
    if abs(energy - last.energy) <= ENERGY_DIFFERENCE:
        return ""
    return (
        f"vasprun.xml ends at {energy:.6f} eV and OUTCAR at {last.energy:.6f} eV, "
        "more apart than rounding explains, or one of them is no total energy"
    )


def _applied(run: Any, outcar: OutcarBody) -> str:
    header = outcar.header
    read = [" ".join(str(titel).split()) for titel in run.potcar_symbols]
    titels = [" ".join(titel.split()) for titel in header.titels]
    if read and titels and read != titels:
        return f"OUTCAR read the potentials {titels} and vasprun.xml {read}"
    for tag, name in TAGS.items():
        printed, repeated = getattr(header, tag.lower()), run.parameters.get(name)
        if printed is None or repeated is None:
            continue
        if tag == "ISPIN" and run.parameters.get("LNONCOLLINEAR"):
            continue  # VASP itself takes 1 for the 2 of an INCAR
        limit = SAME_CUTOFF if tag == "ENCUT" else SAME_TAG
        if abs(float(printed) - float(repeated)) > limit:
            return f"OUTCAR has {tag} = {printed} and vasprun.xml {repeated}"
    return ""


def _steps(run: Any, outcar: OutcarBody) -> str:
    if run.parameters.get("IBRION") not in COUNTED:
        return ""
    found, wanted = len(outcar.steps), len(run.ionic_steps)
    if found != wanted:
        return f"OUTCAR has {found} ionic steps and vasprun.xml {wanted}"
    last, structure = outcar.steps[-1], run.ionic_steps[-1].get("structure")
    if structure is None:
        return ""
    lattice = structure.lattice.matrix
    if len(last.lattice) == 3 and not np.allclose(last.lattice, lattice, atol=PLACES):
        return "OUTCAR and vasprun.xml end with different lattices"
    if len(last.positions) != len(structure):
        return ""
    away = structure.lattice.get_fractional_coords(last.positions)
    away = away - structure.frac_coords
    away -= np.round(away)
    far = float(np.abs(away @ lattice).max())
    if far > PLACES:
        return f"the last positions in OUTCAR and vasprun.xml differ by {far:.4f} A"
    return ""
