"""One chart, two drawings: on paper and in the page the same points."""

from __future__ import annotations

import json
from typing import Any

import plotly.graph_objects as go
import pytest
from matplotlib.figure import Figure

from workflows.report.chart import Chart, Panel, Trace
from workflows.report.draw_matplotlib import as_svg, draw
from workflows.report.draw_plotly import plotly_figure

MN = Trace(
    **{"label": "Mn", "x": (0.0, 1.0, 2.0), "y": (3.2, 3.2, 3.7), "colour": "#7b3294"},
    **{"marker": "circle", "line": "solid", "errors": (0.0, 0.1, 0.3)},
    **{"hollow": (False, False, True), "notes": ("one", "two", "three")},
)
DOS = Trace("O-2p", (-1.0, 0.0, 1.0), (0.5, -1.0, 0.2), "#d9534f", line="solid",
            filled=True)  # fmt: skip
SITES = Trace("Mn3+", (0.0, 1.0), (0.0, 0.0), "#b2182b", marker="square",
              words=("3.9", "4.0"))  # fmt: skip
CHART = Chart(
    "two",
    "Two panels",
    "",
    "engine nobody's",
    panels=(
        Panel("x", "|m|, μB", (MN,), x_range=(-0.1, 2.1), y_range=(0.0, 4.6)),
        Panel("E", "states", (DOS, MN, SITES), "DOS", zero_x=True, zero_y=True,
              y_ticks=((0.0, "Mn1"),), x_ticks=((0.0, "one"),)),
    ),
    columns=2,
)  # fmt: skip
BARE = Chart("bare", "Bare", "", "engine nobody's", panels=(Panel("x", "y", ()),))


@pytest.fixture(scope="module")
def plot() -> dict[str, Any]:
    return plotly_figure(CHART)


@pytest.fixture(scope="module")
def figure() -> Figure:
    return draw(CHART)


def test_plotly_itself_accepts_every_key(plot: dict[str, Any]) -> None:
    assert len(go.Figure(plot).data) == 4
    go.Figure(plotly_figure(BARE))


def test_both_drawings_have_the_points_of_the_chart(
    plot: dict[str, Any], figure: Figure
) -> None:
    traces = [trace for panel in CHART.panels for trace in panel.traces]
    for trace, drawn in zip(traces, plot["data"], strict=True):
        assert (drawn["x"], drawn["y"]) == (list(trace.x), list(trace.y))
    on_paper = {
        line.get_label(): tuple(float(y) for y in line.get_ydata())
        for axes in figure.axes
        for line in axes.lines
    }
    assert {name: on_paper[name] for name in ("Mn", "O-2p", "Mn3+")} == {
        trace.label: trace.y for trace in traces
    }


def test_a_label_is_in_the_legend_once(plot: dict[str, Any], figure: Figure) -> None:
    shown = [trace["name"] for trace in plot["data"] if trace["showlegend"]]
    assert shown == ["Mn", "O-2p", "Mn3+"] == [t.label for t in CHART.legend]
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == shown


def test_a_hollow_point_is_white_in_both(plot: dict[str, Any], figure: Figure) -> None:
    assert plot["data"][0]["marker"]["color"] == ["#7b3294", "#7b3294", "#ffffff"]
    white = [li for li in figure.axes[0].lines if li.get_markerfacecolor() == "white"]
    assert [float(x) for line in white for x in line.get_xdata()] == [2.0]


def test_points_without_a_line_are_not_joined(figure: Figure) -> None:
    (sites,) = (li for li in figure.axes[1].lines if li.get_label() == "Mn3+")
    assert sites.get_linestyle() == "None"


def test_panels_stand_side_by_side_and_do_not_overlap(plot: dict[str, Any]) -> None:
    left, right = (plot["layout"][axis]["domain"] for axis in ("xaxis", "xaxis2"))
    assert left[0] == 0
    assert left[1] < right[0]
    assert right[1] == 1
    assert plot["layout"]["yaxis"]["domain"] == [0, 1]


def test_both_drawings_say_what_made_the_numbers(
    plot: dict[str, Any], figure: Figure
) -> None:
    assert "engine nobody's" in as_svg(figure)
    assert plot["layout"]["annotations"][0]["text"] == "engine nobody's"


def test_the_same_chart_gives_the_same_svg_and_the_same_json() -> None:
    assert as_svg(draw(CHART)) == as_svg(draw(CHART))
    assert json.dumps(plotly_figure(CHART)) == json.dumps(plotly_figure(CHART))


def test_an_svg_is_one_element_with_readable_text(figure: Figure) -> None:
    svg = as_svg(figure)
    assert svg.startswith("<svg")
    assert svg.rstrip().endswith("</svg>")
    assert svg.count("<svg") == 1
    assert "<text" in svg


def test_ids_of_two_svgs_in_one_page_differ(figure: Figure) -> None:
    svg = as_svg(figure, "two-")
    assert 'id="two-figure_1"' in svg
    assert svg.count('id="') == svg.count('id="two-')
    assert "url(#" in svg
    assert svg.count("url(#") == svg.count("url(#two-")


def test_a_chart_without_a_point_is_drawn_all_the_same() -> None:
    assert as_svg(draw(BARE)).startswith("<svg")
    assert BARE.alternative == "Bare. y against x: nothing yet. engine nobody's"
