"""Figures 2e and 2f: the paper's numbers beside ours, and where ours come from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from workflows import open_results
from workflows.calculation import Calculation
from workflows.figures import (
    PAPER_MOMENTS,
    as_svg,
    lattice_figure,
    moments_figure,
    ratio_figure,
)
from workflows.taskdoc import TaskDocument

ORIGIN = "engine vasp (6.4.2), a test"
FIGURES = (moments_figure, lattice_figure, ratio_figure)


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


def lines(figure: Figure, marker: str) -> list[Line2D]:
    return [line for line in figure.axes[0].lines if line.get_marker() == marker]


def points(figure: Figure, label: str) -> list[tuple[float, float]]:
    (line,) = (li for li in figure.axes[0].lines if li.get_label() == label)
    x, y = line.get_xdata(), line.get_ydata()
    return [(float(a), float(b)) for a, b in zip(x, y, strict=True)]


def test_the_diamonds_are_what_the_text_of_the_paper_states(
    series: pd.DataFrame,
) -> None:
    assert PAPER_MOMENTS == {"Ni": {0: 0.5, 1: 1.7, 2: 1.7}, "Mn": {1: 3.2, 2: 3.7}}
    diamonds = lines(moments_figure(series, ORIGIN), "D")
    drawn = [
        (x, y)
        for line in diamonds
        for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)
    ]
    assert drawn == [(0, 0.5), (1, 1.7), (2, 1.7), (1, 3.2), (2, 3.7)]


def test_the_diamonds_are_drawn_even_without_a_number_of_ours(
    series: pd.DataFrame,
) -> None:
    figure = moments_figure(series.iloc[:0], ORIGIN)
    assert len(lines(figure, "D")) == 2
    assert "paper (text)" in as_svg(figure)


def test_our_moments_are_those_of_the_table(series: pd.DataFrame) -> None:
    found = points(moments_figure(series, ORIGIN), "Mn")
    rows = series[series["insertion"] != "oct_16c_rocksalt"]
    assert found == list(zip(rows["x"], rows["m_mn"], strict=True))


def test_another_insertion_model_has_points_of_its_own(series: pd.DataFrame) -> None:
    found = points(moments_figure(series, ORIGIN), "Mn, oct_16c_rocksalt")
    assert found == [(2, pytest.approx(3.7))]


def test_the_only_insertion_model_carries_the_points_below_1(
    series: pd.DataFrame,
) -> None:
    lone = series[series["insertion"] != "tet_8b"]
    found = points(moments_figure(lone, ORIGIN), "Mn")
    assert [x for x, _ in found] == [0, 0.25, 0.5, 0.75, 1, 2]


def test_all_three_lengths_and_both_ratios_are_drawn(series: pd.DataFrame) -> None:
    lattice = lattice_figure(series, ORIGIN)
    for axis in "abc":
        assert len(points(lattice, axis)) == 9
    ratio = ratio_figure(series, ORIGIN)
    assert points(ratio, "c/((a+b)/2)")[-1] == (2, pytest.approx(1.05))
    assert dict(points(ratio, "c(x)/c(1)"))[1] == 1


@pytest.mark.parametrize("state", ["PLANNED", "UNCONVERGED", "FAILED", "TRUNCATED"])
def test_what_is_not_finished_is_not_drawn(series: pd.DataFrame, state: str) -> None:
    series.loc[series["x"] == 0, "state"] = state
    assert 0 not in dict(points(moments_figure(series, ORIGIN), "Mn"))


def test_a_row_whose_ions_moved_is_drawn_hollow(series: pd.DataFrame) -> None:
    series.loc[series["x"] == 1.5, "findings"] = "Li left its site"
    figure = moments_figure(series, ORIGIN)
    assert 1.5 not in dict(points(figure, "Mn"))
    hollow = [
        float(x)
        for line in lines(figure, "o")
        if line.get_markerfacecolor() == "white"
        for x in line.get_xdata()
    ]
    assert hollow == [1.5, 1.5]  # Ni and Mn


@pytest.mark.parametrize("draw", FIGURES)
def test_every_figure_says_what_made_its_numbers(
    series: pd.DataFrame, draw: Callable[[pd.DataFrame, str], Figure]
) -> None:
    assert draw(series, ORIGIN).axes[0].get_title() == ORIGIN
    assert ORIGIN in as_svg(draw(series, ORIGIN))


@pytest.mark.parametrize("draw", FIGURES)
def test_the_same_table_gives_the_same_svg(
    series: pd.DataFrame, draw: Callable[[pd.DataFrame, str], Figure]
) -> None:
    assert as_svg(draw(series, ORIGIN)) == as_svg(draw(series, ORIGIN))


@pytest.mark.parametrize("draw", FIGURES)
def test_an_svg_is_one_element_with_readable_text(
    series: pd.DataFrame, draw: Callable[[pd.DataFrame, str], Figure]
) -> None:
    svg = as_svg(draw(series, ORIGIN))
    assert svg.startswith("<svg")
    assert svg.rstrip().endswith("</svg>")
    assert svg.count("<svg") == 1
    assert "<text" in svg


@pytest.mark.parametrize("draw", FIGURES)
def test_a_table_without_a_number_gives_an_empty_figure(
    series: pd.DataFrame, draw: Callable[[pd.DataFrame, str], Figure]
) -> None:
    assert as_svg(draw(series.iloc[:0], ORIGIN)).startswith("<svg")
