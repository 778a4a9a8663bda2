"""Verdicts -> the one table of claims: a row for each statement, a cell a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from workflows.results.verdict import Status, Verdict, models_of, short_reason

ORDER = (Status.FAIL, Status.WARN, Status.NOT_COMPUTED, Status.PASS)
"""Rows by the worst of their outcomes: what does not hold is read first."""


@dataclass(frozen=True)
class Claim:
    """One statement of the paper beside what the models say to it.

    Attributes
    ----------
    statement, reference, tolerance, unit, why
        As in :class:`~workflows.results.verdict.Verdict`.
    verdicts
        One for each model of the table, None where it has none; a single one where the
        statement rests on rows up to x = 1 alone.
    """

    statement: str
    reference: str
    tolerance: str
    unit: str
    why: str
    verdicts: tuple[Verdict | None, ...]

    @property
    def general(self) -> bool:
        """Whether the statement is the same for every model."""
        (first, *_) = self.verdicts
        return len(self.verdicts) == 1 and first is not None and not first.insertion

    @property
    def worst(self) -> Status:
        """The worst outcome of the row."""
        found = {v.outcome for v in self.verdicts if v is not None}
        return next(status for status in ORDER if status in found)


def claims(verdicts: Sequence[Verdict]) -> tuple[Claim, ...]:
    """Return a row for each statement, what fails first; else in the given order."""
    models = models_of(verdicts)
    grouped: dict[tuple[object, ...], list[Verdict]] = {}
    times: Counter[tuple[object, ...]] = Counter()  # none is lost if one comes twice
    for v in verdicts:
        key = (v.check, v.statement, v.reference, v.tolerance, v.unit, v.why)
        again = times[(*key, v.insertion)]
        times[(*key, v.insertion)] += 1
        grouped.setdefault((*key, not v.insertion, again), []).append(v)
    rows = [_claim(own, models) for own in grouped.values()]
    return tuple(sorted(rows, key=lambda row: ORDER.index(row.worst)))


def _claim(own: Sequence[Verdict], models: Sequence[str]) -> Claim:
    first = own[0]
    cells = _cells(own, models)
    return Claim(
        *(first.statement, first.reference, first.tolerance, first.unit, first.why),
        cells,
    )


def _cells(own: Sequence[Verdict], models: Sequence[str]) -> tuple[Verdict | None, ...]:
    by_model = {v.insertion: v for v in own}
    if "" in by_model:
        return (by_model[""],)
    return tuple(by_model.get(model) for model in models)


def remark(verdict: Verdict) -> str:
    """Return what stands against a verdict, or why there is none, in a few words."""
    return short_reason(verdict)
