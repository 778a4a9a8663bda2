"""No PASS for the wrong state, by whatever road it comes.

The table below lists every finding that the code can give and what it does to which
rows of the verdicts. A finding without an entry stands against every row.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import mongomock
import pytest
from pymatgen.core import Lattice, Structure

from tests.places import TOP
from workflows import load_campaign, open_results, plan
from workflows.analysis.lattice import lattice_ratios
from workflows.campaign.calculation import Calculation
from workflows.campaign.campaign import Campaign
from workflows.records.document import Finding, State, TaskDocument
from workflows.records.mongo_store import MongoResults
from workflows.results.gates import EFFECTS, against, seen_in
from workflows.results.paper import compare_to_paper
from workflows.results.results import Results, records
from workflows.results.series_table import series_frame
from workflows.results.verdict import Status, Verdict, overall

Calculations = tuple[Calculation, ...]
Finished = Callable[..., TaskDocument]
Project = Callable[..., Path]
ROCKSALT = "oct_16c_rocksalt"
PASS, WARN, FAIL, NONE = Status.PASS, Status.WARN, Status.FAIL, Status.NOT_COMPUTED

EVERY, LATTICE, NO_ROW = "every row", "rows on the lattice", "no row"
ELECTRONS = "rows on moments, charge order and the gap"
TABLE = {
    "symmetrised": EVERY,
    "wrong_valence": EVERY,
    "metallic": EVERY,
    "partial_occupations": EVERY,
    "moment_collapsed": EVERY,
    "moment_too_large": EVERY,
    "moment_flipped": EVERY,
    "wavecar_not_read": EVERY,
    "total_moment": EVERY,
    "impossible_moment": ELECTRONS,
    "oxygen_moment": EVERY,
    "positive_energy": EVERY,
    "relax_static_mismatch": EVERY,
    "other_start": EVERY,  # of the row, from its steps
    "orbital_mismatch": EVERY,
    "no_ionic_limit": EVERY,
    "learned_force_field": EVERY,
    "many_body": EVERY,
    "fixed_orbitals": EVERY,
    "fixed_density": EVERY,  # of severity info, as planned for a dos, none
    "imposed_moment": EVERY,
    "imposed_occupations": EVERY,
    "imposed_pressure": EVERY,
    "external_field": EVERY,
    "snapshot": EVERY,
    "saddle_point": EVERY,
    "held_atoms": EVERY,
    "noncollinear_moments": EVERY,  # of severity info, as lengths, none
    "host_broken": EVERY,
    "li_left_site": EVERY,
    "short_distance": EVERY,
    "unlike_nickel": EVERY,
    "unsigned_moments": EVERY,
    "sites_unknown": EVERY,
    "wrong_contents": EVERY,
    "pressure": LATTICE,
    "inputs_changed": EVERY,  # of severity info, a harmless change, none
    "files_disagree": EVERY,
    "several_vasps": EVERY,
    "hubbard_not_applied": EVERY,
    "hubbard_misplaced": EVERY,
    "hubbards_differ": EVERY,
    "hubbard_unknown": EVERY,
    "potcar_misplaced": EVERY,
    "charged_cell": EVERY,
    "not_numbers": EVERY,
    "fake_vasp": NO_ROW,  # said in the status
    "surrogate": NO_ROW,  # said in the status
    "surrogate_geometry": NO_ROW,  # of severity info; rows on the lattice say it
    "mixing_changed": NO_ROW,
    "finite_differences": NO_ROW,  # of severity info
    "orbital_order": NO_ROW,  # what was found, no fault
    "started_from_scratch": NO_ROW,  # of severity info
    "collected": NO_ROW,  # of severity info
    "bands_below_emax": NO_ROW,  # of the density of states alone
    "forces_left": NO_ROW,  # the number itself stands against a row
    "no_outcar": NO_ROW,
    "no_vasprun": NO_ROW,
    "empty_file": NO_ROW,
    "unreadable_file": NO_ROW,
    "unknown_form": NO_ROW,
}
ON_THE_LATTICE = {"c_ratio_x2", "c_ratio_trend", "volume_0_to_2"}


def at_two(calculations: Calculations, model: str = ROCKSALT) -> Calculation:
    (found,) = (c for c in calculations if (c.x, c.insertion) == (2, model))
    return found


@pytest.fixture
def series(
    calculations: Calculations, finished: Finished, project: Project
) -> Callable[..., Results]:
    """The rock-salt series of the paper's numbers, its row at x = 2 changed."""

    def make(**changes: Any) -> Results:
        chosen = [c for c in calculations if c.x is not None and c.x <= 1]
        documents = [finished(c) for c in chosen]
        end = at_two(calculations)
        if "settings" in changes:
            changes["settings"] = finished(end).settings | changes["settings"]
        return open_results(project(*documents, finished(end, **changes)))

    return make


def resting_on_two(results: Results) -> dict[str, Verdict]:
    """Verdicts that use the row at x = 2, by check."""
    return {
        v.check: v
        for v in results.compare_to_paper()
        if v.insertion and v.value is not None
    }


def finding(name: str, severity: Any = "warning") -> Finding:
    return Finding(id=name, severity=severity, message="...")


def test_the_numbers_of_the_paper_pass_where_nothing_stands_against_them(
    series: Callable[..., Results],
) -> None:
    found = resting_on_two(series())
    assert {v.status for v in found.values()} == {PASS}
    assert len(found) == 9


@pytest.mark.parametrize(("name", "rows"), TABLE.items())
def test_a_finding_takes_pass_from_the_rows_it_stands_against_and_says_why(
    series: Callable[..., Results], name: str, rows: str
) -> None:
    found = resting_on_two(series(findings=(finding(name),)))
    lost = {check for check, v in found.items() if v.status is not PASS}
    everything = set(found)
    wanted = {
        **{EVERY: everything, LATTICE: everything & ON_THE_LATTICE, NO_ROW: set()},
        ELECTRONS: everything - ON_THE_LATTICE,
    }
    assert lost == wanted[rows]
    words = EFFECTS[name].words
    assert all(found[check].outcome is WARN for check in lost)
    assert all(f"x = 2: {words}" in found[check].reason for check in lost)


def test_the_table_lists_every_finding_that_the_code_can_give() -> None:
    code = "".join(
        path.read_text("utf-8")
        for path in (TOP / "workflows").rglob("*.py")
        if "rules" not in path.parts
    )
    given = set(re.findall(r'(?:\bid=|\bwarn\(\s*)"([a-z_]+)"', code))
    assert given | {"no_outcar", "no_vasprun"} <= set(TABLE)
    assert set(TABLE) == set(EFFECTS)


def test_a_finding_that_nobody_listed_stands_against_every_row(
    series: Callable[..., Results],
) -> None:
    found = resting_on_two(series(findings=(finding("orbitals_melted", "error"),)))
    assert PASS not in {v.outcome for v in found.values()}
    assert "orbitals melted" in found["m_mn_x2"].reason


def test_a_harmless_change_of_the_inputs_takes_no_pass(
    series: Callable[..., Results],
) -> None:
    found = resting_on_two(series(findings=(finding("inputs_changed", "info"),)))
    assert {v.status for v in found.values()} == {PASS}


def test_a_row_to_review_never_passes(series: Callable[..., Results]) -> None:
    found = resting_on_two(series(state=State.NEEDS_REVIEW))
    assert {v.outcome for v in found.values()} == {WARN}
    assert all("needs review" in v.reason for v in found.values())


EQUAL = (*[0.0] * 16, *[-1.7] * 4, *[3.70] * 12, *[0.0] * 32)


@pytest.mark.parametrize(
    ("changes", "why", "failing"),
    [
        ({"magnetization": EQUAL}, "all Mn alike", {"charge_order_x2"}),
        ({"bandgap": 0.0}, "no gap", {"gap_x2"}),
        ({"final_sites": {"Li": {"8a": 8, "48f": 8}}}, "Li left its site", set()),
        (
            {"final_sites": {"Li": {"16c": 16}, "Mn": {"16d": 11, "8b": 1}}},
            "host broken",
            set(),
        ),
        ({"total_magnetization": 30.0}, "wrong total moment", set()),
        (
            {
                "settings": {
                    "potcar": ["PBE_54", {"Ni": "Mn_pv", "Mn": "Ni_pv"}],
                }
            },
            "POTCAR of another element",
            set(),
        ),
    ],
)
def test_a_document_without_findings_is_judged_by_its_numbers(
    series: Callable[..., Results], changes: dict[str, Any], why: str, failing: set[str]
) -> None:
    """As one of an earlier version, or of another engine, may be."""
    found = resting_on_two(series(**changes))
    assert {check for check, v in found.items() if v.outcome is FAIL} == failing
    assert PASS not in {v.outcome for v in found.values()}
    assert all(why in v.reason for v in found.values())


def test_twelve_equal_mn_fail_and_so_does_the_whole(
    series: Callable[..., Results],
) -> None:
    results = series(magnetization=EQUAL)
    verdicts = results.compare_to_paper()
    assert overall(verdicts, ROCKSALT) is FAIL
    found = resting_on_two(results)["charge_order_x2"]
    assert found.value == 12
    assert "no gap above 0.3 muB" in found.reason
    assert resting_on_two(results)["m_mn_x2"].value == pytest.approx(3.70)


@pytest.mark.parametrize(
    ("moments", "outcome"),
    [
        ([3.95] * 8 + [3.2] * 4, PASS),
        ([3.75] * 8 + [3.4] * 4, PASS),  # 0.35 apart
        ([3.72] * 8 + [3.43] * 4, FAIL),  # 0.29 apart: one cloud
        ([3.95] * 9 + [3.2] * 3, FAIL),  # what CHGNet gives
        ([3.95] * 7 + [3.2] * 5, FAIL),
        ([4.6] * 4 + [3.2] * 8, FAIL),  # Mn2+ and Mn4+
        ([3.2] * 8 + [2.4] * 4, FAIL),  # four are collapsed
        ([3.5] * 8 + [3.1] * 4, WARN),  # two groups, neither of which reads as 3+
    ],
)
def test_charge_order_is_two_groups_of_the_right_size(
    series: Callable[..., Results], moments: list[float], outcome: Status
) -> None:
    whole = (*[0.0] * 16, *[-1.7] * 4, *moments, *[0.0] * 32)
    found = resting_on_two(series(magnetization=whole))["charge_order_x2"]
    assert found.outcome is outcome


def test_the_lowest_start_is_judged_though_a_good_one_lies_above(
    write_campaign: Callable[..., Path], finished: Finished, project: Project
) -> None:
    changes = {"x": [2], "start.more": [{"x": 2, "c_strain": -0.02}]}
    path = write_campaign(changes)
    one, other = (c for c in plan(load_campaign(path)) if c.insertion == ROCKSALT)
    good = finished(one, energy=-460.0)
    wrong = finished(other, energy=-460.5, findings=(finding("metallic"),))
    found = resting_on_two(open_results(project(good, wrong)))
    mn = found["m_mn_x2"]
    assert (mn.outcome, mn.calculations) == (WARN, (other.id,))
    lower = finished(one, energy=-461.0)
    found = resting_on_two(open_results(project(lower, wrong)))
    assert (found["m_mn_x2"].outcome, found["m_mn_x2"].calculations) == (
        PASS,
        (one.id,),
    )


def test_a_reseed_that_is_lower_and_right_takes_the_place_of_the_first(
    calculations: Calculations, finished: Finished, project: Project
) -> None:
    planned = at_two(calculations)
    wrong = finished(planned, energy=-460.0, findings=(finding("symmetrised"),))
    ordering = {**planned.ordering, "reseed_of": planned.id, "reseed": 1}
    again = finished(planned, energy=-461.0).model_copy(
        update={
            "calculation_id": "f" * 12,
            "ordering": ordering,
            "dir_name": f"calculations/{'f' * 12}/static",
        }
    )
    results = open_results(project(wrong, again)).select(calculations)
    assert resting_on_two(results)["m_mn_x2"].outcome is PASS
    higher = again.model_copy(update={"energy": -459.0})
    results = open_results(project(wrong, higher)).select(calculations)
    assert resting_on_two(results)["m_mn_x2"].outcome is WARN


def test_a_relaxation_in_a_wrong_state_stands_against_its_static(
    calculations: Calculations, finished: Finished, project: Project
) -> None:
    c = at_two(calculations)
    relaxed = finished(c, "relax", findings=(finding("moment_flipped"),))
    found = resting_on_two(open_results(project(relaxed, finished(c))))
    assert {v.outcome for v in found.values()} == {WARN}


@pytest.mark.parametrize(
    ("name", "outcome"), [("metallic", WARN), ("inputs_changed", PASS)]
)
def test_a_density_of_states_stands_against_the_state_and_nothing_else(
    calculations: Calculations,
    finished: Finished,
    project: Project,
    name: str,
    outcome: Status,
) -> None:
    c = at_two(calculations)
    dos = finished(c, "dos", findings=(finding(name),), state=State.NEEDS_REVIEW)
    found = resting_on_two(open_results(project(finished(c), dos)))
    assert found["m_mn_x2"].outcome is outcome


def test_a_boltzmann_average_over_a_wrong_state_never_passes() -> None:
    shared = {"x": 2, "insertion": ROCKSALT, "state": "DONE", "formula_units": 8,
              "formula": "Li16Ni4Mn12O32", "m_mn": 3.7}  # fmt: skip
    ordering = {"role": "16c", "rank": 0, "occupied": [0]}
    good = {**shared, "energy_per_fu": -57.0, "calculation_id": "a",
            "ordering": ordering}  # fmt: skip
    wrong = {**shared, "energy_per_fu": -56.999, "calculation_id": "b",
             "finding_ids": "symmetrised",
             "ordering": {**ordering, "rank": 1}}  # fmt: skip
    rows = records(series_frame([good, wrong], average="boltzmann"))
    (found,) = (v for v in compare_to_paper(rows) if v.check == "m_mn_x2")
    assert (found.value, found.outcome) == (pytest.approx(3.7), WARN)
    assert "all Mn alike" in found.reason


def test_one_wrong_point_takes_pass_from_the_whole_trend(
    calculations: Calculations, finished: Finished, project: Project
) -> None:
    def judged(**changes: Any) -> Verdict:
        documents = [
            finished(c, **(changes if c.x == 1.75 else {}))
            for c in calculations
            if c.insertion != ROCKSALT
        ]
        results = open_results(project(*documents))
        (found,) = (v for v in results.compare_to_paper() if v.check == "c_ratio_trend")
        return found

    assert judged().outcome is PASS
    found = judged(findings=(finding("metallic"),))
    assert (found.outcome, found.reason) == (WARN, "x = 1.75: no gap")


def test_lithium_metal_to_review_takes_pass_from_the_voltages(
    calculations: Calculations,
    finished: Finished,
    project: Project,
    paper: Campaign,
) -> None:
    from workflows.campaign.reference_metal import metal_reference

    metal = metal_reference(paper)

    def voltage(state: State) -> Verdict:
        first = finished(calculations[0])
        reference = first.model_copy(
            update={
                "calculation_id": metal.id,
                "reference": "Li",
                "x": None,
                "formula": "Li2",
                "formula_units": None,
                "hubbards": {},
                "steps": metal.steps,
                "ordering": {},
                "structure": metal.structure,
                "magnetization": None,
                "energy": -1.9 * len(metal.structure),
                "energy_per_atom": -1.9,
                "state": state,
                "dir_name": f"calculations/{metal.id}/static",
            }
        )
        where = project(first, finished(calculations[4]), reference)
        verdicts = open_results(where).compare_to_paper()
        (found,) = (v for v in verdicts if v.check == "voltage_0_to_1")
        return found

    assert voltage(State.DONE).outcome is PASS
    found = voltage(State.NEEDS_REVIEW)
    assert (found.outcome, found.reason) == (WARN, "lithium metal: needs review")


MOVED = {"Li": {"16c": 16}}


def test_lithium_that_left_8b_is_judged_and_named_as_what_it_became(
    calculations: Calculations, finished: Finished, project: Project
) -> None:
    start = at_two(calculations, "tet_8b")
    moved = finished(start, findings=(finding("li_left_site"),), final_sites=MOVED)
    results = open_results(project(finished(calculations[4]), moved))
    found = resting_on_two(results)
    assert {v.insertion for v in found.values()} == {ROCKSALT}
    assert {v.outcome for v in found.values()} == {WARN}
    assert all("started as tet_8b" in v.reason for v in found.values())
    assert "tet_8b" not in {v.insertion for v in results.compare_to_paper()}


def test_of_two_starts_that_ended_alike_the_lower_is_judged_for_their_model(
    calculations: Calculations, finished: Finished, project: Project
) -> None:
    stayed = finished(at_two(calculations), energy=-461.0, final_sites=MOVED)
    moved = finished(at_two(calculations, "tet_8b"), energy=-460.0, final_sites=MOVED)
    found = resting_on_two(open_results(project(stayed, moved)))
    assert (found["m_mn_x2"].outcome, found["m_mn_x2"].calculations) == (
        PASS,
        (stayed.calculation_id,),
    )
    lower = moved.model_copy(update={"energy": -462.0})
    found = resting_on_two(open_results(project(stayed, lower)))
    assert found["m_mn_x2"].outcome is WARN


def cell(calculation: Calculation, *lengths: float) -> Structure:
    structure = calculation.structure.copy()
    structure.lattice = Lattice.orthorhombic(*lengths)
    return structure


def test_a_cell_left_at_its_start_never_passes(
    calculations: Calculations, finished: Finished, project: Project
) -> None:
    documents = [
        finished(c, structure=c.structure)
        for c in calculations
        if c.insertion != ROCKSALT
    ]
    verdicts = open_results(project(*documents)).compare_to_paper()
    found = {v.check: v for v in verdicts}
    for check in ("c_ratio_x2", "c_ratio_trend", "volume_0_to_2"):
        assert found[check].outcome is not PASS
        assert "not relaxed away from its start (+2 %)" in found[check].reason


@pytest.mark.parametrize(
    ("strain", "lengths", "outcome"),
    [
        (0.02, (8.2, 8.2, 8.2 * 1.06), PASS),
        (0.06, (8.2, 8.2, 8.2 * 1.06), WARN),  # no longer than its start
        (0.05, (8.2, 8.2, 8.2 * 1.0549), WARN),
        (0.05, (8.2, 8.2, 8.2 * 1.0551), PASS),
        (-0.02, (8.2, 8.2, 8.2 * 1.06), PASS),  # elongated against its start
        (0.0, (8.2, 8.2, 8.2 * 1.06), PASS),
        (0.02, (8.2, 8.2, 8.2 * 0.95), FAIL),  # compressed
        (0.02, (8.0, 8.3, 8.8), WARN),  # orthorhombic
    ],
)
def test_an_elongation_counts_above_that_of_its_start(
    calculations: Calculations,
    finished: Finished,
    project: Project,
    strain: float,
    lengths: tuple[float, float, float],
    outcome: Status,
) -> None:
    c = at_two(calculations)
    start = (8.17, 8.17, 8.17 * (1 + strain), 90.0, 90.0, 90.0)
    document = finished(c, structure=cell(c, *lengths), start_lattice=start)
    found = resting_on_two(open_results(project(document)))["c_ratio_x2"]
    assert found.outcome is outcome


def test_the_start_that_was_made_counts_not_the_strain_that_was_asked_for(
    calculations: Calculations, finished: Finished, project: Project
) -> None:
    c = at_two(calculations)
    document = finished(
        c,
        structure=cell(c, 8.2, 8.2, 8.2 * 1.04),
        start_lattice=(8.2, 8.2, 8.2 * 1.037, 90.0, 90.0, 90.0),
        ordering={**c.ordering, "c_strain": -0.07},
    )
    found = resting_on_two(open_results(project(document)))["c_ratio_x2"]
    assert found.outcome is WARN
    assert "not relaxed away from its start (+3.7 %)" in found.reason


def test_the_six_permutations_of_a_cell_have_one_verdict(
    calculations: Calculations, finished: Finished, project: Project
) -> None:
    at_one, c = calculations[4], at_two(calculations)

    def judged(lengths: Sequence[float]) -> set[tuple[Any, ...]]:
        where = project(
            finished(calculations[0]),
            finished(at_one),
            finished(c, structure=cell(c, *lengths)),
        )
        return {
            (v.check, v.status, None if v.value is None else round(v.value, 9))
            for v in open_results(where).compare_to_paper()
        }

    for lengths in ((8.2, 8.2, 8.7), (8.0, 8.2, 8.4), (8.0, 8.3, 8.8)):
        first, *others = (judged(order) for order in permutations(lengths))
        assert all(found == first for found in others), lengths
    assert ("c_ratio_x2", PASS) in {v[:2] for v in judged((8.7, 8.2, 8.2))}


@pytest.mark.parametrize("lengths", [(8.0, 8.2, 8.4), (8.2, 8.2, 8.6), (8, 8, 8)])
def test_the_shape_of_a_cell_does_not_depend_on_the_names_of_its_axes(
    lengths: tuple[float, float, float],
) -> None:
    shapes = [lattice_ratios(*order) for order in permutations(lengths)]
    assert len({round(s.c_unique, 12) for s in shapes}) == 1
    assert len({s.lattice_class.partition(" along")[0] for s in shapes}) == 1


def test_numbers_of_another_u_or_engine_say_so_in_the_status(
    series: Callable[..., Results],
) -> None:
    u = {"Mn": 3.9, "Ni": 6.2}
    results = series()
    documents = [d.model_copy(update={"hubbards": u}) for d in results.documents()]
    for document in documents:
        results._recorded.store.put(document)
    verdicts = results.compare_to_paper()
    found = next(v for v in verdicts if v.check == "m_mn_x2")
    assert found.status == "PASS (U Mn 3.9, Ni 6.2)"
    assert overall(verdicts, ROCKSALT) == "NOT_COMPUTED"
    assert "PASS" not in {str(v.status) for v in verdicts}


@pytest.mark.parametrize("geometry", ["chgnet", "CHGNet 0.3.0"])
def test_a_geometry_of_the_surrogate_gives_no_lattice_verdict_of_another_engine(
    series: Callable[..., Results], geometry: str
) -> None:
    results = series()
    for document in results.documents():
        own = {"geometry": geometry, "cutoff": 700.0, "width": 0.05}
        settings = {**document.settings, **own}
        made = document.model_copy(update={"engine": "gpaw", "settings": settings})
        results._recorded.store.put(made)
    verdicts = {v.check: v for v in results.compare_to_paper()}
    assert verdicts["m_mn_x2"].status == "PASS (surrogate geometry)"
    for check in ("c_ratio_x2", "c_ratio_to_x1", "volume_0_to_2", "a_x1"):
        assert verdicts[check].outcome is NONE
    assert f"relaxed by {geometry}, not by gpaw" in verdicts["c_ratio_x2"].reason


def test_moments_of_both_signs_are_wrong_unless_they_were_asked_for() -> None:
    row = {"x": 2, "state": "DONE", "mixed_sign": True, "insertion": ROCKSALT}
    assert seen_in(row) == ("moment_flipped",)
    assert seen_in({**row, "magnetic_order": "afm_mn"}) == ()


def test_nothing_stands_against_a_row_without_numbers() -> None:
    row = {"x": 2, "state": "PLANNED", "gap": math.nan, "n_mn3": None}
    assert against(row, "moments") == ()


def test_a_result_without_gap_moments_or_lattice_is_not_computed_and_no_error(
    series: Callable[..., Results],
) -> None:
    """As CHGNet has no eigenvalues, and a foreign run may have no moments."""
    bare = {"bandgap": None, "magnetization": None, "cell_relaxed": False}
    verdicts = {v.check: v for v in series(**bare).compare_to_paper()}
    for check in ("gap_x2", "charge_order_x2", "m_mn_x2", "c_ratio_x2"):
        assert verdicts[check].outcome is NONE, check
        assert verdicts[check].reason, check


def test_results_that_are_read_from_mongodb_are_gated_alike(
    calculations: Calculations, finished: Finished
) -> None:
    store = MongoResults(mongomock.MongoClient()["lnmo"]["documents"])
    store.put(finished(calculations[4]))
    store.put(finished(at_two(calculations), findings=(finding("metallic"),)))
    found = resting_on_two(Results(store))
    assert {v.outcome for v in found.values()} == {WARN}
    assert all("no gap" in v.reason for v in found.values())
