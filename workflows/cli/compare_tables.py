"""The tables of ``lnmo compare`` in a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.table import Table
from rich.text import Text

from workflows.cli.tables import is_missing, number
from workflows.results.origin import FAKE, SURROGATE
from workflows.results.results import records
from workflows.results.variants import LIMITS, Comparison, Row

ROUNDING = 1e-9
"""A change that equals its limit is within it, however it is rounded."""


def comparison_tables(found: Comparison) -> Iterator[Table]:
    """Yield the table over x and, if there are any, that of the voltages."""
    yield _cell_table(found)
    if len(found.voltages):
        yield _voltage_table(found)


def _cell_table(found: Comparison) -> Table:
    limits = f"yellow: more than {LIMITS['energy']:g} meV/atom, {LIMITS['m_mn']:g} muB"
    limits += f", {LIMITS['c_ratio']:g} in c/ab, {LIMITS['volts']:g} mV"
    table = _plain_table(_title(found), caption=limits)
    for name in ("variant", "x", "insertion", "state"):
        table.add_column(name)
    heads = ["E meV/atom", "|m| Ni", "change", "|m| Mn", "change", "c/ab", "change"]
    for name in (*heads, "M muB", "ended as"):
        table.add_column(name, justify="right")
    for row in records(found.cells):
        table.add_row(
            row["variant"],
            f"{row['x']:g}",
            row["insertion"],
            row["state"],
            _change(row, "energy", 2),
            number(row["m_ni"], 3),
            _change(row, "m_ni", 3),
            number(row["m_mn"], 3),
            _change(row, "m_mn", 3),
            number(row["c_ratio"], 4),
            _change(row, "c_ratio", 4),
            number(row["m_total"], 2),
            row["ended_order"],
        )
    return table


def _title(found: Comparison) -> str:
    title = f"variants against {found.first}"
    if found.cells["fake"].any():
        return f"{title}; {FAKE}"
    return f"{title}; {SURROGATE}" if found.cells["surrogate"].any() else title


def _voltage_table(found: Comparison) -> Table:
    table = _plain_table("average voltages")
    for name in ("variant", "insertion", "from x", "to x", "V", "change, mV"):
        table.add_column(name, justify="left" if name == "variant" else "right")
    for row in records(found.voltages):
        table.add_row(
            row["variant"],
            row["insertion"],
            f"{row['x1']:g}",
            f"{row['x2']:g}",
            number(row["volts"], 3),
            _change(row, "volts", 1),
        )
    return table


def _plain_table(title: str, caption: str | None = None) -> Table:
    return Table(title=title, caption=caption, box=None, pad_edge=False)


def _change(row: Row, name: str, digits: int) -> Any:
    """Return a difference from the first variant, yellow beyond its limit."""
    value = row[f"d_{name}"]
    if is_missing(value):
        return ""
    beyond = abs(value) > LIMITS[name] + ROUNDING
    return Text(f"{value:+.{digits}f}", style="yellow" if beyond else "")
