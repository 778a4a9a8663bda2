"""A PASS says what it is of: laxer settings, and whatever is not on record."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.paper_rows import row, series, verdict
from workflows.campaign.calculation import Calculation
from workflows.campaign.campaign import load_campaign
from workflows.campaign.plan import plan
from workflows.records.document import State, TaskDocument
from workflows.records.summary import summarize
from workflows.results.calculation_rows import result_row
from workflows.results.labels import combined, labels_of, planned_labels
from workflows.results.lithium_energy import Reference
from workflows.results.origin import origin_of_numbers
from workflows.results.paper import compare_to_paper
from workflows.results.qualifiers import qualifiers

Finished = Callable[..., TaskDocument]
Calculations = tuple[Calculation, ...]


def with_settings(
    document: TaskDocument, tags: dict[str, Any], settings: dict[str, Any]
) -> TaskDocument:
    incar = {**document.settings["incar"], **tags}
    own = {**document.settings, "incar": incar, **settings}
    kept = {k: v for k, v in own.items() if v is not None}
    kept["incar"] = {k: v for k, v in incar.items() if v is not None}
    return document.model_copy(update={"settings": kept})


@pytest.mark.parametrize(
    ("tags", "settings", "told"),
    [
        ({}, {}, ""),
        # stricter, or as strict
        ({"ENCUT": 680, "SIGMA": 0.02, "EDIFF": 1e-8}, {"ENCUT": 680.0}, ""),
        ({"ISMEAR": -5, "LMAXMIX": 6}, {"kpoints": [4, 4, 4]}, ""),
        # laxer
        ({"ENCUT": 400}, {"ENCUT": 400.0}, "ENCUT = 400"),
        ({}, {"ENCUT": 519.0}, "ENCUT = 519"),
        ({"SIGMA": 0.2}, {}, "SIGMA = 0.2"),
        ({"ISMEAR": 1}, {}, "ISMEAR = 1"),
        ({"PREC": "Normal"}, {}, "PREC = Normal"),
        ({"PREC": "Low"}, {"PREC": "low"}, "PREC = low"),
        ({"EDIFF": 1e-3}, {}, "EDIFF = 0.001"),
        ({"LASPH": None}, {}, "no LASPH"),
        ({"LREAL": "Auto"}, {}, "LREAL = Auto"),
        ({"ISYM": 2}, {}, "ISYM = 2"),
        ({"NELECT": 430}, {}, "NELECT = 430"),
        ({"PSTRESS": 100}, {}, "PSTRESS = 100"),
        ({}, {"kpoints": [2, 2, 2]}, "k mesh 2x2x2"),
        ({}, {"kpoints": [3, 3, 1]}, "k mesh 3x3x1"),
        # not known
        ({}, {"ENCUT": None}, "ENCUT not recorded"),
        ({}, {"kpoints": None}, "k mesh not recorded"),
    ],
)
def test_what_is_laxer_stands_behind_the_outcome_and_what_is_stricter_does_not(
    finished: Finished,
    calculations: Calculations,
    tags: dict[str, Any],
    settings: dict[str, Any],
    told: str,
) -> None:
    document = with_settings(finished(calculations[4]), tags, settings)
    labels = labels_of(document)
    assert labels["lax_settings"] == told
    assert qualifiers(labels) == ((told,) if told else ())


def test_tags_that_were_never_recorded_are_not_taken_for_the_planned_ones(
    finished: Finished, calculations: Calculations
) -> None:
    known = {"functional": "pbe_u", "ENCUT": 520.0, "kpoints": [3, 3, 3]}
    labels = labels_of(finished(calculations[4], settings=known))
    assert qualifiers(labels) == ("INCAR tags not recorded",)
    nothing = qualifiers(labels_of(finished(calculations[4], settings={})))
    assert nothing == (
        "functional not recorded",
        "ENCUT not recorded, INCAR tags not recorded, k mesh not recorded",
    )


@pytest.mark.parametrize(
    ("state", "energy", "settings", "told"),
    [
        ("NEVER_STARTED", None, {}, ""),
        ("TRUNCATED", None, {}, ""),
        ("FAILED", None, {"ENCUT": 300.0}, "ENCUT = 300"),
        ("UNCONVERGED", -1.0, {}, "ENCUT not recorded, k mesh not recorded"),
        ("DONE", None, {}, "ENCUT not recorded, k mesh not recorded"),
    ],
)
def test_a_step_that_gave_no_number_is_not_called_lax_for_what_was_not_read(
    finished: Finished,
    calculations: Calculations,
    state: str,
    energy: float | None,
    settings: dict[str, Any],
    told: str,
) -> None:
    document = with_settings(
        finished(calculations[4]), {}, {"ENCUT": None, "kpoints": None, **settings}
    )
    made = document.model_copy(update={"state": State(state), "energy": energy})
    assert result_row([summarize(made)])["lax_settings"] == told


def test_a_lax_relaxation_makes_a_lax_row_and_a_lax_density_of_states_does_not(
    finished: Finished, calculations: Calculations
) -> None:
    c = calculations[4]
    lax = {"ENCUT": 300.0}
    for step, told in (("relax", "ENCUT = 300"), ("dos", "")):
        steps = [finished(c, s) for s in ("relax", "static", "dos")]
        made = [
            with_settings(d, {}, lax if d.task_label == step else {}) for d in steps
        ]
        assert result_row([summarize(d) for d in made])["lax_settings"] == told


def test_the_line_below_a_table_names_what_is_laxer() -> None:
    rows = [row(0, lax_settings="SIGMA = 0.2"), row(1, lax_settings="k mesh 2x2x2")]
    assert origin_of_numbers(pd.DataFrame(rows)) == (
        "engine vasp (6.4.2), U Mn 5.96, Ni 4.5 eV, "
        "settings laxer than the paper's or ours (SIGMA = 0.2, k mesh 2x2x2)"
    )
    assert "laxer" not in origin_of_numbers(pd.DataFrame(series()))


def test_a_plan_says_the_same_before_it_runs(calculations: Calculations) -> None:
    assert planned_labels(calculations[4])["lax_settings"] == ""


def test_a_relaxation_that_no_static_run_follows_is_named(
    finished: Finished, write_campaign: Callable[..., Path]
) -> None:
    changes = {"vasp.steps": ["relax"], "vasp.dos_at": [], "x": [1]}
    changes |= {"lithium_reference": True}
    calculation, metal = plan(load_campaign(write_campaign(changes)))
    assert planned_labels(calculation)["lax_settings"] == "no static step"
    alone = result_row([summarize(finished(calculation, "relax"))])
    assert alone["lax_settings"] == "no static step"
    assert verdict([alone], "m_ni_x1").status == "PASS (no static step)"
    assert planned_labels(metal)["lax_settings"] == ""  # it always has one


def test_a_relaxation_before_a_static_run_is_none_without_it(
    finished: Finished, calculations: Calculations
) -> None:
    steps = [finished(calculations[4], step) for step in ("relax", "static")]
    assert result_row([summarize(d) for d in steps])["lax_settings"] == ""


def test_a_wider_cell_may_have_a_coarser_mesh(
    finished: Finished, calculations: Calculations
) -> None:
    twice = ((2.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    document = with_settings(finished(calculations[4]), {}, {"kpoints": [2, 3, 3]})
    assert labels_of(document)["lax_settings"] == "k mesh 2x3x3"
    wide = document.model_copy(update={"supercell": twice})
    assert labels_of(wide)["lax_settings"] == ""


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ({"functional": ""}, ("functional not recorded",)),
        ({"functional": "pbesol_u"}, ("functional pbesol_u",)),
        ({"engine": "mace", "geometry": "mace"}, ("engine mace",)),
        ({"engine": ""}, ("engine not recorded", "geometry of vasp")),
        ({"engine": "chgnet", "geometry": "chgnet"}, None),
        ({"geometry": "mace"}, ("geometry of mace",)),
        ({"geometry": ""}, ("geometry not recorded",)),
        ({"geometry": "chgnet"}, ("surrogate geometry",)),
        ({"hubbard_u": ""}, ("U not recorded",)),
        ({"lax_settings": "ENCUT = 400"}, ("ENCUT = 400",)),
    ],
)
def test_a_row_of_which_something_is_unknown_or_strange_says_so(
    labels: dict[str, Any], told: tuple[str, ...] | None
) -> None:
    found = qualifiers(combined([row(1, **labels)]))
    assert found == told or (told is None and "engine chgnet" in found)
    mixed = qualifiers(combined([row(0), row(1, **labels)]))
    assert any(word in mixed for word in found)


def test_rows_with_and_without_a_geometry_are_no_single_geometry() -> None:
    rows = [
        row(0, geometry="chgnet", engine="gpaw"),
        row(1, geometry="", engine="gpaw"),
    ]
    told = qualifiers(combined(rows))
    assert {"surrogate geometry", "geometry not recorded"} <= set(told)


def test_no_length_passes_that_another_or_an_unknown_engine_relaxed() -> None:
    for geometry in ("mace", "", "CHGNet 0.3.0"):
        found = verdict(series(row(1, geometry=geometry)), "a_x1")
        assert found.value is None
        assert "not by vasp" in found.reason


def test_a_geometry_of_gpaw_that_is_not_named_is_that_of_its_steps(
    finished: Finished, calculations: Calculations
) -> None:
    made = {"engine": "gpaw", "settings": {"functional": "PBE"}}
    asked = {
        ("geometry", "static"): "chgnet",
        ("relax", "static"): "gpaw",
        ("static",): "",
    }
    for steps, told in asked.items():
        document = finished(calculations[4], steps=steps, **made)
        assert labels_of(document)["geometry"] == told


def test_a_u_that_was_planned_and_is_not_among_the_applied_is_not_recorded(
    finished: Finished, calculations: Calculations
) -> None:
    planned = {
        **finished(calculations[4]).settings,
        "hubbards": {"Mn": 5.96, "Ni": 4.5},
    }
    labels = labels_of(finished(calculations[4], settings=planned, hubbards={}))
    assert (labels["hubbard_u"], qualifiers(labels)) == ("", ("U not recorded",))


@pytest.mark.parametrize(
    ("lithium", "status"),
    [
        ({}, "PASS"),
        ({"hubbard_u": "Li 4"}, "WARN"),
        ({"cell_relaxed": False}, "WARN"),
        ({"lax_settings": "INCAR tags not recorded"}, "PASS (lithium: INCAR tags not"),
        ({"lax_settings": "k mesh 3x3x3"}, "PASS (lithium: k mesh 3x3x3)"),
    ],
)
def test_a_voltage_says_what_its_lithium_is_of(
    lithium: dict[str, Any], status: str
) -> None:
    rows = [r | {"energy_per_fu": -45.0 - 6.5 * r["x"]} for r in series()]
    own = {"x": None, "state": "DONE", "finding_ids": "", "cell_relaxed": True}
    reference = Reference(-1.9, {**own, **lithium})
    found = compare_to_paper(rows, lithium=reference)
    voltage = next(v for v in found if v.check == "voltage_0_to_1")
    assert voltage.status.startswith(status)
