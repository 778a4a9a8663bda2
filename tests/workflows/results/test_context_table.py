"""The paper against itself: what calculations and measurements say of x."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from workflows import open_results
from workflows.campaign.calculation import Calculation
from workflows.errors import ResultsError
from workflows.records.document import State, TaskDocument
from workflows.results.columns import names
from workflows.results.context_table import CONTEXT, context_frame, finding
from workflows.results.results import Results

Finished = Callable[..., TaskDocument]
Project = Callable[..., Path]


def row(x: float, a: float, c: float, **more: object) -> dict[str, object]:
    return {
        **{"x": x, "formula": f"Li{round(8 * x)}Ni4Mn12O32", "state": "DONE"},
        **{"formula_units": 8, "a": a, "b": a, "c": c, "engine": "vasp"},
        **{"n_mn3": round(8 * max(0, x - 1)), "n_anomalous": 0, **more},
    }


ROWS = [row(0, 8.0, 8.0), row(1, 8.17, 8.17), row(1.125, 8.2, 8.2), row(2, 8.1, 8.7)]


def by_source(rows: Sequence[dict[str, object]]) -> dict[str, dict[str, float]]:
    found = context_frame(rows).to_dict("records")
    return {f"{r['source']} {r['x']:.3f}": r for r in found}


def test_measurements_mean_an_x_and_calculations_an_l3_l2() -> None:
    found = by_source(ROWS)
    assert list(found) == [
        *(f"calculation {x}" for x in ("0.000", "1.000", "1.125", "2.000")),
        *("NDP, interface 1.027", "EELS, film 2.000", "EELS, interface 2.860"),
    ]
    two = found["calculation 2.000"]
    assert (two["mn_valence"], two["l3_l2"]) == pytest.approx((10 / 3, 2.4))
    assert (two["mn_valence_found"], two["l3_l2_found"]) == pytest.approx((10 / 3, 2.4))
    assert found["NDP, interface 1.027"]["l3_l2"] == pytest.approx(2.01, abs=0.005)
    assert found["EELS, film 2.000"]["l3_l2"] == 2.4
    beyond = found["EELS, interface 2.860"]
    assert (beyond["in_model"], beyond["l3_l2"]) == (False, 2.9)
    assert beyond["mn_valence"] == pytest.approx(2.76)
    assert "beyond x = 2" in str(beyond["note"])


def test_the_planes_111_are_compared_with_x_1_and_read_between_two_x() -> None:
    found = by_source(ROWS)
    near = 100 * (8.2 / 8.17 - 1)
    assert found["calculation 1.125"]["d_111_change"] == pytest.approx(near)
    ndp = found["NDP, interface 1.027"]["d_111_change"]
    assert ndp == pytest.approx(near * 0.02727 / 0.125, rel=1e-3)
    assert found["EELS, film 2.000"]["d_111_change"] == pytest.approx(
        found["calculation 2.000"]["d_111_change"]
    )
    assert math.isnan(found["EELS, interface 2.860"]["d_111_change"])


def test_nothing_is_read_between_two_x_that_are_far_apart() -> None:
    found = by_source([ROWS[1], ROWS[3]])
    assert math.isnan(found["NDP, interface 1.027"]["d_111_change"])


def test_a_cell_that_was_not_relaxed_has_no_planes() -> None:
    found = by_source([{**ROWS[1], **dict.fromkeys("abc", math.nan)}])
    one = found["calculation 1.000"]
    assert math.isnan(one["d_111"])
    assert one["note"] == "the cell was not relaxed"


def test_a_cell_that_a_surrogate_relaxed_says_so() -> None:
    own = {**ROWS[1], "surrogate": False, "geometry": "CHGNet 0.3.0"}
    one = by_source([own])["calculation 1.000"]
    assert one["note"].startswith("the cell was relaxed by CHGNet 0.3.0, not by")


def test_collapsed_manganese_has_no_valence_found() -> None:
    one = by_source([{**ROWS[1], "n_anomalous": 2}])["calculation 1.000"]
    assert math.isnan(one["mn_valence_found"])
    assert math.isnan(one["l3_l2_found"])
    assert one["l3_l2"] == 2.0


def test_mn2_is_counted_as_mn2() -> None:
    # 4 Mn2+ and 8 Mn4+: (4*2 + 8*4)/12 = 10/3, as 8 Mn3+ and 4 Mn4+.
    two = by_source([{**ROWS[3], "n_mn3": 0, "n_mn2": 4}])["calculation 2.000"]
    assert two["mn_valence_found"] == pytest.approx(10 / 3)
    assert two["l3_l2_found"] == pytest.approx(2.4)
    mixed = by_source([{**ROWS[3], "n_mn3": 6, "n_mn2": 1}])["calculation 2.000"]
    assert mixed["mn_valence_found"] == pytest.approx((2 + 6 * 3 + 5 * 4) / 12)


def test_a_cell_with_mn2_is_read_by_its_moments_and_says_what_stands_against_it(
    project: Project, calculations: tuple[Calculation, ...], finished: Finished
) -> None:
    c = next(c for c in calculations if (c.x, c.insertion) == (2, "oct_16c_rocksalt"))
    sizes = iter([4.6] * 4 + [3.2] * 8)
    moments = tuple(
        next(sizes) if site.specie.symbol == "Mn" else m
        for site, m in zip(c.structure, finished(c).magnetization or (), strict=True)
    )
    results = open_results(project(finished(c, magnetization=moments)))
    assert results.series()["n_mn2"].iloc[0] == 4
    own = results.context().iloc[0]
    assert own["mn_valence_found"] == pytest.approx(10 / 3)
    assert "wrong valences" in own["findings"]
    assert set(results.context()["findings"].iloc[1:]) == {""}


def test_what_has_not_finished_is_left_out_and_the_measurements_stay() -> None:
    found = by_source([{**ROWS[1], "state": str(State.TRUNCATED)}])
    assert [name.partition(",")[0] for name in found] == ["NDP", "EELS", "EELS"]


def test_the_finding_names_the_three_x() -> None:
    told = finding()
    assert "do not agree on one x" in told
    for number in ("x = 1.027", "2.01", "x = 2.00", "x = 2.86"):
        assert number in told
    assert context_frame(ROWS).attrs["notes"] == [told]


def test_results_of_another_compound_are_refused() -> None:
    with pytest.raises(ResultsError, match="results on LixCoMnO4"):
        context_frame([{**ROWS[1], "formula": "Li8Co8Mn8O32"}])


def test_recorded_results_give_the_table_with_their_labels(
    project: Project, calculations: tuple[Calculation, ...], finished: Finished
) -> None:
    results: Results = open_results(
        project(*(finished(c) for c in calculations if c.x in {0, 1, 2}))
    )
    frame = results.context()
    assert tuple(frame.columns) == names(CONTEXT)
    own = frame[frame["source"] == "calculation"]
    assert set(own["engine"]) == {"vasp"}
    assert set(own["x"]) == {0, 1, 2}
    assert frame["l3_l2"].notna().all()
    for column in ("insertion", "note", "engine", "calculation_id"):
        assert {type(value) for value in frame[column]} == {str}
