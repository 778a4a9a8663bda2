"""What a reader is told first: how many statements hold, and why others do not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from workflows.report.verdict_summary import in_words, summaries
from workflows.results.verdict import Status, Verdict

HOLDS = Verdict(
    check="m_mn_x1",
    statement="mean |m| of Mn at x = 1",
    insertion="",
    value=3.2004,
    unit="muB",
    reference="3.2",
    tolerance="3..3.4",
    outcome=Status.PASS,
    reason="",
    calculations=("abc",),
    headline=True,
)
FAILS = replace(
    HOLDS, insertion="tet_8b", value=0.5, outcome=Status.FAIL, reason="x = 2: Li moved"
)
UNTESTED = replace(
    HOLDS,
    value=None,
    outcome=Status.NOT_COMPUTED,
    reason="no lithium metal reference: lnmo run",
    headline=False,
)
OTHER = replace(HOLDS, insertion="oct_16c_rocksalt", outcome=Status.WARN)


def test_each_model_has_the_general_statements_and_its_own() -> None:
    rocksalt, tetrahedral = summaries([HOLDS, FAILS, UNTESTED, OTHER])
    assert rocksalt.insertion == "oct_16c_rocksalt"
    assert rocksalt.holds == (HOLDS,)
    assert rocksalt.doubtful == (OTHER,)
    assert rocksalt.fails == ()
    assert rocksalt.headline == (
        "1 of 3 statements hold, 1 with a doubt, 1 could not be tested"
    )
    assert tetrahedral.fails == (FAILS,)
    assert tetrahedral.untested == (UNTESTED,)
    assert tetrahedral.headline == (
        "1 of 3 statements hold, 1 does not, 1 could not be tested"
    )
    assert (rocksalt.status, tetrahedral.status) == (Status.WARN, Status.FAIL)


def test_without_a_row_above_1_there_is_one_summary() -> None:
    (only,) = summaries([HOLDS])
    assert (only.insertion, only.headline) == ("", "1 of 1 statements hold")


@pytest.mark.parametrize(
    ("verdict", "text"),
    [
        (HOLDS, "3.2 μB here, 3.2 in the paper"),
        (FAILS, "0.5 μB here, 3.2 in the paper (x = 2: Li moved)"),
        (UNTESTED, "no lithium metal reference"),
    ],
)
def test_ours_stands_beside_the_paper_s_or_the_reason_alone(
    verdict: Verdict, text: str
) -> None:
    assert in_words(verdict) == text
