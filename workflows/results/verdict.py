"""One statement of the paper, judged: the outcome, its limits, what to bear in mind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from workflows.records.document import State
from workflows.results.columns import Column, frame_of
from workflows.results.gates import Kind, against
from workflows.results.hosts import HOST
from workflows.results.labels import LABELS, ORDER, STATE_LABELS, combined
from workflows.results.magnetic_orders import not_the_papers
from workflows.results.qualifiers import qualifiers
from workflows.results.row_faults import Row

if TYPE_CHECKING:
    import pandas as pd

FINISHED = tuple(str(state) for state in State if state.usable)
"""States, as rows have them, of a result that counts."""


DECIMALS, FEWEST = 9, 3
"""Of a value as it is judged, and as it is shown."""


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
        Insertion model that the lithium of the x > 1 rows ended as; empty where no
        such row is used.
    value
        Ours; None if not computed.
    unit
        Of value and reference.
    reference
        The paper's value.
    tolerance
        The range that passes, and the one that only warns.
    why
        Reason of the tolerance.
    outcome
        PASS, WARN, FAIL or NOT_COMPUTED, by the value and by what stands against it.
    reason
        Why it is not computed or does not pass, or what to bear in mind.
    calculations
        Ids of the rows used.
    headline
        Whether the overall verdict needs it.
    labels
        What made the numbers, see :func:`~workflows.results.labels.combined`.
    limits
        Where its outcome changes, in its unit.
    """

    check: str
    statement: str
    insertion: str
    value: float | None
    unit: str
    reference: str
    tolerance: str
    outcome: Status
    reason: str
    calculations: tuple[str, ...]
    headline: bool
    why: str = ""
    labels: Mapping[str, Any] = field(default_factory=dict, hash=False)
    limits: tuple[float, ...] = ()

    @property
    def shown(self) -> str:
        """The value with the digits that tell it from its limits; empty for none."""
        return "" if self.value is None else digits_of(self.value, self.limits)

    @property
    def status(self) -> str:
        """The outcome; with what it is of where that is not DFT at the paper's U."""
        return qualified(self.outcome, qualifiers(self.labels))


def qualified(outcome: str, of: Sequence[str]) -> str:
    """Write an outcome with what it is of, such as ``PASS (surrogate)``."""
    if outcome is Status.NOT_COMPUTED or not of:
        return outcome
    return f"{outcome} ({'; '.join(of)})"


def overall(verdicts: Sequence[Verdict], insertion: str) -> str:
    """Return whether moments, charge order and lattice agree, for one model.

    The worst of the headline rows; one that is not computed leaves the whole
    NOT_COMPUTED unless another fails. A surrogate, a fake and another U than the
    paper's are said in it, as in ``Verdict.status``.
    """
    own = [v for v in verdicts if v.headline and v.insertion in {"", insertion}]
    outcomes = {v.outcome for v in own}
    order = (Status.FAIL, Status.NOT_COMPUTED, Status.WARN)
    worst = next((status for status in order if status in outcomes), Status.PASS)
    if not own:
        worst = Status.NOT_COMPUTED
    of = dict.fromkeys(q for v in own for q in qualifiers(v.labels))
    return qualified(worst, tuple(of))


def models_of(verdicts: Iterable[Verdict]) -> tuple[str, ...]:
    """Return the insertion models that are judged; one empty name without any."""
    return tuple(sorted({v.insertion for v in verdicts if v.insertion})) or ("",)


def ids_of(rows: Sequence[Row]) -> tuple[str, ...]:
    """Return the ids of the calculations behind rows."""
    return tuple(str(row["calculation_id"]) for row in rows)


def without_noise(value: float) -> float:
    """Return a value without what adding and subtracting numbers leaves behind.

    VASP prints a moment with three decimals; 3.2 - 3.0 is 0.20000000000000018.
    """
    return round(value, DECIMALS)


def digits_of(value: float, limits: Sequence[float]) -> str:
    """Write a value with three decimals, or as many as put it on its side of limits."""
    sides = [_side(value, limit) for limit in limits]
    for decimals in range(FEWEST, DECIMALS):
        shown = f"{value:.{decimals}f}"
        if [_side(float(shown), limit) for limit in limits] == sides:
            return shown
    return f"{value:.{DECIMALS}f}"


def _side(value: float, limit: float) -> int:
    return (value > limit) - (value < limit)


def rated(
    value: float | None, passes: tuple[float, float], warns: tuple[float, float]
) -> Status:
    """Return the outcome of a value by the ranges that pass and warn, ends included."""
    if value is None:
        return Status.NOT_COMPUTED
    if passes[0] <= value <= passes[1]:
        return Status.PASS
    return Status.WARN if warns[0] <= value <= warns[1] else Status.FAIL


def capped(outcome: Status, doubts: str) -> Status:
    """Return WARN for a PASS that something stands against."""
    return Status.WARN if outcome is Status.PASS and doubts else outcome


def doubts_of(rows: Sequence[Row], kind: Kind) -> str:
    """Return what keeps rows from a PASS, such as ``x = 2: no gap``."""
    found = [(f"x = {r['x']:g}", ", ".join(_doubts(r, kind))) for r in rows]
    return "; ".join(f"{x}: {words}" for x, words in found if words)


def _doubts(row: Row, kind: Kind) -> tuple[str, ...]:
    found = against(row, kind)
    ended, start = str(row.get("ended_as") or ""), str(row["insertion"])
    if row["x"] > 1 and ended and ended != start:
        found += (f"started as {start}",)
    order = not_the_papers(row)
    return (*found, order) if order else found


def remarks(rows: Sequence[Row]) -> str:
    """Return what to bear in mind of rows beside findings: starts not finished."""
    return "; ".join(
        f"x = {row['x']:g}: {row['n_orderings']} of {row['n_planned']} starts finished"
        for row in rows
        if row.get("n_orderings", 1) < row.get("n_planned", 1)
    )


def joined(*parts: str) -> str:
    """Join the parts of a reason that say something."""
    return "; ".join(part for part in parts if part)


VERDICT_COLUMNS = (
    Column("check"),
    Column("statement", shown=True),
    *(
        Column(c.name, c.unit, c.dtype, shown=c.name == "insertion")
        for c in STATE_LABELS
    ),
    Column("value", "unit: see the column unit", "number", shown=True),
    Column("unit", shown=True),
    Column("reference", shown=True),
    Column("tolerance", shown=True),
    Column("why"),
    Column("status", shown=True),
    Column("reason", shown=True),
    Column("calculations"),
    Column("headline", dtype="flag"),
    *LABELS,
    ORDER,
    HOST,
    Column("started_as", "insertion model of the start"),
)
"""Columns of the table of verdicts; ``insertion`` is the model that is judged."""


def verdict_frame(verdicts: Sequence[Verdict]) -> pd.DataFrame:
    """Return one row for each statement of the paper."""
    return frame_of([_row(v) for v in verdicts], VERDICT_COLUMNS)


def _row(verdict: Verdict) -> dict[str, Any]:
    labels = {**combined(()), **verdict.labels}
    return {
        **labels,
        "started_as": labels["insertion"],
        "check": verdict.check,
        "statement": verdict.statement,
        "insertion": verdict.insertion,
        "value": verdict.value,
        "unit": verdict.unit,
        "reference": verdict.reference,
        "tolerance": verdict.tolerance,
        "why": verdict.why,
        "status": str(verdict.status),
        "reason": verdict.reason,
        "calculations": " ".join(verdict.calculations),
        "headline": verdict.headline,
    }


def short_reason(verdict: Verdict) -> str:
    """Return the reason; of what is not computed without the cure after the colon."""
    if verdict.value is not None:
        return verdict.reason
    return verdict.reason.partition(": ")[0]
