"""The table over x: one row for each x and insertion model, and nothing mixed in."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pymatgen.core import Lattice

from workflows import load_campaign, open_results, plan
from workflows.campaign.calculation import Calculation
from workflows.campaign.campaign import Campaign
from workflows.errors import ResultsError, StoreError
from workflows.records.document import Finding, State, TaskDocument
from workflows.results.results import records
from workflows.results.series_table import COLUMNS, SERIES_UNITS
from workflows.results.verdict import Status

Calculations = tuple[Calculation, ...]
Finished = Callable[..., TaskDocument]
Project = Callable[..., Path]
NUMBERS = (
    *("energy_per_fu", "m_ni", "m_mn", "m_ni_std", "m_mn_std", "a", "b", "c"),
    *("c_ratio", "c_rel", "c_unique", "volume"),
)


@pytest.fixture
def both_steps(finished: Finished) -> Callable[..., list[TaskDocument]]:
    """The documents of a finished relaxation and static step."""

    def make(calculation: Calculation, **changes: Any) -> list[TaskDocument]:
        steps = [s for s in calculation.steps if s != "dos"]
        more = [finished(calculation, "dos")] if "dos" in calculation.steps else []
        return [*(finished(calculation, s, **changes) for s in steps), *more]

    return make


@pytest.fixture
def whole(
    calculations: Calculations,
    both_steps: Callable[..., list[TaskDocument]],
    project: Project,
) -> Path:
    """The paper's campaign, all of it finished."""
    return project(*(d for c in calculations for d in both_steps(c)))


def row(where: Path, x: float, insertion: str = "") -> dict[str, Any]:
    found = [
        r
        for r in records(open_results(where).series())
        if r["x"] == x and insertion in {"", r["insertion"]}
    ]
    assert len(found) == 1
    return found[0]


def test_one_row_for_each_x_and_model_in_the_order_of_x(whole: Path) -> None:
    series = open_results(whole).series()
    assert tuple(series.columns) == COLUMNS
    assert list(zip(series["x"], series["insertion"], strict=True)) == [
        *[(x, "none") for x in (0, 0.25, 0.5, 0.75, 1)],
        *[(x, "tet_8b") for x in (1.25, 1.5, 1.75)],
        (2, "oct_16c_rocksalt"),
        (2, "tet_8b"),
    ]
    assert set(series["state"]) == {"DONE"}
    assert list(series["n_li"]) == [0, 2, 4, 6, 8, 10, 12, 14, 16, 16]


def test_a_row_holds_the_numbers_of_its_static_step(whole: Path) -> None:
    found = row(whole, 1)
    assert found["formula"] == "Li8Ni4Mn12O32"
    assert found["energy_per_fu"] == pytest.approx((-362 - 50.4) / 8)
    assert (found["m_ni"], found["m_ni_std"]) == pytest.approx((1.7, 0))
    assert (found["m_mn"], found["m_mn_std"]) == pytest.approx((3.2, 0))
    assert (found["a"], found["b"], found["c"]) == pytest.approx((8.17,) * 3)
    assert found["volume"] == pytest.approx(8.17**3)
    assert found["lattice_class"] == "cubic"
    assert found["steps_done"] == "3/3"


def test_c_is_given_relative_to_a_and_b_and_relative_to_x_1(whole: Path) -> None:
    found = row(whole, 2, "tet_8b")
    assert found["c_ratio"] == pytest.approx(1.05)
    assert found["c_rel"] == pytest.approx(8.2 * 1.05 / 8.17)
    assert found["unique_axis"] == "c"
    assert row(whole, 1)["c_rel"] == 1
    assert row(whole, 0)["c_rel"] == pytest.approx(8.0 / 8.17)


def test_configurations_of_one_x_compare_by_their_unique_axis(
    project: Project, calculations: Calculations, finished: Finished
) -> None:
    lying = calculations[4].structure.copy()
    lying.lattice = Lattice.orthorhombic(8.6, 8.1, 8.2)
    where = project(
        finished(calculations[0]), finished(calculations[4], structure=lying)
    )
    found = row(where, 1)
    assert (found["unique_axis"], found["permutation"]) == ("a", "bca")
    axes = pytest.approx((8.1, 8.2, 8.6))
    assert (found["a_u"], found["b_u"], found["c_u"]) == axes
    hull = open_results(where).hull()
    last = hull[hull["x"] == 1].iloc[0]
    assert (last["a_u"], last["b_u"], last["c_u"]) == axes
    assert last["permutation"] == "bca"
    assert last["volume_fu"] == pytest.approx(8.6 * 8.1 * 8.2 / 8)
    assert "d orbitals" in hull.attrs["permutation"]


def test_without_x_1_there_is_no_c_relative_to_it(
    project: Project, calculations: Calculations, both_steps: Callable[..., Any]
) -> None:
    found = row(project(*both_steps(calculations[0])), 0)
    assert math.isnan(found["c_rel"])
    assert found["c_ratio"] == pytest.approx(1)


def test_every_number_has_its_unit(whole: Path) -> None:
    series = open_results(whole).series()
    assert SERIES_UNITS.items() <= series.attrs["units"].items()
    numbers = {name for name in series.columns if series[name].dtype == float}
    assert numbers - {"x"} == set(SERIES_UNITS)
    assert set(NUMBERS) < set(SERIES_UNITS)


def test_the_spread_is_over_the_sites(
    project: Project, calculations: Calculations, finished: Finished
) -> None:
    moments = [0.0] * 8 + [-1.6, -1.8] * 2 + [3.2] * 4 + [3.95] * 8 + [0.0] * 32
    document = finished(calculations[4], magnetization=tuple(moments))
    found = row(project(document), 1)
    assert (found["m_ni"], found["m_ni_std"]) == pytest.approx((1.7, 0.1))
    assert found["m_mn"] == pytest.approx(3.70)


def test_nothing_recorded_gives_an_empty_table(project: Project) -> None:
    series = open_results(project()).series()
    assert len(series) == 0
    assert tuple(series.columns) == COLUMNS


def test_what_was_planned_and_not_computed_is_a_row_without_numbers(
    project: Project, calculations: Calculations, both_steps: Callable[..., Any]
) -> None:
    where = project(*both_steps(calculations[4]))
    series = open_results(where).select(calculations).series()
    assert len(series) == 10
    planned = series[series["x"] != 1]
    assert set(planned["state"]) == {"PLANNED"}
    assert set(planned["steps_done"]) == {"0/2", "0/3"}
    assert planned[list(NUMBERS)].isna().all().all()
    assert list(series["calculation_id"]) != [None] * 10


@pytest.mark.parametrize(
    ("state", "numbers"),
    [
        (State.TRUNCATED, {"structure": None, "energy": None, "magnetization": None}),
        (State.FAILED, {"structure": None, "energy": None}),
        (State.FAILED, {}),
        (State.UNCONVERGED, {}),
    ],
)
def test_a_row_whose_step_failed_has_its_state_and_no_numbers(
    project: Project,
    calculations: Calculations,
    finished: Finished,
    state: State,
    numbers: dict[str, Any],
) -> None:
    c = calculations[0]
    where = project(finished(c, "relax"), finished(c, state=state, **numbers))
    found = row(where, 0)
    assert found["state"] == state
    assert found["steps_done"] == "1/2"
    assert all(math.isnan(found[name]) for name in NUMBERS)
    assert (found["unique_axis"], found["lattice_class"]) == ("", "")
    assert found["permutation"] == ""


def test_a_failed_relaxation_is_the_state_of_the_row(
    project: Project, calculations: Calculations, finished: Finished
) -> None:
    unconverged = finished(calculations[0], "relax", state=State.UNCONVERGED)
    found = row(project(unconverged), 0)
    assert (found["state"], found["steps_done"]) == ("UNCONVERGED", "0/2")
    assert math.isnan(found["energy_per_fu"])


def half_done(finished: Finished, calculation: Calculation) -> list[TaskDocument]:
    """A static run that finished behind a relaxation that did not converge."""
    relaxed = finished(calculation, "relax", state=State.UNCONVERGED)
    return [relaxed, finished(calculation)]


def test_a_static_run_behind_a_failed_relaxation_is_no_result_to_take(
    project: Project, calculations: Calculations, finished: Finished
) -> None:
    results = open_results(project(*half_done(finished, calculations[4])))
    assert records(results.series())[0]["energy_per_fu"] == pytest.approx(-51.55)
    told = r"nothing at x = 1 has finished; .*no result \(1 none is UNCONVERGED\)"
    for take in (results.structure, results.lowest, results.pdos):
        with pytest.raises(ResultsError, match=told):
            take(1)


def test_what_has_finished_is_taken_though_another_model_lies_lower(
    project: Project, calculations: Calculations, finished: Finished
) -> None:
    higher, lower = (c for c in calculations if c.x == 2)
    other = [
        d.model_copy(update={"energy": -480.0}) for d in half_done(finished, lower)
    ]
    results = open_results(project(finished(higher), *other))
    assert results.lowest(2)["calculation_id"] == higher.id
    assert results.structure(2).properties["state"] == "DONE"


def test_lengths_are_not_given_relative_to_an_unfinished_x_1(
    project: Project, calculations: Calculations, finished: Finished
) -> None:
    where = project(finished(calculations[0]), *half_done(finished, calculations[4]))
    assert math.isnan(row(where, 0)["c_rel"])


def test_between_two_steps_a_row_is_planned_and_has_no_numbers(
    project: Project, calculations: Calculations, finished: Finished
) -> None:
    found = row(project(finished(calculations[0], "relax")), 0)
    assert (found["state"], found["steps_done"]) == ("PLANNED", "1/2")
    assert math.isnan(found["energy_per_fu"])


def test_a_step_to_review_marks_the_row_and_keeps_the_numbers(
    project: Project, calculations: Calculations, finished: Finished
) -> None:
    c = calculations[0]
    reviewed = finished(c, "relax", state=State.NEEDS_REVIEW)
    found = row(project(reviewed, finished(c)), 0)
    assert found["state"] == "NEEDS_REVIEW"
    assert found["energy_per_fu"] == pytest.approx(-362 / 8)


def test_a_cell_that_was_put_in_is_no_lattice_result(
    project: Project, calculations: Calculations, finished: Finished
) -> None:
    found = row(project(finished(calculations[4], cell_relaxed=False)), 1)
    for name in ("a", "b", "c", "c_ratio", "c_rel", "c_unique", "volume"):
        assert math.isnan(found[name])
    assert found["lattice_class"] == ""
    assert found["m_mn"] == pytest.approx(3.2)
    assert found["energy_per_fu"] == pytest.approx(-51.55)


@pytest.fixture
def three(write_campaign: Callable[..., Path]) -> Calculations:
    """The three orderings of lowest Ewald energy at x = 0.5."""
    changes = {"x": [0.5], "orderings.keep": 3}
    return plan(load_campaign(write_campaign(changes)))


def test_of_several_orderings_the_lowest_energy_is_shown_and_counted(
    project: Project, three: Calculations, both_steps: Callable[..., Any]
) -> None:
    energies = (-387.0, -387.5, -387.2)
    documents = [
        document
        for c, energy in zip(three, energies, strict=True)
        for document in both_steps(c, energy=energy)
    ]
    found = row(project(*documents), 0.5)
    assert found["calculation_id"] == three[1].id
    assert found["n_orderings"] == 3
    assert found["energy_per_fu"] == pytest.approx(-387.5 / 8)


def test_an_ordering_that_failed_never_represents_those_that_did_not(
    project: Project, three: Calculations, both_steps: Callable[..., Any]
) -> None:
    documents = [
        *both_steps(three[0], energy=-387.0),
        *both_steps(three[1], energy=-999.0, state=State.UNCONVERGED),
    ]
    results = open_results(project(*documents)).select(three)
    (found,) = records(results.series())
    assert (found["calculation_id"], found["n_orderings"]) == (three[0].id, 1)
    assert found["n_planned"] == 3


def test_a_failed_dos_takes_no_number_from_a_finished_static_step(
    project: Project, write_campaign: Callable[..., Path], finished: Finished
) -> None:
    changes = {"x": [0.5], "orderings.keep": 2, "vasp.dos_at": [0.5]}
    lower, higher = plan(load_campaign(write_campaign(changes)))
    documents = [
        *(finished(lower, step, energy=-390.0) for step in ("relax", "static")),
        finished(lower, "dos", state=State.FAILED),
        *(finished(higher, step, energy=-387.0) for step in higher.steps),
    ]
    found = row(project(*documents), 0.5)
    assert (found["calculation_id"], found["state"]) == (lower.id, "DONE")
    assert found["steps_done"] == "2/3"


def test_a_moved_ion_is_told_in_the_row(
    project: Project, calculations: Calculations, finished: Finished
) -> None:
    left = Finding(id="li_left_site", severity="warning", message="8 of 16 Li")
    other = Finding(id="inputs_changed", severity="info", message="ALGO")
    document = finished(
        calculations[8],
        findings=(left, left, other),
        final_sites={"Li": {"8a": 3, "16c": 8, "48f": 5}, "Ni": {"16d": 4}},
    )
    found = row(project(document), 2)
    assert found["findings"] == "Li left its site"
    assert found["li_sites"] == "8 16c + 5 48f + 3 8a"


def test_surrogate_and_fake_numbers_are_marked_in_their_rows(
    project: Project, calculations: Calculations, finished: Finished
) -> None:
    where = project(
        finished(calculations[0], fake=True), finished(calculations[4], fake=False)
    )
    series = open_results(where).series()
    assert list(series["fake"]) == [True, False]
    assert list(series["surrogate"]) == [False, False]


@pytest.mark.parametrize(
    ("key", "changes"),
    [
        ("engine", {"engine": "chgnet"}),
        ("engine_version", {"engine_version": "5.4.4"}),
        ("functional", {"settings": {"functional": "pbe", "ENCUT": 520.0}}),
        ("ENCUT", {"settings": {"functional": "pbe_u", "ENCUT": 600.0}}),
        ("spacing of k points", {"settings": {"kpoints": [4, 4, 4]}}),
    ],
)
def test_results_that_do_not_compare_are_refused_and_the_key_is_named(
    project: Project,
    calculations: Calculations,
    finished: Finished,
    key: str,
    changes: dict[str, Any],
) -> None:
    if "settings" in changes:
        own = finished(calculations[4]).settings
        changes = {"settings": {**own, **changes["settings"]}}
    where = project(finished(calculations[0]), finished(calculations[4], **changes))
    with pytest.raises(ResultsError, match=rf"differ in (the (setting )?)?{key}: "):
        open_results(where).series()


@pytest.mark.parametrize(
    ("key", "at_0", "at_1"),
    [
        ("hubbards", {"Ni": 4.5, "Mn": 5.96}, {"Ni": 5.96, "Mn": 4.5}),
        (
            "potcar",
            ["PBE_54", {"Ni": "Ni_pv", "Mn": "Mn_pv"}],
            ["PBE_54", {"Li": "Li_sv", "Ni": "Ni", "Mn": "Mn_pv"}],
        ),
        (
            "potcar",
            ["PBE_52", {"Ni": "Ni_pv", "Mn": "Mn_pv"}],
            ["PBE_54", {"Ni": "Ni_pv", "Mn": "Mn_pv"}],
        ),
        (
            "potcar",
            ["PBE_52", {"Ni": "Ni_pv", "Mn": "Mn_pv"}],
            ["PBE_54", {"Li": "Li_sv", "Ni": "Ni_pv", "Mn": "Mn_pv"}],
        ),
    ],
)
def test_u_and_potcars_of_two_kinds_are_refused(
    project: Project,
    calculations: Calculations,
    finished: Finished,
    key: str,
    at_0: Any,
    at_1: Any,
) -> None:
    where = project(
        finished(calculations[0], settings={key: at_0}),
        finished(calculations[4], settings={key: at_1}),
    )
    with pytest.raises(ResultsError, match=f"differ in the setting {key}: "):
        open_results(where).series()


def test_an_element_that_a_cell_lacks_is_no_difference(
    project: Project, calculations: Calculations, finished: Finished
) -> None:
    without = {"potcar": ["PBE_54", {"Ni": "Ni_pv", "O": "O"}]}
    with_li = {"potcar": ["PBE_54", {"Li": "Li_sv", "Ni": "Ni_pv", "O": "O"}]}
    where = project(
        finished(calculations[0], settings=without),
        finished(calculations[4], settings=with_li),
    )
    assert len(open_results(where).series()) == 2


def test_a_mixture_is_resolved_by_choosing_an_engine_or_a_campaign(
    project: Project, paper: Campaign, calculations: Calculations, finished: Finished
) -> None:
    surrogate = plan(paper.override(engine="chgnet", x=[1]))
    where = project(
        finished(calculations[4]),
        finished(surrogate[0], "relax", surrogate=True, settings={"model": "0.3.0"}),
    )
    results = open_results(where)
    with pytest.raises(ResultsError, match=r"chgnet \| vasp"):
        results.series()
    assert list(results.select(engine="chgnet").series()["engine"]) == ["chgnet"]
    assert list(results.select(calculations[4:5]).series()["engine"]) == ["vasp"]


def test_select_restricts_to_some_x(whole: Path) -> None:
    results = open_results(whole)
    assert list(results.select(x=[0, 2]).series()["x"]) == [0, 2, 2]
    assert {d.x for d in results.select(x=[0.5]).documents()} == {0.5}


def test_documents_are_one_for_each_step(whole: Path) -> None:
    documents = open_results(whole).documents()
    assert len(documents) == 23
    assert len({(d.calculation_id, d.task_label) for d in documents}) == 23


def test_sites_are_one_row_an_atom(whole: Path, calculations: Calculations) -> None:
    sites = open_results(whole).sites(x=1)
    assert len(sites) == 56
    assert list(sites["element"]) == [
        s.specie.symbol for s in calculations[4].structure
    ]
    assert set(sites["role"]) == {"8a", "16d", "32e"}
    assert sites["label"].is_unique
    nickel = sites[sites["element"] == "Ni"]["magnetization"]
    assert list(nickel) == pytest.approx([-1.7] * 4)
    everything = open_results(whole).sites()
    assert len(everything) == sum(len(c.structure) for c in calculations)


def test_the_mean_over_the_sites_is_the_row_of_the_series(whole: Path) -> None:
    results = open_results(whole)
    series = results.series().set_index("calculation_id")
    sites = results.sites()
    manganese = sites[sites["element"] == "Mn"]
    means = manganese["magnetization"].abs().groupby(manganese["calculation_id"]).mean()
    assert np.allclose(means, series.loc[means.index, "m_mn"].astype(float))


def test_the_whole_campaign_is_compared_with_the_paper(whole: Path) -> None:
    verdicts = open_results(whole).compare_to_paper()
    found = {(v.check, v.insertion): v.status for v in verdicts}
    assert found["m_mn_x2", "tet_8b"] is Status.PASS
    assert found["m_mn_x2", "oct_16c_rocksalt"] is Status.PASS
    assert found["c_ratio_trend", "oct_16c_rocksalt"] is Status.NOT_COMPUTED


def test_an_open_shell_sees_what_was_recorded_since(
    project: Project, calculations: Calculations, both_steps: Callable[..., Any]
) -> None:
    results = open_results(project(*both_steps(calculations[0])))
    assert len(results.series()) == 1
    project(*both_steps(calculations[4]))
    assert len(results.series()) == 2


def test_asking_changes_no_file(whole: Path) -> None:
    def state() -> dict[Path, int]:
        return {p: p.stat().st_mtime_ns for p in whole.rglob("*")}

    before = state()
    results = open_results(whole)
    results.series(), results.sites(), results.documents()
    assert state() == before


def test_a_run_set_aside_is_not_read(whole: Path, calculations: Calculations) -> None:
    static = whole / "lnmo-data" / "calculations" / calculations[0].id / "static"
    shutil.copytree(static, static.with_name("static.cut-1"))
    assert len(open_results(whole).documents()) == 23


def test_a_document_that_cannot_be_read_is_named_and_left_as_it_is(
    whole: Path, calculations: Calculations
) -> None:
    static = whole / "lnmo-data" / "calculations" / calculations[0].id / "static"
    path = static / "task_document.json"
    text = path.read_text("utf-8")
    for broken in ("", text[: len(text) // 2], json.dumps({"x": 1})):
        path.write_text(broken, "utf-8")
        results = open_results(whole)
        runs = results.runs().set_index("directory")
        found = runs.loc[f"calculations/{calculations[0].id}/static"]
        assert found["state"] == "FAILED"
        assert "not a readable task document" in found["reason"]
        verdicts = {v.check: v for v in results.compare_to_paper()}
        assert verdicts["m_ni_x0"].outcome is Status.NOT_COMPUTED
        assert path.read_text("utf-8") == broken


def test_a_place_without_launchpad_has_no_results(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no launchpad file"):
        open_results(tmp_path)
