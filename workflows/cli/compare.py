"""``lnmo compare``: the variants of a campaign side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from workflows.errors import CampaignError
from workflows.results.origin import FAKE, SURROGATE
from workflows.results.results import records
from workflows.results.variants import LIMITS, Comparison, Row, compare_variants

if TYPE_CHECKING:
    from rich.table import Table

    from workflows.cli.selection import Selection


def study(chosen: Selection) -> Comparison:
    """Open the results of every variant of a campaign and compare them.

    Raises
    ------
    CampaignError
        The campaign has no two variants.
    """
    each = [one for one in chosen.one_by_one() if one.variant is not None]
    if len(each) < 2:
        raise CampaignError(
            f"campaign {chosen.campaign().name} has no two variants to compare; "
            "lnmo results shows its table"
        )
    planned = {str(one.variant): one.calculations() or () for one in each}
    results = {str(one.variant): one.results() for one in each}
    return compare_variants(results, planned)


def show_study(chosen: Selection, *, as_json: bool, as_csv: bool) -> None:
    """Print the comparison."""
    import json
    import sys

    from workflows.cli.tables import console

    found = study(replace(chosen, variant=None))
    if as_csv:
        found.cells.to_csv(sys.stdout, index=False)
        return
    if as_json:
        both = {
            "cells": json.loads(found.cells.to_json(orient="records")),
            "voltages": json.loads(found.voltages.to_json(orient="records")),
            "missing": list(found.missing),
        }
        print(json.dumps(both, indent=1))
        return
    screen = console()
    for table in _tables(found):
        screen.print(table)
    for note in found.missing:
        screen.print(f"note: {note}", style="yellow", highlight=False)


def _tables(found: Comparison) -> Iterator[Table]:
    from rich.table import Table

    limits = f"yellow: more than {LIMITS['energy']:g} meV/atom, {LIMITS['m_mn']:g} muB"
    limits += f", {LIMITS['c_ratio']:g} in c/ab, {LIMITS['volts']:g} mV"
    title = f"variants against {found.first}"
    if found.cells["fake"].any():
        title += f"; {FAKE}"
    elif found.cells["surrogate"].any():
        title += f"; {SURROGATE}"
    table = Table(title=title, caption=limits, box=None, pad_edge=False)
    for name in ("variant", "x", "insertion", "state"):
        table.add_column(name)
    heads = ["E meV/atom", "|m| Ni", "change", "|m| Mn", "change", "c/ab", "change"]
    heads += ["M muB", "ended as"]
    for name in heads:
        table.add_column(name, justify="right")
    for row in records(found.cells):
        table.add_row(
            *(row["variant"], f"{row['x']:g}", row["insertion"], row["state"]),
            _changed(row, "energy", 2),
            *(_number(row["m_ni"], 3), _changed(row, "m_ni", 3)),
            *(_number(row["m_mn"], 3), _changed(row, "m_mn", 3)),
            *(_number(row["c_ratio"], 4), _changed(row, "c_ratio", 4)),
            *(_number(row["m_total"], 2), row["ended_order"]),
        )
    yield table
    if len(found.voltages):
        volts = Table(title="average voltages", box=None, pad_edge=False)
        for name in ("variant", "insertion", "from x", "to x", "V", "change, mV"):
            volts.add_column(name, justify="left" if name == "variant" else "right")
        for row in records(found.voltages):
            volts.add_row(
                *(row["variant"], row["insertion"], f"{row['x1']:g}"),
                *(f"{row['x2']:g}", _number(row["volts"], 3)),
                _changed(row, "volts", 1),
            )
        yield volts


def _number(value: Any, digits: int) -> str:
    return "" if value is None or value != value else f"{value:.{digits}f}"


def _changed(row: Row, name: str, digits: int) -> Any:
    from rich.text import Text

    value = row[f"d_{name}"]
    if value is None or value != value:
        return ""
    beyond = abs(value) > LIMITS[name] + 1e-9
    return Text(f"{value:+.{digits}f}", style="yellow" if beyond else "")
