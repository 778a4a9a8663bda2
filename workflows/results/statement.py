"""``Statement``: one sentence of the paper with its limits, and how it is judged."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workflows.results.labels import combined
from workflows.results.row_faults import Row
from workflows.results.verdict import (
    Status,
    Verdict,
    capped,
    ids_of,
    joined,
    rated,
    remarks,
    without_noise,
)

INF = math.inf
POSITIVE = math.ulp(0.0)
"""The smallest number above zero: a limit that zero itself does not meet."""
Range = tuple[float, float]


@dataclass(frozen=True)
class Statement:
    """What the paper says, and the limits of a value that agrees with it.

    Attributes
    ----------
    name, statement, unit, reference
        As in ``Verdict``.
    passes, warns
        Ranges, both ends included, in which the value passes, and only warns.
    why
        Reason of the ranges.
    headline
        Whether the overall verdict needs it.
    told
        The ranges in words, where `in_words` cannot say them.
    """

    name: str
    statement: str
    unit: str
    reference: str
    passes: Range
    warns: Range
    why: str
    headline: bool = field(default=True, kw_only=True)
    told: str = field(default="", kw_only=True)

    @property
    def tolerance(self) -> str:
        """Both ranges in words."""
        shown = self.told or in_words(self.passes)
        same = self.told or self.warns == self.passes
        return shown if same else f"{shown}, warns {in_words(self.warns)}"

    def judged(
        self,
        value: float | None,
        rows: Sequence[Row] = (),
        *,
        model: str = "",
        doubts: str = "",
        say: str = "",
        outcome: Status | None = None,
        labels: Mapping[str, Any] | None = None,
    ) -> Verdict:
        """Judge a value.

        Parameters
        ----------
        value
            Ours; None if there is none.
        rows
            What it rests on.
        model
            Insertion model, where rows above x = 1 are used.
        doubts
            What keeps it from a PASS.
        say
            Why there is no value; else what to bear in mind of it.
        outcome
            Instead of that by the ranges.
        labels
            Instead of those of the rows.
        """
        value = None if value is None else without_noise(value)
        own = rated(value, self.passes, self.warns) if outcome is None else outcome
        none = value is None
        return Verdict(
            check=self.name,
            statement=self.statement,
            insertion=model,
            value=value,
            unit=self.unit,
            reference=self.reference,
            tolerance=self.tolerance,
            outcome=capped(own, doubts),
            reason=say if none else joined(doubts, say, remarks(rows)),
            calculations=ids_of(rows),
            headline=self.headline,
            why=self.why,
            labels=combined(rows) if labels is None else labels,
            limits=tuple(
                end for end in (*self.passes, *self.warns) if math.isfinite(end)
            ),
        )


def in_words(limits: Range) -> str:
    """Return a range as people write it, such as ``1.6..1.8`` or ``> 0``."""
    low, high = limits
    if low == -INF:
        return "< 0" if high == -POSITIVE else f"<= {high:g}"
    if low == POSITIVE:
        return "> 0"
    return f">= {low:g}" if math.isinf(high) else f"{low:g}..{high:g}"
