"""A value at its limit: what adding numbers leaves behind decides nothing."""

from __future__ import annotations

import pytest

from workflows.results.statement import INF, POSITIVE, Range, Statement
from workflows.results.verdict import Status


def statement(passes: Range, warns: Range | None = None) -> Statement:
    return Statement("check", "words", "muB", "0", passes, warns or passes, "")


@pytest.mark.parametrize(("high", "low"), [(3.2, 3.0), (3.0, 2.8), (0.3, 0.1)])
def test_a_difference_of_printed_numbers_at_its_limit_passes(
    high: float, low: float
) -> None:
    found = statement((-0.2, 0.2)).judged(high - low)
    assert (found.outcome, found.value, found.shown) == (Status.PASS, 0.2, "0.200")
    assert statement((-0.2, 0.2)).judged(low - high).outcome is Status.PASS


@pytest.mark.parametrize(
    ("value", "passes", "warns", "outcome", "shown"),
    [
        (0.04999, (0.05, INF), (0.001, INF), Status.WARN, "0.04999"),
        (0.00096, (0.05, INF), (0.001, INF), Status.FAIL, "0.00096"),
        (0.2001, (-0.2, 0.2), (-0.2, 0.2), Status.FAIL, "0.2001"),
        (0.00001, (POSITIVE, INF), (POSITIVE, INF), Status.PASS, "0.00001"),
        (0.0, (POSITIVE, INF), (POSITIVE, INF), Status.FAIL, "0.000"),
        (1.7123, (1.6, 1.8), (1.5, 1.9), Status.PASS, "1.712"),
    ],
)
def test_a_value_is_shown_on_its_side_of_its_limits(
    value: float, passes: Range, warns: Range, outcome: Status, shown: str
) -> None:
    found = statement(passes, warns).judged(value)
    assert (found.outcome, found.shown) == (outcome, shown)


def test_no_value_is_shown_as_none() -> None:
    assert statement((0, 1)).judged(None).shown == ""
