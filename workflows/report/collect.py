"""Results -> every chart there are numbers for, and what is missing for the others."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from workflows.errors import ResultsError
from workflows.report.chart import Chart
from workflows.report.dos_chart import (
    SHOWN,
    crystal_field_chart,
    dos_chart,
    with_elements,
)
from workflows.report.series_charts import (
    lattice_chart,
    moments_chart,
    of_the_paper,
    ratio_chart,
)
from workflows.report.thinning import lowest_points
from workflows.report.valence_chart import valence_chart
from workflows.report.voltage_charts import hull_chart, voltage_chart
from workflows.results.dos_table import WideWindowError
from workflows.results.origin import origin_of_numbers, with_doubts
from workflows.results.results import Results, records
from workflows.results.verdict import FINISHED

if TYPE_CHECKING:
    import pandas as pd


TOO_FEW = "too few x have finished; lnmo status shows what is under way"


@dataclass(frozen=True)
class Missing:
    """A part that cannot be shown.

    Attributes
    ----------
    what
        The part, such as ``voltage``.
    why
        The reason, and what to run to get it.
    """

    what: str
    why: str


@dataclass
class Collection:
    """Charts and tables of some results.

    Attributes
    ----------
    series
        ``Results.series()``, read once.
    origin
        What made the numbers, one line.
    charts
        In the order of the page.
    tables
        Name -> table, those of ``Results`` that could be made.
    missing
        What could not.
    """

    series: pd.DataFrame
    origin: str
    charts: list[Chart] = field(default_factory=list)
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    missing: list[Missing] = field(default_factory=list)

    def ask(self, name: str, question: Callable[[], pd.DataFrame]) -> bool:
        """Keep a table if it can be made and holds a row; say why if not."""
        try:
            table = question()
        except ResultsError as error:
            self.missing.append(Missing(name, str(error)))
            return False
        if not len(table):
            self.missing.append(Missing(name, TOO_FEW))
            return False
        self.tables[name] = table
        return True


def collect(results: Results) -> Collection:
    """Make every table and chart that the results allow.

    Parameters
    ----------
    results
        Of one engine and one kind of settings.

    Raises
    ------
    ResultsError
        The results are of several engines or settings.
    """
    series = results.series()
    origin = origin_of_numbers(series)
    found, paper = Collection(series, origin), of_the_paper(series)
    doubted = with_doubts(origin, series)
    found.tables["series"] = series
    found.charts += [make(series, origin) for make in _OVER_X]
    if found.ask("voltage", results.voltage):
        table = found.tables["voltage"]
        found.charts.append(voltage_chart(table, with_doubts(origin, table)))
    if found.ask("sites", results.lowest_sites):
        sites = found.tables["sites"]
        if (sites["element"] == "Mn").any():
            found.charts.append(valence_chart(series, sites, doubted))
    if found.ask("hull", results.hull):
        points, told = lowest_points(found.tables["hull"])
        chart = hull_chart(points, with_doubts(origin, points), paper=paper)
        found.charts.append(replace(chart, caption=chart.caption + told))
    densities = _densities(results, found)
    if densities:
        doubted = _with_doubts_of(densities, origin)
        found.charts.append(dos_chart(densities, doubted, paper=paper))
        found.tables["pdos"] = _stacked(densities)
        if fields := list(_crystal_fields(results, densities)):
            found.charts.append(crystal_field_chart(fields, doubted))
    found.ask("runs", results.runs)
    return found


def _densities(results: Results, found: Collection) -> list[pd.DataFrame]:
    """Read the densities of states at x = 1 and 2, of each insertion model."""
    shown = found.series[found.series["x"].isin(SHOWN)]
    shown = shown[shown["state"].isin(FINISHED) & shown["energy_per_fu"].notna()]
    shown = shown.sort_values("energy_per_fu", kind="stable")  # one host, the lowest
    shown = shown.drop_duplicates(["x", "insertion"]).sort_index()
    densities: list[pd.DataFrame] = []
    reasons: dict[str, None] = {}
    for row in records(shown):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # noted on the figure
                density = _density(results, row)
        except ResultsError as error:
            reasons[str(error).replace(f"{results.root}/", "")] = None
        else:
            densities.append(density)
    if not len(shown):
        reasons["x = 1 and x = 2 have not finished: lnmo run CAMPAIGN"] = None
    found.missing += [Missing("densities of states", reason) for reason in reasons]
    return densities


def _with_doubts_of(densities: Sequence[pd.DataFrame], origin: str) -> str:
    """Add what stands against densities of states; each row of one says the same."""
    import pandas as pd

    return with_doubts(origin, pd.concat([each.head(1) for each in densities]))


def _crystal_fields(
    results: Results, densities: Sequence[pd.DataFrame]
) -> Iterator[pd.DataFrame]:
    """Read t2g and eg where the bonds lie along the axes, smoothed as the others."""
    for density in densities:
        own = density.attrs
        model = None if own["insertion"] in {None, "none"} else own["insertion"]
        smooth = 0 if own["smoothing"] == "none" else 10
        with warnings.catch_warnings(), suppress(ResultsError):
            warnings.simplefilter("ignore", UserWarning)
            yield results.pdos(
                own["x"], by="t2g_eg", align="vbm", insertion=model, smooth=smooth
            )


def _density(results: Results, row: dict[str, Any]) -> pd.DataFrame:
    """Read one density of states; as it is where ten points would smear it."""
    choice: dict[str, Any] = {"by": "orbital", "align": "vbm"}
    choice["insertion"] = row["insertion"]
    try:
        return results.pdos(row["x"], **choice)
    except WideWindowError:
        return results.pdos(row["x"], **choice, smooth=0)


def _stacked(densities: Sequence[pd.DataFrame]) -> pd.DataFrame:
    import pandas as pd

    return pd.concat(map(with_elements, densities), ignore_index=True)


_OVER_X: Sequence[Callable[[pd.DataFrame, str], Chart]] = (
    moments_chart,
    lattice_chart,
    ratio_chart,
)
