"""ABINIT's files for ``second_opinion.py``: the input written, the output read.

Pure text; energies in eV, lengths in A, pressure in GPa, moments in muB. The input has
two data sets. In the first the total moment is held, because ABINIT 9.6 loses the start
moments in its first, rough iterations and ends non-magnetic; the second starts from its
density and lets the moment free. Only the second counts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

HARTREE = 27.211386245988
"""eV."""
ATOMIC_PRESSURE = 29421.02648438959
"""Pressure of one hartree per bohr^3, GPa."""
BANDS_ABOVE = 12
"""Empty bands of the majority spin."""
ATOMIC_NUMBERS = {"Li": 3, "O": 8, "Mn": 25, "Ni": 28}
_FLOAT = r"[-+]?\d+\.\d+(?:[eEdD][-+]?\d+)?"


class AbinitError(Exception):
    """An output that proves nothing: cut, not converged, or without a number."""


@dataclass(frozen=True)
class Point:
    """One cell that both codes compute, at free moments.

    Attributes
    ----------
    symbols, cell, positions
        Elements, vectors in A (rows), fractional coordinates.
    moments
        muB, of the start, signed; their sum is the total that the first data set holds.
    hubbards
        U_eff of the d electrons in eV, by element.
    kpoints, centring
        Mesh; ``gamma``, or ``shifted`` by half a step.
    width
        Of the Fermi-Dirac occupations, eV.
    """

    symbols: tuple[str, ...]
    cell: tuple[tuple[float, ...], ...]
    positions: tuple[tuple[float, ...], ...]
    moments: tuple[float, ...]
    hubbards: Mapping[str, float]
    kpoints: tuple[int, int, int]
    centring: str
    width: float

    @property
    def elements(self) -> tuple[str, ...]:
        """Each element once, in the order of the sites."""
        return tuple(dict.fromkeys(self.symbols))


@dataclass(frozen=True)
class Output:
    """What the last data set of a converged run gave.

    Attributes
    ----------
    moments, radii
        Spin density integrated in a sphere about each site, muB; its radius, bohr.
    d_moments
        Up minus down of the occupations that U acts on, by site (from 0), muB.
    pressure
        Of the stress tensor, GPa; positive where the cell wants to grow.
    energy
        Free energy of the electrons at ``width``, eV.
    """

    version: str
    iterations: int
    energy: float
    total_moment: float
    moments: tuple[float, ...]
    radii: tuple[float, ...]
    d_moments: Mapping[int, float]
    pressure: float
    cpu_seconds: float


def write_abinit(
    point: Point, valence: Mapping[str, float], cutoff: float, fine: float
) -> str:
    """Return the input of a point.

    Parameters
    ----------
    point
        What to compute.
    valence
        Electrons of each element's PAW data set.
    cutoff, fine
        Plane waves, and those of the density on the fine grid, eV.
    """
    kinds = point.elements
    u = [float(point.hubbards.get(e, 0.0)) for e in kinds]
    total = sum(point.moments)
    electrons = sum(valence[s] for s in point.symbols)
    bands = math.ceil((electrons + abs(total)) / 2) + BANDS_ABOVE
    shift = "0 0 0" if point.centring == "gamma" else "0.5 0.5 0.5"
    return "\n".join(
        [
            'pp_dirpath "."',
            f'pseudos "{", ".join(f"{e}.PBE.xml" for e in kinds)}"',
            f"ntypat {len(kinds)}",
            f"znucl {' '.join(str(ATOMIC_NUMBERS[e]) for e in kinds)}",
            f"natom {len(point.symbols)}",
            f"typat {' '.join(str(kinds.index(s) + 1) for s in point.symbols)}",
            "acell 1 1 1 angstrom",
            f"rprim {_rows(point.cell)}",
            f"xred {_rows(point.positions)}",
            "nsppol 2",
            f"spinat {_rows([(0.0, 0.0, m) for m in point.moments])}",
            f"kptopt 1\nngkpt {' '.join(map(str, point.kpoints))}",
            f"nshiftk 1\nshiftk {shift}",
            f"occopt 3\ntsmear {point.width:g} eV",
            f"nband {bands}",
            f"ecut {cutoff:g} eV\npawecutdg {fine:g} eV",
            "ixc 11            # PBE",
            "pawxcdev 0        # XC of the spheres on an angular mesh, as in GPAW",
            "usexcnhat -1      # compensation charge in XC as the data set has it: not",
            "usepawu 1         # fully localized limit; with J = 0 that of Dudarev",
            "dmatpuopt 2       # occupations: density of l = 2 within the sphere",
            f"lpawu {' '.join('2' if v else '-1' for v in u)}",
            f"upawu {' '.join(f'{v:g}' for v in u)} eV",
            f"jpawu {' '.join('0' for _ in u)} eV",
            "nstep 150\nprtdensph 1\nprteig 1\nprtebands 0\nprtgsr 0",
            "ndtset 2",
            f"spinmagntarget1 {total:g}",
            "toldfe1 1.0d-5\nprtwf1 1\nprtden1 1",
            "spinmagntarget2 -99.99  # free",
            "getwfk2 1\ngetden2 1\ntoldfe2 1.0d-9\nprtwf2 0\nprtden2 0",
            "",
        ]
    )


def read_abinit(text: str) -> Output:
    """Read the main output of ``write_abinit``'s input.

    Raises
    ------
    AbinitError
        The run did not end, its second data set did not converge, or a number is not
        there.
    """
    if "Calculation completed." not in text:
        raise AbinitError("the output has no 'Calculation completed.': it was cut")
    last = text.partition("== DATASET  2 ")[2].partition("== END DATASET(S) ")[0]
    if not last:
        raise AbinitError("the output has no second data set, the one of free moments")
    steps = re.search(r"At SCF step\s+(\d+),\s+etot is converged", last)
    if steps is None:
        raise AbinitError("the second data set did not converge; see its ETOT lines")
    results = last.partition("--- !ResultsGS")[2].partition("\n...")[0]
    tensor = results.partition("cartesian_stress_tensor")[2].partition("pressure_GPa")[
        0
    ]
    stress = [float(v) for v in re.findall(_FLOAT, tensor)]
    if len(stress) != 9:
        raise AbinitError("the second data set has no stress tensor of nine numbers")
    spheres = _spheres(last)
    return Output(
        version=_one(r"Version\s+(\S+)\s+of ABINIT", text, "version"),
        iterations=int(steps[1]),
        energy=HARTREE * float(_one(rf"ETOT\s+\d+\s+({_FLOAT})", last, "energy")),
        total_moment=float(
            _one(rf"Magnetization \(Bohr magneton\)=\s+({_FLOAT})", last, "moment")
        ),
        moments=tuple(row[1] for row in spheres),
        radii=tuple(row[0] for row in spheres),
        d_moments=_d_moments(last),
        pressure=-ATOMIC_PRESSURE * (stress[0] + stress[4] + stress[8]) / 3,
        cpu_seconds=float(
            _one(rf"Overall time at end \(sec\) : cpu=\s+({_FLOAT})", text, "time")
        ),
    )


def read_gap(eigenvalues: str) -> float:
    """Return the gap in eV of the text of ``*_EIG``: both spins, all k points.

    0 where a band of one spin is filled at one k point and empty at another.

    Raises
    ------
    AbinitError
        No level is filled, or none empty.
    """
    level = rf"Fermi \(or HOMO\) energy \(hartree\)\s*=\s*({_FLOAT})"
    fermi = float(_one(level, eigenvalues, "Fermi level"))
    spins = re.split(r"Eigenvalues \(hartree\).*\n", eigenvalues)[1:]
    filled, empty = [], []
    for spin in spins:
        counts = set()
        for point in re.split(r"kpt#.*\n", spin)[1:]:
            levels = [float(v) for v in re.findall(_FLOAT, point)]
            below = [e for e in levels if e <= fermi]
            counts.add(len(below))
            filled += below
            empty += levels[len(below) :]
        if len(counts) > 1:
            return 0.0  # a band crosses the Fermi level
    if not filled or not empty:
        raise AbinitError("the Fermi level is not within the eigenvalues of the file")
    return HARTREE * (min(empty) - max(filled))


def valence_of(data_set: str) -> float:
    """Return the valence electrons of a PAW data set in XML."""
    return float(_one(r'<atom [^>]*valence="([\d.]+)"', data_set, "valence"))


def _rows(rows: Sequence[Sequence[float]]) -> str:
    return "\n  ".join(" ".join(f"{v:.12f}" for v in row) for row in rows)


def _one(pattern: str, text: str, name: str) -> str:
    """Return the last match's group; an output names a number again at its end."""
    found: list[str] = re.findall(pattern, text)
    if not found:
        raise AbinitError(f"the output has no {name}")
    return found[-1]


def _spheres(text: str) -> list[tuple[float, float]]:
    """Return radius and up minus down of each sphere."""
    table = text.partition("magnetization densities in atomic spheres:")[2]
    row = rf"^\s+\d+\s+({_FLOAT})\s+{_FLOAT}\s+{_FLOAT}\s+{_FLOAT}\s+({_FLOAT})\s*$"
    found = re.findall(row, table.partition("Sum:")[0], re.MULTILINE)
    if not found:
        raise AbinitError("the second data set has no moments in spheres")
    return [(float(radius), float(moment)) for radius, moment in found]


def _d_moments(text: str) -> dict[int, float]:
    """Return up minus down of the occupations that U acts on.

    Not from the line "local Mag.", which has the opposite sign.
    """
    spins = re.findall(
        rf"Atom\s+(\d+)\. Occ\. for lpawu and for spin\s+(\d)\s+=\s+({_FLOAT})", text
    )
    found: dict[int, float] = {}
    for atom, spin, value in spins:
        sign = 1 if spin == "1" else -1
        found[int(atom) - 1] = found.get(int(atom) - 1, 0.0) + sign * float(value)
    return found
