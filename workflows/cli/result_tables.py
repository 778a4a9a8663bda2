"""The tables of ``lnmo results``, in a terminal, as CSV and as JSON."""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
from rich.table import Table
from rich.text import Text

from workflows.cli.compare import show_comparison
from workflows.cli.output import note, print_json
from workflows.cli.results import TableName, TableRequest
from workflows.cli.selection import Selection
from workflows.cli.tables import (
    coloured,
    console,
    is_missing,
    make_table,
    number,
    print_notes,
)
from workflows.errors import ResultsError
from workflows.results.origin import origin_of_numbers
from workflows.results.results import Results
from workflows.results.series_table import ROOM
from workflows.results.verdict import (
    Verdict,
    models_of,
    overall,
    short_reason,
    verdict_frame,
)

FREE_ENGINE = "lnmo run paper --engine chgnet needs no licence"

SHOWN_ROWS = 400
"""Rows of a table in a terminal, about ten screens; a file gets all."""


def show_results(chosen: Selection, *, as_json: bool, as_csv: bool) -> None:
    """Print the series and, in a terminal, the verdicts."""
    results = chosen.results()
    series = results.series()
    if as_csv:
        series.to_csv(sys.stdout, index=False)
    elif as_json:
        print(series.to_json(orient="records", indent=1))
    elif not len(series):
        print(f"no results yet; {FREE_ENGINE}")
    else:
        screen = console()
        screen.print(series_table(series))
        verdicts = results.compare_to_paper()
        screen.print(verdict_table(verdicts))
        screen.print(overall_lines(verdicts), highlight=False)


def show_outcome(chosen: Selection) -> None:
    """Print the series after a run, or the variants of a study beside each other.

    If the results may not be put into one table, that is a note: the run itself is
    not at fault.
    """
    try:
        if len(chosen.one_by_one()) > 1:
            show_comparison(chosen, as_json=False, as_csv=False)
        else:
            show_results(chosen, as_json=False, as_csv=False)
    except ResultsError as error:
        note(f"no table: {error}")


def show_table(
    chosen: Selection, request: TableRequest, *, as_json: bool, as_csv: bool
) -> None:
    """Print a table in the terminal, or all its rows and columns as CSV or JSON.

    Raises
    ------
    ResultsError
        The table cannot be made; the message says why.
    """
    results = chosen.results()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # printed below, from attrs
        frame = _MAKE[request.table](results, request, chosen)
    if as_csv:
        frame.to_csv(sys.stdout, index=False)
    elif as_json:
        print_json(as_plain(frame))
    elif not len(frame):
        print(f"no {request.table} yet; {FREE_ENGINE}")
    else:
        screen = console()
        screen.print(_terminal_table(frame, request.table))
        print_notes(screen, frame.attrs.get("notes", ()))
        of_documents = request.table in {TableName.RUNS, TableName.SITES}
        origin = results.runs() if of_documents else results.series()
        screen.print(origin_of_numbers(origin), highlight=False)


def as_plain(frame: pd.DataFrame) -> dict[str, Any]:
    """Return a table as plain JSON: units, attributes, rows."""
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


def _pdos(results: Results, request: TableRequest, chosen: Selection) -> pd.DataFrame:
    if len(chosen.x) != 1:
        raise ResultsError(
            "a density of states is that of one x: add it, such as --x 1"
        )
    options: dict[str, Any] = {
        "by": request.by,
        "mode": request.mode,
        "align": request.align,
    }
    return results.pdos(chosen.x[0], smooth=request.smooth, **options)


def _series(results: Results, request: TableRequest, chosen: Selection) -> pd.DataFrame:
    average: Any = "boltzmann" if request.boltzmann else "lowest"
    return results.series(average=average, temperature=ROOM)


def _verdicts(
    results: Results, request: TableRequest, chosen: Selection
) -> pd.DataFrame:
    return verdict_frame(results.compare_to_paper())


_MAKE: Mapping[
    TableName, Callable[[Results, TableRequest, Selection], pd.DataFrame]
] = {
    TableName.SERIES: _series,
    TableName.SITES: lambda results, *_: results.sites(),
    TableName.RUNS: lambda results, *_: results.runs(),
    TableName.VOLTAGE: lambda results, *_: results.voltage(),
    TableName.HULL: lambda results, *_: results.hull(),
    TableName.PDOS: _pdos,
    TableName.VERDICTS: _verdicts,
}

_TERMINAL_COLUMNS: Mapping[TableName, str] = {
    TableName.SITES: (
        "x insertion label element magnetization valence margin ambiguous "
        "valence_balanced balance_margin final_site eg_orbital eg_axis rho phi "
        "jt_mode elongation"
    ),
    TableName.RUNS: (
        "x insertion formula step state energy_per_atom gap max_force pressure "
        "ionic_steps corrections seconds findings"
    ),
    TableName.VOLTAGE: (
        "range insertion kind x1 x2 volts capacity1 capacity2 n_x ended_as1 ended_as2"
    ),
    TableName.SERIES: (
        "x insertion ended_as state energy_per_fu e_above_hull m_ni m_mn mixed_sign "
        "n_mn3 n_mn3_expected gap c_ratio volume_fu jt_rho jt_order"
    ),
    TableName.VERDICTS: (
        "statement insertion value unit reference tolerance status reason"
    ),
}
"""Columns that fit a terminal; a file has all."""


def _terminal_table(frame: pd.DataFrame, name: TableName) -> Table:
    wanted = _TERMINAL_COLUMNS.get(name)
    columns = list(frame.columns) if wanted is None else wanted.split()
    columns = [column for column in columns if column in frame.columns]
    units = frame.attrs.get("units", {})
    caption = [f"{c}: {units[c]}" for c in columns if c in units]
    if smoothing := frame.attrs.get("smoothing"):
        caption.append(f"smoothing: {smoothing}")
    if len(frame) > SHOWN_ROWS:
        caption.append(f"{SHOWN_ROWS} of {len(frame)} rows; --csv gives all")
    table = Table(
        title=str(name), caption="; ".join(caption), box=None, header_style="bold"
    )
    for column in columns:
        numeric = frame[column].dtype.kind in "fi"
        table.add_column(column, justify="right" if numeric else "left")
    for row in frame[columns].head(SHOWN_ROWS).itertuples(index=False):
        table.add_row(*(_text(value) for value in row))
    return table


def _text(value: Any) -> str:
    if value is None or pd.isna(value):
        return ""
    if isinstance(value, bool) or (hasattr(value, "dtype") and value.dtype == bool):
        return "yes" if value else ""
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def series_table(series: pd.DataFrame) -> Table:
    """Show the table over x."""
    table = make_table("results over x", caption=origin_of_numbers(series))
    heads = ("x", "insertion", "state", "E eV/f.u.", "|m| Ni", "|m| Mn", "a", "b", "c")
    for name in (*heads, "c/ab", "V A^3", "of", "Li ends on", "note"):
        text = name in {"insertion", "state", "Li ends on", "note"}
        table.add_column(name, justify="left" if text else "right", no_wrap=not text)
    for found in series.to_dict("records"):
        row = {str(name): value for name, value in found.items()}
        table.add_row(
            f"{row['x']:g}",
            row["insertion"],
            coloured(row["state"]),
            number(row["energy_per_fu"], 3),
            _spread(row, "m_ni"),
            _spread(row, "m_mn"),
            *(number(row[axis], 3) for axis in "abc"),
            number(row["c_ratio"], 4),
            number(row["volume"], 1),
            f"{row['n_orderings']}/{row['n_planned']}",
            row["li_sites"],
            Text(row["findings"], style="yellow"),
        )
    return table


def verdict_table(verdicts: Sequence[Verdict]) -> Table | Text:
    """Show the verdicts against the paper; one line if all have the same reason."""
    title = "against Shimizu et al. 2022 (10.1002/aenm.202201119)"
    reasons = {v.reason if v.value is None else "" for v in verdicts}
    if len(reasons) == 1 and "" not in reasons:
        none = f"none of {len(verdicts)} statements is judged, {reasons.pop()}"
        return Text(f"{title}: {none}")
    table = make_table(title)
    for name in ("statement", "model", "ours", "paper", "passes", "verdict", "note"):
        table.add_column(name, justify="right" if name == "ours" else "left")
    for v in verdicts:
        ours = "" if v.value is None else f"{v.value:.3f} {v.unit}".strip()
        table.add_row(
            v.statement,
            v.insertion,
            ours,
            v.reference,
            v.tolerance,
            coloured(v.status),
            short_reason(v),
        )
    return table


def overall_lines(verdicts: Sequence[Verdict]) -> Text:
    """Show the verdict over all headline rows, a line for each insertion model."""
    lines = []
    for model in models_of(verdicts):
        name = f"overall, {model}: " if model else "overall: "
        lines.append(Text.assemble(name, coloured(overall(verdicts, model))))
    return Text("\n").join(lines)


def _spread(row: Mapping[str, Any], name: str) -> str:
    if is_missing(row[name]):
        return ""
    return f"{row[name]:.2f}±{row[f'{name}_std']:.2f}"
