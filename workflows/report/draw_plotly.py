"""Chart -> what plotly.js draws: plain data, to be zoomed in a page."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from typing import Any

from workflows.report.chart import Chart, Panel, Trace

SYMBOLS = {"circle": "circle", "square": "square", "diamond": "diamond"}
HEIGHT_OF_ROW, STANDARD_HEIGHT = 360, 0.62
"""CSS pixels of a row of panels, at which height of the chart."""
HEAD = 20
"""CSS pixels of a line above a panel."""
LINE = 72
"""Letters of the line above one panel."""
INK, SOFT, GRID = "#1c2430", "#5b6675", "#e6eaef"
FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif'
PIXELS = 4 / 3
"""CSS pixels in a point."""
GAP = 0.11
"""Room between panels side by side, as a share of the figure."""
BELOW = 48
"""CSS pixels between two rows of panels, for the name of the axis above."""
NARROW, AXIS = 46, 34
"""Letters of the line above a panel, and of the name of an axis, on a phone."""


def plotly_figure(chart: Chart) -> dict[str, Any]:
    """Return ``data`` and ``layout`` for ``Plotly.newPlot``; JSON once encoded."""
    named: set[str] = set()
    data: list[dict[str, Any]] = []
    for number, panel in enumerate(chart.panels):
        end = _end(number)
        for trace in panel.traces:
            shown = bool(trace.label) and trace.entry not in named
            if trace.label:
                named.add(trace.entry)
            data.append(_trace(trace, shown) | {"xaxis": f"x{end}", "yaxis": f"y{end}"})
    return {"data": data, "layout": _whole_layout(chart, LINE)}


def narrow_layout(chart: Chart) -> dict[str, Any]:
    """Return the ``layout`` of a phone for the same data: panels in one column."""
    layout = _whole_layout(replace(chart, columns=1), NARROW)
    layout["margin"] |= {"l": 48, "r": 8}
    for name, axis in layout.items():
        if name.startswith("xaxis"):
            lines = textwrap.wrap(axis["title"]["text"], AXIS)
            axis["title"] = {**axis["title"], "text": "<br>".join(lines)}
    layout["font"] = {**layout["font"], "size": 11.5}
    layout["legend"]["font"] = {"size": 11}
    for annotation in layout["annotations"]:
        annotation["font"] = {**annotation["font"], "size": 10}
    return layout


def _whole_layout(chart: Chart, letters: int) -> dict[str, Any]:
    layout = _layout(chart, letters)
    for number, panel in enumerate(chart.panels):
        end = _end(number)
        layout[f"xaxis{end}"], layout[f"yaxis{end}"] = _axes(chart, number, panel, end)
        if panel.title:
            layout["annotations"].append(_head(panel, end))
        if panel.spins:
            layout["annotations"] += [_spin("↑", 0.98, end), _spin("↓", 0.02, end)]
    return layout


def _end(number: int) -> str:
    """Return what plotly adds to the names of the axes of a panel."""
    return "" if number == 0 else str(number + 1)


def _lines(chart: Chart) -> int:
    """Count the lines of the longest head of a panel."""
    return max((len(panel.title.splitlines()) for panel in chart.panels), default=0)


def _row(chart: Chart) -> float:
    """Return the height of a row of panels, CSS pixels."""
    return HEIGHT_OF_ROW * chart.height / STANDARD_HEIGHT


def _between(chart: Chart) -> float:
    """Return the room between two rows of panels, CSS pixels."""
    return BELOW + _lines(chart) * HEAD


def _layout(chart: Chart, letters: int) -> dict[str, Any]:
    told = len(textwrap.wrap(chart.origin, letters * chart.columns))
    above = _lines(chart) * HEAD
    more = 14 * max(told - 2, 0)
    inside = _row(chart) * chart.rows + _between(chart) * (chart.rows - 1)
    return {
        "height": round(inside) + 72 + above + more,
        "margin": {"l": 62, "r": 16, "t": 64 + above + more, "b": 56},
        "font": {"family": FONT, "size": 13, "color": INK},
        "paper_bgcolor": "#ffffff",
        "plot_bgcolor": "#ffffff",
        "hovermode": "closest",
        "hoverlabel": {"font": {"family": FONT, "size": 12}},
        "legend": {
            **{"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom"},
            **{"x": 0.5, "xanchor": "center", "font": {"size": 12}},
        },
        "annotations": [_origin(chart, above, letters)],
    }


def _origin(chart: Chart, above: int, letters: int) -> dict[str, Any]:
    lines = textwrap.wrap(chart.origin, letters * chart.columns)
    return {
        **{"text": "<br>".join(lines), "showarrow": False, "align": "left"},
        **{"xref": "paper", "yref": "paper", "x": 0, "y": 1, "yshift": 6 + above},
        **{"xanchor": "left", "yanchor": "bottom", "font": {"size": 11, "color": SOFT}},
    }


def _axes(
    chart: Chart, number: int, panel: Panel, end: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    row, column = divmod(number, chart.columns)
    across = _share(column, chart.columns, GAP)
    rows = _row(chart) * chart.rows + _between(chart) * (chart.rows - 1)
    up = _share(chart.rows - 1 - row, chart.rows, _between(chart) / rows)
    x = _axis(panel.x_title, panel.x_range, panel.x_ticks, zero=panel.zero_x)
    y = _axis(panel.y_title, panel.y_range, panel.y_ticks, zero=panel.zero_y)
    return (
        x | {"domain": across, "anchor": f"y{end}"},
        y | {"domain": up, "anchor": f"x{end}"},
    )


def _share(number: int, of: int, gap: float) -> list[float]:
    width = (1 - gap * (of - 1)) / of
    start = number * (width + gap)
    return [round(start, 6), round(min(start + width, 1.0), 6)]


def _axis(
    title: str,
    limits: tuple[float, float] | None,
    ticks: tuple[tuple[float, str], ...],
    *,
    zero: bool,
) -> dict[str, Any]:
    axis: dict[str, Any] = {
        **{"title": {"text": title, "standoff": 8}, "automargin": True},
        **{"showline": True, "linecolor": INK, "ticks": "outside", "tickcolor": INK},
        **{"gridcolor": GRID, "zeroline": zero, "zerolinecolor": "#9aa3af"},
    }
    if limits is not None:
        axis["range"] = list(limits)
    if ticks:
        axis["tickmode"] = "array"
        axis["tickvals"] = [at for at, _ in ticks]
        axis["ticktext"] = [word for _, word in ticks]
    return axis


def _head(panel: Panel, end: str) -> dict[str, Any]:
    return {
        **{"text": panel.title.replace("\n", "<br>"), "showarrow": False},
        "font": {"size": 12.5},
        **{"xref": f"x{end} domain", "yref": f"y{end} domain", "x": 0.5, "y": 1},
        **{"xanchor": "center", "yanchor": "bottom"},
    }


def _spin(arrow: str, height: float, end: str) -> dict[str, Any]:
    """Say at the left edge of a panel which spin is drawn there."""
    return {
        **{"text": f"<b>{arrow}</b>", "showarrow": False, "font": {"size": 15}},
        **{"xref": f"x{end} domain", "yref": f"y{end} domain"},
        **{"x": 0.015, "y": height, "xanchor": "left"},
        "yanchor": "top" if height > 0.5 else "bottom",
    }


def _trace(trace: Trace, shown: bool) -> dict[str, Any]:
    drawn: dict[str, Any] = {
        "type": "scatter",
        "x": list(trace.x) or [None],  # of an entry of the legend alone
        "y": list(trace.y) or [None],
        "mode": _mode(trace),
        "name": trace.label,
        "legendgroup": trace.entry or trace.colour,
        "showlegend": shown,
        "hovertemplate": _hover(trace),
    }
    if trace.line:
        drawn["line"] = {"color": trace.colour, "width": 1.6, "dash": trace.line}
    if trace.marker:
        drawn["marker"] = _marker(trace)
    if trace.errors:
        drawn["error_y"] = {
            **{"type": "data", "array": list(trace.errors), "color": trace.colour},
            **{"thickness": 1.1, "width": 3},
        }
    if trace.notes:
        drawn["customdata"] = list(trace.notes)
    if trace.words:
        drawn["text"] = list(trace.words)
        drawn["textfont"] = {"size": 10, "color": "#000000"}  # on light squares
    if trace.filled:
        drawn["fill"] = "tozeroy"
        drawn["fillcolor"] = _faint(trace.colour)
    return drawn


def _mode(trace: Trace) -> str:
    parts = ("lines", trace.line), ("markers", trace.marker), ("text", trace.words)
    return "+".join(name for name, there in parts if there)


def _hover(trace: Trace) -> str:
    what = "%{customdata}" if trace.notes else "%{x:.4g}, %{y:.4g}"
    return f"{what}<extra>{trace.label}</extra>"


def _marker(trace: Trace) -> dict[str, Any]:
    symbol = SYMBOLS.get(trace.marker, "triangle-up")
    fills = [_fill(trace, is_open) for is_open in trace.hollow]
    return {
        **{"symbol": symbol, "size": round(trace.size * PIXELS, 1)},
        **{"color": fills or trace.colour, "opacity": 1},
        "line": {"color": trace.colour, "width": 1.6},
    }


def _fill(trace: Trace, is_open: bool) -> str:
    return "#ffffff" if is_open else trace.colour


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[n : n + 2], 16) for n in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.18)"
