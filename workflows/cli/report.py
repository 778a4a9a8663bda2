"""``lnmo report``: write the HTML page of a campaign."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workflows.cli.options import (
    EngineOption,
    LaunchpadOption,
    MaybeCampaign,
    VariantOption,
    XOption,
    selection,
)
from workflows.errors import ResultsError, StoreError

if TYPE_CHECKING:
    from workflows.cli.page_name import PageOf
    from workflows.cli.selection import Opened


def report(
    campaign: MaybeCampaign = None,
    engine: EngineOption = None,
    x: XOption = None,
    variant: VariantOption = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="HTML file to write; else report.html, or report-NAME-ENGINE.html "
            "where that is another's",
            metavar="FILE",
        ),
    ] = None,
    launchpad: LaunchpadOption = None,
) -> None:
    """Write one self-contained HTML page: table, figures, verdicts, provenance."""
    from workflows.cli.page_name import page_path, refuse_format
    from workflows.report.page import report_html

    if output is not None:
        refuse_format(output)
    chosen = selection(
        campaign, engine, x, launchpad, variant=variant, or_embedded=True
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
    html = page.marked(report_html(found.results, found.campaign))
    try:
        path.write_text(html, "utf-8")
    except OSError as error:
        raise StoreError(f"{path}: cannot be written ({error.strerror})") from None
    print(f"report: {path.resolve()}")


def _page_of(found: Opened) -> PageOf:
    """Return whose page it will be: of results of one kind, that kind."""
    from workflows.cli.page_name import PageOf

    chosen = found.selection
    if found.campaign is not None:
        name, engine = found.campaign.name, str(found.campaign.engine)
        return PageOf(name, engine, chosen.variant or "")
    documents = found.results.headers()
    names = {d.campaign for d in documents if not d.reference}
    engines = {d.engine for d in documents}
    return PageOf(
        chosen.name or (names.pop() if len(names) == 1 else ""),
        chosen.engine or (engines.pop() if len(engines) == 1 else ""),
    )
