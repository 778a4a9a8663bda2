"""Statements of the paper on the shape of the cell, and on many rows.

Cubic up to x = 1, one axis longer than the others above; two magnetic orders. The cubic
host has no preferred axis, so the long one may be any: each ratio is that of the unique
axis over the mean of the other two, and the verdict names the axis.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from workflows.campaign.magnetic_order import FIM, FM
from workflows.campaign.sections import same_x
from workflows.results.gates import against, has_relaxed_cell
from workflows.results.judged_rows import (
    SAME_ENERGY,
    energy_of,
    from_one_up,
    row_at,
)
from workflows.results.labels import ORDER, combined, foreign_geometry, whose_cell
from workflows.results.magnetic_orders import in_words, several_orders
from workflows.results.paper_statements import NO_CELL
from workflows.results.row_faults import Row, number
from workflows.results.start_left import (
    LEFT_AT_START,
    SETTLED,
    left_at_start,
    start_in_words,
    start_ratio,
)
from workflows.results.statement import INF, POSITIVE, Statement
from workflows.results.verdict import FINISHED, Status, Verdict, doubts_of, joined

NO_ORDERS = (
    "needs x = 1 in both orders with signed moments, here {}: "
    "lnmo run magnetic-order; lnmo compare magnetic-order"
)
RISE = 0.005
"""Least rise of the unique axis from first to last x: the spread called cubic."""
MARGIN = 1000 * SAME_ENERGY
"""meV per formula unit within which two runs are of one energy."""
_ABOVE_08 = (0.8 + 1e-9, INF)  # 0.8 itself, however it is rounded, does not pass
CUBIC = Statement(
    "c_ratio_to_x1",
    "cubic for x <= 1: unique axis over the mean of the others, worst x",
    "",
    "1",
    (0.995, 1.005),
    (0.99, 1.01),
    "0.5 % is the spread of cells called cubic; displaced starts leave 0.1 %",
)
LONGER = Statement(
    "c_ratio_x2",
    "one axis is longer than the others at x = 2: unique axis over the mean of the "
    "other two",
    "",
    "> 1 (drawn in Fig. 2f)",
    (1.03, 1.12),
    (1.01, 1.2),
    "Li2Ni0.5Mn1.5O4 has 1.07 (measured); below 1.03 the ratio is close to the strain "
    "of the start (0.02); Li2Mn2O4, all Mn3+, has 1.16",
)
GROWING = Statement(
    "c_ratio_trend",
    "the unique axis over the mean of the others grows with x above 1 (Spearman rho)",
    "",
    "> 0",
    _ABOVE_08,
    _ABOVE_08,
    "with one pair swapped, rho is 0.9 for five points and 0.8 for four; ratios within "
    "0.001 (the accuracy of a relaxation) count as equal; a total rise below 0.005 "
    "(the spread called cubic) does not count",
    told="> 0.8",
)
LOWER = Statement(
    "fim_below_fm",
    "ferrimagnetic lowest at x = 1: E(fim) less E(fm), or less a lower other order",
    "meV per formula unit",
    "< 0 (experiment: ferrimagnet)",
    (-INF, -MARGIN),
    (-INF, -POSITIVE),
    "the sign alone: T_C of about 130 K says nothing of the size; two runs that end "
    "in one state differ by up to 0.1 meV (EDIFF of 1e-6 eV per cell, forces of "
    "0.02 eV/A)",
    headline=False,
)


def cubic_below_one(rows: Sequence[Row]) -> Verdict:
    """Judge the shape of the series up to x = 1, by the worst."""
    asked = [row for row in rows if row["x"] <= 1]
    found = [row for row in asked if _has_own_cell(row)]
    worst = max(found, key=lambda row: abs(row["c_unique"] - 1), default=None)
    if worst is None:
        return CUBIC.judged(None, say="no finished x <= 1 with a relaxed cell")
    return CUBIC.judged(
        float(worst["c_unique"]),
        found,
        doubts=joined(
            _ends_missing(found, 0, 1),
            _left_out(asked),
            doubts_of(found, "lattice"),
            _sheared(found),
        ),
        say=f"worst at x = {worst['x']:g}, axis {worst.get('unique_axis', '?')}",
    )


def longer_at_two(rows: Sequence[Row], model: str) -> Verdict:
    """Judge whether one axis is longer than the other two at x = 2."""
    row = row_at(rows, 2.0, model)
    if row is None or not _has_own_cell(row):
        return LONGER.judged(None, model=model, say=_no_cell(row, model))
    doubts = joined(doubts_of([row], "lattice"), _shape_doubt(row))
    long = row.get("shape") or f"axis {row.get('unique_axis', '?')}"
    ratio = float(row["c_unique"])
    return LONGER.judged(ratio, [row], model=model, doubts=doubts, say=str(long))


def growing_above_one(rows: Sequence[Row], model: str) -> Verdict:
    """Judge whether the unique axis grows with x from 1 on, by the order of values."""
    asked = from_one_up(rows, model)
    found = [row for row in asked if _has_own_cell(row)]
    if len(found) < 3:
        say = "needs 3 finished x >= 1 with a relaxed cell"
        return GROWING.judged(None, found, model=model, say=say)
    ratios = [float(row["c_unique"]) for row in found]
    rise = ratios[-1] - ratios[0]
    small = f"rises by {rise:.4f} in all, less than {RISE:g}" if rise < RISE else ""
    return GROWING.judged(
        _spearman(ratios),
        found,
        model=model,
        doubts=joined(
            _ends_missing(found, 1, 2),
            _left_out(asked),
            doubts_of(found, "lattice"),
            several_orders(found),
            _axes(found),
        ),
        say=small,
        outcome=Status.FAIL if small else None,
    )


def fim_below_fm(orders: Mapping[str, Row]) -> Verdict:
    """Judge whether the ferrimagnet lies lowest of the orders, eV per formula unit.

    Parameters
    ----------
    orders
        Order -> its lowest row at x = 1. Ferromagnetic must be there; where another
        one lies lower than that, the ferrimagnet is compared with it.
    """
    pair = [name for name in (FIM, FM) if name in orders]
    if len(pair) < 2:
        there = f"only {pair[0]}" if pair else "neither"
        return LOWER.judged(None, say=NO_ORDERS.format(there))
    others = [name for name in orders if name != FIM]
    lowest = min(others, key=lambda name: (energy_of(orders[name]), name != FM))
    compared = {name: orders[name] for name in (FIM, lowest)}
    found = list(compared.values())
    fim, other = (float(row["energy_per_fu"]) for row in found)
    return LOWER.judged(
        1000 * (fim - other),
        found,
        doubts=_order_doubts(compared),
        say="" if lowest == FM else f"the lowest other order is {in_words(lowest)}",
        labels=combined(found) | {ORDER.name: ""},
    )


def _order_doubts(orders: Mapping[str, Row]) -> str:
    told = {name: ", ".join(against(row, "energy")) for name, row in orders.items()}
    geometries = {row.get("geometry") for row in orders.values()}
    other = "the two cells were relaxed by different engines"
    own = (f"{name}: {words}" for name, words in told.items() if words)
    return joined(*own, other if len(geometries) > 1 else "")


def _ends_missing(rows: Sequence[Row], low: float, high: float) -> str:
    """Name the ends of a statement's range that a series, or ``--x``, leaves out."""
    there = [row["x"] for row in rows]
    absent = [x for x in (low, high) if not any(same_x(x, own) for own in there)]
    if not absent:
        return ""
    shown = " and ".join(f"x = {x:g}" for x in absent)
    return f"{shown} of the range {low:g} to {high:g} not in the series"


def _left_out(rows: Sequence[Row]) -> str:
    """Name the compositions of a series that have no finished, relaxed cell."""
    names = [f"{row['x']:g}" for row in rows if not _has_own_cell(row)]
    return f"no finished, relaxed cell at x = {', '.join(names)}" if names else ""


def _has_own_cell(row: Row) -> bool:
    own = not foreign_geometry(row) and has_relaxed_cell(row)
    return own and row["state"] in FINISHED and number(row, "c_unique") > 0


def _no_cell(row: Row | None, model: str) -> str:
    name = f"x = 2 {model}".rstrip()
    if row is None:
        return f"{name} is not in the series"
    if row["state"] not in FINISHED:
        return f"{name} is {row['state']}"
    return f"the cell was {whose_cell(row)}" if foreign_geometry(row) else NO_CELL


def _shape_doubt(row: Row) -> str:
    """Return what speaks against an elongation that the start did not have."""
    shape = str(row.get("lattice_class", ""))
    found = ["not tetragonal"] if shape.startswith("orthorhombic") else []
    start = start_ratio(row)
    if start != start:
        found.append("the shape of its start is not recorded")
    elif _below_start(row, start) and not left_at_start(row):
        found.append(f"not longer than its start ({start_in_words(row)})")
    return joined(*found, _sheared([row]))


def _below_start(row: Row, start: float) -> bool:
    limit = max(start, 1.0) + LEFT_AT_START
    return bool(row["c_unique"] <= limit and not row.get("free_start"))


def _axes(rows: Sequence[Row]) -> str:
    axes = {f"{row['x']:g}": row.get("unique_axis") for row in rows if row["x"] > 1}
    if len({axis for axis in axes.values() if axis}) < 2:
        return ""
    return "the long axis is " + ", ".join(f"{a} at x = {x}" for x, a in axes.items())


def _sheared(rows: Sequence[Row]) -> str:
    at = [f"{row['x']:g}" for row in rows if "sheared" in str(row.get("lattice_class"))]
    return f"angles off 90 degrees at x = {', '.join(at)}" if at else ""


def _spearman(values: Sequence[float]) -> float:
    """Rank correlation of values with their position; close ones share a rank."""
    from scipy.stats import spearmanr

    ordered = sorted(values)
    ranks, rank = {ordered[0]: 0}, 0
    for one, other in pairwise(ordered):
        rank += other - one > SETTLED
        ranks[other] = rank
    if not rank:
        return 0.0  # undefined; a constant does not grow
    return float(spearmanr(range(len(values)), [ranks[v] for v in values]).statistic)
