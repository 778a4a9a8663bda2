"""The tables of ``lnmo results``, in a terminal, as CSV and as JSON."""

from __future__ import annotations

import math
import shlex
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from workflows.cli.choices import in_words
from workflows.cli.compare import show_comparison
from workflows.cli.output import note, print_json
from workflows.cli.running_steps import Step, marked, running_line, running_steps
from workflows.cli.selection import Selection
from workflows.cli.table_request import TableName, TableRequest
from workflows.cli.tables import console, print_notes
from workflows.cli.terminal_tables import (
    overall_lines,
    plain_table,
    series_table,
    verdict_table,
)
from workflows.errors import CampaignError, ResultsError
from workflows.results.csv_text import csv_text
from workflows.results.origin import origin_of_numbers
from workflows.results.results import Results
from workflows.results.series_table import ROOM
from workflows.results.verdict import verdict_frame

_FINISHED = ("DONE", "NEEDS_REVIEW")
FREE_ENGINE = "lnmo run paper --engine chgnet needs no licence"


def show_results(chosen: Selection, *, as_json: bool, as_csv: bool) -> None:
    """Print the series and, in a terminal, the verdicts."""
    results = chosen.results()
    series = results.series()
    running = _running(chosen, series)
    shown = marked(series, running)
    if as_csv:
        print(csv_text(shown), end="")
    elif as_json:
        print(shown.to_json(orient="records", indent=1))
    elif not len(series):
        print(_nothing("results", chosen))
    else:
        screen = console()
        screen.print(series_table(shown, screen))
        if running:
            print(running_line(running))
        if not series["state"].isin(_FINISHED).any():
            print("no verdicts yet: no calculation has finished")
            return
        verdicts = results.compare_to_paper()
        screen.print(verdict_table(verdicts, screen))
        if any(v.value is not None for v in verdicts):
            screen.print(overall_lines(verdicts), highlight=False)


def _nothing(what: str, chosen: Selection) -> str:
    """Return why a table is empty: what runs, or what to type."""
    running = running_line(running_steps(chosen))
    if running:
        return f"no {what} yet: {running}"
    cure = f"lnmo run {shlex.quote(chosen.name)}" if chosen.name else FREE_ENGINE
    return f"no {what} yet; {cure}"


def _running(chosen: Selection, series: pd.DataFrame) -> list[Step]:
    """Ask what runs, where something has not finished."""
    if series["state"].isin(_FINISHED).all():
        return []
    return running_steps(chosen)


def show_outcome(chosen: Selection) -> int:
    """Print the series after a run, or the variants of a study beside each other.

    If the results may not be put into one table, or the engine does not tell the
    variants apart, that is a note. Returns the exit code: 1 for results that may not
    stand in one table, because somebody has to decide which of them count.
    """
    try:
        if len(chosen.one_by_one()) > 1:
            show_comparison(chosen, as_json=False, as_csv=False)
        else:
            show_results(chosen, as_json=False, as_csv=False)
    except (ResultsError, CampaignError) as error:
        note(f"no table: {in_words(error, ())}")
        return 1 if isinstance(error, ResultsError) else 0
    return 0


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
        print(csv_text(frame), end="")
    elif as_json:
        print_json(as_plain(frame))
    elif not len(frame):
        print(_nothing(str(request.table), chosen))
    else:
        screen = console()
        screen.print(plain_table(frame, str(request.table), screen))
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
        raise ResultsError("a density of states needs one x: add it, such as --x 1")
    options: dict[str, Any] = {
        "by": request.by,
        "smooth": request.smooth,
        "window_ev": request.window_ev,
        "mode": request.mode,
        "align": request.align,
    }
    return results.pdos(chosen.x[0], **options)


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
    TableName.STARTS: lambda results, *_: results.starts(),
    TableName.SITES: lambda results, *_: results.sites(),
    TableName.RUNS: lambda results, *_: results.runs(),
    TableName.VOLTAGE: lambda results, *_: results.voltage(),
    TableName.HULL: lambda results, *_: results.hull(),
    TableName.PDOS: _pdos,
    TableName.VERDICTS: _verdicts,
    TableName.CONTEXT: lambda results, *_: results.context(),
}
