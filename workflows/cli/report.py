"""``lnmo report``: write the page of a campaign."""

from __future__ import annotations

from pathlib import Path

from workflows.cli.selection import Selection
from workflows.errors import ResultsError, StoreError


def write_report(chosen: Selection, output: Path) -> None:
    """Write the HTML report."""
    from workflows.report.page import report_html

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
