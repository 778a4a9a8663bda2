"""A message counts in good English: 1 step, 2 steps."""

from __future__ import annotations

import pytest

from workflows.counts import count_of


@pytest.mark.parametrize(
    ("number", "shown"),
    [(0, "0 steps"), (1, "1 step"), (2, "2 steps"), (-1, "-1 steps")],
)
def test_only_one_is_singular(number: int, shown: str) -> None:
    assert count_of(number, "step") == shown


def test_the_plural_may_be_any_words() -> None:
    words = ("step is done", "steps are done")
    assert [count_of(n, *words) for n in (1, 3)] == [
        "1 step is done",
        "3 steps are done",
    ]


def test_the_number_that_is_shown_decides() -> None:
    assert count_of(1.0004, "hour", form=".3g") == "1 hour"
    assert count_of(1.04, "hour", form=".3g") == "1.04 hours"
    assert count_of(10_000, "run", form=",") == "10,000 runs"
