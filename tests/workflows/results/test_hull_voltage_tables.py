"""Hulls and voltages from the rows of a campaign, with the lithium that they need."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pymatgen.core import Composition

from workflows import open_results, plan
from workflows.campaign.calculation import Calculation
from workflows.campaign.campaign import Campaign
from workflows.campaign.reference_metal import metal_reference
from workflows.engines.protocol import identity
from workflows.errors import ResultsError
from workflows.records.document import State, TaskDocument
from workflows.results.hull_voltage_tables import (
    HULL_COLUMNS,
    VOLTAGE_COLUMNS,
    curves,
    hull_frame,
)
from workflows.results.results import records
from workflows.results.verdict import Status

Calculations = tuple[Calculation, ...]
Finished = Callable[..., TaskDocument]
Project = Callable[..., Path]
SETTINGS = {
    "functional": "pbe_u",
    "ENCUT": 520.0,
    "kpoints": [3, 3, 3],
    "hubbards": {"Ni": 5.96, "Mn": 4.5},
    "potcar": ["PBE_54", {"Li": "Li_sv", "Ni": "Ni_pv", "Mn": "Mn_pv", "O": "O"}],
}
OF_LITHIUM = {
    "functional": "pbe_u",
    "ENCUT": 520.0,
    "kpoints": [17, 17, 17],
    "hubbards": {},
    "potcar": ["PBE_54", {"Li": "Li_sv"}],
}


@pytest.fixture
def lithium(paper: Campaign) -> Callable[..., TaskDocument]:
    """The static step of bcc lithium, -1.9 eV per atom."""
    metal = metal_reference(paper)

    def make(**changes: Any) -> TaskDocument:
        made = {
            **identity(metal, "static"),
            **{"state": State.DONE, "engine_version": "6.4.2"},
            **{"structure": metal.structure, "settings": OF_LITHIUM},
            **{"max_force": 0.001, "max_stress_kbar": 0.2},
            **{"energy": -3.8, "energy_per_atom": -1.9, "cell_relaxed": True},
            "dir_name": f"calculations/{metal.id}/static",
        }
        return TaskDocument(**(made | changes))

    return make


@pytest.fixture
def cells(calculations: Calculations, finished: Finished) -> list[TaskDocument]:
    """Static steps whose energies give 4.7 V below x = 1 and 2.8 V above."""
    # E(1) - E(0) = -(4.7 + 1.9) = -6.6 eV; E(2) - E(1) = -(2.8 + 1.9) = -4.7 eV.
    # x = 0.5 lies 0.1 below the chord -3.3; 0.25 and 0.75 lie on it.
    below = {0: 0.0, 0.25: -1.65, 0.5: -3.4, 0.75: -4.95, 1: -6.6}
    documents = []
    for c in calculations:
        assert c.x is not None
        e = below[c.x] if c.x <= 1 else -6.6 - 4.7 * (c.x - 1)
        e += 0.8 * (c.insertion == "tet_8b")
        documents.append(finished(c, energy=8 * (e - 45.0), settings=SETTINGS))
    return documents


@pytest.fixture
def whole(
    project: Project, cells: list[TaskDocument], lithium: Callable[..., Any]
) -> Path:
    return project(*cells, lithium())


def test_a_voltage_curve_by_hand(whole: Path) -> None:
    # 0..1: the vertices are 0, 0.5 and 1, the rest lies above their chords:
    # V = 3.4/0.5 - 1.9 = 4.9 and 3.2/0.5 - 1.9 = 4.5; average 6.6 - 1.9 = 4.7
    frame = open_results(whole).voltage()
    assert tuple(frame.columns) == VOLTAGE_COLUMNS
    below = frame[frame["range"] == "0..1"]
    assert set(below["insertion"]) == {"none"}
    assert list(below["kind"]) == ["step", "step", "average"]
    assert list(zip(below["x1"], below["x2"], strict=True)) == [
        (0, 0.5), (0.5, 1), (0, 1)
    ]  # fmt: skip
    assert list(below["volts"]) == pytest.approx([4.9, 4.5, 4.7])
    assert list(below["capacity2"]) == pytest.approx([73.35, 146.70, 146.70], abs=0.01)
    assert frame.attrs["units"]["volts"] == "V against lithium metal"
    assert frame.attrs["mu_li"] == -1.9


def test_each_insertion_model_has_ranges_of_its_own(whole: Path) -> None:
    frame = open_results(whole).voltage()
    averages = frame[frame["kind"] == "average"].set_index(["range", "insertion"])
    # rock salt: 4.7 - 1.9 = 2.8; tet_8b lies 0.8 eV higher: 3.9 - 1.9 = 2.0
    # 0..2: (6.6 + 4.7)/2 - 1.9 = 3.75 and 3.35
    assert averages["volts"].to_dict() == pytest.approx(
        {
            ("0..1", "none"): 4.7,
            ("1..2", "oct_16c_rocksalt"): 2.8,
            ("0..2", "oct_16c_rocksalt"): 3.75,
            ("1..2", "tet_8b"): 2.0,
            ("0..2", "tet_8b"): 3.35,
        }
    )


def test_the_voltage_never_rises_along_a_range(whole: Path) -> None:
    frame = open_results(whole).voltage()
    curves = list(frame[frame["kind"] == "step"].groupby(["range", "insertion"]))
    assert max(len(steps) for _, steps in curves) > 1
    for _, steps in curves:
        assert steps["volts"].is_monotonic_decreasing


def test_the_hull_knows_no_lithium(project: Project, cells: list[TaskDocument]) -> None:
    frame = open_results(project(*cells)).hull()
    assert tuple(frame.columns) == HULL_COLUMNS
    below = frame[frame["range"] == "0..1"].set_index("x")
    # E_f(0.25) = -1.65 + 0.25 * 6.6 = 0; E_f(0.5) = -3.4 + 3.3 = -0.1
    assert list(below["formation"]) == pytest.approx([0, 0, -0.1, 0, 0], abs=1e-9)
    # 0.25 lies 0.05 above the chord to 0.5: 50/6.25 = 8 meV per atom; 0.75: 50/6.75
    assert list(below["e_above_hull"]) == pytest.approx(
        [0, 8, 0, 50 / 6.75, 0], abs=1e-6
    )
    assert list(below["on_hull"]) == [True, False, True, False, True]


def test_the_series_tells_the_distance_from_the_hull_of_its_side(whole: Path) -> None:
    series = open_results(whole).series().set_index(["x", "insertion"])
    assert series.loc[(0.25, "none"), "e_above_hull"] == pytest.approx(8)
    assert series.loc[(2, "tet_8b"), "e_above_hull"] == 0
    # tet_8b at 1.25: chord -3.9 * 0.25, energy -4.7 * 0.25 + 0.8: 0.6 eV, /7.25
    assert series.loc[(1.25, "tet_8b"), "e_above_hull"] == pytest.approx(600 / 7.25)


@pytest.mark.parametrize("insertion", ["tet_8b", "none"])
def test_the_end_of_a_series_that_stops_early_is_not_on_the_hull_by_that(
    project: Project, cells: list[TaskDocument], insertion: str
) -> None:
    above = insertion != "none"
    kept = [
        d for d in cells if d.x is not None and (d.x != 2 if above else 0 < d.x <= 1)
    ]
    series = open_results(project(*kept)).series()
    own = series[series["insertion"].isin({"none", insertion})].set_index("x")
    distance = own["e_above_hull"]
    assert math.isnan(distance[1.75 if above else 0.25])
    assert distance[0 if above else 1] == 0
    assert not distance.drop([1.75 if above else 0.25]).isna().any()


def test_an_ordering_that_is_not_the_lowest_is_a_point_above_the_hull() -> None:
    rows = [
        {"x": x, "energy_per_fu": e, "insertion": "none", "state": "DONE",
         "calculation_id": name, "ended_as": "none"}
        for x, e, name in [(0, 0.0, "a"), (0.5, -1.0, "b"), (0.5, -0.87, "c"),
                           (1, -1.0, "d")]
    ]  # fmt: skip
    frame = hull_frame(rows).set_index("calculation_id")
    assert frame.loc["c", "formation"] == pytest.approx(-0.37)
    assert frame.loc["c", "e_above_hull"] == pytest.approx(1000 * 0.13 / 6.5)
    assert list(frame["on_hull"]) == [True, True, False, True]


def test_what_has_not_finished_is_on_no_curve(
    project: Project,
    calculations: Calculations,
    finished: Finished,
    cells: list[TaskDocument],
) -> None:
    bad = finished(calculations[0], state=State.UNCONVERGED, settings=SETTINGS)
    rows = records(open_results(project(bad, *cells[1:])).series())
    assert {c.label for c in curves(rows)} == {"0.25..1", "1..2", "0.25..2"}


def test_lithium_that_left_its_site_names_the_points_it_became(
    project: Project,
    cells: list[TaskDocument],
    lithium: Callable[..., Any],
) -> None:
    moved = {"Li": {"8a": 3, "16c": 8, "48f": 5}}
    last = [
        d.model_copy(update={"final_sites": moved})
        if (d.x, d.insertion) == (2, "tet_8b")
        else d
        for d in cells
    ]
    frame = open_results(project(*last, lithium())).voltage()
    above = frame[(frame["range"] == "1..2") & (frame["insertion"] == "tet_8b")]
    assert list(above["ended_as2"])[-1] == "8 16c + 5 48f + 3 8a"


def test_without_a_reference_the_cure_is_named(
    project: Project, cells: list[TaskDocument]
) -> None:
    results = open_results(project(*cells))
    with pytest.raises(ResultsError, match="lithium_reference: true"):
        results.voltage()
    verdicts = {v.check: v for v in results.compare_to_paper()}
    assert verdicts["voltage_0_to_1"].status is Status.NOT_COMPUTED
    assert "no lithium metal reference" in verdicts["voltage_0_to_1"].reason


def test_a_reference_that_failed_is_none(
    project: Project, cells: list[TaskDocument], lithium: Callable[..., Any]
) -> None:
    failed = lithium(state=State.FAILED)
    with pytest.raises(ResultsError, match="static FAILED"):
        open_results(project(*cells, failed)).voltage()


@pytest.mark.parametrize(
    ("key", "changes"),
    [
        ("ENCUT", {"settings": {**OF_LITHIUM, "ENCUT": 600.0}}),
        ("functional", {"settings": {**OF_LITHIUM, "functional": "pbesol_u"}}),
        ("potcar", {"settings": {**OF_LITHIUM, "potcar": ["PBE_54", {"Li": "Li"}]}}),
        ("potcar", {"settings": {**OF_LITHIUM, "potcar": ["PBE_64", {"Li": "Li_sv"}]}}),
        ("engine_version", {"engine_version": "5.4.4"}),
        ("POTCAR of Li", {"potcar": {"Li": "PAW_PBE Li 17Jan2003"}}),
    ],
)
def test_a_reference_of_other_settings_is_refused_and_the_key_is_named(
    project: Project,
    cells: list[TaskDocument],
    lithium: Callable[..., Any],
    key: str,
    changes: dict[str, Any],
) -> None:
    applied = {"Li": "PAW_PBE Li_sv 10Sep2004", "O": "PAW_PBE O 08Apr2002"}
    titled = [d.model_copy(update={"potcar": applied}) for d in cells]
    results = open_results(project(*titled, lithium(**changes)))
    with pytest.raises(ResultsError, match=f"differ.* in (the setting |the )?{key}"):
        results.voltage()
    reasons = {v.check: v.reason for v in results.compare_to_paper()}
    assert key in reasons["voltage_0_to_1"]


def test_of_two_references_the_comparable_one_is_taken(
    project: Project, cells: list[TaskDocument], lithium: Callable[..., Any]
) -> None:
    other = lithium(
        calculation_id="0" * 12,
        settings={**OF_LITHIUM, "ENCUT": 600.0},
        energy=-3.4,
        energy_per_atom=-1.7,
    )
    assert open_results(project(*cells, other, lithium())).lithium_energy() == -1.9


def test_the_paper_is_compared_with_the_voltages(whole: Path) -> None:
    found = {(v.check, v.insertion): v for v in open_results(whole).compare_to_paper()}
    assert found["voltage_0_to_1", ""].value == pytest.approx(4.7)
    assert found["voltage_0_to_1", ""].outcome is Status.PASS
    assert found["voltage_1_to_2", "oct_16c_rocksalt"].value == pytest.approx(2.8)
    assert found["voltage_1_to_2", "tet_8b"].value == pytest.approx(2.0)
    assert found["voltage_1_to_2", "tet_8b"].outcome is Status.FAIL
    assert not found["voltage_1_to_2", "tet_8b"].headline


def test_choosing_some_x_keeps_the_reference(whole: Path) -> None:
    frame = open_results(whole).select(x=[0, 1]).voltage()
    assert list(frame["volts"]) == pytest.approx([4.7, 4.7])


def test_pymatgens_electrode_agrees(whole: Path) -> None:
    electrode = open_results(whole).electrode()
    assert electrode.get_average_voltage() == pytest.approx(4.7)


def unfinished_at_one(
    cells: list[TaskDocument], finished: Finished, calculations: Calculations
) -> list[TaskDocument]:
    """The same cells, with a relaxation at x = 1 that did not converge."""
    (c,) = (c for c in calculations if c.x == 1)
    relaxed = finished(c, "relax", settings=SETTINGS, state=State.UNCONVERGED)
    return [*cells, relaxed]


def test_an_electrode_is_made_of_what_has_finished(
    project: Project,
    cells: list[TaskDocument],
    lithium: Callable[..., Any],
    finished: Finished,
    calculations: Calculations,
) -> None:
    documents = unfinished_at_one(cells, finished, calculations)
    results = open_results(project(*documents, lithium()))
    # x = 0.75 is the last: V = 4.95/0.75 - 1.9
    electrode = results.electrode()
    assert electrode.get_average_voltage() == pytest.approx(4.7)
    assert electrode.fully_discharged_entry.composition == Composition("Li6Ni4Mn12O32")
    assert 1 not in set(results.voltage()["x2"])


def test_of_one_finished_x_there_is_no_electrode(
    project: Project,
    cells: list[TaskDocument],
    lithium: Callable[..., Any],
    finished: Finished,
    calculations: Calculations,
) -> None:
    documents = unfinished_at_one(cells, finished, calculations)
    results = open_results(project(*documents, lithium())).select(x=[0, 1])
    told = r"two x that have finished; there is: 0 none \(1 none is UNCONVERGED\)"
    with pytest.raises(ResultsError, match=told):
        results.electrode()


def test_lithium_behind_a_failed_relaxation_is_no_reference(
    project: Project, cells: list[TaskDocument], lithium: Callable[..., Any]
) -> None:
    relaxed = lithium(task_label="relax", state=State.UNCONVERGED)
    results = open_results(project(*cells, relaxed, lithium()))
    with pytest.raises(ResultsError, match="relax UNCONVERGED, static DONE"):
        results.voltage()


def test_the_table_says_that_lithium_has_an_unlikely_energy(
    project: Project, cells: list[TaskDocument], lithium: Callable[..., Any]
) -> None:
    good = open_results(project(*cells, lithium())).voltage()
    assert not any("lithium metal" in words for words in good["findings"])
    odd = lithium(energy=-2.4, energy_per_atom=-1.2)
    frame = open_results(project(*cells, odd)).voltage()
    assert len(frame)
    assert all("lithium metal: -1.20 eV" in words for words in frame["findings"])


def spinel_of_manganese(documents: list[TaskDocument]) -> list[TaskDocument]:
    """Return the same cells, named as if nickel were manganese."""
    return [
        d.model_copy(update={"formula": d.formula.replace("Ni4Mn12", "Mn16")})
        for d in documents
    ]


def test_a_capacity_is_per_gram_of_its_own_spinel(
    project: Project, cells: list[TaskDocument], lithium: Callable[..., Any]
) -> None:
    frame = open_results(project(*spinel_of_manganese(cells), lithium())).voltage()
    below = frame[(frame["range"] == "0..1") & (frame["kind"] == "average")]
    # 96485.33212/(3.6 * 180.813 g/mol)
    assert list(below["capacity2"]) == pytest.approx([148.23], abs=0.01)
    assert frame.attrs["capacity_of"] == "LiMn2O4"
    assert frame.attrs["units"]["capacity2"].startswith("mAh per g of LiMn2O4, ")


def test_two_hosts_never_share_a_table(
    project: Project, cells: list[TaskDocument]
) -> None:
    where = project(cells[0], *spinel_of_manganese(cells[1:]))
    with pytest.raises(ResultsError, match=r"the host: LiNi0.5Mn1.5O4 \| LiMn2O4"):
        open_results(where).hull()


@pytest.mark.parametrize(("ion", "charge"), [("Na", 1), ("Mg", 2)])
def test_another_ion_counts_from_its_own_metal_and_charge(
    paper: Campaign, finished: Finished, project: Project, ion: str, charge: int
) -> None:
    content = paper.model_dump(mode="json")
    content["host"]["ion"] = ion
    campaign = Campaign.model_validate(
        {**content, "x": [0, 0.5, 1], "lithium_reference": True}
    )
    *cathode, planned = plan(campaign)
    energies = {0: 0.0, 0.5: -3.4, 1: -6.6}
    potcar = {ion: f"{ion}_pv", "Ni": "Ni_pv", "Mn": "Mn_pv", "O": "O"}
    settings = {**SETTINGS, "potcar": ["PBE_54", potcar]}
    documents = [
        finished(c, energy=8 * (energies[c.x] - 45.0), settings=settings)
        for c in cathode
        if c.x is not None
    ]
    metal = TaskDocument(
        **identity(planned, "static"),
        **{"state": State.DONE, "engine_version": "6.4.2", "energy": -3.0},
        **{"structure": planned.structure, "energy_per_atom": -1.5},
        settings={**OF_LITHIUM, "potcar": ["PBE_54", {ion: f"{ion}_pv"}]},
        dir_name=f"calculations/{planned.id}/static",
    )
    frame = open_results(project(*documents, metal)).voltage()
    # V = -(-6.6 + 1.5)/z = 5.1/z; the halves: (6.8 - 1.5)/z and (6.4 - 1.5)/z
    expected = [volts / charge for volts in (5.3, 4.9, 5.1)]
    assert list(frame["volts"]) == pytest.approx(expected)
    host = f"{ion}Ni0.5Mn1.5O4"
    assert (frame.attrs["capacity_of"], frame.attrs["ion"]) == (host, ion)
    mass = float(Composition(host).weight)
    assert frame["capacity2"].max() == pytest.approx(charge * 26801.48 / mass, rel=1e-6)
    name = {"Na": "sodium", "Mg": "magnesium"}[ion]
    assert frame.attrs["units"]["volts"] == f"V against {name} metal"
    assert frame.attrs["units"]["x1"] == f"{ion} per formula unit"


def test_lithium_and_sodium_never_share_a_table(
    paper: Campaign, finished: Finished, project: Project
) -> None:
    content = paper.model_dump(mode="json")
    documents = []
    for ion in ("Li", "Na"):
        content["host"]["ion"] = ion
        cell = plan(Campaign.model_validate({**content, "x": [1]}))[0]
        documents.append(finished(cell, energy=-360.0, settings={}))
    with pytest.raises(ResultsError, match="the working ion"):
        open_results(project(*documents)).series()
