"""Where Mn3+ is, and how many there are against 8(x - 1)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from workflows import open_results
from workflows.campaign.calculation import Calculation
from workflows.records.document import TaskDocument
from workflows.report.chart import Trace
from workflows.report.valence_chart import valence_chart
from workflows.results.results import Results


def charge_ordered(calculation: Calculation) -> tuple[float, ...]:
    """Moments of whole Mn3+ and Mn4+: the first 8(x - 1) Mn are 3+."""
    left = round(8 * max(0.0, calculation.x - 1))
    moments = []
    for site in calculation.structure:
        if site.specie.symbol == "Mn":
            moments.append(3.95 if left > 0 else 3.2)
            left -= 1
        else:
            moments.append(0.0)
    return tuple(moments)


@pytest.fixture(scope="module")
def results(
    calculations: tuple[Calculation, ...],
    finished: Callable[..., TaskDocument],
    record: Callable[..., Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Results:
    documents = [finished(c, magnetization=charge_ordered(c)) for c in calculations]
    return open_results(record(tmp_path_factory.mktemp("whole"), *documents))


def traces(results: Results, panel: int) -> dict[str, Trace]:
    chart = valence_chart(results.series(), results.sites(), "a test")
    return {trace.label: trace for trace in chart.panels[panel].traces}


def test_every_mn_of_every_result_is_one_cell_of_the_map(results: Results) -> None:
    found = traces(results, 0)
    cells = [c for t in found.values() for c in zip(t.x, t.y, strict=True)]
    assert len(cells) == len(set(cells)) == 10 * 12
    assert {name: len(t.x) for name, t in found.items()} == {
        "Mn⁴⁺": 120 - 28,
        "Mn³⁺": 2 + 4 + 6 + 8 + 8,
    }


def test_what_is_counted_is_what_charge_balance_asks_for(results: Results) -> None:
    found = traces(results, 1)
    line = found.pop("charge balance: 8(x − 1)")
    assert list(zip(line.x, line.y, strict=True)) == [(0, 0), (1, 0), (2, 8)]
    counted = [p for t in found.values() for p in zip(t.x, t.y, strict=True)]
    assert counted == [(x, max(0, 8 * (x - 1))) for x, _ in counted]
    assert len(counted) == 10


def test_a_moment_near_a_threshold_is_open(
    calculations: tuple[Calculation, ...],
    finished: Callable[..., TaskDocument],
    project: Callable[..., Path],
) -> None:
    species = [site.specie.symbol for site in calculations[0].structure]
    moments = tuple(3.5 if s == "Mn" else 0.0 for s in species)
    where = project(finished(calculations[0], magnetization=moments))
    (cells,) = traces(open_results(where), 0).values()
    assert cells.hollow == (True,) * 12
    assert cells.words == ("3.50",) * 12
    assert cells.notes[0].endswith("3.500 μB, 0.05 from the threshold")


def test_another_spinel_has_no_line_of_charge_balance(results: Results) -> None:
    sites = results.sites()
    fewer = sites[sites["label"] != "Mn16d-1"]
    chart = valence_chart(results.series(), fewer, "a test")
    labels = [trace.label for trace in chart.panels[1].traces]
    assert labels
    assert not [label for label in labels if label.startswith("charge")]


def test_the_axis_holds_every_mn_of_a_spinel_with_sixteen(results: Results) -> None:
    sites = results.sites()
    manganese = sites[sites["element"] == "Mn"]
    four = manganese["label"].unique()[:4]
    more = pd.concat([sites, manganese[manganese["label"].isin(four)]])
    chart = valence_chart(results.series(), more, "a test")
    low, high = chart.panels[1].y_range or (0, 0)
    assert low < 0 < 16 < high < 17
