"""Statements of the paper on single sites at x = 2: Mn3+ and Mn4+ apart.

The mean moment of manganese says nothing of charge order: twelve equal Mn at 3.7 muB
have the mean of eight Mn3+ and four Mn4+.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from workflows.analysis.valence import CLUSTER_GAP
from workflows.results.gates import Row, words_of
from workflows.results.judged_rows import row_at
from workflows.results.labels import combined
from workflows.results.paper_statements import MN3
from workflows.results.verdict import (
    FINISHED,
    Status,
    Verdict,
    capped,
    doubts_of,
    ids_of,
    joined,
    rated,
    remarks,
)

MN3_MOMENT = (3.7, 4.1)
"""muB, at every Mn3+ site of x = 2."""
WHY_CHARGES = (
    "charge balance is exact; two clusters are apart by more than "
    f"{CLUSTER_GAP:g} muB, whatever U shifts both by"
)


def mn3_sites(rows: Sequence[Row], model: str) -> Verdict:
    """Judge every Mn that reads as 3+, by the one furthest from the middle."""
    row, missing = _finished(rows, model)
    low, high = MN3_MOMENT
    ends = [] if row is None else [_number(row, f"m_mn3_{e}") for e in ("min", "max")]
    read = [m for m in ends if not math.isnan(m)]
    value = max(read, key=lambda m: abs(m - (low + high) / 2), default=None)
    doubts = "" if row is None else doubts_of([row], "moments")
    if row is None:
        reason = missing
    elif value is None:
        reason = "no Mn at x = 2 reads as 3+ by its moment"
    else:
        reason = joined(doubts, _count(row), remarks([row]))
    return Verdict(
        check="m_mn3_sites_x2",
        statement="moment of every Mn3+ at x = 2: the site furthest off",
        insertion=model,
        value=value,
        unit="muB",
        reference="3.95 (implied)",
        tolerance=f"{low:g}..{high:g}",
        outcome=capped(rated(value, MN3_MOMENT, MN3_MOMENT), doubts),
        reason=reason,
        calculations=() if row is None else ids_of([row]),
        headline=True,
        why=MN3,
        labels=combined([] if row is None else [row]),
    )


def charge_order(rows: Sequence[Row], model: str) -> Verdict:
    """Judge whether Mn3+ and Mn4+ are two clusters of the right size at x = 2."""
    row, missing = _finished(rows, model)
    split = math.nan if row is None else _number(row, "n_mn3_gap")
    counted = math.nan if row is None else _number(row, "n_mn3")
    expected = math.nan if row is None else _number(row, "n_mn3_expected")
    known = not math.isnan(counted) and not math.isnan(expected)
    value = None if not known else counted if math.isnan(split) else split
    doubts = "" if row is None else doubts_of([row], "charge")
    if row is None:
        reason, outcome = missing, Status.NOT_COMPUTED
    elif not known:
        reason, outcome = "no moments of Mn were read", Status.NOT_COMPUTED
    else:
        outcome, seen = _of_clusters(row, split, counted, expected)
        reason = joined(seen, doubts, remarks([row]))
        outcome = capped(outcome, doubts)
    return Verdict(
        check="charge_order_x2",
        statement="Mn3+ and Mn4+ in two separated groups at x = 2: number of Mn3+",
        insertion=model,
        value=value,
        unit="Mn in the cell",
        reference="8 of 12 (charge balance)",
        tolerance="8 of 12, and the other 4 Mn4+",
        outcome=outcome,
        reason=reason,
        calculations=() if row is None else ids_of([row]),
        headline=True,
        why=WHY_CHARGES,
        labels=combined([] if row is None else [row]),
    )


def _of_clusters(
    row: Row, split: float, counted: float, expected: float
) -> tuple[Status, str]:
    spread = f"standard deviation of |m| {_number(row, 'm_mn_std'):.2f} muB"
    if math.isnan(split):
        seen = f"no gap above {CLUSTER_GAP:g} muB between the moments of Mn ({spread})"
        return Status.FAIL, f"{seen}: symmetrised, delocalised, or of one valence"
    if split != round(expected):
        return Status.FAIL, f"{split:g} Mn3+ where charge balance has {expected:g}"
    if _number(row, "n_anomalous") > 0:
        return Status.FAIL, words_of(("moment_collapsed",))
    if counted != split:
        return Status.WARN, f"by thresholds {counted:g} Mn read as 3+"
    return Status.PASS, ""


def _finished(rows: Sequence[Row], model: str) -> tuple[Row | None, str]:
    """Return the finished row at x = 2, or why there is none."""
    row = row_at(rows, 2.0, model)
    if row is not None and row["state"] in FINISHED:
        return row, ""
    state = "not in the series" if row is None else row["state"]
    return None, f"x = 2 {model} is {state}".replace("  ", " ")


def _count(row: Row) -> str:
    expected = _number(row, "n_mn3_expected")
    return f"{_number(row, 'n_mn3'):g} Mn read as 3+, {expected:g} expected"


def _number(row: Row, name: str) -> float:
    value = row.get(name)
    return math.nan if value is None else float(value)
