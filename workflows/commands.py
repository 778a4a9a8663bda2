"""What each verb of ``lnmo`` but ``run`` does, with the texts it prints."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from workflows.calculation import Calculation
from workflows.choices import choices
from workflows.errors import ResultsError, StoreError
from workflows.plan import plan
from workflows.selection import Selection
from workflows.tables import (
    console,
    ordering_row,
    orderings_table,
    plan_table,
    series_table,
    verdict_table,
    warn_once,
)


def show_plan(chosen: Selection, *, as_json: bool) -> None:
    """Print the calculations of a campaign."""
    campaign = chosen.campaign()
    calculations = plan(campaign)
    if as_json:
        _print_json([_without_structure(c) for c in calculations])
        return
    screen = console()
    screen.print(plan_table(campaign, calculations))
    warn_once(screen, calculations)


def show_orderings(chosen: Selection, *, chgnet: bool, as_json: bool) -> None:
    """Print how many Li arrangements there are at each x, and which were kept."""
    from workflows.preranking import with_chgnet

    campaign = chosen.campaign()
    found = list(choices(campaign))
    rows = [ordering_row(choice) for choice in found]
    if chgnet:
        pairs = zip(rows, found, strict=True)
        rows = [with_chgnet(row, choice, campaign) for row, choice in pairs]
    if as_json:
        _print_json(rows)
    else:
        screen = console()
        screen.print(orderings_table(campaign, rows))
        warn_once(screen, found)


def write_inputs(chosen: Selection, output: Path, *, as_json: bool) -> None:
    """Write VASP inputs and list them."""
    from workflows.writing import write_campaign

    written = write_campaign(chosen.campaign(), output)
    for note in written.notes:
        print(f"note: {note}", file=sys.stderr)
    if as_json:
        _print_json([str(path) for path in written.directories])
        return
    print(f"{len(written.directories)} run directories written under {output}")
    print(f"what is filled in at run time only: see {output / 'README.txt'}")


def show_results(chosen: Selection, *, as_json: bool, as_csv: bool) -> None:
    """Print the series, and for people the verdicts."""
    results = chosen.results()
    series = results.series()
    if as_csv:
        series.to_csv(sys.stdout, index=False)
    elif as_json:
        print(series.to_json(orient="records", indent=1))
    elif not len(series):
        print("no results yet; lnmo run paper --engine chgnet needs no licence")
    else:
        screen = console()
        screen.print(series_table(series))
        screen.print(verdict_table(results.compare_to_paper()))


def show_what_came_of_it(chosen: Selection) -> None:
    """Print the series after a run; of a study its variants beside each other.

    Results that never stand in one table are no fault of the run: that is a note.
    """
    from workflows.study import show_study

    try:
        if len(chosen.one_by_one()) > 1:
            show_study(chosen, as_json=False, as_csv=False)
        else:
            show_results(chosen, as_json=False, as_csv=False)
    except ResultsError as error:
        print(f"lnmo: no table: {error}", file=sys.stderr)


def write_report(chosen: Selection, output: Path) -> None:
    """Write the HTML report."""
    from workflows.report import report_html

    results = chosen.results()
    if not results.documents():
        raise ResultsError(
            "nothing to report: no results are recorded"
            + (f" for {chosen}" if str(chosen) else "")
            + "; run the campaign first"
        )
    page = report_html(results, chosen.campaign() if chosen.name else None)
    try:
        output.write_text(page, "utf-8")
    except OSError as error:
        raise StoreError(f"{output}: cannot be written ({error.strerror})") from None
    print(f"report: {output.resolve()}")


def _without_structure(calculation: Calculation) -> dict[str, Any]:
    plain = calculation.as_dict()
    del plain["structure"]
    return plain


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=1))
