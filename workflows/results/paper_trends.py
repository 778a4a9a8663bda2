"""Statements of the paper that are about many rows, or about the sites of one.

The series up to x = 1 and from x = 1 on, every Mn3+ of x = 2, and two magnetic orders.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from workflows.results.paper_statements import INF, POSITIVE, Row
from workflows.results.verdict import (
    FINISHED,
    Verdict,
    ids_of,
    in_words,
    rated,
    remarks,
    row_at,
)

NO_ORDERS = (
    "needs x = 1 in both orders with signed moments, here {}: "
    "lnmo run magnetic-order; lnmo compare magnetic-order"
)
MN3_MOMENT = (3.7, 4.1)
"""muB, at every Mn3+ site of x = 2."""
_ABOVE_08 = (0.8 + 1e-9, INF)  # 0.8 itself, however it is rounded, does not pass


def cubic_below_one(rows: Sequence[Row]) -> Verdict:
    """Judge c/a of the series up to x = 1, by the worst."""
    found = [row for row in rows if row["x"] <= 1 and _has_relaxed_cell(row)]
    worst = max(found, key=lambda row: abs(row["c_ratio"] - 1), default=None)
    value = None if worst is None else float(worst["c_ratio"])
    return Verdict(
        check="c_ratio_to_x1",
        statement="cubic for x <= 1: c/((a+b)/2), the worst x",
        insertion="",
        value=value,
        unit="",
        reference="1",
        tolerance="0.995..1.005, warns 0.99..1.01",
        status=rated(value, (0.995, 1.005), (0.99, 1.01)),
        reason="no finished x with a relaxed cell"
        if worst is None
        else f"worst at x = {worst['x']:g}",
        calculations=ids_of(found),
        headline=True,
    )


def growing_above_one(rows: Sequence[Row], model: str) -> Verdict:
    """Judge whether c/a grows with x from 1 on, by the order of its values."""
    found = sorted(
        (row for row in rows if _has_relaxed_cell(row) and _from_one_up(row, model)),
        key=lambda row: row["x"],
    )
    value = _spearman([row["c_ratio"] for row in found]) if len(found) > 2 else None
    return Verdict(
        check="c_ratio_trend",
        statement="c/((a+b)/2) grows with x above 1 (Spearman rho)",
        insertion=model,
        value=value,
        unit="",
        reference="> 0",
        tolerance="> 0.8",
        status=rated(value, _ABOVE_08, _ABOVE_08),
        reason="needs 3 finished x >= 1" if value is None else remarks(found),
        calculations=ids_of(found),
        headline=value is not None,
    )


def mn3_sites(rows: Sequence[Row], model: str) -> Verdict:
    """Judge every Mn that reads as 3+, by the one furthest from the middle."""
    low, high = MN3_MOMENT
    row = row_at(rows, 2.0, model)
    done = row is not None and row["state"] in FINISHED
    ends = (
        [float(row[f"m_mn3_{end}"]) for end in ("min", "max")] if row and done else []
    )
    read = [m for m in ends if not math.isnan(m)]
    value = max(read, key=lambda m: abs(m - (low + high) / 2), default=None)
    if row is None or not done:
        state = "not in the series" if row is None else row["state"]
        reason = f"x = 2 {model} is {state}".replace("  ", " ")
    elif value is None:
        reason = "no Mn at x = 2 reads as 3+ by its moment"
    else:
        count = f"{row['n_mn3']:g} Mn read as 3+, {row['n_mn3_expected']:g} expected"
        reason = "; ".join(part for part in (count, remarks([row])) if part)
    return Verdict(
        check="m_mn3_sites_x2",
        statement="moment of every Mn3+ at x = 2: the site furthest off",
        insertion=model,
        value=value,
        unit="muB",
        reference="3.95 (implied)",
        tolerance=in_words(MN3_MOMENT),
        status=rated(value, MN3_MOMENT, MN3_MOMENT),
        reason=reason,
        calculations=ids_of([row]) if row is not None and done else (),
        headline=False,
    )


def fim_below_fm(orders: Mapping[str, float]) -> Verdict:
    """Judge the sign of E(ferrimagnetic) - E(ferromagnetic), eV per formula unit."""
    both = {"fim", "fm"} <= set(orders)
    value = 1000 * (orders["fim"] - orders["fm"]) if both else None
    below = (-INF, -POSITIVE)
    there = f"only {min(orders)}" if orders else "neither"
    return Verdict(
        check="fim_below_fm",
        statement="ferrimagnetic below ferromagnetic at x = 1: E(fim) - E(fm)",
        insertion="",
        value=value,
        unit="meV per formula unit",
        reference="< 0 (experiment: ferrimagnet)",
        tolerance="< 0",
        status=rated(value, below, below),
        reason="" if both else NO_ORDERS.format(there),
        calculations=(),
        headline=False,
    )


def _has_relaxed_cell(row: Row) -> bool:
    return row["state"] in FINISHED and not math.isnan(row["c_ratio"])


def _from_one_up(row: Row, model: str) -> bool:
    return bool(row["x"] == 1 or (row["x"] > 1 and row["insertion"] == model))


def _spearman(values: Sequence[float]) -> float:
    """Rank correlation of values with their position."""
    from scipy.stats import spearmanr

    if len(set(values)) == 1:
        return 0.0  # undefined; a constant does not grow
    return float(spearmanr(range(len(values)), values).statistic)
