"""Chart -> matplotlib figure, for paper: PDF, PNG, or SVG in the page."""

from __future__ import annotations

import io
import re
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
SHADED = 250
"""Points of the edge of a shaded area: no line is on it, and files stay small."""


def draw(chart: Chart) -> Figure:
    """Draw a chart with matplotlib."""
    from matplotlib.figure import Figure

    width = COLUMN_WIDTH.get(chart.columns, COLUMN_WIDTH[3])
    size = (width * chart.columns, width * chart.height * chart.rows + 0.4)
    figure = Figure(figsize=size, layout="constrained")
    for number, panel in enumerate(chart.panels, start=1):
        _panel(figure.add_subplot(chart.rows, chart.columns, number), panel)
    figure.suptitle(chart.origin, fontsize=8, color=SOFT, wrap=True)
    handles: dict[str, Any] = {}
    for axes in figure.axes:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    if handles:
        figure.legend(
            list(handles.values()), list(handles), loc="outside lower center",
            ncols=min(len(handles), 3 * chart.columns), frameon=False, fontsize=8,
        )  # fmt: skip
    return figure


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


def _panel(axes: Axes, panel: Panel) -> None:
    axes.set_xlabel(panel.x_title)
    axes.set_ylabel(panel.y_title)
    if panel.title:
        axes.set_title(panel.title, fontsize=9)
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
        axes.annotate(word, (x, y), fontsize=7, ha="center", va="center")


def _closed(trace: Trace) -> list[int] | None:
    """Return which points are drawn with the line; all, if they are all alike."""
    if not any(trace.hollow) or all(trace.hollow):
        return None
    return [n for n, is_open in enumerate(trace.hollow) if not is_open]
