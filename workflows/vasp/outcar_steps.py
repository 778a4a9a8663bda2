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
from workflows.counts import count_of
from workflows.vasp.file_ends import FOOTER
from workflows.vasp.occupation_matrices import read_occupation_matrices
from workflows.vasp.outcar_head import DIMENSIONS, OutcarHeader, outcar_header
from workflows.vasp.outcar_moments import Vector, number, numbers, site_moments

if TYPE_CHECKING:
    from pymatgen.core import Structure

_ITERATION = re.compile(r"-{2,} *Iteration +(\d+)\( *(\d+|\*+)\)")
_IONIC_STEP = re.compile(
    r"-{2,} *(?:Iteration +(\d+)\( *(?:\d+|\*+)\)|Ionic step +(\d+)\b)"
)
"""A learned force field makes steps without an iteration."""
_ENERGY = re.compile(
    r"(?<!ML )FREE ENERGIE OF THE ION-ELECTRON SYSTEM.*?"
    r"energy\(sigma->0\) *= *(\S+)[ \n]",
    re.DOTALL,
)
_LEARNED_ENERGY = re.compile(r"ML energy\(sigma->0\) *= *(\S+)")
_CHANGE = re.compile(r"total energy-change \(2\. order\) *:(\s*\S+) +\(([^)]*)\)")
_LOOP = re.compile(r"aborting loop.*?EDIFF (is|was not) reached")
_LATTICE = re.compile(r"direct lattice vectors[^\n]*\n((?:[^\n]*\n){3})")
_FORCES = re.compile(
    r"TOTAL-FORCE \(eV/Angst\)(?: \(ML\))?\n -+\n(.*?)\n -+\n", re.DOTALL
)
_PRESSURE = re.compile(r"external pressure = *(\S+) kB")
_TOTAL = re.compile(r"number of electron +\S+ magnetization +(\S+) *\n")
_ELECTRONS = re.compile(r"number of electron +(\S+) magnetization +\S")
_FERMI_LEVEL = re.compile(r"E-fermi *: *(\S+)")
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
    change
        Of the last electronic step: the larger of the changes of the total energy and
        of the sum of band energies, eV; both must fall below EDIFF. None if it is not
        printed.
    learned
        A learned force field gave energy and forces, not an electronic cycle.
    overflow
        A force or the pressure is printed as stars: too large for its field.
    moments
        Site moments, muB, the last that were printed in this step; None without. Of a
        noncollinear run the lengths.
    vectors
        Site moments of a noncollinear run, (x, y, z), muB; None of a collinear one.
    total_magnetization
        muB per cell.
    pressure
        kbar, VASP's sign.
    electrons
        Number of electrons that the occupations add up to; None without spin.
    moments_problem
        Where the last table of site moments contradicts itself; empty for nowhere.
    moments_lost
        Row of the last table of site moments that lacks a number; empty for none.
    efermi
        The last Fermi level, eV; None if none is printed.
    """

    energy: float
    electronic_steps: int
    converged: bool | None
    lattice: tuple[Vector, ...]
    positions: tuple[Vector, ...]
    forces: tuple[Vector, ...]
    moments: tuple[float, ...] | None
    vectors: tuple[Vector, ...] | None
    change: float | None
    learned: bool
    overflow: bool
    total_magnetization: float | None
    pressure: float | None
    electrons: float | None
    moments_problem: str = ""
    moments_lost: str = ""
    efermi: float | None = None


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
    runs
        How many runs wrote it; VASP never appends, people do.
    """

    header: OutcarHeader
    steps: tuple[IonicStep, ...]
    reached: bool
    stopped: str
    seconds: float | None
    occupations: tuple[OnsiteOccupation, ...] = ()
    runs: int = 1

    def structure(self, step: IonicStep) -> Structure | None:
        """Return the structure of a step, A to five decimals as OUTCAR has them.

        None if OUTCAR lacks some of it, or has places that are no numbers.
        """
        from pymatgen.core import Structure

        if self.structure_problem(step):
            return None
        return Structure(
            step.lattice, self._species(), step.positions, coords_are_cartesian=True
        )

    def structure_problem(self, step: IonicStep) -> str:
        """Say what OUTCAR lacks of the structure of a step; empty for nothing."""
        species, found = self._species(), len(step.positions)
        if not species:
            return "no elements with their numbers of atoms"
        if len(step.lattice) != 3:
            return "no lattice vectors"
        if found != len(species):
            return f"positions of {found} of {count_of(len(species), 'atom')}"
        places = (*step.lattice, *step.positions)
        if not all(math.isfinite(number) for place in places for number in place):
            return "no number in the lattice or a position"
        return ""

    def _species(self) -> list[str]:
        """Return the element of every atom; empty if not every block has one."""
        elements, ions = self.header.elements, self.header.ions_per_block
        if len(elements) != len(ions):
            return []
        pairs = zip(elements, ions, strict=True)
        return [element for element, number in pairs for _ in range(number)]


def read_outcar(text: str, *, name: str = "OUTCAR") -> OutcarBody:
    """Read an OUTCAR that may stop anywhere.

    Raises
    ------
    StoreError
        It is no OUTCAR.
    """
    header = outcar_header(text.splitlines(keepends=True), name=name)
    parts = _by_ionic_step(text)
    whole = [
        (part, step)
        for part in parts
        if (step := _step(part, noncollinear=header.noncollinear)) is not None
    ]
    seconds = re.search(r"Elapsed time \(sec\): +(\d+\.\d+)", text[-1_000_000:])
    return OutcarBody(
        header=header,
        steps=tuple(step for _, step in whole),
        reached=REACHED in text,
        stopped=stop[1] if (stop := STOPPED.search(text)) else "",
        seconds=float(seconds[1]) if seconds and FOOTER in text else None,
        occupations=_occupations(whole[-1][0]) if whole else (),
        runs=max(text.count(DIMENSIONS), text.count(FOOTER)),
    )


def _by_ionic_step(text: str) -> list[str]:
    """Cut where the number of the ionic step changes."""
    starts, last = [], ""
    for match in _IONIC_STEP.finditer(text):
        step = match[1] or match[2]
        if step != last:
            starts.append(match.start())
            last = step
    ends = [*starts[1:], len(text)][: len(starts)]
    return [text[a:b] for a, b in zip(starts, ends, strict=True)]


def _step(part: str, *, noncollinear: bool) -> IonicStep | None:
    electronic = _ENERGY.findall(part)
    energies = electronic or _LEARNED_ENERGY.findall(part)
    if not energies:
        return None
    cycle, _, _ = part.partition(_RESPONSE)
    loops, lattices = _LOOP.findall(cycle), _LATTICE.findall(part)
    tables, moments = (
        _FORCES.findall(part),
        site_moments(part, noncollinear=noncollinear),
    )
    rows = [_row(line, 6) for line in tables[-1].splitlines()] if tables else []
    total, pressure = _TOTAL.findall(part), _PRESSURE.findall(part)
    levels = _FERMI_LEVEL.findall(cycle)
    electrons, changes = _ELECTRONS.findall(part), _CHANGE.findall(cycle)
    return IonicStep(
        energy=number(energies[-1]),
        electronic_steps=len(_ITERATION.findall(cycle)),
        converged=loops[-1] == "is" if loops else None,
        change=max(abs(number(word)) for word in changes[-1]) if changes else None,
        learned=not electronic,
        overflow=any("**" in text for text in (*tables[-1:], *pressure[-1:])),
        lattice=tuple(_vector(_row(line, 6)) for line in lattices[-1].splitlines())
        if lattices
        else (),
        positions=tuple(_vector(row) for row in rows),
        forces=tuple(_vector(row[3:]) for row in rows),
        moments=(moments[-1].along or moments[-1].lengths) if moments else None,
        vectors=moments[-1].vectors if moments else None,
        total_magnetization=number(total[-1]) if total else None,
        pressure=number(pressure[-1]) if pressure else None,
        electrons=number(electrons[-1]) if electrons else None,
        moments_problem=moments[-1].problem if moments else "",
        moments_lost=moments[-1].lost if moments else "",
        efermi=number(levels[-1]) if levels else None,
    )


def _occupations(part: str) -> tuple[OnsiteOccupation, ...]:
    cycle, _, _ = part.partition(_RESPONSE)
    return tuple(o for o in read_occupation_matrices(cycle) if o.shell >= 2)


def _vector(row: list[float]) -> Vector:
    x, y, z = row[:3]
    return x, y, z


def _row(line: str, length: int) -> list[float]:
    """Return the numbers of a row; all NaN if stars of two fields ran into one."""
    row = numbers(line)
    return row if len(row) == length else [math.nan] * length
