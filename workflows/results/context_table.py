"""The paper against itself: the x at which its DFT, NDP and EELS stand.

No verdict: a row says what a measurement means through formal valences, or what a
calculation would show to that measurement.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from workflows.analysis.eels_and_ndp import (
    L3_L2_BULK,
    L3_L2_INTERFACE,
    LARGEST_X,
    LITHIUM_EXCESS,
    l3_l2_of_valence,
    l3_l2_of_x,
    spacing_111,
    valence_of_l3_l2,
    x_of_excess,
    x_of_mn_valence,
)
from workflows.analysis.ions import host_in_words
from workflows.analysis.lnmo import expected_valence, is_the_papers
from workflows.errors import ResultsError
from workflows.results.columns import Column, frame_of, number
from workflows.results.hosts import host_of
from workflows.results.labels import LABELS, STATE_LABELS, foreign_geometry, whose_cell
from workflows.results.verdict import FINISHED

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]

CONTEXT = (
    Column("source", "what the row rests on", shown=True),
    number("x", "ions per formula unit", shown=True),
    *STATE_LABELS,
    number("mn_valence", "e, mean, by formal valences at x", shown=True),
    number("l3_l2", "EELS white lines; linear between Mn2+, 3+ and 4+", shown=True),
    number("mn_valence_found", "e, mean, by the moments of the calculation"),
    number("l3_l2_found", "of mn_valence_found", shown=True),
    number("d_111", "A, distance of (111) planes, pseudo-cubic", shown=True),
    number("d_111_change", "%, against x = 1", shown=True),
    Column("in_model", "x is within 0 to 2", "flag", True),
    Column("note", shown=True),
    Column("findings", "what stands against the row", shown=True),
    *LABELS,
    Column("calculation_id"),
)
"""Columns of the table; empty where a source says nothing."""
NEAREST = 0.2
"""Largest distance in x over which d(111) is taken to be linear."""


def context_frame(series: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Set the calculations of a series beside the paper's measurements.

    Parameters
    ----------
    series
        Rows of the table over x.

    Returns
    -------
    DataFrame
        One row for each finished x and model, then one for each measurement. The
        finding stands in ``attrs["notes"]``.

    Raises
    ------
    ResultsError
        A row is of another compound.
    """
    rows = list(series)
    strangers = [f for row in rows if not is_the_papers(f := str(row["formula"]))]
    if strangers:
        raise ResultsError(
            "the paper is on LixNi0.5Mn1.5O4, the results on "
            f"{host_in_words(strangers)}: its measurements say nothing of them"
        )
    done = [row for row in rows if row["state"] in FINISHED]
    at_one = {host_of(r): r for r in reversed(done) if abs(r["x"] - 1) < 1e-9}
    known = [
        _calculated(row, at_one.get(host_of(row)))
        for row in done
        if row["x"] <= LARGEST_X
    ]
    one = len({host_of(row) for row in done}) == 1
    frame = frame_of([*known, *_measured(known if one else [])], CONTEXT)
    frame.attrs["notes"] = [finding()]
    return frame


def finding() -> str:
    """Say where the three methods of the paper stand, in one sentence."""
    bulk, interface = (
        x_of_mn_valence(valence_of_l3_l2(r)) for r in (L3_L2_BULK, L3_L2_INTERFACE)
    )
    ndp = x_of_excess(LITHIUM_EXCESS)
    return (
        "DFT, NDP and EELS of the paper do not agree on one x: DFT is discussed at x = "
        f"2; the lithium excess of NDP gives x = {ndp:.3f}, for which L3/L2 would be "
        f"{l3_l2_of_x(ndp):.2f}; L3/L2 of {L3_L2_BULK:g} gives x = {bulk:.2f}, and "
        f"{L3_L2_INTERFACE:g} gives x = {interface:.2f}, above x = {LARGEST_X:g}, the "
        "largest in the model"
    )


def _calculated(row: Mapping[str, Any], at_one: Mapping[str, Any] | None) -> Row:
    names = [column.name for column in (*STATE_LABELS, *LABELS)]
    x = float(row["x"])
    found = _valence_found(row)
    spacing = _spacing(row)
    reference = _spacing(at_one) if at_one is not None else math.nan
    return {
        **{name: row.get(name) for name in (*names, "calculation_id")},
        "source": "calculation",
        "x": x,
        "mn_valence": expected_valence(x)["Mn"],
        "l3_l2": l3_l2_of_x(x),
        "mn_valence_found": found,
        "l3_l2_found": l3_l2_of_valence(found) if 2 <= found <= 4 else math.nan,
        "d_111": spacing,
        "d_111_change": 100 * (spacing / reference - 1),
        "in_model": True,
        "note": _note(row, spacing),
        "findings": str(row.get("findings") or ""),
    }


def _note(row: Mapping[str, Any], spacing: float) -> str:
    """Say whose the cell is, if it is not of the engine of the row."""
    if math.isnan(spacing):
        return "the cell was not relaxed"
    return f"the cell was {whose_cell(row)}" if foreign_geometry(row) else ""


def _valence_found(row: Mapping[str, Any]) -> float:
    """Return the mean valence of Mn2+, 3+ and 4+; NaN if some Mn is none of them."""
    manganese = 1.5 * float(row.get("formula_units") or math.nan)
    if float(row.get("n_anomalous") or 0):
        return math.nan
    added = float(row.get("n_mn3", math.nan)) + 2 * float(row.get("n_mn2") or 0)
    return 4.0 - added / manganese


def _spacing(row: Mapping[str, Any]) -> float:
    lengths = [float(row.get(axis, math.nan)) for axis in "abc"]
    return math.nan if any(map(math.isnan, lengths)) else spacing_111(*lengths)


def _measured(known: list[Row]) -> list[Row]:
    ndp = x_of_excess(LITHIUM_EXCESS)
    excess = f"{LITHIUM_EXCESS:.2e} cm^-3 of Li over x = 1, about 3 %"
    rows = [_measurement("NDP, interface", ndp, excess)]
    for place, ratio in (("film", L3_L2_BULK), ("interface", L3_L2_INTERFACE)):
        valence = valence_of_l3_l2(ratio)
        row = _measurement(
            f"EELS, {place}", x_of_mn_valence(valence), f"measured L3/L2 = {ratio:g}"
        )
        rows.append({**row, "mn_valence": valence, "l3_l2": ratio})
    return [{**row, "d_111_change": _change_at(known, row["x"])} for row in rows]


def _measurement(source: str, x: float, note: str) -> Row:
    inside = x <= LARGEST_X + 1e-9
    empty = {c.name: c.dtype != "flag" and "" for c in CONTEXT if c.dtype != "number"}
    return {
        **empty,
        "source": source,
        "x": x,
        "mn_valence": expected_valence(min(x, LARGEST_X))["Mn"] if inside else math.nan,
        "l3_l2": l3_l2_of_x(min(x, LARGEST_X)) if inside else math.nan,
        "in_model": inside,
        "note": note if inside else f"{note}: beyond x = {LARGEST_X:g}",
    }


def _change_at(known: list[Row], x: float) -> float:
    """Return the change of d(111) at x, between two calculations that are near it."""
    points = sorted(
        (row["x"], row["d_111_change"])
        for row in known
        if row["d_111_change"] == row["d_111_change"] and row["x"] >= 1 - 1e-9
    )
    below = [p for p in points if p[0] <= x + 1e-9]
    above = [p for p in points if p[0] >= x - 1e-9]
    if not below or not above:
        return math.nan
    (x1, y1), (x2, y2) = max(below), min(above)
    if x2 - x1 > 2 * NEAREST:
        return math.nan
    slope = 0.0 if x2 == x1 else (y2 - y1) / (x2 - x1)
    return float(y1 + slope * (x - x1))
