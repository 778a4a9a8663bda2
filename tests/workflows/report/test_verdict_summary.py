"""What a reader is told first: how many statements hold, and why others do not."""

from __future__ import annotations

from dataclasses import replace

from workflows.report.verdict_summary import summaries
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
        "1 of 3 statements hold, 1 does not (mean |m| of Mn at x = 1), "
        "1 could not be tested"
    )
    assert (rocksalt.status, tetrahedral.status) == (Status.WARN, Status.FAIL)


def test_without_a_row_above_1_there_is_one_summary() -> None:
    (only,) = summaries([HOLDS])
    assert (only.insertion, only.headline) == ("", "1 of 1 statement holds")


def test_the_headline_names_three_that_fail_and_counts_the_others() -> None:
    failing = [replace(FAILS, statement=name) for name in "abcde"]
    (only,) = summaries(failing)
    assert only.headline == "0 of 5 statements hold, 5 do not (a; b; c; 2 more)"
