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

from workflows.analysis.shell_occupation import impossible_shell
from workflows.counts import count_of
from workflows.vasp.known_tags import tag_names
from workflows.vasp.outcar_steps import IonicStep, OutcarBody
from workflows.vasp.precision import agrees_with_print
from workflows.vasp.vasprun import final_energy

ENERGY_DIFFERENCE = 2e-6
"""eV; both files print the same number, VASP 5 with six decimals in OUTCAR."""
PLACES = 1e-4
"""A; OUTCAR prints positions with five decimals."""
FORCES = 2e-4
"""eV/A; 44 real runs differ by 5e-7."""
PRESSURE = 0.02
"""kB; OUTCAR prints two decimals."""
WEIGHTS = 1e-3
OCCUPATIONS = 0.25
"""Electrons; 40 real runs differ by 2e-5, metals of the fake VASP by 0.1."""
D_SHELL = 2
COUNTED = (-1, 1, 2, 3)
"""IBRION of runs with one entry for each ionic step, at its own positions, in both."""
TAGS = tag_names(
    """
    ENCUT ENAUG PREC NGX NGY NGZ NGXF NGYF NGZF LREAL NBANDS
    ISPIN NELECT NUPDOWN LASPH LMAXMIX LMAXPAW GGA VOSKOWN LHFCALC AEXX
    ISMEAR SIGMA ISYM EDIFF EDIFFG NELM IALGO ICHARG
    NSW IBRION ISIF PSTRESS LDIPOL IDIPOL LMONO NEDOS EMIN EMAX
    """
)
"""What both files print as applied. In 44 real runs, of VASP 5.2.2 to 6.4.1, each
agrees within the digits of OUTCAR."""
LOST = ": a part of it was lost; copy it again from where VASP ran"
NAMES = {"ENCUT": "ENMAX"}
"""What vasprun.xml calls one of them."""


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
        or _points(run, outcar)
        or _steps(run, outcar)
        or _last_arrays(run, last)
    )
    return f"{told}: they are not of one run" if told else ""


def of_heads(outcar: OutcarBody | None, atoms: int | None) -> str:
    """Return in what files contradict each other before any step; empty for nothing.

    That much is known of any run, of one above the ground state as well.

    Parameters
    ----------
    outcar
        What lies beside vasprun.xml, or alone.
    atoms
        How many vasprun.xml has; None without it.
    """
    if outcar is None:
        return ""
    if told := _of_head(outcar):
        return told
    counted = outcar.header.nions
    if counted and atoms is not None and counted != atoms:
        return (
            f"OUTCAR has {count_of(counted, 'atom')} and vasprun.xml {atoms}: they are "
            "not of one run"
        )
    return ""


def of_outcar_alone(outcar: OutcarBody | None) -> str:
    """Return in what an OUTCAR cannot be of one run, or contradicts itself."""
    if outcar is None:
        return ""
    if told := _of_head(outcar):
        return told
    if not outcar.steps:
        return ""
    last = outcar.steps[-1]
    signed = last.moments if last.vectors is None else None
    return (
        last.moments_problem
        or _shells(outcar)
        or impossible_shell(outcar.occupations, signed)
    )


def _of_head(outcar: OutcarBody) -> str:
    if outcar.runs > 1:
        return (
            f"OUTCAR holds {outcar.runs} runs, one after the other: its settings are "
            "of the first and its numbers of the last; keep each in a file of its own"
        )
    if outcar.header.ions_problem:
        return (
            f"{outcar.header.ions_problem}: one of the two was damaged or edited; copy "
            "it again from where VASP ran"
        )
    return ""


def _shells(outcar: OutcarBody) -> str:
    """Compare the ions with an occupation matrix with those that have U."""
    head, printed = outcar.header, {(o.site, o.shell) for o in outcar.occupations}
    blocks = zip(head.ldaul or (), head.ions_per_block, strict=False)
    shells = [shell for shell, ions in blocks for _ in range(ions)]
    wanted = {(site, shell) for site, shell in enumerate(shells) if shell >= D_SHELL}
    if not printed or not wanted or printed == wanted:
        return ""
    site, shell = min(printed ^ wanted)
    lacks = "has no" if (site, shell) in wanted else "has an"
    return (
        f"atom {site + 1} {lacks} occupation matrix of l = {shell} in OUTCAR, against "
        "its LDAUL: a part was lost or edited; copy it again from where VASP ran"
    )


def of_vasprun_alone(run: Any) -> str:
    """Return what vasprun.xml lacks, or in what it contradicts itself."""
    return _weights(run) or missing_eigenvalues(run) or _occupations(run)


def _weights(run: Any) -> str:
    total = sum(run.actual_kpoints_weights or ()) or 1.0
    if abs(total - 1) <= WEIGHTS:
        return ""
    return f"the weights of the k points in vasprun.xml add up to {total:.4f}, not 1"


def _occupations(run: Any) -> str:
    """Compare the occupations with the number of electrons."""
    listed, electrons = getattr(run, "eigenvalues", None), run.parameters.get("NELECT")
    weights = np.array(run.actual_kpoints_weights or ())
    if not listed or electrons is None or not len(weights):
        return ""
    total = sum(float((weights[:, None] * v[..., 1]).sum()) for v in listed.values())
    vectors = any(run.parameters.get(t) for t in ("LNONCOLLINEAR", "LSORBIT"))
    total *= 2 if len(listed) == 1 and not vectors else 1
    if not math.isfinite(total) or abs(total - electrons) <= OCCUPATIONS:
        return ""
    return (
        f"the occupations in vasprun.xml add up to {total:.3f} electrons, not "
        f"{electrons:g}: the bands do not hold them, or a part of the file was lost"
    )


def missing_eigenvalues(run: Any) -> str:
    """Return which eigenvalues vasprun.xml lacks of those it ran with; empty for none.

    A file whose middle was lost may still be closed; a gap of half of the bands is as
    good a number as any. A run that gives no eigenvalues at all lacks none.

    Parameters
    ----------
    run
        pymatgen's ``Vasprun``.
    """
    listed = getattr(run, "eigenvalues", None)
    if not listed:
        return ""
    spins, bands = run.parameters.get("ISPIN"), run.parameters.get("NBANDS")
    vectors = any(run.parameters.get(t) for t in ("LNONCOLLINEAR", "LSORBIT"))
    if isinstance(spins, int) and not vectors and len(listed) != spins:
        return (
            f"vasprun.xml has the eigenvalues of {len(listed)} of "
            f"{count_of(spins, 'spin')}{LOST}"
        )
    points = len(run.actual_kpoints or ())
    for values in listed.values():
        if points and values.shape[0] != points:
            found = f"{values.shape[0]} of {count_of(points, 'k point')}"
            return f"vasprun.xml has eigenvalues at {found}{LOST}"
        if isinstance(bands, int) and values.shape[1] != bands:
            return (
                f"vasprun.xml has {values.shape[1]} of {count_of(bands, 'band')}{LOST}"
            )
    return ""


def _atoms(run: Any, last: IonicStep) -> str:
    atoms = len(run.final_structure)
    for what, found in (("site moment", last.moments), ("atom", last.positions)):
        if found and len(found) != atoms:
            return (
                f"OUTCAR has {count_of(len(found), what)} and vasprun.xml "
                f"{count_of(atoms, 'atom')}"
            )
    return ""


def _energy(run: Any, last: IonicStep) -> str:
    energy = final_energy(run)
    if not math.isfinite(energy) or not math.isfinite(last.energy):
        return ""  # the one that is a number is taken, and judged as such
    if abs(energy - last.energy) <= ENERGY_DIFFERENCE:
        return ""
    return (
        f"vasprun.xml ends at {energy:.6f} eV and OUTCAR at {last.energy:.6f} eV, "
        "a difference beyond rounding, or one of them is not a total energy"
    )


def _applied(run: Any, outcar: OutcarBody) -> str:
    header = outcar.header
    read = [" ".join(str(titel).split()) for titel in run.potcar_symbols]
    titels = [" ".join(titel.split()) for titel in header.titels]
    if read and titels and read != titels:
        return f"OUTCAR read the potentials {titels} and vasprun.xml {read}"
    for tag in sorted(TAGS):
        printed = header.tags.get(tag)
        repeated = run.parameters.get(NAMES.get(tag, tag))
        if printed is None or not isinstance(repeated, bool | int | float | str):
            continue
        if tag == "ISPIN" and run.parameters.get("LNONCOLLINEAR"):
            continue  # VASP itself takes 1 for the 2 of an INCAR
        if agrees_with_print(printed, repeated) is False:
            return f"OUTCAR has {tag} = {printed} and vasprun.xml {repeated}"
    return ""


def _points(run: Any, outcar: OutcarBody) -> str:
    points, atoms = outcar.header.nkpts, outcar.header.nions
    listed = len(run.actual_kpoints or ())
    if points and listed and points != listed:
        return f"OUTCAR has {count_of(points, 'k point')} and vasprun.xml {listed}"
    if atoms and atoms != len(run.final_structure):
        return (
            f"OUTCAR has {count_of(atoms, 'atom')} and vasprun.xml "
            f"{len(run.final_structure)}"
        )
    return ""


def _last_arrays(run: Any, last: IonicStep) -> str:
    """Compare forces and pressure of the last ionic step."""
    if run.parameters.get("IBRION") not in COUNTED or not run.ionic_steps:
        return ""
    forces, stress = (run.ionic_steps[-1].get(name) for name in ("forces", "stress"))
    if forces is not None and len(forces) == len(last.forces):
        apart = float(np.abs(np.array(forces) - np.array(last.forces)).max())
        if apart > FORCES:
            return (
                f"the last forces in OUTCAR and vasprun.xml differ by {apart:.4f} eV/A"
            )
    if stress is not None and last.pressure is not None:
        tensor = np.array(stress, dtype=float)
        pressure = float(np.trace(tensor)) / 3 if np.isfinite(tensor).all() else np.nan
        if abs(pressure - last.pressure) > PRESSURE:
            return (
                f"OUTCAR has a pressure of {last.pressure:.2f} kB and vasprun.xml of "
                f"{pressure:.2f} kB"
            )
    return ""


def _steps(run: Any, outcar: OutcarBody) -> str:
    if run.parameters.get("IBRION") not in COUNTED:
        return ""
    found, wanted = len(outcar.steps), len(run.ionic_steps)
    if found != wanted:
        return f"OUTCAR has {count_of(found, 'ionic step')} and vasprun.xml {wanted}"
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
