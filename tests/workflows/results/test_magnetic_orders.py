"""A state of another magnetic order than the paper's is named, and never passes alone.

The paper starts Ni against Mn; experiment has a ferrimagnet at x = 1. Mean |m| are the
same in every order, so only the signs tell a ferromagnet.
"""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.paper_rows import MODEL, row, series, verdict
from tests.places import TESTS
from workflows.records.store import FileResults
from workflows.results.magnetic_orders import order_of
from workflows.results.paper import compare_to_paper, lowest_by_order
from workflows.results.results import Results
from workflows.results.verdict import Status, Verdict, overall

PASS, WARN, FAIL = Status.PASS, Status.WARN, Status.FAIL
Row = dict[str, Any]
FM, AFM = "ferromagnetic", "antiferromagnetic Mn"
NOT_FIM = "x = 1: the lowest state is {}, not ferrimagnetic"


def fm(x: float, **more: Any) -> Row:
    own = row(x)
    return own | {"m_ni_signed": own["m_ni"], "magnetic_order": "fm"} | more


def afm(x: float, **more: Any) -> Row:
    turned = {"m_mn_signed": 0.0, "mixed_sign": True, "magnetic_order": "afm_mn"}
    return row(x) | turned | more


def judged(rows: list[Row], check: str) -> Verdict:
    found = compare_to_paper(rows, orders=lowest_by_order(rows))
    return next(v for v in found if v.check == check)


@pytest.mark.parametrize(("order", "words"), [(fm, FM), (afm, AFM)])
def test_a_campaign_in_another_order_never_passes_without_saying_it(
    order: Any, words: str
) -> None:
    rows = [order(r["x"]) for r in series()]
    verdicts = [v for v in compare_to_paper(rows) if v.value is not None]
    assert len(verdicts) > 15
    assert all(v.status.endswith(f" ({words})") for v in verdicts)
    assert verdict(rows, "m_mn_x2").status == f"PASS ({words})"
    assert overall(verdicts, MODEL) == f"WARN ({words})"


@pytest.mark.parametrize(("order", "words"), [(fm, FM), (afm, AFM)])
def test_the_lowest_state_at_x_1_is_the_ferrimagnet_or_a_doubt(
    order: Any, words: str
) -> None:
    at_one = [row(1, energy_per_fu=-51.0), order(1, energy_per_fu=-51.2)]
    found = verdict([*series(), *at_one], "m_ni_x1")
    assert (found.outcome, found.reason) == (WARN, NOT_FIM.format(words))
    other = [row(1, energy_per_fu=-51.2), order(1, energy_per_fu=-51.0)]
    assert verdict([*series(), *other], "m_ni_x1").status is PASS


def test_of_two_orders_of_one_energy_the_other_than_the_papers_is_judged() -> None:
    tied = [row(1, energy_per_fu=-51.0), fm(1, energy_per_fu=-51.00005)]
    for rows in (tied, tied[::-1]):
        found = verdict([*series()[:2], *rows, *series()[3:]], "m_ni_x1")
        assert found.status == f"WARN ({FM})"


def test_a_change_over_x_is_of_one_order() -> None:
    rows = series(afm(2))
    found = verdict(rows, "m_mn_1_to_2")
    assert found.status == f"WARN ({AFM})"
    assert found.reason == (
        "not one magnetic order: ferrimagnetic at x = 1, antiferromagnetic Mn at x = 2"
    )
    assert verdict(rows, "c_ratio_trend").outcome is WARN
    assert verdict(rows, "m_mn_x2").status == f"PASS ({AFM})"  # one row, no change


def test_nickel_without_a_moment_is_in_either_order() -> None:
    fully_out = fm(0, m_ni=0.2, m_ni_signed=0.2)
    assert verdict(series(fully_out), "m_ni_1_to_0").outcome is PASS
    rows = series(fm(0, m_ni=0.6, m_ni_signed=0.6))
    assert verdict(rows, "m_ni_1_to_0").outcome is WARN


@pytest.mark.parametrize(
    ("of", "order"),
    [
        ({"m_ni_signed": 1.7, "magnetic_order": "fim"}, "fm"),  # as it ended
        ({"m_ni_signed": 0.2, "magnetic_order": "fim"}, "fim"),  # else as planned
        ({"m_ni_signed": math.nan, "magnetic_order": "fm"}, "fm"),
        ({"m_ni_signed": 0.2}, ""),
        ({"mixed_sign": True, "magnetic_order": "fim"}, "mixed"),
        ({"mixed_sign": True, "magnetic_order": "afm_mn"}, "afm_mn"),
        ({"m_ni_signed": 0.2, "magnetic_order": "afm_mn"}, ""),  # Mn all one way
        ({"surrogate": True, "magnetic_order": "fim"}, ""),  # no signs
    ],
)
def test_an_order_is_that_of_the_end_where_the_moments_tell_it(
    of: Row, order: str
) -> None:
    assert order_of(row(1) | of) == order


def test_mn_planned_up_and_down_that_ended_one_way_is_flipped() -> None:
    found = verdict(series(row(2, magnetic_order="afm_mn")), "m_mn_x2")
    assert (found.outcome, found.reason) == (WARN, "x = 2: moment flipped")


@pytest.mark.parametrize(
    ("order", "words"), [(afm, AFM), (None, "moments up and down")]
)
def test_a_third_order_below_the_ferrimagnet_fails_its_claim(
    order: Any, words: str
) -> None:
    make = order or (lambda x, **more: row(x, mixed_sign=True, **more))
    pair = [row(1, energy_per_fu=-51.2), fm(1, energy_per_fu=-51.1)]
    found = judged([*pair, make(1, energy_per_fu=-51.5)], "fim_below_fm")
    assert (found.outcome, found.value) == (FAIL, pytest.approx(300))
    assert found.reason.endswith(f"the lowest other order is {words}")
    above = judged([*pair, make(1, energy_per_fu=-51.0)], "fim_below_fm")
    assert (above.status, above.value) == (PASS, pytest.approx(-100))


def test_a_real_ferromagnet_at_x_1_is_named(tmp_path: Path) -> None:
    source = TESTS / "data" / "gpaw" / "dft"
    root = Path(shutil.copytree(source, tmp_path / "dft"))
    shutil.rmtree(root / "calculations" / fim_at_one(root))
    found = {v.check: v for v in Results(FileResults(root)).compare_to_paper()}
    assert found["m_ni_x1"].status.startswith(f"WARN (surrogate geometry; {FM}")
    assert NOT_FIM.format(FM) in found["m_ni_x1"].reason
    assert "not one magnetic order" in found["m_ni_1_to_2"].reason


def fim_at_one(root: Path) -> str:
    rows = Results(FileResults(root)).series().to_dict("records")
    return str(next(r["calculation_id"] for r in rows if r["x"] == 1))
