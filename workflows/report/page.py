"""Results -> the page, from its template; nothing in it is fetched."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from workflows.analysis.ions import ion_of_series
from workflows.campaign.campaign import Campaign
from workflows.errors import printable_lines
from workflows.report.beside import columns_of, head, lines_of
from workflows.report.chart import Chart
from workflows.report.claims import claims, remark
from workflows.report.collect import collect
from workflows.report.downloads import Download, download
from workflows.report.draw_matplotlib import as_svg, draw
from workflows.report.draw_plotly import narrow_layout, plotly_figure
from workflows.report.provenance import findings_of, label, settings_of, versions_of
from workflows.report.series_charts import of_the_paper
from workflows.report.structure_files import Cell, cells_of
from workflows.report.structure_pictures import (
    origin_of_pictures,
    pictured,
    structures_figure,
)
from workflows.report.structure_view import structure_layout
from workflows.report.thinning import FINDINGS, STEPS, few_of_each, first_of
from workflows.report.verdict_summary import summaries, why_unjudged, written
from workflows.results.results import Results, records
from workflows.results.series_table import metals_of
from workflows.results.verdict import models_of, verdict_frame

if TYPE_CHECKING:
    import pandas as pd

    from workflows.records.document import TaskDocument
    from workflows.results.verdict import Verdict

NEGLECTED = (
    "Spin-orbit coupling, dispersion, configurational and vibrational entropy and "
    "zero-point energy are neglected throughout."
)
FINDING_COLUMNS = (
    "severity",
    "id",
    "where",
    "message",
    "engine",
    "engine_version",
    "surrogate",
    "fake",
    "functional",
    "hubbard_u",
)
ROWS = {
    "series": "one row for each x and insertion model, and host of an ensemble",
    "sites": "one row for each atom of each result in the table over x",
    "runs": "one row for each step of each calculation",
    "voltage": "one row for each step of a voltage curve, and for each average",
    "hull": "one row for each finished arrangement in each range of x",
    "pdos": "one row for each energy of each calculation with a density of states",
    "verdicts": "one row for each statement of the paper",
    "side-by-side": "one row for each x and model, the paper's numbers beside",
    "context": "one row for each result, and each measurement of the paper",
    "findings": "one row for each finding",
}
"""Tables to take away, and what a row of each is."""
DIGITS = {"pdos": 6}
"""Significant digits of a table, where it is large and VASP prints fewer."""


FIRST = ("fig2e-moments", "fig2f-lattice")
"""Charts that stand beside the verdict."""


@dataclass(frozen=True)
class DrawnChart:
    """A chart twice: to be zoomed, and as SVG for print and pages without scripts."""

    chart: Chart
    svg: Markup


def report_html(results: Results, campaign: Campaign | None) -> str:
    """Return the page.

    Parameters
    ----------
    results
        What to report; its series must be of one kind.
    campaign
        Printed in full, every default visible, if given.

    Returns
    -------
    str
        HTML with its style, its scripts (plotly.js among them, 4.8 MB) and every
        table inside; a browser fetches nothing.

    Raises
    ------
    ResultsError
        The results are of several engines or settings.
    """
    results = results.snapshot()
    found = collect(results)
    series, charts, origin = found.series, found.charts, found.origin
    verdicts = results.compare_to_paper()
    documents = results.headers()
    findings = findings_of(documents)
    paper = of_the_paper(series)
    if paper:
        found.ask("context", results.context)
        found.ask("side-by-side", results.side_by_side)
    beside = columns_of(_rows(found.tables, "side-by-side"))
    lowest = results.lowest_documents()
    cells = cells_of(lowest, origin, dict(_against(series)))
    drawn = [drawn_in_page(chart) for chart in charts]
    return template("report.html.j2").render(
        title=f"Campaign {campaign.name}" if campaign else "All results",
        description=campaign.description if campaign else "",
        origin=origin,
        fake=bool(series["fake"].any()),
        surrogate=bool(series["surrogate"].any()),
        judged=any(v.value is not None for v in verdicts),
        unjudged=why_unjudged(verdicts),
        paper=paper,
        summaries=summaries(verdicts),
        models=models_of(verdicts),
        claims=claims(verdicts),
        rows=records(series),
        heads=[head(row) for row in beside],
        lines=lines_of(beside),
        elements=metals_of(series),
        ion=ion_of_series(zip(series["formula"], series["n_li"], strict=True)),
        context=_context(found.tables),
        first=[d for d in drawn if d.chart.key in FIRST],
        charts=[d for d in drawn if d.chart.key not in FIRST],
        plots=as_script({chart.key: plot_data(chart) for chart in charts}),
        plotly=plotly_script(),
        structures=_structures(lowest, origin_of_pictures(series, origin)),
        cells=cells,
        cells_left_out=max(0, len(lowest) - len(cells)),
        views=as_script(_views(cells)),
        made_of_cells=as_script({c.key: c.made for c in cells}),
        findings=first_of(
            few_of_each(findings), FINDINGS, "findings", "findings.csv, below"
        ),
        steps=first_of(documents, STEPS, "steps", "runs.csv, below"),
        missing=found.missing,
        downloads=_downloads(found.tables, verdicts if paper else (), findings),
        campaign_yaml=campaign.as_yaml() if campaign else "",
        versions=versions_of(documents),
        settings=settings_of(documents),
        neglected=NEGLECTED,
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )


def template(name: str) -> Template:
    """Return a template of the package, by its file name."""
    environment = Environment(
        loader=PackageLoader("workflows.report", "templates"),
        autoescape=True,
        finalize=shown_on_a_page,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(label=label, remark=remark, written=written)
    return environment.get_template(name)


def shown_on_a_page(value: object) -> object:
    """Return text with its control characters shown: HTML allows none of them.

    What is markup already, or no text, is returned as it is.
    """
    if isinstance(value, str) and not isinstance(value, Markup):
        return printable_lines(value)
    return value


def _downloads(
    tables: Mapping[str, pd.DataFrame],
    verdicts: Sequence[Verdict],
    findings: Sequence[dict[str, Any]],
) -> list[Download]:
    import pandas as pd

    more = {
        **({"verdicts": verdict_frame(verdicts)} if verdicts else {}),
        "findings": pd.DataFrame(findings, columns=list(FINDING_COLUMNS)),
    }
    whole = {**tables, **more}
    return [
        download(name, what, whole[name], digits=DIGITS.get(name))
        for name, what in ROWS.items()
        if name in whole
    ]


def _context(tables: Mapping[str, pd.DataFrame]) -> tuple[str, list[dict[str, Any]]]:
    """Return the finding and the rows of the paper against itself."""
    table = tables.get("context")
    if table is None:
        return "", []
    return " ".join(table.attrs["notes"]), records(table)


def _rows(tables: Mapping[str, pd.DataFrame], name: str) -> list[dict[str, Any]]:
    return records(tables[name]) if name in tables else []


def _against(series: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Yield the id of each calculation with what stands against its row."""
    yield from zip(series["calculation_id"], series["findings"], strict=True)


def plot_data(chart: Chart) -> dict[str, Any]:
    """Return what plotly.js draws, on a screen and on a phone."""
    return plotly_figure(chart) | {"narrow": narrow_layout(chart)}


def _views(cells: Sequence[Cell]) -> dict[str, Any]:
    """Return what the viewer of structures draws, by the ids of calculations."""
    return {"layout": structure_layout(), "cells": {c.key: c.traces for c in cells}}


def _structures(documents: Sequence[TaskDocument], origin: str) -> Markup:
    chosen = pictured(documents)
    return Markup(as_svg(structures_figure(chosen, origin), "fig2d-") if chosen else "")


def drawn_in_page(chart: Chart) -> DrawnChart:
    """Draw a chart for print, and for a page without scripts."""
    return DrawnChart(chart, Markup(as_svg(draw(chart), f"{chart.key}-")))


def as_script(value: object) -> Markup:
    """Encode for a script element: no ``<`` that a browser could take for markup.

    ``</script`` would end the element, and ``<!--<script`` its end with it.
    """
    plain = json.dumps(value, allow_nan=False).replace("\x7f", "\\u007f")
    return Markup(plain.replace("<", "\\u003c"))


def plotly_script() -> Markup:
    """Return plotly.js, 4.8 MB."""
    from plotly.offline import get_plotlyjs

    return Markup(get_plotlyjs())
