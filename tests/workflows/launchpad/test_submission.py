"""From calculations to Fireworks, and back to what is submitted."""

from pathlib import Path

import pytest
from fireworks import Firework, ScriptTask, Workflow

from workflows.campaign.calculation import Calculation
from workflows.campaign.campaign import Campaign
from workflows.campaign.plan import plan
from workflows.cli.selection import Selection, StepSelection
from workflows.engines.machine import machine
from workflows.errors import MachineError
from workflows.launchpad.embedded import EmbeddedLaunchPad
from workflows.launchpad.steps import fireworks_of, submitted
from workflows.launchpad.submission import submit


@pytest.fixture
def pad(
    tmp_path: Path, paper: Campaign, calculations: tuple[Calculation, ...]
) -> EmbeddedLaunchPad:
    """A LaunchPad that holds the paper's campaign, and x = 1 by the surrogate."""
    pad = EmbeddedLaunchPad(tmp_path / "launchpad.json", writable=True)
    submit(pad, calculations)
    submit(pad, plan(paper.override(engine="chgnet", x=[1])))
    return pad


def test_a_second_submission_adds_nothing(
    pad: EmbeddedLaunchPad, calculations: tuple[Calculation, ...]
) -> None:
    again = submit(pad, calculations)
    assert (again.added, again.present) == ((), calculations)


def test_the_steps_of_a_calculation_are_listed_in_their_order(
    pad: EmbeddedLaunchPad, calculations: tuple[Calculation, ...]
) -> None:
    listed = [(s["calculation_id"], s["step"]) for s in fireworks_of(pad, calculations)]
    assert sorted(listed) == sorted((c.id, s) for c in calculations for s in c.steps)
    of_x_1 = [step for found, step in listed if found == calculations[4].id]
    assert of_x_1 == ["relax", "static", "dos"]


def test_fireworks_of_another_project_are_no_business_of_ours(
    pad: EmbeddedLaunchPad, calculations: tuple[Calculation, ...]
) -> None:
    before = fireworks_of(pad)
    pad.add_wf(Workflow([Firework([ScriptTask.from_str("true")], spec={"x": 1})]))
    half = Firework([ScriptTask.from_str("true")], fw_id=99)  # they are just adding it
    pad.fireworks.insert_one(half.to_db_dict())
    assert fireworks_of(pad) == before
    assert submitted(pad, x=[1])
    query = StepSelection(Selection("paper", x=(1.0,))).of_fireworks(pad)
    assert query["spec.calculation_id"]["$in"]
    submit(pad, calculations)
    assert pad.fireworks.find_one({"fw_id": 99}) is not None


def test_without_a_choice_everything_submitted_is_meant(pad: EmbeddedLaunchPad) -> None:
    assert submitted(pad) is None


def test_engine_and_x_choose_among_what_is_submitted(pad: EmbeddedLaunchPad) -> None:
    def chosen(**options: object) -> set[tuple[str, str]]:
        found = submitted(pad, **options)  # type: ignore[arg-type]
        assert found is not None
        return {(c.engine, c.label) for c in found}

    assert chosen(engine="chgnet") == {("chgnet", "x=1")}
    assert chosen(x=[1]) == {("chgnet", "x=1"), ("vasp", "x=1")}
    assert chosen(x=[2], engine="vasp") == {
        ("vasp", "x=2 tet_8b"),
        ("vasp", "x=2 oct_16c_rocksalt"),
    }
    assert chosen(x=[0.125]) == set()


def test_the_machines_incar_tags_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LNMO_VASP_INCAR", "NCORE=8 KPAR=2")
    assert machine({}).incar == {"NCORE": 8, "KPAR": 2}


@pytest.mark.parametrize("text", ["ENCUT=600", "NCORE", "NCORE="])
def test_a_tag_that_is_not_the_machines_is_refused(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("LNMO_VASP_INCAR", text)
    with pytest.raises(MachineError, match="is not a machine tag"):
        machine({})
