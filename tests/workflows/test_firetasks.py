"""The Firetasks under plain FireWorks, as `rlaunch` runs them on a cluster.

No MongoDB is at hand in tests, so FireWorks' own LaunchPad gets collections in memory;
its rocket, FWorker env and serialisation are the real ones.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from fireworks import Firework, FWorker, LaunchPad
from fireworks.core.rocket_launcher import launch_rocket

from tests.places import FAKE_VASP
from workflows import load_campaign, plan
from workflows.campaign.calculation import Calculation, content_id
from workflows.engines.claim import Superseded, Turn, claim
from workflows.engines.machine import data_directory, machine
from workflows.engines.reseed import reseeded
from workflows.errors import MachineError
from workflows.firetasks import TURN, RecordTaskDocument, RunStep, new_detours
from workflows.launchpad.embedded import EmbeddedLaunchPad
from workflows.launchpad.events import Event
from workflows.launchpad.local_queue import LocalQueue
from workflows.launchpad.local_run import LocalRun
from workflows.launchpad.steps import fireworks_of, with_reseeds
from workflows.launchpad.submission import submit, workflow
from workflows.records.file_store import FileResults
from workflows.records.mongo_store import COLLECTION, MongoResults

FAKE = FAKE_VASP
CAMPAIGN = """
name: one
lithium_reference: false
x: [1]
vasp: {steps: [static], dos_at: [], incar: {common: {NEDOS: 301}}}
"""


@pytest.fixture
def calculation(tmp_path: Path) -> Calculation:
    """A single VASP run."""
    path = tmp_path / "one.yaml"
    path.write_text(CAMPAIGN)
    (planned,) = plan(load_campaign(path))
    return planned


@pytest.fixture
def launchpad(tmp_path: Path, calculation: Calculation) -> LaunchPad:
    """FireWorks' own LaunchPad, its collections in memory."""
    plain = LaunchPad.__new__(LaunchPad)
    plain.__dict__.update(vars(EmbeddedLaunchPad(tmp_path / "none", writable=False)))
    submit(plain, [calculation])
    return plain


@pytest.fixture
def fworker(tmp_path: Path) -> FWorker:
    command = f"{sys.executable} {FAKE}"
    root = str(tmp_path / "data")
    return FWorker(env={"root": root, "vasp_cmd": command, "poll_seconds": 0.1})


@pytest.fixture
def launch(
    launchpad: LaunchPad,
    fworker: FWorker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[], bool]:
    """Launch one rocket from a directory of its own, as a queue job does."""
    (tmp_path / "launch").mkdir()
    monkeypatch.chdir(tmp_path / "launch")
    # A thread pings while the launch ends; these collections are for one thread.
    monkeypatch.setattr("fireworks.core.rocket.start_ping_launch", lambda *_: None)
    return partial(launch_rocket, launchpad, fworker, strm_lvl="CRITICAL")


def test_their_names_are_what_every_launchpad_has_stored() -> None:
    assert RunStep._fw_name == "{{workflows.firetasks.RunStep}}"
    assert RecordTaskDocument._fw_name == "{{workflows.firetasks.RecordTaskDocument}}"


def test_a_workflow_survives_the_way_through_json(calculation: Calculation) -> None:
    made = workflow(calculation)
    assert type(made).from_dict(made.to_dict()).to_dict() == made.to_dict()
    (firework,) = made.fws
    back = Firework.from_dict(firework.to_dict())
    assert Calculation.from_dict(back.spec["calculation"]) == calculation


def test_a_rocket_completes_and_the_document_is_in_the_collection(
    launchpad: LaunchPad, calculation: Calculation, launch: Callable[[], bool]
) -> None:
    launch()
    assert [s["state"] for s in fireworks_of(launchpad)] == ["COMPLETED"]
    (document,) = MongoResults(launchpad.db[COLLECTION]).documents()
    assert (document.calculation_id, document.task_label) == (calculation.id, "static")
    assert document.state == "DONE"
    assert document.dir_name == f"calculations/{calculation.id}/static"


def test_the_document_of_a_failed_rocket_is_in_the_collection_all_the_same(
    launchpad: LaunchPad, launch: Callable[[], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_VASP_FAIL", "crash")
    launch()
    assert [s["state"] for s in fireworks_of(launchpad)] == ["FIZZLED"]
    (document,) = MongoResults(launchpad.db[COLLECTION]).documents()
    assert document.state == "TRUNCATED"


def test_a_local_run_on_such_a_launchpad_fills_the_collection_too(
    launchpad: LaunchPad, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LNMO_VASP_CMD", f"{sys.executable} {FAKE}")
    monkeypatch.setenv("LNMO_POLL_SECONDS", "0.1")
    events: list[Event] = []
    LocalRun(launchpad, tmp_path / "data", jobs=2, watch=events.append).run()
    told = [e.kind for e in events if e.kind in {"started", "ended", "failed"}]
    assert told == ["started", "ended"]
    (document,) = MongoResults(launchpad.db[COLLECTION]).documents()
    assert document.state == "DONE"


def test_a_launch_that_wakes_late_leaves_the_step_to_the_later_one(
    launchpad: LaunchPad, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_VASP_LEDGER", str(tmp_path / "ledger"))
    queue = LocalQueue(launchpad, tmp_path / "data")
    firework, launch_id = queue.check_out()
    assert firework is not None
    spec = queue.request(firework, launch_id)["firework"]["spec"]
    epoch, number = spec[TURN]
    own = FileResults(tmp_path / "data").directory(spec["calculation_id"], spec["step"])
    with claim(own, turn=Turn(epoch, number + 1)):
        pass  # it was given up, and its successor has begun or ended
    env = {"root": str(tmp_path / "data"), "vasp_cmd": f"{sys.executable} {FAKE}"}
    with pytest.raises(Superseded, match="took this step over from launch"):
        RunStep().run_task({**spec, "_fw_env": env})
    assert not (tmp_path / "ledger").exists()
    assert not own.exists()


def test_a_rocket_adds_the_reseed_of_a_wrong_state_once(
    launchpad: LaunchPad,
    calculations: tuple[Calculation, ...],
    launch: Callable[[], bool],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FAKE_VASP_FAIL", "wrong_valence")
    launchpad.fireworks.delete_many({})
    launchpad.workflows.delete_many({})
    two = next(c for c in calculations if c.x == 2)
    two = replace(two, steps=("static",), reseeds=1)
    two = replace(two, id=content_id(two))
    submit(launchpad, [two], category="big")
    while launch():
        pass
    steps = fireworks_of(launchpad, [two])
    again = reseeded(two, 1)
    assert [(s["calculation_id"], s["state"]) for s in steps] == [
        (c.id, "COMPLETED") for c in sorted((two, again), key=lambda c: c.id)
    ]
    assert {s["category"] for s in steps} == {"big"}
    recorded = MongoResults(launchpad.db[COLLECTION]).documents()
    assert {d.calculation_id for d in recorded} == {two.id, again.id}
    first = next(s["fw_id"] for s in steps if s["calculation_id"] == two.id)
    launchpad.rerun_fw(first)
    while launch():
        pass
    assert fireworks_of(launchpad, [two]) == steps


def test_a_reseed_that_no_workflow_names_is_not_there(
    launchpad: LaunchPad, calculation: Calculation
) -> None:
    again = workflow(reseeded(calculation, 1))
    assert new_detours(launchpad, [again]) == [again]
    launchpad._upsert_fws(list(workflow(reseeded(calculation, 1)).fws))  # and killed
    assert new_detours(launchpad, [again]) == [again]
    launchpad.append_wf(workflow(reseeded(calculation, 1)), [1], detour=True)
    assert new_detours(launchpad, [again]) == []
    assert with_reseeds(launchpad, [calculation.id]) == [
        calculation.id,
        reseeded(calculation, 1).id,
    ]


def test_the_fworkers_env_wins_over_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LNMO_VASP_CMD", "from the environment")
    monkeypatch.setenv("LNMO_ROOT", "/from/the/environment")
    spec = {"_fw_env": {"vasp_cmd": "own", "root": "/own", "incar": {"NCORE": 4}}}
    assert machine(spec).vasp_cmd == "own"
    assert machine(spec).incar == {"NCORE": 4}
    assert data_directory(spec) == Path("/own")
    assert machine({}).vasp_cmd == "from the environment"
    assert data_directory({}) == Path("/from/the/environment")


def test_without_a_data_directory_the_message_says_what_to_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("LNMO_ROOT", raising=False)
    with pytest.raises(MachineError, match="LNMO_ROOT"):
        data_directory({})


def test_a_poll_interval_that_is_no_number_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LNMO_POLL_SECONDS", "soon")
    with pytest.raises(
        MachineError, match="LNMO_POLL_SECONDS = 'soon' is not a number"
    ):
        machine({})
