"""Table -> figure: the paper's Figures 2e and 2f, its numbers beside ours.

Every figure says what made its numbers, and draws hollow a point whose ions left
the sites the model had given them.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from workflows.calculation import NO_INSERTION

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PAPER_MOMENTS = {"Ni": {0.0: 0.5, 1.0: 1.7, 2.0: 1.7}, "Mn": {1.0: 3.2, 2.0: 3.7}}
"""Mean |m| in muB that the text of the paper states; x = 2 of Ni: "does not vary"."""
COLOURS = {
    "Ni": "#1b7a43",
    "Mn": "#7b3294",
    "a": "#2166ac",
    "b": "#67a9cf",
    "c": "#b2182b",
}
STYLES = {NO_INSERTION: ("o", "-"), "tet_8b": ("o", "-"), "oct_16c_rocksalt": ("s", "")}
FALLBACK = ("^", ":")
FINISHED = ("DONE", "NEEDS_REVIEW")


def moments_figure(series: pd.DataFrame, origin: str) -> Figure:
    """Draw mean |m| of Ni and Mn over x (Figure 2e); bars are the site-to-site spread.

    Parameters
    ----------
    series
        Table over x.
    origin
        What made the numbers, one line; drawn into the figure.
    """
    figure, axes = _figure("mean |m|, μB", origin)
    for element, known in PAPER_MOMENTS.items():
        name = f"m_{element.lower()}"
        _lines(axes, series, name, element, errors=f"{name}_std")
        axes.plot(
            list(known), list(known.values()), "D", ms=9, mfc="none", mew=1.4,
            color="black", label="paper (text)" if element == "Ni" else None,
        )  # fmt: skip
    axes.set_ylim(0, 4.6)
    _finish(axes)
    return figure


def lattice_figure(series: pd.DataFrame, origin: str) -> Figure:
    """Draw the pseudo-cubic a, b, c over x (Figure 2f)."""
    figure, axes = _figure("pseudo-cubic lattice length, Å", origin)
    for axis in "abc":
        _lines(axes, series, axis, axis)
    _finish(axes)
    return figure


def ratio_figure(series: pd.DataFrame, origin: str) -> Figure:
    """Draw c/((a+b)/2), and c relative to x = 1: the two readings of Figure 2f."""
    figure, axes = _figure("ratio", origin)
    axes.axhline(1.0, color="0.7", lw=0.8)
    _lines(axes, series, "c_ratio", "c/((a+b)/2)", colour=COLOURS["c"])
    _lines(axes, series, "c_rel", "c(x)/c(1)", colour="0.35")
    _finish(axes)
    return figure


def as_svg(figure: Figure) -> str:
    """Return a figure as an SVG element, the same text for the same figure."""
    import matplotlib as mpl

    text = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "lnmo", "svg.fonttype": "none"}):
        figure.savefig(text, format="svg", metadata={"Date": None})
    drawn = text.getvalue()
    return drawn[drawn.index("<svg") :]


def _figure(quantity: str, origin: str) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    axes = figure.add_subplot()
    axes.set_xlabel("x, Li per formula unit")
    axes.set_ylabel(quantity)
    axes.set_xlim(-0.08, 2.08)
    axes.set_title(origin, fontsize=8, color="0.35", wrap=True)
    return figure, axes


def _lines(
    axes: Axes,
    series: pd.DataFrame,
    column: str,
    label: str,
    *,
    errors: str | None = None,
    colour: str | None = None,
) -> None:
    shade = colour or COLOURS[label]
    finished = series[series["state"].isin(FINISHED) & series[column].notna()]
    below = finished[finished["x"] <= 1]
    models = sorted(set(finished["insertion"]) - {NO_INSERTION}) or [NO_INSERTION]
    for model in models:
        marker, line = STYLES.get(model, FALLBACK)
        if len(models) == 1:
            line = line or "-"  # somebody has to carry the points below x = 1
        own = finished[finished["insertion"] == model]
        rows = own if not line or model == NO_INSERTION else _joined(below, own)
        name = f"{label}, {model}" if not line else label
        _points(axes, rows, column, errors, name, shade, marker, line)


def _joined(below: pd.DataFrame, above: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    return pd.concat([below, above]).sort_values("x")


def _points(
    axes: Axes,
    rows: pd.DataFrame,
    column: str,
    errors: str | None,
    label: str,
    colour: str,
    marker: str,
    line: str,
) -> None:
    spread: Any = rows[errors] if errors else None
    axes.errorbar(
        rows["x"], rows[column], yerr=spread, fmt=line or "none", color=colour,
        capsize=2, lw=1.2, elinewidth=0.9,
    )  # fmt: skip
    moved = rows["findings"].astype(bool)
    axes.plot(
        rows["x"][~moved], rows[column][~moved], marker, color=colour, ms=6, label=label
    )
    axes.plot(
        rows["x"][moved], rows[column][moved], marker, color=colour, ms=6, mfc="white"
    )


def _finish(axes: Axes) -> None:
    handles, _ = axes.get_legend_handles_labels()
    if handles:
        axes.legend(frameon=False, fontsize=8, ncols=2)
