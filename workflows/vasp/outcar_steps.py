"""The body of OUTCAR, ionic step by ionic step, as far as it goes.

pymatgen's ``Outcar`` wants a whole file and does not say of which step its numbers
are. This reader takes any: a step counts once its energy is printed, and every step
says whether its electrons converged.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflows.analysis.d_orbitals import OnsiteOccupation
from workflows.vasp.file_ends import FOOTER
from workflows.vasp.occupation_matrices import read_occupation_matrices
from workflows.vasp.outcar_head import OutcarHeader, outcar_header

if TYPE_CHECKING:
    from pymatgen.core import Structure

Vector = tuple[float, float, float]
_ITERATION = re.compile(r"-{2,} *Iteration +(\d+)\( *(\d+|\*+)\)")
_ENERGY = re.compile(
    r"FREE ENERGIE OF THE ION-ELECTRON SYSTEM.*?"
    r"energy\(sigma->0\) *= *(\S+)[ \n]",
    re.DOTALL,
)
_LOOP = re.compile(r"aborting loop.*?EDIFF (is|was not) reached")
_LATTICE = re.compile(r"direct lattice vectors[^\n]*\n((?:[^\n]*\n){3})")
_FORCES = re.compile(r"TOTAL-FORCE \(eV/Angst\)\n -+\n(.*?)\n -+\n", re.DOTALL)
_MOMENTS = re.compile(
    r"magnetization \(x\)[^\n]*\n\s*\n# of ion[^\n]*\n-+\n"
    r"((?: +\d+ +\S[^\n]*\n)+)"
)
_PRESSURE = re.compile(r"external pressure = *(\S+) kB")
_TOTAL = re.compile(r"number of electron +\S+ magnetization +(\S+) *\n")
_ELECTRONS = re.compile(r"number of electron +(\S+) magnetization +\S")
_NUMBER = re.compile(r"-?\d+\.\d+|-?\d+\b|\*+|[-+]?(?:NaN|Inf(?:inity)?)\b", re.I)
_RESPONSE = "\n Linear response"
REACHED = "reached required accuracy"
STOPPED = re.compile(r"(soft|hard) stop encountered")


@dataclass(frozen=True)
class IonicStep:
    """One ionic step that came to its energy; NaN where it is printed as no number.

    Attributes
    ----------
    energy
        sigma -> 0, eV per cell.
    electronic_steps
        How many it took.
    converged
        Whether VASP says that EDIFF was reached; None if it says nothing.
    lattice
        Rows, A.
    positions, forces
        Cartesian, A and eV/A, one per atom.
    moments
        Site moments, muB, the last that were printed in this step; None without.
    total_magnetization
        muB per cell.
    pressure
        kbar, VASP's sign.
    electrons
        Number of electrons that the occupations add up to; None without spin.
    """

    energy: float
    electronic_steps: int
    converged: bool | None
    lattice: tuple[Vector, ...]
    positions: tuple[Vector, ...]
    forces: tuple[Vector, ...]
    moments: tuple[float, ...] | None
    total_magnetization: float | None
    pressure: float | None
    electrons: float | None


@dataclass(frozen=True)
class OutcarBody:
    """What an OUTCAR holds, whole or not.

    Attributes
    ----------
    header
        What VASP applied.
    steps
        The ionic steps that came to their energy, in order.
    reached
        VASP says that a relaxation reached its required accuracy.
    stopped
        A STOPCAR ended it.
    seconds
        Wall time, if it came to its end.
    occupations
        Occupation matrices of d and f shells in the last of the steps; empty without
        LDAUPRINT.
    """

    header: OutcarHeader
    steps: tuple[IonicStep, ...]
    reached: bool
    stopped: str
    seconds: float | None
    occupations: tuple[OnsiteOccupation, ...] = ()

    def structure(self, step: IonicStep) -> Structure | None:
        """Return the structure of a step, A to five decimals as OUTCAR has them.

        None if OUTCAR lacks some of it, or has places that are no numbers.
        """
        from pymatgen.core import Structure

        pairs = zip(self.header.elements, self.header.ions_per_block, strict=False)
        species = [element for element, number in pairs for _ in range(number)]
        if len(step.lattice) != 3 or len(species) != len(step.positions) or not species:
            return None
        places = (*step.lattice, *step.positions)
        if not all(math.isfinite(number) for place in places for number in place):
            return None
        return Structure(
            step.lattice, species, step.positions, coords_are_cartesian=True
        )


def read_outcar(text: str, *, name: str = "OUTCAR") -> OutcarBody:
    """Read an OUTCAR that may stop anywhere.

    Raises
    ------
    StoreError
        It is no OUTCAR.
    """
    header = outcar_header(text.splitlines(keepends=True), name=name)
    parts = _by_ionic_step(text)
    whole = [(part, step) for part in parts if (step := _step(part)) is not None]
    seconds = re.search(r"Elapsed time \(sec\): +(\d+\.\d+)", text[-1_000_000:])
    return OutcarBody(
        header=header,
        steps=tuple(step for _, step in whole),
        reached=REACHED in text,
        stopped=stop[1] if (stop := STOPPED.search(text)) else "",
        seconds=float(seconds[1]) if seconds and FOOTER in text else None,
        occupations=_occupations(whole[-1][0]) if whole else (),
    )


def _by_ionic_step(text: str) -> list[str]:
    """Cut where the number of the ionic step changes."""
    starts, last = [], ""
    for match in _ITERATION.finditer(text):
        if match[1] != last:
            starts.append(match.start())
            last = match[1]
    ends = [*starts[1:], len(text)]
    return [text[a:b] for a, b in zip(starts, ends, strict=True)]


def _step(part: str) -> IonicStep | None:
    energies = _ENERGY.findall(part)
    if not energies:
        return None
    cycle, _, _ = part.partition(_RESPONSE)
    loops, lattices = _LOOP.findall(cycle), _LATTICE.findall(part)
    tables, moments = _FORCES.findall(part), _MOMENTS.findall(part)
    rows = [_row(line, 6) for line in tables[-1].splitlines()] if tables else []
    total, pressure = _TOTAL.findall(part), _PRESSURE.findall(part)
    electrons = _ELECTRONS.findall(part)
    return IonicStep(
        energy=_number(energies[-1]),
        electronic_steps=len(_ITERATION.findall(cycle)),
        converged=loops[-1] == "is" if loops else None,
        lattice=tuple(_vector(_row(line, 6)) for line in lattices[-1].splitlines())
        if lattices
        else (),
        positions=tuple(_vector(row) for row in rows),
        forces=tuple(_vector(row[3:]) for row in rows),
        moments=_moments(moments[-1].splitlines()) if moments else None,
        total_magnetization=_number(total[-1]) if total else None,
        pressure=_number(pressure[-1]) if pressure else None,
        electrons=_number(electrons[-1]) if electrons else None,
    )


def _occupations(part: str) -> tuple[OnsiteOccupation, ...]:
    cycle, _, _ = part.partition(_RESPONSE)
    return tuple(o for o in read_occupation_matrices(cycle) if o.shell >= 2)


def _vector(numbers: list[float]) -> Vector:
    x, y, z = numbers[:3]
    return x, y, z


def _moments(lines: list[str]) -> tuple[float, ...]:
    """Return the last column, atom by atom; NaN for a row that is lost or no number."""
    rows = [_numbers(line) for line in lines]
    found = {int(row[0]): row[-1] for row in rows if math.isfinite(row[0])}
    return tuple(found.get(i, math.nan) for i in range(1, max(found, default=0) + 1))


def _row(line: str, length: int) -> list[float]:
    """Return the numbers of a row; all NaN if stars of two fields ran into one."""
    row = _numbers(line)
    return row if len(row) == length else [math.nan] * length


def _numbers(line: str) -> list[float]:
    """Return the numbers of a row; two that touch are told apart by their sign."""
    return [_number(word) for word in _NUMBER.findall(line)]


def _number(word: str) -> float:
    """Return a number, NaN for the stars that Fortran prints if it does not fit."""
    try:
        return float(word)
    except ValueError:
        return math.nan
