"""What was read of a Firework may be over: another ``lnmo run`` may have it by now."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fireworks import FWAction, FWorker, LaunchPad

from tests.servers import Mongo
from workflows import load_campaign, plan
from workflows.campaign.calculation import Calculation
from workflows.engines.process_start import start_of
from workflows.errors import StoreBusy
from workflows.launchpad import interrupted_runs, recovery
from workflows.launchpad.guarded_rerun import end_and_rerun, rerun_if
from workflows.launchpad.interrupted_runs import return_interrupted_runs
from workflows.launchpad.launch_owner import Owner, this_process
from workflows.launchpad.opening import owned
from workflows.launchpad.recovery import retry_failed
from workflows.launchpad.steps import fireworks_of
from workflows.launchpad.submission import submit
from workflows.launchpad.workflow_lock import WorkflowLock
from workflows.records.database import Database

CAMPAIGN = """
name: one
lithium_reference: false
x: [1]
vasp: {dos_at: [], incar: {common: {NEDOS: 301}}}
"""


@pytest.fixture
def calculation(tmp_path: Path) -> Calculation:
    """Two steps: relax and static."""
    path = tmp_path / "one.yaml"
    path.write_text(CAMPAIGN)
    (planned,) = plan(load_campaign(path))
    return planned


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def pad(
    mongo: Mongo, calculation: Calculation, root: Path, request: pytest.FixtureRequest
) -> Iterator[LaunchPad]:
    name = f"guarded-{abs(hash(request.node.name))}"
    address = {"host": "127.0.0.1", "port": mongo.port, "name": name}
    root.mkdir()
    with owned(Database(root.with_name("launchpad.yaml"), root, address)) as (own, _):
        submit(own, [calculation])
        yield own
        own.connection.drop_database(name)


def fizzled(pad: LaunchPad) -> int:
    """Let the relaxation fail; return its fw_id."""
    firework, launch = pad.checkout_fw(FWorker(), "/")
    pad.complete_launch(launch, FWAction(), "FIZZLED")
    return int(firework.fw_id)


def state(pad: LaunchPad, fw_id: int) -> str:
    return str(pad.fireworks.find_one({"fw_id": fw_id})["state"])


def in_use(root: Path, calculation: Calculation) -> Path:
    """Return the file of a run in the directory of the relaxation."""
    directory = root / "calculations" / calculation.id / "relax"
    directory.mkdir(parents=True)
    (directory / "OUTCAR").write_text("of a run")
    return directory / "OUTCAR"


@pytest.mark.parametrize("last", ["RUNNING", "COMPLETED", "DEFUSED"])
def test_a_retry_leaves_alone_what_another_run_has_retried_meanwhile(
    pad: LaunchPad, root: Path, calculation: Calculation, last: str
) -> None:
    fw_id = fizzled(pad)
    read_before = fireworks_of(pad)
    assert retry_failed(pad, root, read_before) == 1
    _, launch = pad.checkout_fw(FWorker(), "/")
    if last == "COMPLETED":
        pad.complete_launch(launch, FWAction(), last)
    if last == "DEFUSED":
        pad.defuse_fw(fw_id)
    theirs = in_use(root, calculation)
    assert retry_failed(pad, root, read_before) == 0
    assert theirs.read_text() == "of a run"
    assert state(pad, fw_id) == last


def test_a_second_retry_before_anything_ran_changes_nothing(
    pad: LaunchPad, root: Path
) -> None:
    fw_id = fizzled(pad)
    read_before = fireworks_of(pad)
    assert [retry_failed(pad, root, read_before) for _ in range(2)] == [1, 0]
    assert state(pad, fw_id) == "READY"


def test_a_retried_step_is_not_checked_out_before_its_directory_is_aside(
    pad: LaunchPad,
    root: Path,
    calculation: Calculation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """``lnmo rerun`` also asks for a READY step whose directory records a failure."""
    fw_id = fizzled(pad)
    pad.rerun_fw(fw_id)
    failed = in_use(root, calculation).with_name("task_document.json")
    failed.write_text(json.dumps({}))
    set_aside, found = recovery.retry_step, []

    def look(directory: Path) -> None:
        found.append(pad.checkout_fw(FWorker(), "/"))
        set_aside(directory)

    monkeypatch.setattr(recovery, "retry_step", look)
    step = {"fw_id": fw_id, "state": "FIZZLED", "step": "relax"}
    asked = [{**step, "calculation_id": calculation.id}]
    assert retry_failed(pad, root, asked) == 1
    assert found == [(None, None)]
    assert state(pad, fw_id) == "READY"
    assert not failed.exists()


def test_a_step_that_was_checked_out_between_the_look_and_the_change_is_left_alone(
    pad: LaunchPad,
) -> None:
    (fw_id,) = pad.get_fw_ids({"state": "READY"})

    def may(_state: str) -> bool:
        pad.fireworks.update_one({"fw_id": fw_id}, {"$set": {"state": "RESERVED"}})
        return True

    assert not rerun_if(pad, fw_id, may=may, change=lambda: pytest.fail("changed"))
    assert state(pad, fw_id) == "RESERVED"


def owned_by_the_dead(pad: LaunchPad) -> int:
    gone = {"host": socket.gethostname(), "pid": os.getpid(), "started": "boot:1"}
    _, launch = pad.checkout_fw(FWorker(env=gone), "/")
    return int(launch)


def test_two_runs_return_what_a_third_left_running_only_once(
    pad: LaunchPad, monkeypatch: pytest.MonkeyPatch
) -> None:
    owned_by_the_dead(pad)
    both_read = fireworks_of(pad)
    taken: list[Any] = []

    def ended_and_returned_by_another(_launch: object) -> Owner:
        if not taken:
            taken.append(None)
            assert return_interrupted_runs(pad, both_read) == 1
            taken.append(pad.checkout_fw(FWorker(), "/"))
        return Owner("here", alive=False)

    monkeypatch.setattr(interrupted_runs, "owner_of", ended_and_returned_by_another)
    assert return_interrupted_runs(pad, both_read) == 0
    firework, launch = taken[1]
    assert state(pad, firework.fw_id) == "RUNNING"
    assert pad.get_launch_by_id(launch).state == "RUNNING"
    assert pad.fireworks.find_one({"launches": launch})


def test_an_interrupted_step_that_was_cancelled_stays_so_and_its_launch_ends(
    pad: LaunchPad,
) -> None:
    launch = owned_by_the_dead(pad)
    fw_id = pad.get_launch_by_id(launch).fw_id
    pad.fireworks.update_one({"fw_id": fw_id}, {"$set": {"state": "DEFUSED"}})
    assert not end_and_rerun(pad, launch, "interrupted")
    assert state(pad, fw_id) == "DEFUSED"
    ended = pad.get_launch_by_id(launch)
    assert (ended.state, ended.action.stored_data) == (
        "FIZZLED",
        {"_message": "interrupted"},
    )


def test_a_lock_that_a_kill_left_is_named_with_its_cure(
    pad: LaunchPad, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fw_id = fizzled(pad)
    pad.workflows.update_one({"nodes": fw_id}, {"$set": {"locked": True}})
    monkeypatch.setattr(WorkflowLock, "patience", 0.0)
    with pytest.raises(StoreBusy, match=f"lpad admin unlock -i {fw_id}"):
        retry_failed(pad, root, fireworks_of(pad))
    pad.workflows.update_one({"nodes": fw_id}, {"$unset": {"locked": True}})
    assert retry_failed(pad, root, fireworks_of(pad)) == 1


def test_a_lock_of_a_process_that_was_killed_here_is_not_waited_for(
    pad: LaunchPad, root: Path
) -> None:
    fw_id = fizzled(pad)
    dead = json.dumps({**this_process(), "pid": 2**22 + 1})
    pad.workflows.update_one({"nodes": fw_id}, {"$set": {"locked": dead}})
    assert retry_failed(pad, root, fireworks_of(pad)) == 1
    assert "locked" not in pad.workflows.find_one({"nodes": fw_id})


PARENT = {"pid": os.getppid(), "started": start_of(os.getppid())}


@pytest.mark.parametrize(
    "change",
    [PARENT, {"host": "another"}, {"started": None}],
    ids=["its parent", "another host", "unknown"],
)
def test_a_lock_of_a_process_that_may_live_is_waited_for(
    pad: LaunchPad,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: dict[str, object],
) -> None:
    fw_id = fizzled(pad)
    living = json.dumps({**this_process(), **change})
    pad.workflows.update_one({"nodes": fw_id}, {"$set": {"locked": living}})
    monkeypatch.setattr(WorkflowLock, "patience", 0.0)
    with pytest.raises(StoreBusy, match=f"lpad admin unlock -i {fw_id}"):
        retry_failed(pad, root, fireworks_of(pad))
    assert pad.workflows.find_one({"nodes": fw_id})["locked"] == living


def test_a_step_that_was_deleted_meanwhile_is_not_waited_for(
    pad: LaunchPad, root: Path
) -> None:
    fizzled(pad)
    read_before = fireworks_of(pad)
    pad.fireworks.delete_many({})
    pad.workflows.delete_many({})
    assert retry_failed(pad, root, read_before) == 0
