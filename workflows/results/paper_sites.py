"""Statements of the paper on single sites at x = 2: Mn3+ and Mn4+ apart.

The mean moment of manganese says nothing of charge order: twelve equal Mn at 3.7 muB
have the mean of eight Mn3+ and four Mn4+.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from workflows.analysis.valence import CLUSTER_GAP
from workflows.results.gates import words_of
from workflows.results.judged_rows import row_at
from workflows.results.paper_statements import MN3, NO_MOMENTS
from workflows.results.row_faults import Row, number
from workflows.results.statement import INF, Statement
from workflows.results.verdict import FINISHED, Status, Verdict, doubts_of, joined

SITES = Statement(
    "m_mn3_sites_x2",
    "moment of every Mn3+ at x = 2: the site furthest off",
    "muB",
    "3.95 (implied)",
    (3.7, 4.1),
    (3.7, 4.1),
    MN3,
)
CHARGES = Statement(
    "charge_order_x2",
    "Mn3+ and Mn4+ in two separated groups at x = 2: number of Mn3+",
    "Mn in the cell",
    "8 of 12 (charge balance)",
    (-INF, INF),
    (-INF, INF),
    "charge balance is exact; two clusters are apart by more than "
    f"{CLUSTER_GAP:g} muB, whatever U shifts both by",
    told="8 of 12, and the other 4 Mn4+",
)


def mn3_sites(rows: Sequence[Row], model: str) -> Verdict:
    """Judge every Mn that reads as 3+, by the one furthest from the middle."""
    row, missing = _finished(rows, model)
    if row is None:
        return SITES.judged(None, model=model, say=missing)
    ends = [number(row, f"m_mn3_{end}") for end in ("min", "max")]
    read = [moment for moment in ends if not math.isnan(moment)]
    middle = sum(SITES.passes) / 2
    value = max(read, key=lambda moment: abs(moment - middle), default=None)
    none = "no Mn at x = 2 reads as 3+ by its moment"
    say = _count(row) if read else none if _mn_known(row) else NO_MOMENTS.format("Mn")
    doubts = doubts_of([row], "moments")
    return SITES.judged(value, [row], model=model, doubts=doubts, say=say)


def charge_order(rows: Sequence[Row], model: str) -> Verdict:
    """Judge whether Mn3+ and Mn4+ are two clusters of the right size at x = 2."""
    row, missing = _finished(rows, model)
    if row is None:
        return CHARGES.judged(None, model=model, say=missing)
    if not _mn_known(row):
        return CHARGES.judged(None, [row], model=model, say=NO_MOMENTS.format("Mn"))
    split, counted, expected = (
        number(row, f"n_mn3{of}") for of in ("_gap", "", "_expected")
    )
    if math.isnan(expected):
        say = "how many Mn3+ the cell has by charge balance is not known"
        return CHARGES.judged(None, [row], model=model, say=say)
    outcome, say = _of_clusters(row, split, counted, expected)
    return CHARGES.judged(
        counted if math.isnan(split) else split,
        [row],
        model=model,
        doubts=joined(doubts_of([row], "charge"), _gap_unknown(row)),
        say=say,
        outcome=outcome,
    )


def _gap_unknown(row: Row) -> str:
    """Say that nobody knows the gap, without which charges are not ordered."""
    return f"x = {row['x']:g}: gap not known" if math.isnan(number(row, "gap")) else ""


def _of_clusters(
    row: Row, split: float, counted: float, expected: float
) -> tuple[Status, str]:
    spread = f"standard deviation of |m| {number(row, 'm_mn_std'):.2f} muB"
    if math.isnan(split):
        seen = f"no gap above {CLUSTER_GAP:g} muB between the moments of Mn ({spread})"
        return Status.FAIL, f"{seen}: symmetrised, delocalised, or of one valence"
    if split != round(expected):
        return Status.FAIL, f"{split:g} Mn3+ where charge balance has {expected:g}"
    if number(row, "n_anomalous") > 0:
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


def _mn_known(row: Row) -> bool:
    return not math.isnan(number(row, "n_mn3"))


def _count(row: Row) -> str:
    counted, expected = number(row, "n_mn3"), number(row, "n_mn3_expected")
    return f"{counted:g} Mn read as 3+, {expected:g} expected"
