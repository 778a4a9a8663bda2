"""One self-contained HTML page: what was computed, what it says, where it is from."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import resources
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, StrictUndefined

from workflows.analysis.paper import overall
from workflows.campaign import Campaign
from workflows.engines.base import versions
from workflows.figures import as_svg, lattice_figure, moments_figure, ratio_figure
from workflows.pictures import pictured, structures_figure
from workflows.results import Results, records
from workflows.tables import origin_of_numbers

if TYPE_CHECKING:
    import pandas as pd

    from workflows.taskdoc import TaskDocument

NEGLECTED = (
    "Spin-orbit coupling, dispersion, configurational and vibrational entropy and "
    "zero-point energy are neglected throughout."
)


def report_html(results: Results, campaign: Campaign | None) -> str:
    """Return the page.

    Parameters
    ----------
    results
        What to report; its series must be of one kind.
    campaign
        Printed in full, every default visible, if given.

    Raises
    ------
    ResultsError
        The results are of several engines or settings.
    """
    series = results.series()
    verdicts = results.compare_to_paper()
    documents = results.documents()
    origin = origin_of_numbers(series)
    models = sorted({v.insertion for v in verdicts if v.insertion})
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    template = environment.from_string(
        resources.files("workflows.templates")
        .joinpath("report.html.j2")
        .read_text("utf-8")
    )
    return template.render(
        title=campaign.name if campaign else "all results",
        description=campaign.description if campaign else "",
        origin=origin,
        fake=bool(series["fake"].any()),
        surrogate=bool(series["surrogate"].any()),
        overall=[(model, overall(verdicts, model)) for model in models or [""]],
        verdicts=verdicts,
        rows=records(series),
        units=series.attrs["units"],
        csv=_data_uri(series),
        figures=_figures(series, origin),
        structures=_structures(documents, origin),
        findings=_findings(documents),
        documents=documents,
        campaign_yaml=campaign.as_yaml() if campaign else "",
        versions=_versions(documents),
        neglected=NEGLECTED,
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )


def _figures(series: pd.DataFrame, origin: str) -> list[dict[str, str]]:
    drawn = (
        (
            "Figure 2e: site moments",
            moments_figure,
            "Mean |m| over the sites; bars are the site-to-site standard deviation, no "
            "statistical error. Diamonds: values the paper's text states. Hollow "
            "points: ions left the sites of the model.",
        ),
        (
            "Figure 2f: lattice lengths",
            lattice_figure,
            "Pseudo-cubic axes of the 56-atom cell, mapped back by the matrix that "
            "built "
            "it, never re-standardised. The paper draws this figure and states no "
            "numbers.",
        ),
        (
            "Figure 2f, relative",
            ratio_figure,
            "Both readings of the paper's relative c: against a and b, and against x "
            "= 1.",
        ),
    )
    return [
        {"title": title, "svg": as_svg(draw(series, origin)), "caption": caption}
        for title, draw, caption in drawn
    ]


def _structures(documents: Sequence[TaskDocument], origin: str) -> str:
    chosen = pictured(documents)
    return as_svg(structures_figure(chosen, origin)) if chosen else ""


def _findings(documents: Any) -> list[dict[str, str]]:
    """Return each finding once, with the calculations that show it."""
    grouped: dict[tuple[str, str, str], list[str]] = {}
    for document in documents:
        for finding in document.findings:
            where = (
                f"x = {document.x:g} {document.insertion or ''} {document.task_label}"
            )
            key = (finding.severity, finding.id, finding.message)
            grouped.setdefault(key, []).append(where)
    order = {"error": 0, "warning": 1, "info": 2}
    return [
        {"severity": s, "id": i, "message": m, "where": _where(places)}
        for (s, i, m), places in sorted(grouped.items(), key=lambda kv: order[kv[0][0]])
    ]


def _where(places: list[str]) -> str:
    return places[0] if len(places) == 1 else f"{len(places)} steps"


def _versions(documents: Any) -> dict[str, str]:
    found = versions()
    for document in documents:
        found.update(document.versions)
        if document.engine_version:
            found[document.engine] = document.engine_version
    return found


def _data_uri(series: pd.DataFrame) -> str:
    text = series.to_csv(index=False).encode()
    return "data:text/csv;base64," + base64.b64encode(text).decode()
