"""One table of claims: every verdict is in it, and what fails comes first."""

from __future__ import annotations

from dataclasses import replace

from tests.workflows.report.test_verdict_summary import FAILS, HOLDS, OTHER, UNTESTED
from workflows.report.claims import claims
from workflows.results.verdict import Status

CHANGE = replace(OTHER, check="change", statement="change", insertion="tet_8b")


def test_a_statement_has_one_row_and_a_cell_for_each_model() -> None:
    (row,) = claims([FAILS, OTHER])
    assert row.verdicts == (OTHER, FAILS)
    assert not row.general


def test_a_statement_on_rows_that_models_share_has_one_cell() -> None:
    general = next(row for row in claims([HOLDS, CHANGE]) if row.general)
    assert general.verdicts == (HOLDS,)


def test_a_model_that_says_nothing_leaves_its_cell_empty() -> None:
    rows = claims([FAILS, OTHER, CHANGE])
    (row,) = (row for row in rows if row.statement == "change")
    assert row.verdicts == (None, CHANGE)


def test_what_fails_comes_first_and_what_holds_last() -> None:
    given = [HOLDS, replace(UNTESTED, check="u"), CHANGE, replace(FAILS, check="f")]
    assert [row.worst for row in claims(given)] == [
        *(Status.FAIL, Status.WARN, Status.NOT_COMPUTED, Status.PASS),
    ]


def test_a_row_is_as_bad_as_the_worst_of_its_models() -> None:
    (row,) = claims([FAILS, replace(OTHER, outcome=Status.PASS)])
    assert row.worst is Status.FAIL


def test_no_verdict_is_lost_even_where_two_say_the_same() -> None:
    given = [HOLDS, HOLDS, FAILS, FAILS, OTHER, UNTESTED, CHANGE]
    shown = [v for row in claims(given) for v in row.verdicts if v is not None]
    assert sorted(map(repr, shown)) == sorted(map(repr, given))
