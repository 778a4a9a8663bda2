"""One statement of the paper, judged: the outcome, its limits, what to bear in mind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from workflows.records.document import State
from workflows.results.paper_statements import INF, POSITIVE, Check, Row

if TYPE_CHECKING:
    import pandas as pd

FINISHED = tuple(str(state) for state in State if state.usable)
"""States, as rows have them, of a result that counts."""


class Status(StrEnum):
    """Outcome of one check."""

    PASS = "PASS"
    WARN = "WARN"
    FAIL = "FAIL"
    NOT_COMPUTED = "NOT_COMPUTED"


@dataclass(frozen=True)
class Verdict:
    """One statement of the paper, and what the rows say to it.

    Attributes
    ----------
    check
        Name of the check.
    statement
        What the paper says, or what follows from it.
    insertion
        Insertion model of the x > 1 rows used; empty where none is.
    value
        Ours; None if not computed.
    unit
        Of value and reference.
    reference
        The paper's value.
    tolerance
        The range that passes, and the one that only warns.
    status
        The outcome.
    reason
        Why it is not computed, or what to bear in mind.
    calculations
        Ids of the rows used.
    headline
        Whether the overall verdict needs it.
    """

    check: str
    statement: str
    insertion: str
    value: float | None
    unit: str
    reference: str
    tolerance: str
    status: Status
    reason: str
    calculations: tuple[str, ...]
    headline: bool


def overall(verdicts: Sequence[Verdict], insertion: str) -> Status:
    """Return whether the moments and lattice rows agree, for one insertion model."""
    statuses = {
        v.status for v in verdicts if v.headline and v.insertion in {"", insertion}
    }
    for status in (Status.FAIL, Status.NOT_COMPUTED, Status.WARN):
        if status in statuses:
            return status
    return Status.PASS


def row_at(rows: Sequence[Row], x: float, model: str) -> Row | None:
    """Return the row at x, above 1 that of an insertion model; None without one."""
    for row in rows:
        if abs(row["x"] - x) < 1e-9 and (x <= 1 or row["insertion"] == model):
            return row
    return None


def ids_of(rows: Sequence[Row]) -> tuple[str, ...]:
    """Return the ids of the calculations behind rows."""
    return tuple(str(row["calculation_id"]) for row in rows)


def rated(
    value: float | None, passes: tuple[float, float], warns: tuple[float, float]
) -> Status:
    """Return the outcome of a value by the ranges that pass and warn, ends included."""
    if value is None:
        return Status.NOT_COMPUTED
    if passes[0] <= value <= passes[1]:
        return Status.PASS
    return Status.WARN if warns[0] <= value <= warns[1] else Status.FAIL


def tolerance_of(check: Check) -> str:
    """Return both ranges of a check in words."""
    shown = in_words(check.passes)
    return (
        shown
        if check.warns == check.passes
        else f"{shown}, warns {in_words(check.warns)}"
    )


def in_words(limits: tuple[float, float]) -> str:
    """Return a range as people write it, such as ``1.6..1.8`` or ``> 0``."""
    low, high = limits
    if low == -INF:
        return f"<= {high:g}"
    if low == POSITIVE:
        return "> 0"
    return f">= {low:g}" if high == INF else f"{low:g}..{high:g}"


def remarks(rows: Sequence[Row]) -> str:
    """Return what to bear in mind of rows: findings, a review, starts not finished."""
    told = []
    for row in rows:
        own = [row["findings"]] if row.get("findings") else []
        if row["state"] == "NEEDS_REVIEW":
            own.append("needs review")
        if row.get("n_orderings", 1) < row.get("n_planned", 1):
            own.append(f"{row['n_orderings']} of {row['n_planned']} starts finished")
        if own:
            told.append(f"x = {row['x']:g}: {', '.join(own)}")
    return "; ".join(told)


def verdict_frame(verdicts: Sequence[Verdict]) -> pd.DataFrame:
    """Return one row for each statement of the paper."""
    import pandas as pd

    rows = [
        asdict(v) | {"calculations": " ".join(v.calculations), "status": str(v.status)}
        for v in verdicts
    ]
    return pd.DataFrame(rows)


def short_reason(verdict: Verdict) -> str:
    """Return the reason; of what is not computed without the cure after the colon."""
    if verdict.value is not None:
        return verdict.reason
    return verdict.reason.partition(": ")[0]
