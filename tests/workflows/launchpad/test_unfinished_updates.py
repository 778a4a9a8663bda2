"""An update of a Workflow that is cut anywhere is finished by what comes next."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from fireworks import FWAction, FWorker, LaunchPad, Workflow
from pymongo.errors import AutoReconnect

from tests import forked
from tests.workflows.launchpad.cut_writes import call_at
from workflows.campaign.calculation import Calculation
from workflows.cluster.overview import overview
from workflows.cluster.reconcile import reconcile
from workflows.engines.claim import Turn, claim
from workflows.firetasks import chain, new_detours
from workflows.launchpad import halves, stale_locks, unfinished_updates
from workflows.launchpad.counters import turn_of
from workflows.launchpad.launch_owner import this_process
from workflows.launchpad.local_queue import LocalQueue
from workflows.launchpad.mongodb import connected
from workflows.launchpad.opening import owned, reading
from workflows.launchpad.owned_mongodb import FireworkTaken
from workflows.launchpad.submission import submit
from workflows.launchpad.unfinished_updates import WHY, finish_updates
from workflows.launchpad.workflow_lock import WorkflowLock
from workflows.records.database import Database
from workflows.records.file_store import FileResults

WORKER = FWorker(name="here", category=["vasp"])


class Killed(BaseException):
    """As SIGKILL: nothing of this process is written from here on."""


@pytest.fixture
def pair(calculations: tuple[Calculation, ...]) -> list[Calculation]:
    """A calculation of two steps, and another one to stand for its re-seed."""
    return [c for c in calculations if len(c.steps) == 2][:2]


@pytest.fixture
def pad(
    database: Database, pair: list[Calculation], monkeypatch: pytest.MonkeyPatch
) -> Iterator[LaunchPad]:
    for module in (halves, unfinished_updates, stale_locks):
        monkeypatch.setattr(module, "LOOK_AGAIN_SECONDS", 0.01)
    with owned(database) as (launchpad, _):
        submit(launchpad, pair[:1])
        yield launchpad


def _cut_at(pad: LaunchPad, number: int, error: BaseException) -> Callable[[], bool]:
    """Let every write fail from the n-th on; the result says whether one did."""

    def cut() -> None:
        raise error

    return call_at(pad, number, cut)


def _end(pad: LaunchPad, detours: list[Workflow], launch_id: int) -> None:
    action = FWAction(detours=new_detours(pad, detours))
    pad.complete_launch(launch_id, action, "COMPLETED")


def _content(pad: LaunchPad) -> list[Any]:
    """Return steps, states and links, without the numbers that a retry uses up."""
    names = {
        f["fw_id"]: f"{f['spec']['calculation_id']} {f['spec']['step']}"
        for f in pad.fireworks.find()
    }
    states = sorted((names[f["fw_id"]], f["state"]) for f in pad.fireworks.find())
    workflows = [
        (
            sorted((names[int(n)], state) for n, state in w["fw_states"].items()),
            sorted(
                (names[int(n)], names[c]) for n, own in w["links"].items() for c in own
            ),
            w["state"],
        )
        for w in pad.workflows.find()
    ]
    return [states, workflows]


def _whole(pad: LaunchPad, detours: list[Workflow]) -> list[Any]:
    """Return what an end leaves that nothing cuts, and put all back."""
    before = {
        name: list(getattr(pad, name).find())
        for name in ("fireworks", "workflows", "launches")
    }
    _, launch_id = pad.checkout_fw(WORKER, "/")
    _end(pad, detours, launch_id)
    found = _content(pad)
    for name, documents in before.items():
        getattr(pad, name).delete_many({})
        if documents:
            getattr(pad, name).insert_many(documents)
    return found


def _detours(pair: list[Calculation], reseed: bool) -> list[Workflow]:
    return [Workflow(chain(pair[1], "vasp"))] if reseed else []


@pytest.mark.parametrize("reseed", [False, True])
@pytest.mark.parametrize("verb", ["reconcile", "run"])
def test_an_end_that_is_killed_before_any_of_its_writes_is_finished_once(
    pad: LaunchPad,
    database: Database,
    pair: list[Calculation],
    reseed: bool,
    verb: str,
) -> None:
    wanted, number, seen = _whole(pad, _detours(pair, reseed)), 2, 0
    while True:
        with connected(database) as killed:
            _, launch_id = killed.checkout_fw(WORKER, "/")
            cut = _cut_at(killed, number, Killed())
            with suppress(Killed):
                _end(killed, _detours(pair, reseed), launch_id)
            if not cut():
                break
        if verb == "reconcile":
            reconcile(pad, database, None, fix=True)
            assert not pad.workflows.find_one({"locked": {"$exists": True}})
        else:
            held, dead = (
                {"locked": {"$exists": True}},
                {**this_process(), "pid": 2**22 + 1},
            )
            pad.workflows.update_many(held, {"$set": {"locked": json.dumps(dead)}})
            submit(pad, pair[:1])
            finish_updates(pad)
        if pad.fireworks.find_one({"state": "RUNNING"}):  # only the launch was told
            fw_id = pad.fireworks.find_one({"state": "RUNNING"})["fw_id"]
            pad._refresh_wf(fw_id)
        assert _content(pad) == wanted, number
        assert not unfinished_updates.unfinished_updates(pad)
        _start_again(pad, pair)
        number, seen = number + 1, seen + 1
    assert seen >= (6 if reseed else 4)


@pytest.mark.parametrize("reseed", [False, True])
def test_a_process_that_wakes_before_any_write_of_an_end_undoes_nothing(
    pad: LaunchPad, database: Database, pair: list[Calculation], reseed: bool
) -> None:
    """It was declared dead; its successor finished the end, and ran the next step."""
    number = 2
    while True:
        left: list[Any] = []
        with connected(database) as woken:
            _, launch_id = woken.checkout_fw(WORKER, "/")

            cut = call_at(woken, number, partial(_succeed, pad, database, left))
            with suppress(FireworkTaken):
                _end(woken, _detours(pair, reseed), launch_id)
            if not cut():
                break
        assert _content(pad) == left, number
        assert not unfinished_updates.unfinished_updates(pad)
        _start_again(pad, pair)
        number += 1
    assert number > 5


@pytest.mark.parametrize("number", [3, 4])
def test_a_step_that_is_cancelled_while_its_parent_ends_stays_so(
    pad: LaunchPad, database: Database, number: int
) -> None:
    once: list[object] = []

    def cancelled() -> None:
        if not once:
            defused = {"$set": {"state": "DEFUSED"}}
            once.append(pad.fireworks.update_one({"spec.step": "static"}, defused))

    with connected(database) as worker:
        _, launch_id = worker.checkout_fw(WORKER, "/")
        call_at(worker, number, cancelled)
        worker.complete_launch(launch_id, FWAction(), "COMPLETED")
    states = {f["spec"]["step"]: f["state"] for f in pad.fireworks.find()}
    assert states == {"relax": "COMPLETED", "static": "DEFUSED"}
    assert finish_updates(pad) == []


def test_a_mongodb_that_goes_away_during_an_update_fails_no_step(
    pad: LaunchPad, database: Database
) -> None:
    for number in (2, 3, 4, 5):
        with connected(database) as worker:
            _, launch_id = worker.checkout_fw(WORKER, "/")
            _cut_at(worker, number, AutoReconnect("connection closed"))
            with pytest.raises(AutoReconnect):
                worker.complete_launch(launch_id, FWAction(), "COMPLETED")
        assert not pad.fireworks.find_one({"state": "FIZZLED"})
        pad.workflows.update_many({}, {"$unset": {"locked": True}})
        _finish(pad, database)
        states = {f["spec"]["step"]: f["state"] for f in pad.fireworks.find()}
        assert states == {"relax": "COMPLETED", "static": "READY"}
        pad.rerun_fw(pad.fireworks.find_one({"spec.step": "relax"})["fw_id"])


def test_what_waits_for_nothing_is_named_and_freed(
    pad: LaunchPad, database: Database
) -> None:
    """As a process leaves it that is killed while it makes a step READY again."""
    pad.fireworks.update_one({"state": "READY"}, {"$set": {"state": "WAITING"}})
    (problem,) = overview(pad, database, {}, None).problems
    assert problem.action == "lnmo reconcile --fix"
    assert "waits" in problem.reason
    (report,) = reconcile(pad, database, None, fix=False)
    assert not report.done
    (report,) = reconcile(pad, database, None, fix=True)
    assert report.done
    assert reconcile(pad, database, None, fix=True) == []
    assert pad.checkout_fw(WORKER, "/")[0].spec["step"] == "relax"


def test_a_state_that_no_launch_decided_is_not_taken_for_an_end(pad: LaunchPad) -> None:
    firework, launch_id = pad.checkout_fw(WORKER, "/")
    done = {"$set": {"state": "COMPLETED"}}
    pad.fireworks.update_one({"fw_id": firework.fw_id}, done)
    assert len(finish_updates(pad)) == 1  # what comes after it
    states = {f["spec"]["step"]: f["state"] for f in pad.fireworks.find()}
    assert states == {"relax": "COMPLETED", "static": "READY"}
    assert pad.get_launch_by_id(launch_id).state == "RUNNING"
    assert finish_updates(pad) == []


def test_a_workflow_that_is_being_changed_can_be_read(
    pad: LaunchPad, database: Database
) -> None:
    """Its lock is no damage; one that is kept for long is told with its cure."""
    with pad.alone(_fw_id(pad, "relax")), reading(database) as read:
        (told,) = overview(read, database, {}, None).problems
    assert (told.action, told.reason) == ("lnmo reconcile --fix", stale_locks.LEFT)
    assert overview(pad, database, {}, None).problems == []


def test_reconcile_as_it_is_typed_frees_what_a_killed_process_left(
    pad: LaunchPad, database: Database
) -> None:
    dead = json.dumps({**this_process(), "pid": 2**22 + 1})
    pad.workflows.update_one({}, {"$set": {"locked": dead}})
    pad.fireworks.update_one({"state": "READY"}, {"$set": {"state": "WAITING"}})
    place = database.path.parent
    env = {"PATH": "/usr/bin:/bin", "HOME": str(place)}
    told = forked.lnmo("reconcile", cwd=place, env=env)
    assert (told.returncode, told.stderr) == (1, "")
    told = forked.lnmo("reconcile", "--fix", cwd=place, env=env)
    assert (told.returncode, told.stderr) == (0, "")
    assert ": unlocked" in told.stdout
    assert f"{WHY}: finished" in told.stdout
    again = forked.lnmo("reconcile", "--fix", cwd=place, env=env)
    assert "nothing to repair" in again.stdout
    assert pad.checkout_fw(WORKER, "/")[0] is not None


def test_a_lock_that_could_not_be_released_is_not_waited_for(
    pad: LaunchPad, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The MongoDB was away then; the process is the same."""
    monkeypatch.setattr(WorkflowLock, "patience", 0.0)
    fw_id = _fw_id(pad, "relax")

    real = pad.workflows
    _cut_at(pad, 3, AutoReconnect("connection closed"))
    with pytest.raises(AutoReconnect):
        pad._refresh_wf(fw_id)
    pad.workflows = real
    assert "locked" in pad.workflows.find_one({"nodes": fw_id})
    pad._refresh_wf(fw_id)
    assert "locked" not in pad.workflows.find_one({"nodes": fw_id})


def test_an_end_that_a_locked_workflow_keeps_out_is_not_taken_for_told(
    pad: LaunchPad, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WorkflowLock, "patience", 0.0)
    _, launch_id = pad.checkout_fw(WORKER, "/")
    living = json.dumps({**this_process(), "host": "another"})
    pad.workflows.update_one({}, {"$set": {"locked": living}})
    queue = LocalQueue(pad, database.root)
    told = queue.complete(launch_id, "COMPLETED", {})
    assert "locked for minutes" in told
    pad.workflows.update_one({}, {"$unset": {"locked": True}})
    assert queue.complete(launch_id, "COMPLETED", {}) == ""
    assert pad.fireworks.find_one({"state": "READY"})["spec"]["step"] == "static"


def test_a_check_out_goes_on_while_its_workflow_is_locked(
    pad: LaunchPad, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WorkflowLock, "patience", 0.0)
    living = json.dumps({**this_process(), "host": "another"})
    pad.workflows.update_one({}, {"$set": {"locked": living}})
    assert pad.checkout_fw(WORKER, "/")[0].spec["step"] == "relax"


def test_counters_that_are_lost_during_a_step_begin_again(
    pad: LaunchPad, pair: list[Calculation]
) -> None:
    firework, launch_id = pad.checkout_fw(WORKER, "/")
    pad.fw_id_assigner.drop()
    _end(pad, _detours(pair, reseed=True), launch_id)
    numbers = [f["fw_id"] for f in pad.fireworks.find()]
    assert len(numbers) == len(set(numbers)) == 4
    assert pad.fireworks.find_one({"fw_id": firework.fw_id})["state"] == "COMPLETED"
    assert pad.get_new_launch_id() == launch_id + 1


def test_a_launch_that_is_lost_during_its_step_is_told(
    pad: LaunchPad, database: Database
) -> None:
    _, launch_id = pad.checkout_fw(WORKER, "/")
    pad.launches.drop()
    told = LocalQueue(pad, database.root).complete(launch_id, "COMPLETED", {})
    assert f"has lost launch {launch_id}" in told


def test_launches_of_a_restored_dump_come_after_those_that_left_a_mark(
    pad: LaunchPad, database: Database
) -> None:
    dump = list(pad.fw_id_assigner.find())
    directory = FileResults(database.root).directory("0" * 12, "relax")
    for _ in range(5):
        turn = Turn(*turn_of(pad, pad.get_new_launch_id()))
        with claim(directory, turn=turn):
            pass
    pad.fw_id_assigner.drop()
    pad.fw_id_assigner.insert_many(dump)
    with owned(database) as (again, _):
        later = Turn(*turn_of(again, again.get_new_launch_id()))
    assert later.launch_id == turn.launch_id + 1
    with claim(directory, turn=later):
        pass


def _fw_id(pad: LaunchPad, step: str) -> int:
    return int(pad.fireworks.find_one({"spec.step": step})["fw_id"])


def _succeed(pad: LaunchPad, database: Database, left: list[Any]) -> None:
    """Take over, finish what was left, and run the next step; once."""
    if not left:
        pad.workflows.update_many({}, {"$unset": {"locked": True}})
        _finish(pad, database)
        _, later = pad.checkout_fw(WORKER, "/")
        pad.complete_launch(later, FWAction(), "COMPLETED")
        left.extend(_content(pad))


def _finish(pad: LaunchPad, database: Database) -> None:
    """Finish an end: of its own Firework, as reconcile asks the queue, and the rest."""
    for firework in pad.fireworks.find({"state": "RUNNING"}):
        pad._refresh_wf(firework["fw_id"])
    reconcile(pad, database, None, fix=True)


def _start_again(pad: LaunchPad, pair: list[Calculation]) -> None:
    for name in ("fireworks", "workflows", "launches"):
        getattr(pad, name).delete_many({})
    submit(pad, pair[:1])
