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
    r"((?: +\d+ +\S[^\n]*\n)+)(?:(?:-+\n)?tot( [^\n]*))?"
)
ROUNDED = 6e-4
"""muB; each number of a table is rounded to three decimals."""


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
    problem
        Where a table contradicts itself: a row its shells, or the last line the rows.
    lost
        Which row of a table has no number where the others have one; empty for none.
        The sums over the shells, which are NaN then, are not looked at.
    """

    along: tuple[float, ...] | None
    vectors: tuple[Vector, ...] | None
    whole: bool
    problem: str = ""
    lost: str = ""

    @property
    def lengths(self) -> tuple[float, ...] | None:
        """Length of each vector, muB."""
        if self.vectors is None:
            return None
        return tuple(math.hypot(*vector) for vector in self.vectors)


class _Column(NamedTuple):
    """One table: the sums over the shells, atom by atom."""

    sums: tuple[float, ...]
    ended: bool
    problem: str
    lost: str


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
    sets: list[dict[str, _Column]] = []
    for match in _TABLE.finditer(text):
        axis, rows, total = match.groups()
        if axis == AXES[0] or not sets or axis in sets[-1]:
            sets.append({})
        read = [numbers(line) for line in rows.splitlines()]
        sums = None if total is None else numbers(total)
        problem = _contradiction(axis, read, sums or ())
        lost = _without_number(axis, read, sums)
        sets[-1][axis] = _Column(_last_column(read), total is not None, problem, lost)
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


def _moments(tables: dict[str, _Column], *, noncollinear: bool) -> SiteMoments:
    whole = all(column.ended for column in tables.values())
    told = (
        next((c.problem for c in tables.values() if c.problem), ""),
        next((c.lost for c in tables.values() if c.lost), ""),
    )
    if not noncollinear:
        along = tables["x"].sums if "x" in tables else None
        return SiteMoments(along, None, whole, *told)
    columns = [tables[axis].sums for axis in AXES if axis in tables]
    if len(columns) < len(AXES) or len({len(column) for column in columns}) > 1:
        return SiteMoments(None, None, whole, *told)
    x, y, z = columns
    return SiteMoments(None, tuple(zip(x, y, z, strict=True)), whole, *told)


def _without_number(
    axis: str, rows: Sequence[Sequence[float]], total: Sequence[float] | None
) -> str:
    """Return the first row with too few numbers but for its sum; `total` if printed."""
    table = f"of the table magnetization ({axis})"
    width = max((len(row) - 1 for row in rows), default=0)
    for row in rows:
        summed = len(row) > 1 and math.isfinite(row[-1])
        if summed and not _is_full(row[1:], width):
            return f"the row of atom {row[0]:g} {table}"
    if total is not None and not _is_full(total, width):
        return f"the last row {table}"
    return ""


def _contradiction(
    axis: str, rows: Sequence[Sequence[float]], total: Sequence[float]
) -> str:
    """Return where the numbers of a table do not add up; empty for nowhere.

    Stars and rows that were cut say nothing.
    """
    table = f"the table magnetization ({axis}) in OUTCAR contradicts itself"
    for row in rows:
        shells, own = row[1:-1], row[-1:]
        if not shells or not all(map(math.isfinite, (*shells, *own))):
            continue
        if abs(sum(shells) - own[0]) > ROUNDED * (len(shells) + 1) + 2e-4:
            return (
                f"{table}: atom {row[0]:g} has {sum(shells):.3f} muB by its shells and "
                f"{own[0]:.3f} in all"
            )
    sums = [row[-1] for row in rows if len(row) > 1]
    whole = len(sums) == len(rows) and bool(total)
    if not whole or not all(map(math.isfinite, (*sums, *total[-1:]))):
        return ""
    added = sum(sums)
    if abs(added - total[-1]) > ROUNDED * (len(sums) + 1):
        return f"{table}: its atoms add up to {added:.3f} muB, not {total[-1]:g}"
    return ""


def _is_full(values: Sequence[float], width: int) -> bool:
    return len(values) == width and all(map(math.isfinite, values))


def _last_column(rows: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """Return the sum over the shells, atom by atom."""
    found = {int(row[0]): row[-1] for row in rows if row and math.isfinite(row[0])}
    return tuple(found.get(i, math.nan) for i in range(1, max(found, default=0) + 1))
