"""Figures 2e and 2f: the paper's numbers beside ours, and where ours come from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from workflows import open_results
from workflows.campaign.calculation import Calculation
from workflows.records.document import TaskDocument
from workflows.report.chart import PAPER, Chart, Trace
from workflows.report.series_charts import (
    lattice_chart,
    moments_chart,
    ratio_chart,
)
from workflows.results.side_by_side_table import PAPER_MOMENTS

ORIGIN = "engine vasp (6.4.2), a test"
CHARTS = (moments_chart, lattice_chart, ratio_chart)


@pytest.fixture(scope="module")
def whole(
    calculations: tuple[Calculation, ...],
    finished: Callable[..., TaskDocument],
    record: Callable[..., Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> pd.DataFrame:
    documents = [finished(c, step) for c in calculations for step in c.steps]
    where = record(tmp_path_factory.mktemp("whole"), *documents)
    return open_results(where).series()


@pytest.fixture
def series(whole: pd.DataFrame) -> pd.DataFrame:
    """A copy, to change."""
    return whole.copy()


def trace(chart: Chart, label: str) -> Trace:
    (found,) = (t for t in chart.panels[0].traces if t.label == label)
    return found


def points(chart: Chart, label: str) -> list[tuple[float, float]]:
    found = trace(chart, label)
    return list(zip(found.x, found.y, strict=True))


def by_symbol(chart: Chart, name: str) -> list[tuple[float, float]]:
    """Return the points of a model that only its symbol tells, by colour of a name."""
    colour = trace(chart, name).colour
    own = [t for t in chart.panels[0].traces if (t.label, t.colour) == ("", colour)]
    return [p for t in own for p in zip(t.x, t.y, strict=True)]


def stated(chart: Chart) -> list[tuple[float, float]]:
    diamonds = [t for t in chart.panels[0].traces if t.marker == "diamond"]
    return [p for t in diamonds for p in zip(t.x, t.y, strict=True)]


def test_the_diamonds_are_what_the_text_of_the_paper_states(
    series: pd.DataFrame,
) -> None:
    assert PAPER_MOMENTS == {"Ni": {0: 0.5, 1: 1.7, 2: 1.7}, "Mn": {1: 3.2, 2: 3.7}}
    found = stated(moments_chart(series, ORIGIN))
    assert found == [(0, 0.5), (1, 1.7), (2, 1.7), (1, 3.2), (2, 3.7)]


def test_the_diamonds_are_drawn_even_without_a_number_of_ours(
    series: pd.DataFrame,
) -> None:
    chart = moments_chart(series.iloc[:0], ORIGIN)
    assert len(stated(chart)) == 5
    assert "paper (text)" in {t.label for t in chart.legend}


@pytest.mark.parametrize("make", CHARTS)
def test_nothing_of_ours_has_the_colour_of_the_paper(
    series: pd.DataFrame, make: Callable[[pd.DataFrame, str], Chart]
) -> None:
    black = [t.label for t in make(series, ORIGIN).legend if t.colour == PAPER]
    assert all(label.startswith(("paper", "experiment")) for label in black)
    assert black


def test_our_moments_are_those_of_the_table_with_their_spread(
    series: pd.DataFrame,
) -> None:
    rows = series[series["insertion"] != "oct_16c_rocksalt"]
    chart = moments_chart(series, ORIGIN)
    assert points(chart, "Mn") == list(zip(rows["x"], rows["m_mn"], strict=True))
    assert trace(chart, "Ni").errors == tuple(rows["m_ni_std"])


def test_another_insertion_model_has_points_of_its_own(series: pd.DataFrame) -> None:
    found = by_symbol(moments_chart(series, ORIGIN), "Mn")
    assert found == [(2, pytest.approx(3.7))]


def test_the_only_insertion_model_carries_the_points_below_1(
    series: pd.DataFrame,
) -> None:
    lone = series[series["insertion"] != "tet_8b"]
    found = points(moments_chart(lone, ORIGIN), "Mn")
    assert [x for x, _ in found] == [0, 0.25, 0.5, 0.75, 1, 2]


def test_all_three_lengths_and_both_ratios_are_drawn(series: pd.DataFrame) -> None:
    lattice = lattice_chart(series, ORIGIN)
    for axis in "abc":
        assert len(points(lattice, axis)) == 9
    assert stated(lattice) == [(1.0, 8.17)]
    ratio = ratio_chart(series, ORIGIN)
    assert points(ratio, "c/((a+b)/2)")[-1] == (2, pytest.approx(1.05))
    assert dict(points(ratio, "c(x)/c(1)"))[1] == 1
    assert points(ratio, "paper: cubic for x ≤ 1") == [(0, 1), (1, 1)]


@pytest.mark.parametrize("state", ["PLANNED", "UNCONVERGED", "FAILED", "TRUNCATED"])
def test_what_is_not_finished_is_not_drawn(series: pd.DataFrame, state: str) -> None:
    series.loc[series["x"] == 0, "state"] = state
    assert 0 not in dict(points(moments_chart(series, ORIGIN), "Mn"))


def test_the_axis_counts_the_ions_of_the_host(series: pd.DataFrame) -> None:
    magnesium = series.assign(formula="Mg8Mn16O32")
    for make in CHARTS:
        for rows, ion in ((series, "Li"), (magnesium, "Mg")):
            (panel,) = make(rows, ORIGIN).panels
            assert panel.x_title == f"x, {ion} per formula unit"


def test_a_row_whose_ions_moved_is_drawn_hollow_and_says_so(
    series: pd.DataFrame,
) -> None:
    series.loc[series["x"] == 1.5, "findings"] = "Li left its site"
    found = trace(moments_chart(series, ORIGIN), "Mn")
    assert [x for x, is_open in zip(found.x, found.hollow, strict=True) if is_open] == [
        1.5
    ]
    (note,) = (n for n in found.notes if "Li left its site" in n)
    assert note == "x = 1.5 tet_8b, 3.45 ± 0.35 μB, Li left its site"


def test_a_row_is_named_by_what_it_ended_as_too(series: pd.DataFrame) -> None:
    series.loc[series["x"] == 1.5, "ended_as"] = "4 16c + 8 8a"
    notes = trace(moments_chart(series, ORIGIN), "Mn").notes
    assert [n for n in notes if n.endswith("ended as 4 16c + 8 8a")] == [
        "x = 1.5 tet_8b, 3.45 ± 0.35 μB, ended as 4 16c + 8 8a"
    ]


@pytest.mark.parametrize("make", CHARTS)
def test_every_figure_says_in_words_what_it_shows_and_what_made_it(
    series: pd.DataFrame, make: Callable[[pd.DataFrame, str], Chart]
) -> None:
    told = make(series, ORIGIN).alternative
    assert told.startswith("Figure 2")
    assert "9 points from" in told
    assert told.endswith(ORIGIN)
