"""Table over x -> the paper's Figures 2e and 2f, its numbers beside ours.

A point that something stands against is hollow: ions that left their sites, a wrong
electronic state. Of another spinel than the paper's, its numbers are not drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from workflows.analysis.ions import LITHIUM, ion_of_series
from workflows.analysis.lnmo import CELL_LENGTH, is_the_papers
from workflows.campaign.calculation import NO_INSERTION
from workflows.report.chart import (
    ELEMENTS,
    PAPER,
    Chart,
    Line,
    Marker,
    Panel,
    Trace,
)
from workflows.results.series_table import metals_of
from workflows.results.side_by_side_table import PAPER_MOMENTS
from workflows.results.verdict import FINISHED

if TYPE_CHECKING:
    import pandas as pd

EXPERIMENT_A = {1.0: CELL_LENGTH}
"""Cubic lattice parameter in A, experiment, as in the verdicts."""
COLOURS = {
    **ELEMENTS,
    **{"a": "#0072b2", "b": "#56b4e9", "c": "#d55e00", "c(x)/c(1)": "#5b6675"},
}
STYLES: dict[str, tuple[Marker, Line]] = {
    NO_INSERTION: ("circle", "solid"),
    "tet_8b": ("circle", "solid"),
    "oct_16c_rocksalt": ("square", ""),
}
SIZES = {"a": 9.0, "b": 6.5, "c": 4.0}
"""Symbols of the axes, so that equal lengths show through one another."""
FALLBACK: tuple[Marker, Line] = ("triangle", "dot")
HOLLOW = "Hollow points: ions left their sites, or a finding stands against the run."
X_RANGE = (-0.08, 2.08)
KEY = "#5b6675"
"""Colour of a symbol in the legend that stands for every colour."""


def moments_chart(series: pd.DataFrame, origin: str) -> Chart:
    """Show mean |m| of the metals over x (Figure 2e); bars: spread over sites.

    Parameters
    ----------
    series
        Table over x (``Results.series``); moments in muB.
    origin
        What made the numbers, one line.
    """
    traces = []
    for element in reversed(metals_of(series)):
        name = f"m_{element.lower()}"
        if series[name].notna().any():
            traces += _traces(series, name, element, errors=f"{name}_std", unit="μB")
    traces += _models(list(traces), series)
    paper = of_the_paper(series)
    for element, known in PAPER_MOMENTS.items() if paper else ():
        label = "paper (text)" if element == "Ni" else ""
        traces.append(_stated(label, known, f"the paper's text, {element}"))
    return Chart(
        key="fig2e-moments",
        title="Figure 2e: site moments" if paper else "Site moments",
        caption="Mean |m| over the sites of an element. Bars: standard deviation from "
        "site to site, not a statistical error. "
        + ("Diamonds: what the paper's text states. " if paper else "")
        + HOLLOW,
        origin=origin,
        panels=(_over_x(series, "mean |m|, μB", traces, y_range=(0, 4.6)),),
    )


def lattice_chart(series: pd.DataFrame, origin: str) -> Chart:
    """Show the pseudo-cubic a, b, c over x (Figure 2f), A."""
    traces = [t for axis in "abc" for t in _traces(series, axis, axis, unit="Å")]
    traces += _models(list(traces), series)
    paper = of_the_paper(series)
    if paper:
        known = _stated("experiment, x = 1", EXPERIMENT_A, "a of the cubic cell")
        traces.append(known)
    return Chart(
        key="fig2f-lattice",
        title="Figure 2f: lattice lengths" if paper else "Lattice lengths",
        caption="Pseudo-cubic axes of the conventional cell, mapped back by the matrix "
        "that built the cell, never re-standardised."
        + (
            " The paper draws this figure and states no numbers; the diamond is the "
            "measured cubic lattice parameter at x = 1."
            if paper
            else ""
        ),
        origin=origin,
        panels=(_over_x(series, "pseudo-cubic lattice length, Å", traces),),
    )


def ratio_chart(series: pd.DataFrame, origin: str) -> Chart:
    """Show c and the unique axis against the others, and c relative to x = 1."""
    cubic = Trace(
        "paper: cubic for x ≤ 1", (0.0, 1.0), (1.0, 1.0), PAPER, line="dash"
    )  # fmt: skip
    paper = of_the_paper(series)
    traces = [
        *([cubic] if paper else []),
        *_traces(series, "c_ratio", "c/((a+b)/2)", colour=COLOURS["c"]),
        *_traces(series, "c_unique", "unique axis/others", colour=COLOURS["b"]),
        *_traces(series, "c_rel", "c(x)/c(1)"),
    ]
    traces += _models(list(traces), series)
    return Chart(
        key="fig2f-ratio",
        title="Figure 2f, relative" if paper else "Lattice lengths, relative",
        caption="c against a and b, the unique axis (whichever it is) against the "
        "other two, and c against x = 1."
        + (
            " The first and the last are readings of the paper's relative c; it has a "
            "cubic cell up to x = 1, and a c axis growing longer than a and b above. "
            "Verdicts use the unique axis."
            if paper
            else ""
        ),
        origin=origin,
        panels=(_over_x(series, "ratio", traces),),
    )


def of_the_paper(series: pd.DataFrame) -> bool:
    """Return whether a table over x is of the paper's crystal, LixNi0.5Mn1.5O4."""
    return all(map(is_the_papers, series["formula"]))


def ions_per_formula(table: pd.DataFrame) -> str:
    """Return the name of the axis of x: whose ions it counts."""
    ion = table.attrs.get("ion")
    if ion is None and {"formula", "n_li"} <= set(table.columns):
        ion = ion_of_series(zip(table["formula"], table["n_li"], strict=True))
    return f"x, {ion or LITHIUM} per formula unit"


def _over_x(
    series: pd.DataFrame,
    quantity: str,
    traces: list[Trace],
    y_range: tuple[float, float] | None = None,
) -> Panel:
    return Panel(
        ions_per_formula(series),
        quantity,
        tuple(traces),
        x_range=X_RANGE,
        y_range=y_range,
    )


def _stated(label: str, known: dict[float, float], note: str) -> Trace:
    return Trace(
        label=label,
        x=tuple(known),
        y=tuple(known.values()),
        colour=PAPER,
        marker="diamond",
        hollow=(True,) * len(known),
        notes=(note,) * len(known),
        size=8.0,
    )


def _traces(
    series: pd.DataFrame,
    column: str,
    label: str,
    *,
    errors: str = "",
    unit: str = "",
    colour: str = "",
) -> list[Trace]:
    """Return one trace for each insertion model and host.

    One model carries x <= 1; the first host carries the label.
    """
    finished = series[series["state"].isin(FINISHED) & series[column].notna()]
    if not len(finished):
        return []
    traces: list[Trace] = []
    for host in dict.fromkeys(finished["host"]):
        of_host = finished[finished["host"] == host]
        several = "" if len(of_host) == len(finished) else str(host)
        own = _of_one_host(of_host, column, label, errors, unit, colour, several)
        traces += [replace(t, label="") for t in own] if traces else own
    return traces


def _of_one_host(
    finished: pd.DataFrame,
    column: str,
    label: str,
    errors: str,
    unit: str,
    colour: str,
    host: str,
) -> list[Trace]:
    import pandas as pd

    below = finished[finished["x"] <= 1]
    models = sorted(set(finished["insertion"]) - {NO_INSERTION}) or [NO_INSERTION]
    traces = []
    for model in sorted(models, key=lambda m: not STYLES.get(m, FALLBACK)[1]):
        marker, line = STYLES.get(model, FALLBACK)
        if len(models) == 1:
            line = line or "solid"  # somebody has to carry the points below x = 1
        rows = finished[finished["insertion"] == model]
        if line and model != NO_INSERTION:
            rows = pd.concat([below, rows]).sort_values("x")
        traces.append(
            Trace(
                label=label if line else "",
                x=_numbers(rows["x"]),
                y=_numbers(rows[column]),
                colour=colour or COLOURS[label],
                marker=marker,
                line=line,
                errors=_numbers(rows[errors]) if errors else (),
                hollow=tuple(bool(found) for found in rows["findings"]),
                notes=tuple(
                    _note(r, column, unit) + (f", {host}" if host else "")
                    for r in rows.to_dict("records")
                ),
                size=SIZES.get(column, 6.0),
            )
        )
    return traces


def _models(traces: Iterable[Trace], series: pd.DataFrame) -> Iterator[Trace]:
    """Yield one entry of the legend for each model that is drawn by its symbol."""
    drawn = {trace.marker for trace in traces if not trace.label and not trace.line}
    for model in sorted(set(series["insertion"])):
        marker, line = STYLES.get(model, FALLBACK)
        if marker in drawn and not line:
            yield Trace(model, (), (), KEY, marker=marker)


def _numbers(column: pd.Series) -> tuple[float, ...]:
    return tuple(float(value) for value in column)


def _note(row: dict[Any, Any], column: str, unit: str) -> str:
    spread = row.get(f"{column}_std")
    value = f"{row[column]:.4f}".rstrip("0")
    words = [f"x = {row['x']:g}" + _model(row), f"{value} {unit}".strip()]
    if spread is not None:
        words[1] = f"{row[column]:.2f} ± {spread:.2f} {unit}"
    words += [row["findings"]] if row["findings"] else []
    if row["ended_as"] not in {"", row["insertion"]}:
        words.append(f"ended as {row['ended_as']}")
    if row["n_planned"] > 1:
        words.append(f"lowest of {row['n_orderings']} finished of {row['n_planned']}")
    return ", ".join(words)


def _model(row: dict[Any, Any]) -> str:
    return "" if row["insertion"] == NO_INSERTION else f" {row['insertion']}"
