"""Results -> the charts there are numbers for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflows.figures.chart import Chart
from workflows.figures.series import lattice_chart, moments_chart, ratio_chart
from workflows.figures.valence import valence_chart
from workflows.results import Results

if TYPE_CHECKING:
    import pandas as pd


def charts_of(results: Results, series: pd.DataFrame, origin: str) -> list[Chart]:
    """Return the charts in the order of the page.

    Parameters
    ----------
    results
        Where the tables beside the series are from.
    series
        ``results.series()``, read once.
    origin
        What made the numbers, one line.
    """
    sites = results.sites()
    charts = [
        make(series, origin) for make in (moments_chart, lattice_chart, ratio_chart)
    ]
    if (sites["element"] == "Mn").any():
        charts.append(valence_chart(series, sites, origin))
    return charts
