"""POSCAR and CONTCAR: the one reader, which also says where a file stops too early.

Every form that VASP reads: with and without element symbols, symbols and counts on
several lines (VASP writes 20 blocks a line), one scale or three, a volume, selective
dynamics, Cartesian positions, velocities. pymatgen's reader joins neighbouring blocks
of one element and invents elements where the symbols are missing; here the blocks are
the point, for LDAU* and MAGMOM follow them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workflows.counts import count_of
from workflows.errors import shortened
from workflows.vasp.parts import Lattice, reciprocal_lengths

if TYPE_CHECKING:
    from pymatgen.core import Structure

MAX_ATOMS = 1_000_000
"""More is a damaged file."""
FLAGS = {"T": True, "F": False}
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][-+]?\d+)?", re.ASCII)
"""As Fortran reads it; Python also takes ``1_0`` and digits of other scripts."""
COUNT = re.compile(r"\d{1,18}", re.ASCII)


class CutError(ValueError):
    """The file stops before it has said everything."""


@dataclass(frozen=True)
class Cell:
    """What a POSCAR holds.

    Attributes
    ----------
    lattice
        Vectors as rows, A.
    symbols, counts
        Element and number of atoms of each block; no symbols in the VASP 4 format.
    positions
        Fractional, one for each atom.
    flags
        Which components may move, along the lattice vectors; empty for all of them.
    rest
        Lines below the positions that are not empty: velocities and more.
    surplus
        Whether a position follows the last one that the counts ask for.
    labels
        The one word behind each position, where VASP 4 files name the element, without
        ``spin=5`` and the like; "" where there is none, or more. VASP reads none.
    """

    lattice: Lattice
    symbols: tuple[str, ...]
    counts: tuple[int, ...]
    positions: tuple[tuple[float, ...], ...]
    flags: tuple[tuple[bool, ...], ...] = ()
    rest: int = 0
    surplus: bool = False
    labels: tuple[str, ...] = field(default=(), compare=False)

    def structure(self, species: Sequence[str] = ()) -> Structure:
        """Return it as pymatgen's ``Structure``.

        Parameters
        ----------
        species
            Element of each atom, for a file without symbols.

        Raises
        ------
        ValueError
            The elements are unknown, or not one for each atom.
        """
        from pymatgen.core import Structure

        pairs = zip(self.symbols, self.counts, strict=False)
        names = [name for name, count in pairs for _ in range(count)] or list(species)
        if len(names) != len(self.positions):
            raise ValueError("POSCAR names no elements")
        held = {"selective_dynamics": [list(row) for row in self.flags]}
        return Structure(
            self.lattice,
            names,
            self.positions,
            site_properties=held if self.flags else None,
        )


def read_poscar(text: str, *, whole_lines: bool = False) -> Cell:
    """Read a POSCAR or CONTCAR.

    Parameters
    ----------
    text
        Its content.
    whole_lines
        Take a last line without a line end for one that was cut.

    Raises
    ------
    CutError
        It stops before all positions are given.
    ValueError
        It is no POSCAR.
    """
    if whole_lines:
        text = text[: text.rfind("\n") + 1]
    lines = iter(text.splitlines())
    next(lines, "")
    scales = _leading_numbers(_next(lines))
    rows = [_leading_numbers(_next(lines))[:3] for _ in range(3)]
    if not scales or any(len(row) != 3 for row in rows):
        raise ValueError("no POSCAR: scale and lattice expected in lines 2 to 5")
    if len(scales) not in {1, 3} or (len(scales) == 3 and min(scales) <= 0):
        shown = " ".join(f"{scale:g}" for scale in scales[:4])
        raise ValueError(
            f"line 2 begins with {shown}, and VASP takes one scale factor, or three "
            "above 0: correct it"
        )
    symbols, counts, line = _blocks(lines)
    selective = line[:1] in {"s", "S"}
    kind = (_next(lines).strip() if selective else line)[:1]
    places, flags, labels = _positions(lines, sum(counts), selective=selective)
    factors = _factors(rows, scales)
    lattice: Lattice = tuple(
        (a * factors[0], b * factors[1], c * factors[2]) for a, b, c in rows
    )
    if reciprocal_lengths(lattice) is None:
        raise ValueError("the lattice vectors span no volume")
    if kind in {"c", "C", "k", "K"}:
        places = _fractional(lattice, places, factors)
    after = list(lines)
    rest = sum(bool(more.strip()) for more in after)
    surplus = bool(after) and len(_leading_numbers(after[0])) >= 3
    fractional = tuple(map(tuple, places))
    return Cell(lattice, symbols, counts, fractional, flags, rest, surplus, labels)


def poscar_end(text: str) -> str | None:
    """Say where a CONTCAR stops too early: "" for nowhere, None if it cannot be told.

    VASP ends every line, and writes as many velocities as positions if it writes any.
    """
    try:
        cell = read_poscar(text, whole_lines=True)
    except CutError:
        return "does not list all atoms: it was cut"
    except ValueError:
        return None
    if cell.rest and cell.rest < len(cell.positions):
        return "does not list the velocities of all atoms: it was cut"
    if not text.endswith("\n"):
        return "ends within a line: it was cut"
    return ""


def _next(lines: Iterator[str]) -> str:
    line = next(lines, None)
    if line is None:
        raise CutError("cut: it stops before the positions")
    return line


def _leading_numbers(line: str) -> list[float]:
    """Return the numbers that a line starts with; Fortran's D is an exponent too."""
    found: list[float] = []
    for word in line.replace(",", " ").split():
        if NUMBER.fullmatch(word) is None:
            break
        number = float(re.sub("[dD]", "E", word))
        if not math.isfinite(number):
            break
        found.append(number)
    return found


def _blocks(lines: Iterator[str]) -> tuple[tuple[str, ...], tuple[int, ...], str]:
    """Return symbols, counts and the line that follows them."""
    symbols: list[str] = []
    counts: list[int] = []
    line = _next(lines)
    while not _counts(line) and (more := _symbols(line)):
        symbols += more
        line = _next(lines)
    while more_counts := _counts(line):
        counts += more_counts
        line = _next(lines)
    if not counts or (symbols and len(symbols) != len(counts)):
        raise ValueError(
            f"{count_of(len(symbols), 'symbol')} and {count_of(len(counts), 'count')}"
        )
    if sum(counts) > MAX_ATOMS:
        raise ValueError(f"{sum(counts)} atoms, more than {MAX_ATOMS}")
    return tuple(symbols), tuple(counts), line.strip()


def _counts(line: str) -> list[int]:
    words = re.split("[#!]", line)[0].split()
    return [int(word) for word in words] if all(map(COUNT.fullmatch, words)) else []


def _symbols(line: str) -> list[str]:
    """Return the elements of ``Mn O``, ``Mn_pv`` or VASP 6's ``Mn_pv/hash``."""
    found = []
    for word in re.split("[#!]", line)[0].split():
        match = re.match(r"([A-Z][a-z]?)(?![A-Za-z])", word)
        if match is None and not word[:1].isalpha():
            raise ValueError(f"{shortened(line)!r}: expected the number of each atom")
        if match is None:
            raise ValueError(f"'{word}' is not an element")
        found.append(match[1])
    return found


def _positions(
    lines: Iterator[str], atoms: int, *, selective: bool
) -> tuple[list[list[float]], tuple[tuple[bool, ...], ...], tuple[str, ...]]:
    """Return positions, flags and labels, one for each atom."""
    places: list[list[float]] = []
    labels: list[str] = []
    flags: list[tuple[bool, ...]] = []
    odd = ""
    for line in lines:
        place = _leading_numbers(line)[:3]
        if len(place) < 3:
            odd = line.strip()
            break
        places.append(place)
        words = line.split()[3:6] if selective else []
        flags.append(tuple(FLAGS.get(w.strip(".")[:1].upper(), True) for w in words))
        behind = re.split("[#!]", line)[0].replace(",", " ").split()
        behind = [w for w in behind[6 if selective else 3 :] if "=" not in w]
        labels.append(behind[0] if len(behind) == 1 else "")
        if len(places) == atoms:
            break
    if len(places) < atoms:
        raise CutError(
            f"cut: {count_of(len(places), 'position')} for {count_of(atoms, 'atom')}"
            + (f"; {shortened(repr(odd))} is none" if odd else "")
        )
    given = selective and all(len(row) == 3 for row in flags)
    return places, tuple(flags) if given else (), tuple(labels)


def _factors(rows: list[list[float]], scales: list[float]) -> list[float]:
    """Return the scale along x, y, z; a negative one is the cell's volume."""
    if len(scales) == 3:
        return scales
    scale = scales[0]
    if scale < 0:
        a, b, c = rows
        determinant = (
            a[0] * (b[1] * c[2] - b[2] * c[1])
            - a[1] * (b[0] * c[2] - b[2] * c[0])
            + a[2] * (b[0] * c[1] - b[1] * c[0])
        )
        scale = (-scale / abs(determinant)) ** (1 / 3) if determinant else 1.0
    return [scale] * 3


def _fractional(
    lattice: Lattice, positions: Sequence[Sequence[float]], scales: Sequence[float]
) -> list[list[float]]:
    import numpy as np

    cartesian = np.array(positions) * np.array(scales)
    solved: list[list[float]] = np.linalg.solve(
        np.array(lattice).T, cartesian.T
    ).T.tolist()
    return solved
