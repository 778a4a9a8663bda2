"""The paper, ours and the engine of the geometry: their moments in one row.

Where another engine relaxed the cell (GPAW's electrons on CHGNet's geometry), that
engine has moments too; they stand beside ours and are never mixed with them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workflows.campaign.sections import same_x
from workflows.records.summary import Summary
from workflows.results.columns import Column, frame_of, number
from workflows.results.hosts import HOST
from workflows.results.labels import LABEL_NAMES, LABELS, ORDER, STATE_LABELS

if TYPE_CHECKING:
    import pandas as pd

PAPER_MOMENTS = {"Ni": {0.0: 0.5, 1.0: 1.7, 2.0: 1.7}, "Mn": {1.0: 3.2, 2.0: 3.7}}
"""Mean |m| in muB that the text of the paper states; x = 2 of Ni: "does not vary"."""
PAPER_SHAPES = {0.0: "cubic", 1.0: "cubic", 2.0: "c longer than a and b"}
"""What the paper says of the cell: its Figure 2f, drawn without numbers."""

SIDE_BY_SIDE = (
    Column("x", "ions per formula unit", shown=True),
    *STATE_LABELS,
    number("m_ni_paper", "muB, mean |m|, text of the paper", shown=True),
    number("m_ni", "muB, mean |m|", shown=True),
    number("m_ni_geometry", "muB, mean |m|, engine of the geometry", shown=True),
    number("m_mn_paper", "muB, mean |m|, text of the paper", shown=True),
    number("m_mn", "muB, mean |m|", shown=True),
    number("m_mn_geometry", "muB, mean |m|, engine of the geometry", shown=True),
    number("n_mn3", "Mn3+ in the cell, by threshold", shown=True),
    number("gap", "eV; 0 for a metal", shown=True),
    Column("shape_paper", "what the paper says of the cell", shown=True),
    number("a", "A, pseudo-cubic"),
    number("b", "A, pseudo-cubic"),
    number("c", "A, pseudo-cubic"),
    number("c_unique", "unique axis over the mean of the other two", shown=True),
    Column("unique_axis", shown=True),
    number("volume", "A^3, conventional cell"),
    Column("findings", "what stands against the row"),
    ORDER,
    HOST,
    *LABELS,
    Column("geometry_version", "of the engine of the geometry, where it is another"),
    Column("calculation_id"),
)
"""Columns of the table; the lattice is that of the geometry, see ``geometry``."""
FROM_SERIES = (
    *("x", "m_ni", "m_mn", "n_mn3", "gap", "a", "b", "c", "c_unique", "unique_axis"),
    *("volume", "findings", "calculation_id", *LABEL_NAMES),
)


def side_by_side_frame(
    rows: Sequence[Mapping[str, Any]], geometries: Mapping[str, Summary]
) -> pd.DataFrame:
    """Return one row for each row of the table over x.

    Parameters
    ----------
    rows
        Of the table over x.
    geometries
        Calculation id -> the step in which another engine relaxed the cell.
    """
    return frame_of([_row(row, geometries) for row in rows], SIDE_BY_SIDE)


def _row(row: Mapping[str, Any], geometries: Mapping[str, Summary]) -> dict[str, Any]:
    own = {name: row[name] for name in FROM_SERIES}
    other = geometries.get(str(row["calculation_id"]))
    numbers = {} if other is None else other.numbers
    return {
        **own,
        "m_ni_paper": _stated(PAPER_MOMENTS["Ni"], row["x"], math.nan),
        "m_mn_paper": _stated(PAPER_MOMENTS["Mn"], row["x"], math.nan),
        "m_ni_geometry": numbers.get("m_ni", math.nan),
        "m_mn_geometry": numbers.get("m_mn", math.nan),
        "shape_paper": _stated(PAPER_SHAPES, row["x"], ""),
        "geometry_version": "" if other is None else other.document.engine_version,
    }


def _stated(known: Mapping[float, Any], x: float, nothing: Any) -> Any:
    return next((value for at, value in known.items() if same_x(at, x)), nothing)
