"""Chart -> matplotlib figure, for paper: PDF, PNG, or SVG in the page."""

from __future__ import annotations

import io
import re
import textwrap
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from workflows.report.chart import Chart, Panel, Trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMN_WIDTH = {1: 6.4, 2: 4.8, 3: 3.6}
"""Inches of one panel, by how many stand side by side."""
MARKERS = {"circle": "o", "square": "s", "diamond": "D", "triangle": "^", "": ""}
LINES = {"solid": "-", "dash": "--", "dot": ":", "": ""}
SOFT = "0.35"
ARROW = {"arrowstyle": "->", "color": SOFT, "lw": 1.2}
"""Drawn, not written: a font of a manuscript may have no arrows."""
LETTERS = 14
"""In an inch of what made the numbers."""
NARROWEST = 2.6
"""Inches of a panel; narrower ones stand below each other."""
ENTRY = 1.6
"""Inches of an entry of the legend."""
SHADED = 250
"""Points of the edge of a shaded area: no line is on it, and files stay small."""


def draw(chart: Chart, width: float | None = None) -> Figure:
    """Draw a chart with matplotlib.

    Parameters
    ----------
    chart
        What to draw.
    width
        Of the whole figure, inches; by the number of panels if None. Letters keep
        their size.
    """
    from matplotlib.figure import Figure

    if width:
        columns = max(1, min(chart.columns, int(width / NARROWEST)))
        chart = replace(chart, columns=columns)
    usual = COLUMN_WIDTH.get(chart.columns, COLUMN_WIDTH[3]) * chart.columns
    whole = width or usual
    legend = max(1, min(int(whole / ENTRY), 3 * chart.columns))
    own = whole / chart.columns
    size = (whole, own * chart.height * chart.rows + _around(chart, whole, legend))
    figure = Figure(figsize=size, layout="constrained")
    for number, panel in enumerate(chart.panels, start=1):
        draw_panel(figure.add_subplot(chart.rows, chart.columns, number), panel)
    lines = textwrap.fill(chart.origin, int(LETTERS * whole))
    figure.suptitle(lines, fontsize="small", color=SOFT)
    entries = {trace.label for trace in chart.legend}
    handles: dict[str, Any] = {}
    for axes in figure.axes:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            if label in entries:
                handles.setdefault(label, handle)
    if handles:
        figure.legend(
            list(handles.values()), list(handles), loc="outside lower center",
            ncols=min(len(handles), legend), frameon=False, fontsize="small",
        )  # fmt: skip
    return figure


def _around(chart: Chart, width: float, columns: int) -> float:
    """Return the room above and below the panels, inches: more on narrow figures."""
    lines = -(-len(chart.origin) // int(LETTERS * width))
    rows = -(-len(chart.legend) // columns)
    heads = chart.rows * max(len(p.title.splitlines()) for p in chart.panels)
    return 0.4 + 0.16 * (lines - 1 + max(rows - 2, 0) + heads)


def as_svg(figure: Figure, prefix: str = "") -> str:
    """Return a figure as an SVG element, the same text for the same figure.

    Parameters
    ----------
    figure
        What to write.
    prefix
        Put before every id, so that several can stand in one page.
    """
    import matplotlib as mpl

    text = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "lnmo", "svg.fonttype": "none"}):
        figure.savefig(text, format="svg", metadata={"Date": None})
    drawn = text.getvalue()
    element = _short_paths(drawn[drawn.index("<svg") :])
    return re.sub(r'(\bid="|url\(#|href="#)', rf"\1{prefix}", element)


def _short_paths(svg: str) -> str:
    """Round coordinates to hundredths of a point: nothing moves that can be seen."""
    return re.sub(
        r'\bd="[^"]*"', lambda found: re.sub(r"(\.\d\d)\d+", r"\1", found[0]), svg
    )


def draw_panel(axes: Axes, panel: Panel) -> None:
    """Draw one panel into axes: no legend, no word on what made it."""
    axes.set_xlabel(panel.x_title)
    axes.set_ylabel(panel.y_title)
    if panel.title:
        axes.set_title(panel.title, fontsize="small", wrap=True)
    if panel.zero_x:
        axes.axvline(0.0, color="0.6", lw=0.8)
    if panel.zero_y:
        axes.axhline(0.0, color="0.6", lw=0.8)
    for trace in panel.traces:
        _trace(axes, trace)
    if panel.x_ticks:
        axes.set_xticks(*zip(*panel.x_ticks, strict=True), rotation=45, ha="right")
    if panel.y_ticks:
        axes.set_yticks(*zip(*panel.y_ticks, strict=True))
    if panel.x_range:
        axes.set_xlim(*panel.x_range)
    if panel.y_range:
        axes.set_ylim(*panel.y_range)
    if panel.spins:
        for tip, tail in ((0.98, 0.88), (0.02, 0.12)):
            axes.annotate(
                "", (0.03, tip), xytext=(0.03, tail), xycoords="axes fraction",
                arrowprops=ARROW,
            )  # fmt: skip
    axes.spines[["top", "right"]].set_visible(False)


def _trace(axes: Axes, trace: Trace) -> None:
    if trace.errors:
        axes.errorbar(
            trace.x, trace.y, yerr=trace.errors, fmt="none", ecolor=trace.colour,
            capsize=2, elinewidth=0.9,
        )  # fmt: skip
    if trace.filled:
        every = slice(None, None, max(1, len(trace.x) // SHADED))
        axes.fill_between(
            trace.x[every], trace.y[every], color=trace.colour, alpha=0.18, lw=0
        )
    axes.plot(
        trace.x, trace.y, ls=LINES[trace.line] or "none",
        marker=MARKERS[trace.marker], ms=trace.size, mew=1.2, lw=1.2,
        color=trace.colour, label=trace.label or None, markevery=_closed(trace),
        mfc="white" if trace.hollow and all(trace.hollow) else trace.colour,
    )  # fmt: skip
    hollow = [n for n, is_open in enumerate(trace.hollow) if is_open]
    if hollow and not all(trace.hollow):
        axes.plot(
            [trace.x[n] for n in hollow], [trace.y[n] for n in hollow], ls="none",
            marker=MARKERS[trace.marker], ms=trace.size, mew=1.4, color=trace.colour,
            mfc="white",
        )  # fmt: skip
    for x, y, word in zip(trace.x, trace.y, trace.words, strict=False):
        axes.annotate(word, (x, y), fontsize="x-small", ha="center", va="center")


def _closed(trace: Trace) -> list[int] | None:
    """Return which points are drawn with the line; all, if they are all alike."""
    if not any(trace.hollow) or all(trace.hollow):
        return None
    return [n for n, is_open in enumerate(trace.hollow) if not is_open]
