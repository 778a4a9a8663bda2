"""Site moments in OUTCAR: tables ``magnetization (x)``, noncollinear also (y) and (z).

In a collinear run the table (x) holds the moment along its one axis. In a noncollinear
run it is one of three components, and alone says nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

Vector = tuple[float, float, float]
AXES = "xyz"
NUMBER = re.compile(r"-?\d+\.\d+|-?\d+\b|\*+|[-+]?(?:NaN|Inf(?:inity)?)\b", re.I)
_TABLE = re.compile(
    r"magnetization \(([xyz])\)[^\n]*\n(?:\s*\n)?(?:# of ion[^\n]*\n-+\n)?"
    r"((?: +\d+ +\S[^\n]*\n)+)((?:-+\n)?tot )?"
)


class SiteMoments(NamedTuple):
    """Moments of all sites after one step, muB.

    Attributes
    ----------
    along
        Collinear: one signed number for each site; None in a noncollinear run.
    vectors
        Noncollinear: (x, y, z) for each site; None in a collinear run, or where one
        of the three tables is missing.
    whole
        VASP wrote the tables to their sums over the sites.
    """

    along: tuple[float, ...] | None
    vectors: tuple[Vector, ...] | None
    whole: bool

    @property
    def lengths(self) -> tuple[float, ...] | None:
        """Length of each vector, muB."""
        if self.vectors is None:
            return None
        return tuple(math.hypot(*vector) for vector in self.vectors)


def site_moments(text: str, *, noncollinear: bool = False) -> list[SiteMoments]:
    """Read every set of tables in a piece of OUTCAR, in order.

    Parameters
    ----------
    text
        OUTCAR, or a part of it.
    noncollinear
        The head of OUTCAR says so; a table (y) or (z) says so as well.

    Returns
    -------
    list of SiteMoments
        NaN stands for a row that is lost or is no number.
    """
    sets: list[dict[str, tuple[tuple[float, ...], bool]]] = []
    for match in _TABLE.finditer(text):
        axis, rows, total = match.groups()
        if axis == AXES[0] or not sets or axis in sets[-1]:
            sets.append({})
        sets[-1][axis] = _last_column(rows.splitlines()), total is not None
    noncollinear = noncollinear or any(len(tables) > 1 for tables in sets)
    return [_moments(tables, noncollinear=noncollinear) for tables in sets]


def last_whole(text: str, atoms: int | None = None) -> tuple[float, ...] | None:
    """Return the last whole collinear moments in OUTCAR, muB, or None.

    Parameters
    ----------
    text
        OUTCAR, or its end.
    atoms
        How many there must be.
    """
    for found in reversed(site_moments(text)):
        along = found.along
        if along and found.whole and len(along) == (atoms or len(along)):
            return along if all(map(math.isfinite, along)) else None
    return None


def numbers(line: str) -> list[float]:
    """Return the numbers of a row, NaN for stars; a sign parts two that touch."""
    return [number(word) for word in NUMBER.findall(line)]


def number(word: str) -> float:
    """Return a number, NaN for the stars that Fortran prints if it does not fit."""
    try:
        return float(word)
    except ValueError:
        return math.nan


def _moments(
    tables: dict[str, tuple[tuple[float, ...], bool]], *, noncollinear: bool
) -> SiteMoments:
    whole = all(ended for _, ended in tables.values())
    if not noncollinear:
        return SiteMoments(tables["x"][0] if "x" in tables else None, None, whole)
    columns = [tables[axis][0] for axis in AXES if axis in tables]
    if len(columns) < len(AXES) or len({len(column) for column in columns}) > 1:
        return SiteMoments(None, None, whole)
    x, y, z = columns
    return SiteMoments(None, tuple(zip(x, y, z, strict=True)), whole)


def _last_column(lines: Sequence[str]) -> tuple[float, ...]:
    """Return the sum over the shells, atom by atom."""
    rows = [numbers(line) for line in lines]
    found = {int(row[0]): row[-1] for row in rows if row and math.isfinite(row[0])}
    return tuple(found.get(i, math.nan) for i in range(1, max(found, default=0) + 1))
