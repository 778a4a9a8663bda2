"""Energies of different INCAR tags never meet, whoever set them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workflows import load_campaign, open_results, plan
from workflows.campaign import presets
from workflows.campaign.calculation import Calculation
from workflows.campaign.campaign import Campaign
from workflows.campaign.reference_metal import metal_reference
from workflows.engines.vasp.to_document import describe
from workflows.errors import ResultsError
from workflows.records.document import State, TaskDocument
from workflows.results.comparable import refuse_reference
from workflows.vasp.run_files import VaspFiles

WriteCampaign = Callable[..., Path]
Project = Callable[..., Path]
Planned = Callable[..., tuple[Calculation, ...]]
Recorded = Callable[..., list[TaskDocument]]


@pytest.fixture
def campaign(write_campaign: WriteCampaign) -> Callable[..., Campaign]:
    """The paper's campaign at x = 1 with some keys of ``vasp`` changed."""

    def make(**vasp: Any) -> Campaign:
        changes = {f"vasp.{key}": value for key, value in vasp.items()}
        return load_campaign(write_campaign({"x": [1], **changes}))

    return make


@pytest.fixture
def planned(campaign: Callable[..., Campaign]) -> Planned:
    """Its calculations."""
    return lambda **vasp: plan(campaign(**vasp))


@pytest.fixture
def documents(finished: Callable[..., TaskDocument]) -> Recorded:
    """Finish every step of calculations, with the settings that the engine records."""

    def make(calculations: tuple[Calculation, ...]) -> list[TaskDocument]:
        found = []
        for c in calculations:
            for step in c.steps:
                settings = describe(nowhere(), c, step)["settings"]
                found.append(finished(c, step, settings=settings))
        return found

    return make


@pytest.mark.parametrize(
    ("incar", "message"),
    [
        ({"common": {"IVDW": 12}}, r"IVDW of relax: (12 \| absent|absent \| 12)"),
        ({"static": {"IVDW": 12}}, "IVDW of static"),
        ({"static": {"GGA": "PS"}}, r"GGA of static: (PS \| PE|PE \| PS)"),
        ({"static": {"SIGMA": 0.3}}, "SIGMA of static"),
        ({"static": {"ISMEAR": -5}}, "ISMEAR of static"),
        ({"static": {"EDIFF": 1e-4}}, "EDIFF of static"),
        ({"static": {"LREAL": "Auto"}}, "LREAL of static"),
        ({"static": {"ADDGRID": True}}, "ADDGRID of static"),
        ({"static": {"NELECT": 400}}, "NELECT of static"),
        ({"relax": {"EDIFFG": -0.05}}, "EDIFFG of relax"),
    ],
)
def test_a_campaign_of_other_tags_stands_in_no_table_with_the_first(
    incar: dict[str, Any],
    message: str,
    planned: Planned,
    documents: Recorded,
    project: Project,
) -> None:
    first, other = planned(), planned(incar=incar)
    where = project(*documents(first), *documents(other))
    with pytest.raises(ResultsError, match=f"differ in the INCAR tag {message}"):
        open_results(where).series()
    for own in (first, other):
        assert len(open_results(where).select(own).series()) == 1


@pytest.mark.parametrize(
    "vasp",
    [
        {"incar": {"common": {"ALGO": "All", "NELM": 300, "AMIX": 0.2}}},
        {"incar": {"static": {"LVHAR": True, "NEDOS": 2001, "LAECHG": True}}},
        {"incar": {"relax": {"NSW": 300, "POTIM": 0.1}}},
        {"incar": {"dos": {"ISMEAR": 0, "SIGMA": 0.1, "NEDOS": 5001}}},
        {"incar": {"static": {"GGA": "pe", "ENCUT": 520.0}}},
    ],
)
def test_tags_that_decide_no_number_do_not_part_results(
    vasp: dict[str, Any], planned: Planned, documents: Recorded, project: Project
) -> None:
    where = project(*documents(planned()), *documents(planned(**vasp)))
    assert set(open_results(where).series()["n_orderings"]) == {2}


def test_a_relaxation_that_counts_meets_a_static_run_of_the_same_functional(
    planned: Planned, documents: Recorded, project: Project
) -> None:
    alone = {"steps": ["relax"], "dos_at": []}
    static, relax = documents(planned()), documents(planned(**alone))
    assert len(open_results(project(*static, *relax)).series()) == 1
    other = documents(
        planned(incar={"relax": {"METAGGA": "R2SCAN"}}, steps=["relax"], dos_at=[])
    )
    counted = [d for d in static if d.task_label == "static"]
    with pytest.raises(ResultsError, match="INCAR tag METAGGA"):
        open_results(project(*counted, *other)).series()


def test_what_an_earlier_version_recorded_needs_a_plan_to_vouch_for_it(
    planned: Planned, documents: Recorded, project: Project
) -> None:
    calculations = planned()
    new = documents(calculations)
    old = [
        d.model_copy(
            update={"settings": {k: v for k, v in d.settings.items() if k != "incar"}}
        )
        for d in new
    ]
    assert len(open_results(project(*old)).series()) == 1
    where = project(*old[:1], *new[1:])
    with pytest.raises(ResultsError, match="have no INCAR tags on record") as told:
        open_results(where).series()
    assert told.match("lnmo results CAMPAIGN")
    assert len(open_results(where).select(calculations).series()) == 1


@pytest.fixture
def with_metal(
    campaign: Callable[..., Campaign], documents: Recorded
) -> Callable[..., tuple[list[TaskDocument], TaskDocument]]:
    """The documents of the cells, and that of the metal's static run."""

    def make(**vasp: Any) -> tuple[list[TaskDocument], TaskDocument]:
        own = campaign(**vasp)
        metal = describe(nowhere(), metal_reference(own), "static")
        document = TaskDocument(state=State.DONE, engine_version="6.4.2", **metal)
        return documents(plan(own)), document

    return make


@pytest.mark.parametrize("functional", presets.functionals())
def test_the_metal_of_every_functional_goes_with_its_cathode(
    functional: str, with_metal: Callable[..., Any]
) -> None:
    refuse_reference(*with_metal(functional=functional))
    moment = {"common": {"NUPDOWN": 20}, "lithium": {"NUPDOWN": None}}
    refuse_reference(*with_metal(functional=functional, incar=moment))


def test_the_metal_shares_the_dispersion_correction_and_not_the_smearing(
    with_metal: Callable[..., Any],
) -> None:
    cells, _ = with_metal()
    finer = {"lithium": {"SIGMA": 0.1, "EDIFF": 1e-7}}
    refuse_reference(cells, with_metal(incar=finer)[1])
    corrected = {"common": {"IVDW": 12}}
    refuse_reference(*with_metal(incar=corrected))
    with pytest.raises(
        ResultsError, match=r"reference .* INCAR tag IVDW: absent \| 12"
    ):
        refuse_reference(cells, with_metal(incar=corrected)[1])
    without = {**corrected, "lithium": {"IVDW": None}}
    with pytest.raises(ResultsError, match=r"INCAR tag IVDW: 12 \| absent"):
        refuse_reference(*with_metal(incar=without))


def nowhere() -> VaspFiles:
    return VaspFiles(Path(), "", {})


def test_a_member_of_a_chain_has_the_tags_of_its_step(planned: Planned) -> None:
    (calculation,) = planned(incar={"relax": {"IVDW": 12}})
    member = describe(nowhere(), calculation, "relax-2")["settings"]["incar"]
    assert (member["EDIFFG"], member["IVDW"]) == (-0.02, 12)
