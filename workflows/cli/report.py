"""``lnmo report``: write the HTML page of a campaign."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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


def report(
    campaign: MaybeCampaign = None,
    engine: EngineOption = None,
    x: XOption = None,
    variant: VariantOption = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="HTML file to write", metavar="FILE")
    ] = Path("report.html"),
    launchpad: LaunchpadOption = None,
) -> None:
    """Write one self-contained HTML page: table, figures, verdicts, provenance."""
    from workflows.report.page import report_html

    chosen = selection(campaign, engine, x, launchpad, variant=variant)
    results = chosen.results()
    if not results.headers():
        options = f" for {chosen}" if str(chosen) else ""
        raise ResultsError(
            f"nothing to report: no results are recorded{options}; run the campaign "
            "first"
        )
    page = report_html(results, chosen.campaign() if chosen.name else None)
    try:
        output.write_text(page, "utf-8")
    except OSError as error:
        raise StoreError(f"{output}: cannot be written ({error.strerror})") from None
    print(f"report: {output.resolve()}")
