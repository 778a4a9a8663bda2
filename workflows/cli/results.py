"""``lnmo results --table``: every table of the results, for a terminal or a file."""

from __future__ import annotations

import json
import math
import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from rich.table import Table

from workflows.campaign_problems import nearest
from workflows.errors import ResultsError
from workflows.report.downloads import verdict_frame
from workflows.results import Results
from workflows.selection import Selection
from workflows.series import ROOM
from workflows.tables import console, origin_of_numbers

if TYPE_CHECKING:
    import pandas as pd

SHOWN_ROWS = 400
"""Rows of a table in a terminal; a file gets all."""


class TableName(StrEnum):
    """Tables there are."""

    SERIES = "series"
    SITES = "sites"
    RUNS = "runs"
    VOLTAGE = "voltage"
    HULL = "hull"
    PDOS = "pdos"
    VERDICTS = "verdicts"


@dataclass(frozen=True)
class Asked:
    """What a command line asks of a table.

    Attributes
    ----------
    table
        Which.
    by, smooth, mode, align
        Of the density of states, see ``Results.pdos``.
    boltzmann
        Average the series over configurations at 300 K.
    """

    table: TableName
    by: str = "element"
    smooth: int = 10
    mode: str = "origin"
    align: str = "efermi"
    boltzmann: bool = False


def asked(table: str | None, **more: Any) -> Asked:
    """Check the name of a table.

    Raises
    ------
    ResultsError
        There is no such table.
    """
    try:
        return Asked(TableName(table or "series"), **more)
    except ValueError:
        raise ResultsError(
            f"there is no table {table!r}{nearest(str(table), tuple(TableName))}; "
            f"known: {', '.join(TableName)}"
        ) from None


def show_table(chosen: Selection, asked: Asked, *, as_json: bool, as_csv: bool) -> None:
    """Print a table: for people, or as CSV or JSON with all its rows and columns.

    Raises
    ------
    ResultsError
        The table cannot be made; the message says why.
    """
    results = chosen.results()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # told below, from the attrs
        frame = _MAKE[asked.table](results, asked, chosen)
    if as_csv:
        frame.to_csv(sys.stdout, index=False)
    elif as_json:
        print(json.dumps(as_plain(frame), indent=1))
    elif not len(frame):
        print(f"no {asked.table} yet; lnmo run paper --engine chgnet needs no licence")
    else:
        screen = console()
        screen.print(_for_people(frame, asked.table))
        for note in frame.attrs.get("notes", ()):
            screen.print(f"note: {note}", style="yellow", highlight=False)
        of_documents = asked.table in {TableName.RUNS, TableName.SITES}
        origin = results.runs() if of_documents else results.series()
        screen.print(origin_of_numbers(origin), highlight=False)


def as_plain(frame: pd.DataFrame) -> dict[str, Any]:
    """Return a table as plain JSON: units, what else is known of it, rows."""
    rows = [
        {str(name): _plain(value) for name, value in row.items()}
        for row in frame.to_dict("records")
    ]
    about = {name: _plain(v) for name, v in frame.attrs.items() if name != "units"}
    return {"units": frame.attrs.get("units", {}), "about": about, "rows": rows}


def _plain(value: Any) -> Any:
    """Return a JSON value; NaN and infinities become null."""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _pdos(results: Results, asked: Asked, chosen: Selection) -> pd.DataFrame:
    if len(chosen.x) != 1:
        raise ResultsError(
            "a density of states is that of one x: say which, such as --x 1"
        )
    choices: dict[str, Any] = {
        "by": asked.by, "mode": asked.mode, "align": asked.align
    }  # fmt: skip
    return results.pdos(chosen.x[0], smooth=asked.smooth, **choices)


def _series(results: Results, asked: Asked, chosen: Selection) -> pd.DataFrame:
    average: Any = "boltzmann" if asked.boltzmann else "lowest"
    return results.series(average=average, temperature=ROOM)


def _verdicts(results: Results, asked: Asked, chosen: Selection) -> pd.DataFrame:
    return verdict_frame(results.compare_to_paper())


_MAKE: Mapping[TableName, Callable[[Results, Asked, Selection], pd.DataFrame]] = {
    TableName.SERIES: _series,
    TableName.SITES: lambda results, *_: results.sites(),
    TableName.RUNS: lambda results, *_: results.runs(),
    TableName.VOLTAGE: lambda results, *_: results.voltage(),
    TableName.HULL: lambda results, *_: results.hull(),
    TableName.PDOS: _pdos,
    TableName.VERDICTS: _verdicts,
}
_FOR_PEOPLE: Mapping[TableName, tuple[str, ...]] = {
    TableName.SITES: (
        *("x", "insertion", "label", "element", "magnetization", "valence"),
        *("margin", "ambiguous", "valence_balanced", "final_site", "rho", "phi"),
        *("jt_mode", "elongation"),
    ),
    TableName.RUNS: (
        *("x", "insertion", "formula", "step", "state", "energy_per_atom", "gap"),
        *("max_force", "pressure", "ionic_steps", "corrections", "seconds", "findings"),
    ),
    TableName.VOLTAGE: (
        *("range", "insertion", "kind", "x1", "x2", "volts", "capacity1"),
        *("capacity2", "n_x", "ended_as1", "ended_as2"),
    ),
    TableName.SERIES: (
        *("x", "insertion", "ended_as", "state", "energy_per_fu", "e_above_hull"),
        *("m_ni", "m_mn", "mixed_sign", "n_mn3", "n_mn3_expected", "gap", "c_ratio"),
        *("volume_fu", "jt_rho", "jt_order"),
    ),
    TableName.VERDICTS: (
        *("statement", "insertion", "value", "unit", "reference", "tolerance"),
        *("status", "reason"),
    ),
}
"""Columns that fit a terminal; a file has all."""


def _for_people(frame: pd.DataFrame, name: TableName) -> Table:
    columns = [c for c in _FOR_PEOPLE.get(name, frame.columns) if c in frame.columns]
    units = frame.attrs.get("units", {})
    told = [f"{c}: {units[c]}" for c in columns if c in units]
    if smoothing := frame.attrs.get("smoothing"):
        told.append(f"smoothing: {smoothing}")
    if len(frame) > SHOWN_ROWS:
        told.append(f"{SHOWN_ROWS} of {len(frame)} rows; --csv gives all")
    table = Table(
        title=str(name), caption="; ".join(told), box=None, header_style="bold"
    )
    for column in columns:
        numeric = frame[column].dtype.kind in "fi"
        table.add_column(column, justify="right" if numeric else "left")
    for row in frame[columns].head(SHOWN_ROWS).itertuples(index=False):
        table.add_row(*(_text(value) for value in row))
    return table


def _text(value: Any) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, bool) or (hasattr(value, "dtype") and value.dtype == bool):
        return "yes" if value else ""
    return f"{value:.5g}" if isinstance(value, float) else str(value)
