"""Verdicts -> the first thing on the page: what holds and what does not, in a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workflows.counts import count_of
from workflows.results.qualifiers import qualifiers
from workflows.results.verdict import (
    Status,
    Verdict,
    models_of,
    overall,
    qualified,
)

NAMED = 3
"""Statements that do not hold are named in the headline; the others are counted."""


@dataclass(frozen=True)
class Summary:
    """What the statements of the paper come to with one insertion model.

    Attributes
    ----------
    insertion
        Insertion model of the rows above x = 1; empty where there is none.
    status
        Of moments, charge order and lattice together; with what it is of where that
        is not DFT at the paper's U, such as ``FAIL (surrogate)``.
    headline
        One sentence.
    holds, doubtful, fails, untested
        Verdicts that pass, that warn, that fail, that could not be computed; the
        general ones and those of this model.
    """

    insertion: str
    status: str
    headline: str
    holds: tuple[Verdict, ...]
    doubtful: tuple[Verdict, ...]
    fails: tuple[Verdict, ...]
    untested: tuple[Verdict, ...]


def summaries(verdicts: Sequence[Verdict]) -> tuple[Summary, ...]:
    """Sum up the verdicts, once for each insertion model."""
    return tuple(_summary(verdicts, model) for model in models_of(verdicts))


def why_unjudged(verdicts: Sequence[Verdict]) -> str:
    """Return in one line why no statement is judged; empty if some are."""
    if any(v.value is not None for v in verdicts):
        return ""
    reasons = dict.fromkeys(v.reason for v in verdicts)
    why = next(iter(reasons)) if len(reasons) == 1 else "nothing has finished yet"
    return (
        f"None of {count_of(len(verdicts), 'statement')} of the paper is judged: {why}."
    )


def written(unit: str) -> str:
    """Return a unit with the letters of print; tables keep to ASCII."""
    return {"muB": "μB", "A": "Å"}.get(unit, unit)


def _summary(verdicts: Sequence[Verdict], model: str) -> Summary:
    own = [v for v in verdicts if v.insertion in {"", model}]
    holds = tuple(v for v in own if v.outcome is Status.PASS)
    doubtful = tuple(v for v in own if v.outcome is Status.WARN)
    fails = tuple(v for v in own if v.outcome is Status.FAIL)
    untested = tuple(v for v in own if v.outcome is Status.NOT_COMPUTED)
    of = dict.fromkeys(q for v in holds for q in qualifiers(v.labels))
    headline = qualified(
        f"{len(holds)} of {count_of(len(own), 'statement holds', 'statements hold')}",
        tuple(of),
    )
    if doubtful:
        headline += f", {len(doubtful)} with a doubt"
    if fails:
        headline += f", {len(fails)} {'does' if len(fails) == 1 else 'do'} not"
        headline += f" ({_named(fails)})"
    if untested:
        headline += f", {len(untested)} could not be tested"
    status = overall(verdicts, model)
    return Summary(model, status, headline, holds, doubtful, fails, untested)


def _named(verdicts: Sequence[Verdict]) -> str:
    names = list(dict.fromkeys(v.statement for v in verdicts))
    more = [f"{len(names) - NAMED} more"] if len(names) > NAMED else []
    return "; ".join(names[:NAMED] + more)
