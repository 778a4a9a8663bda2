"""The paper's numbers beside ours at its three compositions, a column for each row."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from workflows.campaign.calculation import NO_INSERTION
from workflows.results.hosts import member_name
from workflows.results.side_by_side_table import PAPER_SHAPES

PAPER = "paper"
Row = dict[str, Any]


@dataclass(frozen=True)
class Line:
    """One line of the table.

    Attributes
    ----------
    quantity
        With its unit; empty where it is that of the line above.
    source
        Who says so: ``paper``, or an engine.
    cells
        In words, one for each column; empty where there is no number.
    """

    quantity: str
    source: str
    cells: tuple[str, ...]


def columns_of(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Return the rows at the compositions of which the paper says something."""
    return tuple(row for row in rows if row["x"] in PAPER_SHAPES)


def head(row: Row) -> str:
    """Name a column: x, and where lithium was put and found."""
    put, ended = row["insertion"], row["ended_as"]
    model = "" if put == NO_INSERTION else put
    moved = f"ended on {ended}" if model and ended not in {"", put} else ""
    words = (f"x = {row['x']:g}", model, moved, member_name(row["host"]))
    return ", ".join(filter(None, words))


def lines_of(columns: Sequence[Row]) -> list[Line]:
    """Return the lines of the table; those without a number are left out.

    Parameters
    ----------
    columns
        Rows of ``Results.side_by_side``, all of one engine.
    """
    return [line for line in _lines(columns) if any(line.cells)]


def _lines(columns: Sequence[Row]) -> Iterator[Line]:
    if not columns:
        return
    own = str(columns[0]["engine"])
    other = next((str(r["geometry"]) for r in columns if r["geometry_version"]), own)
    shapes = other if other != own else str(columns[0]["geometry"] or own)
    for element in ("Ni", "Mn"):
        name = f"m_{element.lower()}"
        quantity = f"mean |m| of {element}, μB"
        yield Line(quantity, PAPER, _numbers(columns, f"{name}_paper", 1))
        yield Line("", own, _numbers(columns, name, 2))
        if other != own:
            yield Line("", other, _numbers(columns, f"{name}_geometry", 2))
    yield Line("Mn³⁺ in the cell, by moments", own, _numbers(columns, "n_mn3", 0))
    yield Line("gap, eV", own, _numbers(columns, "gap", 2))
    yield Line("shape", PAPER, tuple(str(row["shape_paper"]) for row in columns))
    yield Line("unique axis / others", shapes, tuple(map(_unique, columns)))
    yield Line("a, b, c, Å", shapes, tuple(map(_lengths, columns)))
    yield Line("V, Å³", shapes, _numbers(columns, "volume", 1))


def _numbers(columns: Sequence[Row], name: str, digits: int) -> tuple[str, ...]:
    return tuple(_number(row[name], digits) for row in columns)


def _number(value: float, digits: int) -> str:
    return "" if math.isnan(value) else f"{value:.{digits}f}"


def _unique(row: Row) -> str:
    ratio = _number(row["c_unique"], 3)
    return f"{ratio} ({row['unique_axis']})" if ratio and row["unique_axis"] else ratio


def _lengths(row: Row) -> str:
    found = [_number(row[axis], 3) for axis in "abc"]
    return " ".join(found) if all(found) else ""
