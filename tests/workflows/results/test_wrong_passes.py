"""Roads to a wrong PASS that were open: each input here used to pass."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from tests.paper_rows import MODEL, row, series, verdict
from workflows.campaign.calculation import Calculation
from workflows.records.document import Finding, TaskDocument
from workflows.records.summary import summarize
from workflows.results.calculation_rows import result_row
from workflows.results.gates import against
from workflows.results.judged_rows import judged_rows
from workflows.results.paper import compare_to_paper, lowest_by_order
from workflows.results.row_faults import seen_in
from workflows.results.start_left import STILL, UNKNOWN
from workflows.results.verdict import Status

PASS, WARN, FAIL, NONE = Status.PASS, Status.WARN, Status.FAIL, Status.NOT_COMPUTED
NAN = math.nan
Finished = Callable[..., TaskDocument]
Calculations = tuple[Calculation, ...]
Row = dict[str, Any]


def outcomes(rows: list[Row], *checks: str) -> dict[str, Status]:
    return {check: verdict(rows, check).outcome for check in checks}


OF_ONE = ("a_x1", "c_ratio_to_x1")
LEFT = {"start_strain": 0.0009, "max_force": NAN, "max_stress": NAN}


# --- a cell that is still its start


@pytest.mark.parametrize(
    ("evidence", "outcome"),
    [
        (LEFT, WARN),
        ({**LEFT, "start_strain": 0.0}, WARN),
        ({**LEFT, "max_force": 0.01}, WARN),  # no stress: the cell may want to go
        ({**LEFT, "max_force": 0.01, "max_stress": 40.0}, WARN),
        ({**LEFT, "max_force": 0.3, "max_stress": 0.5}, WARN),
        ({**LEFT, "start_strain": NAN}, WARN),
        ({**LEFT, "max_force": 0.01, "max_stress": 0.5}, PASS),
        ({**LEFT, "start_strain": 0.0011}, PASS),
    ],
)
def test_a_cell_at_x_1_that_is_still_its_start_passes_by_its_forces_alone(
    evidence: Row, outcome: Status
) -> None:
    rows = series(row(1, **evidence))
    assert set(outcomes(rows, *OF_ONE).values()) == {outcome}
    words = UNKNOWN if math.isnan(evidence["start_strain"]) else STILL
    told = {verdict(rows, check).reason for check in OF_ONE}
    assert all((f"x = 1: {words}" in reason) == (outcome is WARN) for reason in told)


@pytest.mark.parametrize("x", [0, 1, 2])
@pytest.mark.parametrize(
    "left", [LEFT, {**LEFT, "start_strain": 0.0}, {"cell_relaxed": False}]
)
def test_nothing_passes_on_a_cell_that_was_not_relaxed_or_is_still_its_start(
    x: float, left: Row
) -> None:
    own = row(x, **{"c_unique": 1.02 if x > 1 else 1.0, "c_strain": 0.02, **left})
    resting = [
        v
        for v in compare_to_paper(series(own))
        if own["calculation_id"] in v.calculations
    ]
    assert len({v.check for v in resting}) >= 4
    assert {v.outcome for v in resting} <= {WARN, FAIL, NONE}
    sound = compare_to_paper(series(row(x)))
    assert PASS in {v.outcome for v in sound if v.check == resting[0].check}


@pytest.mark.parametrize("x", [0, 2])
def test_a_volume_between_a_relaxed_cell_and_one_left_at_its_start_is_none(
    x: float,
) -> None:
    shape = {"c_unique": 1.07, "c_strain": NAN} if x > 1 else {}
    rows = series(row(x, **LEFT, **shape))
    assert verdict(rows, "volume_0_to_2").outcome is WARN


@pytest.mark.parametrize("check", ["c_ratio_x2", "c_ratio_trend", "volume_0_to_2"])
def test_a_start_above_x_1_of_which_nothing_is_recorded_passes_nowhere(
    check: str,
) -> None:
    rows = series(row(2, c_strain=NAN, start_strain=NAN))
    assert verdict(rows, check).outcome is WARN


def test_another_start_that_came_to_the_same_cell_proves_it() -> None:
    left = row(1, **LEFT, energy_per_fu=-50.0)
    other = row(1, start_strain=0.02, energy_per_fu=-49.9, calculation_id="other")
    assert verdict([*series(left), other], "a_x1").outcome is PASS
    elsewhere = {**other, "a": 8.25}
    assert verdict([*series(left), elsewhere], "a_x1").outcome is WARN
    broken = {**other, "finding_ids": "host_broken"}
    assert verdict([*series(left), broken], "a_x1").outcome is WARN


def test_forces_left_in_a_cell_take_its_pass() -> None:
    found = verdict(series(row(1, max_force=0.4)), "a_x1")
    assert (found.outcome, found.reason) == (
        WARN,
        "x = 1: forces of 0.40 eV/A left",
    )


# --- what a document without findings shows


def faults(document: TaskDocument) -> tuple[str, ...]:
    return tuple(result_row([summarize(document)])["finding_ids"].split(", "))


def with_moments(document: TaskDocument, **sites: list[float]) -> TaskDocument:
    """Give the first sites of some elements other moments."""
    assert document.structure is not None
    moments = list(document.magnetization or ())
    for element, values in sites.items():
        own = [
            i for i, s in enumerate(document.structure) if s.specie.symbol == element
        ]
        for i, value in zip(own, values, strict=False):
            moments[i] = value
    return document.model_copy(update={"magnetization": tuple(moments)})


def at(calculations: Calculations, x: float) -> Calculation:
    wanted = "none" if x <= 1 else "oct_16c_rocksalt" if x == 2 else "tet_8b"
    return next(c for c in calculations if (c.x, c.insertion) == (x, wanted))


@pytest.mark.parametrize("x", [0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2])
def test_nothing_stands_against_the_numbers_of_the_paper(
    calculations: Calculations, finished: Finished, x: float
) -> None:
    assert faults(finished(at(calculations, x))) == ("",)


@pytest.mark.parametrize(
    ("x", "sites", "fault"),
    [
        (0, {"Ni": [-1.7, -0.1, -0.1, -0.1]}, "moment_too_large"),  # mean 0.5
        (0, {"Ni": [-0.9, -0.4, -0.4, -0.4]}, "unlike_nickel"),
        (0, {"Ni": [-0.9, -0.8, -0.9, -0.8]}, "wrong_valence"),  # Ni3+, charge -4
        (0, {"Ni": [2.1, -0.1, -0.1, -0.1]}, "moment_too_large"),
        (1, {"Ni": [-0.3, -2.1, -2.1, -2.1]}, "moment_collapsed"),  # mean 1.65
        (1, {"Ni": [-2.1, -1.5, -1.5, -1.5]}, "moment_too_large"),
        (1, {"Ni": [-1.45, -1.8, -1.8, -1.8]}, "unlike_nickel"),
        (2, {"Ni": [-0.3, -1.9, -1.9, -1.9]}, "moment_collapsed"),
        (1, {"Ni": [1.7, 1.7, 1.7, 1.7]}, "moment_flipped"),  # fim asked, fm ended
        (1, {"Mn": [-3.2] * 12}, "moment_flipped"),
        (1, {"O": [0.9]}, "oxygen_moment"),
        (0, {"O": [-0.26]}, "oxygen_moment"),
        (2, {"O": [0.3, -0.3]}, "oxygen_moment"),
        (1, {"Mn": [4.6]}, "wrong_valence"),  # one Mn2+, mean 3.32
        (1, {"Mn": [3.53]}, "wrong_valence"),  # stands apart, reads as 4+
        (2, {"Mn": [3.6] * 8 + [3.5] * 4}, "wrong_valence"),  # one cloud, mean 3.57
        (2, {"Mn": [4.3] * 8 + [2.7] * 4}, "wrong_valence"),  # Mn2+, mean 3.77
    ],
)
def test_single_sites_are_judged_where_the_mean_is_right(
    calculations: Calculations,
    finished: Finished,
    x: float,
    sites: dict[str, list[float]],
    fault: str,
) -> None:
    document = with_moments(finished(at(calculations, x)), **sites)
    assert fault in faults(document)


@pytest.mark.parametrize(
    ("x", "changes", "fault"),
    [
        (1, {"energy": 500.0}, "positive_energy"),
        (1, {"moments_signed": False}, "unsigned_moments"),
        (1.5, {"final_sites": {}}, "sites_unknown"),
        (2, {"final_sites": {"Mn": {"16d": 12}}}, "sites_unknown"),
        (1, {"bandgap": -0.1}, "metallic"),
        (2, {"bandgap": 1e-9}, "metallic"),
        (1, {"bandgap": 0.0009}, "metallic"),
        (2, {"formula": "Li8Ni4Mn12O32"}, "wrong_contents"),
        (1, {"x": 0.0}, "wrong_contents"),
        (1, {"formula_units": 2}, "wrong_contents"),
    ],
)
def test_odd_numbers_stand_against_their_row(
    calculations: Calculations,
    finished: Finished,
    x: float,
    changes: Row,
    fault: str,
) -> None:
    assert fault in faults(finished(at(calculations, x), **changes))


def test_formula_units_that_are_not_recorded_are_those_of_the_cell(
    calculations: Calculations, finished: Finished
) -> None:
    c = at(calculations, 2)
    alike = with_moments(finished(c, formula_units=None), Mn=[3.7] * 12)
    found = result_row([summarize(alike)])
    assert found["finding_ids"] == "symmetrised"
    assert found["n_mn3_expected"] == 8
    whole = result_row([summarize(finished(c))])
    assert found["energy_per_fu"] == whole["energy_per_fu"]


@pytest.mark.parametrize("moments", [(NAN,) * 72, (3.2,) * 5, (*[0.0] * 71, math.inf)])
def test_moments_that_are_not_numbers_are_none(
    calculations: Calculations, finished: Finished, moments: tuple[float, ...]
) -> None:
    c = at(calculations, 2)
    rows = [result_row([summarize(finished(c, magnetization=moments))])]
    for check in ("charge_order_x2", "m_mn3_sites_x2", "m_mn_x2"):
        rows_of_one = [*rows, result_row([summarize(finished(at(calculations, 1)))])]
        found = verdict(rows_of_one, check, "oct_16c_rocksalt")
        assert found.outcome is NONE
        assert found.reason.startswith("no moments of Mn were read, or one of them")


def test_a_small_moment_of_nickel_has_no_order(
    calculations: Calculations, finished: Finished
) -> None:
    """Ni4+ of x = 0 ends parallel or not: its sign says nothing."""
    zero = with_moments(finished(at(calculations, 0)), Ni=[0.2] * 4)
    assert faults(zero) == ("",)


@pytest.mark.parametrize("name", ["total_moment", "moment_flipped", "oxygen_moment"])
def test_a_density_of_states_in_another_state_stands_against_the_row(
    calculations: Calculations, finished: Finished, name: str
) -> None:
    c = at(calculations, 1)
    found = Finding(id=name, severity="warning", message="...")
    steps = [finished(c), finished(c, "dos", findings=(found,))]
    row = result_row([summarize(step) for step in steps])
    assert row["finding_ids"] == name


# --- relaxed or not


@pytest.mark.parametrize("step", ["relax", "static"])
def test_a_relaxation_that_did_not_do_it_leaves_no_lengths(
    calculations: Calculations, finished: Finished, step: str
) -> None:
    c = at(calculations, 1)
    steps = [finished(c, s, cell_relaxed=s != step) for s in ("relax", "static")]
    found = result_row([summarize(each) for each in steps])
    assert not {"a", "c_unique", "volume_fu", "start_strain"} & set(found)
    assert found["cell_relaxed"] is False
    assert verdict([found], "a_x1").reason.startswith("the cell was not relaxed")


def test_the_strain_from_the_start_does_not_depend_on_how_a_cell_is_turned(
    calculations: Calculations, finished: Finished
) -> None:
    c = at(calculations, 1)
    document = finished(c)
    assert document.start_lattice == (8.17, 8.17, 8.17, 90, 90, 90)
    assert result_row([summarize(document)])["start_strain"] == pytest.approx(0)
    start = (8.17, 8.0, 8.17, 90, 90, 90)
    moved = document.model_copy(update={"start_lattice": start})
    strain = result_row([summarize(moved)])["start_strain"]
    assert strain == pytest.approx(8.17 / 8.0 - 1)
    old = document.model_copy(update={"start_lattice": None})
    assert "start_strain" not in result_row([summarize(old)])


# --- several rows


def tie(**changes: Any) -> list[Row]:
    """Two starts of one energy at x = 2, one of them changed, in both orders of id."""
    good = row(2, energy_per_fu=-56.0, calculation_id="b")
    other = row(2, energy_per_fu=-56.0 + 9e-5, calculation_id="a", **changes)
    return [good, other]


@pytest.mark.parametrize(
    "changes",
    [
        {"n_mn3": 12.0, "n_mn3_gap": NAN, "m_mn_std": 0.0},
        {"gap": 0.0},
        {"lattice_class": "cubic", "c_unique": 1.0},
        {"m_ni": 1.5},
    ],
)
def test_of_two_states_of_one_energy_the_worse_counts_and_the_other_is_named(
    changes: Row,
) -> None:
    for rows in (tie(**changes), tie(**changes)[::-1]):
        found = verdict([row(1), *rows], "m_mn_x2")
        assert found.outcome is WARN
        assert "another start of the same energy ended in another state" in found.reason


def test_two_starts_in_one_state_are_no_tie_whichever_axis_is_long() -> None:
    rows = tie(unique_axis="a", m_mn=3.71)
    (found,) = judged_rows(rows)
    assert found["tied"] == ""
    assert verdict([row(1), *rows], "m_mn_x2").outcome is PASS
    far = [rows[0], rows[1] | {"energy_per_fu": -55.99, "gap": 0.0}]
    assert verdict([row(1), *far], "m_mn_x2").outcome is PASS


@pytest.mark.parametrize("x", [2 - 1e-10, 2 + 1e-10])
def test_an_x_that_is_2_but_for_rounding_stands_with_x_2(x: float) -> None:
    lower = row(2, gap=0.0, energy_per_fu=-57.0) | {"x": x, "calculation_id": "low"}
    rows = [row(1), row(2, energy_per_fu=-56.0), lower]
    assert len(judged_rows(rows)) == 2
    assert verdict(rows, "m_mn_x2").calculations == ("low",)
    assert verdict(rows, "m_mn_x2").outcome is WARN


def test_an_x_that_is_1_but_for_rounding_is_no_insertion() -> None:
    one = row(1, energy_per_fu=-51.0) | {"x": 1 + 1e-10}
    assert verdict([one], "m_ni_x1").outcome is PASS


@pytest.mark.parametrize(
    "ratios",
    [
        (1.0, 1.0001, 1.0002, 1.0003),
        (1.0, 1.0002, 1.0004, 1.0049),
        (1.0, 1.0005, 1.0, 1.0004, 1.06),  # one jump is no growth with x
    ],
)
def test_a_trend_of_noise_is_none(ratios: tuple[float, ...]) -> None:
    rows = [row(1 + 0.25 * i, c_unique=r, c_strain=0) for i, r in enumerate(ratios)]
    assert verdict(rows, "c_ratio_trend").outcome is FAIL


# --- magnetic orders


def ended(ni: float, energy: float, **more: Any) -> Row:
    own = {"m_ni_signed": ni, "m_ni": abs(ni), "magnetic_order": ""}
    return row(1, **own, energy_per_fu=energy) | more


def judged(fim: Row, fm: Row) -> Any:
    found = compare_to_paper(series(), orders={"fim": fim, "fm": fm})
    return next(v for v in found if v.check == "fim_below_fm")


@pytest.mark.parametrize(
    ("below", "outcome"),
    [(1e-10, WARN), (0.9e-4, WARN), (1.1e-4, PASS), (0.0, FAIL), (-1e-4, FAIL)],
)
def test_an_order_lies_lower_by_more_than_two_runs_of_one_state_differ(
    below: float, outcome: Status
) -> None:
    found = judged(ended(-1.7, -51.0 - below), ended(1.7, -51.0))
    assert found.outcome is outcome


@pytest.mark.parametrize("nickel", [1e-4, 0.3, -0.49])
def test_a_moment_of_next_to_nothing_is_no_order(nickel: float) -> None:
    assert lowest_by_order([ended(nickel, -51.0)]) == {}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"cell_relaxed": False}, "fm: the cell was not relaxed"),
        ({"geometry": "chgnet"}, "relaxed by different engines"),
        ({"geometry": ""}, "relaxed by different engines"),
    ],
)
def test_a_relaxed_and_an_unrelaxed_cell_have_no_difference(
    changes: Row, words: str
) -> None:
    found = judged(ended(-1.7, -51.2), ended(1.7, -51.1, **changes))
    assert found.outcome is WARN
    assert words in found.reason


def test_the_model_of_the_rows_is_that_of_these_tests() -> None:
    assert {v.insertion for v in compare_to_paper(series())} == {"", MODEL}
    assert all(seen_in(each) == () for each in series())


@pytest.mark.parametrize("check", ["a_x1", "volume_0_to_2", "c_ratio_x2"])
@pytest.mark.parametrize(
    ("stress", "outcome"), [(2.9, PASS), (3.1, WARN), (80.0, WARN), (NAN, PASS)]
)
def test_a_cell_that_moved_and_kept_a_stress_is_no_minimum(
    check: str, stress: float, outcome: Status
) -> None:
    changed = [row(x, max_force=0.01, max_stress=stress) for x in (0, 1, 2)]
    found = verdict(series(*changed), check)
    assert found.outcome is outcome
    assert ("kbar left" in found.reason) is (outcome is WARN)
    assert verdict(series(*changed), "m_mn_x2").outcome is PASS


def test_the_stress_that_another_engine_finds_in_a_cell_is_no_fault_of_its() -> None:
    own = row(1, geometry="chgnet", engine="gpaw", max_stress=33.0)
    assert "kbar" not in " ".join(against(own, "lattice"))
    assert "kbar" in " ".join(against({**own, "geometry": "gpaw"}, "lattice"))
