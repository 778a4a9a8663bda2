"""In how many variants of a study each statement of the paper holds.

A conclusion that holds with one functional alone is a property of that functional. A
statement holds where its verdict is PASS; a PASS that something stands against is a
WARN, and is counted as such. Variants without a verdict are not counted at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workflows.results.columns import Column, frame_of, names
from workflows.results.labels import LABELS, combined
from workflows.results.qualifiers import qualifiers
from workflows.results.verdict import Status, Verdict

if TYPE_CHECKING:
    import pandas as pd

STATEMENTS = (
    Column("check"),
    Column("statement", shown=True),
    Column("insertion", "model that Li ended as; empty: no x above 1", shown=True),
    Column("holds", "variants whose verdict is PASS", "count"),
    Column("judged", "variants with a verdict", "count"),
    Column("in_words", "holds in n of m", shown=True),
    Column("passes", "variants", shown=True),
    Column("warns", "variants, with what stands against them", shown=True),
    Column("fails", "variants, with their value", shown=True),
    Column("not_judged", "variants without a verdict", shown=True),
    Column("headline", dtype="flag"),
    *LABELS,
)
"""Columns of the table of statements; labels of several variants are joined."""
IN_EVERY_VARIANT = ("functional ", "U ")
"""What a variant of a study may change, and its name says; not said of each again."""


def statement_frame(verdicts: Mapping[str, Sequence[Verdict]]) -> pd.DataFrame:
    """Count the verdicts of each statement over the variants.

    Parameters
    ----------
    verdicts
        Variant -> what ``Results.compare_to_paper`` gave.

    Returns
    -------
    pandas.DataFrame
        One row for each statement and insertion model, in the order of the verdicts.
    """
    grouped: dict[tuple[str, str], dict[str, Verdict]] = {}
    for variant, own in verdicts.items():
        for verdict in own:
            place = (verdict.check, verdict.insertion)
            grouped.setdefault(place, {})[variant] = verdict
    models = {check: {m for c, m in grouped if c == check} for check, _ in grouped}
    rows = [
        _row(own, tuple(verdicts))
        for (check, model), own in grouped.items()
        # A variant that has not come so far has one row without a model.
        if model or models[check] == {""}
    ]
    return frame_of(rows, STATEMENTS)


def _row(own: Mapping[str, Verdict], variants: Sequence[str]) -> dict[str, Any]:
    first = next(iter(own.values()))

    def of(outcome: Status) -> dict[str, Verdict]:
        return {name: v for name, v in own.items() if v.outcome is outcome}

    passes, warns, fails = map(of, (Status.PASS, Status.WARN, Status.FAIL))
    judged = len(passes) + len(warns) + len(fails)
    named = {*passes, *warns, *fails}
    made = combined([v.labels for v in own.values() if v.labels.get("engine")])
    return {
        "check": first.check,
        "statement": first.statement,
        "insertion": first.insertion,
        "holds": len(passes),
        "judged": judged,
        "in_words": f"holds in {len(passes)} of {judged}" if judged else "not judged",
        "passes": ", ".join(f"{n}{_of(v)}" for n, v in passes.items()),
        "warns": "; ".join(f"{n}{_value(v)}" for n, v in warns.items()),
        "fails": "; ".join(f"{n}{_value(v)}" for n, v in fails.items()),
        "not_judged": ", ".join(name for name in variants if name not in named),
        "headline": first.headline,
        **{name: made[name] for name in names(LABELS)},
    }


def _value(verdict: Verdict) -> str:
    value = f" {verdict.shown} {verdict.unit}" if verdict.shown else ""
    why = f": {verdict.reason}" if verdict.reason else ""
    return f"{value.rstrip()}{_of(verdict)}{why}"


def _of(verdict: Verdict) -> str:
    """Return what a verdict is of where that is not DFT alone: `` (fake)``."""
    found = qualifiers(verdict.labels)
    kept = [name for name in found if not name.startswith(IN_EVERY_VARIANT)]
    return f" ({', '.join(kept)})" if kept else ""
