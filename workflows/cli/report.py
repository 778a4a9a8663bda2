"""``lnmo report``: write the HTML page of a campaign, or of any VASP runs."""

from __future__ import annotations

import os
import shlex
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from workflows.cli.examples import epilog
from workflows.cli.options import (
    NAME_OR_FILE,
    PATH,
    engine_option,
    launchpad_option,
    selection,
    variant_option,
    x_option,
)
from workflows.counts import count_of
from workflows.errors import ResultsError

if TYPE_CHECKING:
    from workflows.cli.page_name import PageOf
    from workflows.cli.selection import Opened


@click.command(epilog=epilog("report"))
@click.argument(
    "campaign",
    type=NAME_OR_FILE,
    nargs=-1,
    metavar="[CAMPAIGN|DIR...]",
    help="one campaign, or directories of any VASP runs; default: everything submitted",
)
@engine_option
@x_option
@variant_option
@click.option(
    "--output",
    "-o",
    type=PATH,
    help="HTML file to write; default: report.html, or report-NAME-ENGINE.html "
    "if that is the page of another campaign",
    metavar="FILE",
)
@launchpad_option
def report(
    campaign: tuple[str, ...],
    engine: str | None,
    x: tuple[float, ...],
    variant: str | None,
    output: Path | None,
    launchpad: Path | None,
) -> None:
    """Write one self-contained HTML page: table, figures, verdicts, provenance."""
    from workflows.cli.page_name import page_path, refuse_format
    from workflows.cli.report_runs import directories_of
    from workflows.report.page import report_html

    if output is not None:
        refuse_format(output)
    if (places := directories_of(campaign)) is not None:
        if engine or x or variant or launchpad:
            raise ResultsError(
                f"lnmo report {shlex.join(campaign)}: --engine, --x, --variant and "
                "--launchpad need a campaign, not a directory; leave them out"
            )
        _report_runs(places, output)
        return
    chosen = selection(
        next(iter(campaign), None),
        *(engine, x, launchpad),
        variant=variant,
        or_embedded=True,
    )
    found = chosen.opened()
    if not found.results.headers():
        options = f" for {chosen}" if str(chosen) else ""
        raise ResultsError(
            f"nothing to report: no results are recorded{options}; run the campaign "
            "first"
        )
    page = _page_of(found)
    path = page_path(output, page)
    _write(path, page.marked(report_html(found.results, found.campaign)))


def _report_runs(places: Sequence[Path], output: Path | None) -> None:
    """Write the page of any runs; nothing is asked of a plan."""
    from workflows.cli.output import note
    from workflows.cli.page_name import PageOf, page_path
    from workflows.cli.report_runs import read_runs, sentence_of, title_of
    from workflows.report.runs_page import runs_html

    page = PageOf(runs=", ".join(map(str, places)))
    path = page_path(output, page)
    found = read_runs(places)
    for line in found.unread:
        note(line)
    html = runs_html(
        found.runs, title_of(places), sentence_of(found.runs), found.unread
    )
    _write(path, page.marked(html))
    states = Counter(str(run.document.state) for run in found.runs)
    told = ", ".join(f"{count} {state}" for state, count in states.items())
    many = count_of(len(found.runs), "run")
    print(f"{many}: {told}; no plan and no verdict, see lnmo collect")


def _write(path: Path, html: str) -> None:
    from workflows.atomic import write_atomically

    # A path that is not UTF-8 may stand in it.
    write_atomically(path, html, errors="backslashreplace")
    print(f"report: {path.resolve()}")


def _page_of(found: Opened) -> PageOf:
    """Return whose page it will be: of results of one kind, that kind."""
    from workflows.campaign.campaign import packaged_campaigns
    from workflows.cli.page_name import PageOf

    chosen = found.selection
    if found.campaign is not None:
        name, engine = found.campaign.name, str(found.campaign.engine)
        packaged = chosen.name is None or chosen.name in packaged_campaigns()
        file = "" if packaged else os.path.relpath(str(chosen.name))
        return PageOf(name, engine, chosen.variant or "", file=file)
    documents = found.results.headers()
    names = {d.campaign for d in documents if not d.reference}
    engines = {d.engine for d in documents}
    return PageOf(
        chosen.name or (names.pop() if len(names) == 1 else ""),
        chosen.engine or (engines.pop() if len(engines) == 1 else ""),
    )
