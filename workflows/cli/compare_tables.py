"""The tables of ``lnmo compare`` in a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from workflows.cli.fitted_table import Part, fitted
from workflows.cli.tables import is_missing, number
from workflows.results.origin import FAKE, SURROGATE
from workflows.results.results import records
from workflows.results.series_table import metals_of
from workflows.results.variants import LIMITS, Comparison, Row

STATEMENTS = "statements of the paper: in how many variants they hold"
ROUNDING = 1e-9
"""A change that equals its limit is within it, however it is rounded."""


def comparison_tables(found: Comparison, screen: Console) -> Iterator[Table]:
    """Yield the table over x and, if there are any, that of the voltages."""
    limits = f"yellow: more than {LIMITS['energy']:g} meV/atom, {LIMITS['m_mn']:g} muB"
    limits += f", {LIMITS['c_unique']:g} in unique/others, {LIMITS['volts']:g} mV"
    cells = _cells(records(found.cells), metals_of(found.cells))
    yield fitted(cells, screen, title=_title(found), caption=limits)
    if len(found.voltages):
        volts = _voltages(records(found.voltages))
        yield fitted(volts, screen, title="average voltages")
    judged = [r for r in records(found.statements) if r["judged"]]
    if judged:
        yield fitted(_statements(judged), screen, title=STATEMENTS)


def _title(found: Comparison) -> str:
    title = f"variants against {found.first}"
    if found.cells["fake"].any():
        return f"{title}; {FAKE}"
    return f"{title}; {SURROGATE}" if found.cells["surrogate"].any() else title


def _moment(element: str, rows: Sequence[Row]) -> tuple[Part, Part]:
    name = f"m_{element.lower()}"
    sizes = tuple(number(row[name], 3) for row in rows)
    changes = tuple(_change(row, name, 3) for row in rows)
    return (
        Part(f"|m| {element}", sizes, rank=6),
        Part(f"d |m| {element}", changes, rank=2 if element == "Mn" else 3),
    )


def _cells(rows: Sequence[Row], metals: Sequence[str]) -> list[Part]:
    def part(head: str, cell: Callable[[Row], str | Text], rank: int) -> Part:
        return Part(head, tuple(map(cell, rows)), rank=rank)

    return [
        _words("variant", rows),
        part("x", lambda r: f"{r['x']:g}", 0),
        _words("insertion", rows),
        _words("state", rows),
        part("d meV/atom", lambda r: _change(r, "energy", 2), 1),
        *(own for element in metals for own in _moment(element, rows)),
        part("unique/others", lambda r: number(r["c_unique"], 4), 5),
        part("d unique/others", lambda r: _change(r, "c_unique", 4), 2),
        part("V A^3", lambda r: number(r["volume"], 1), 5),
        part("d V %", lambda r: _signed(r["d_volume"], 2), 4),
        part("M muB", lambda r: number(r["m_total"], 2), 4),
        _words("ended_order", rows, "ended as", rank=3),
        _words("findings", rows, "note"),
    ]


def _voltages(rows: Sequence[Row]) -> list[Part]:
    return [
        _words("variant", rows),
        _words("insertion", rows),
        Part("from x", tuple(f"{row['x1']:g}" for row in rows)),
        Part("to x", tuple(f"{row['x2']:g}" for row in rows)),
        Part("V", tuple(number(row["volts"], 3) for row in rows)),
        Part("change, mV", tuple(_change(row, "volts", 1) for row in rows)),
        _words("findings", rows, "note"),
    ]


def _statements(rows: Sequence[Row]) -> list[Part]:
    return [
        _words("statement", rows),
        _words("insertion", rows, "model"),
        _words("in_words", rows, "holds in"),
        _words("warns", rows, rank=1),
        _words("fails", rows, rank=1),
        _words("not_judged", rows, "not judged", rank=2),
    ]


def _words(name: str, rows: Sequence[Row], head: str = "", rank: int = 0) -> Part:
    return Part(head or name, tuple(str(r[name]) for r in rows), folds=True, rank=rank)


def _signed(value: float, digits: int) -> str:
    return "" if is_missing(value) else f"{value:+.{digits}f}"


def _change(row: Row, name: str, digits: int) -> Text:
    """Return a difference from the first variant, yellow beyond its limit."""
    value = float(row[f"d_{name}"])
    beyond = abs(value) > LIMITS[name] + ROUNDING
    return Text(_signed(value, digits), style="yellow" if beyond else "")
