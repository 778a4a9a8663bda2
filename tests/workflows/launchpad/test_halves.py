"""Halves of Workflows are found, told, and removed; no result goes with them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fireworks import FWorker, Launch, LaunchPad

from tests import forked
from workflows.campaign.calculation import Calculation
from workflows.cluster.overview import overview
from workflows.cluster.reconcile import reconcile
from workflows.errors import StoreBusy
from workflows.launchpad import halves as module
from workflows.launchpad.halves import halves
from workflows.launchpad.launch_owner import LOCAL_RUN, this_process
from workflows.launchpad.opening import owned
from workflows.launchpad.steps import fireworks_of
from workflows.launchpad.submission import submit
from workflows.records.database import Database

Lose = Callable[[LaunchPad], object]

LOSSES: dict[str, Lose] = {
    "all fireworks": lambda pad: pad.fireworks.drop(),
    "one firework": lambda pad: pad.fireworks.delete_one({"spec.step": "relax"}),
    "all workflows": lambda pad: pad.workflows.drop(),
    "one workflow": lambda pad: pad.workflows.delete_one({}),
}


@pytest.fixture
def two(calculations: tuple[Calculation, ...]) -> list[Calculation]:
    return [c for c in calculations if len(c.steps) == 2][:2]


@pytest.fixture
def pad(
    database: Database, two: list[Calculation], monkeypatch: pytest.MonkeyPatch
) -> Iterator[LaunchPad]:
    monkeypatch.setattr(module, "LOOK_AGAIN_SECONDS", 0.01)
    with owned(database) as (launchpad, _):
        submit(launchpad, two)
        yield launchpad


def _listed(pad: LaunchPad) -> list[tuple[object, object, object]]:
    fields = ("calculation_id", "step", "state")
    return sorted(tuple(s[f] for f in fields) for s in fireworks_of(pad))  # type: ignore[misc]


@pytest.mark.parametrize("how", LOSSES)
def test_a_half_is_told_and_removed_and_the_next_submission_makes_it_whole(
    how: str, pad: LaunchPad, database: Database, two: list[Calculation]
) -> None:
    whole = _listed(pad)
    assert halves(pad) == []
    LOSSES[how](pad)
    lost = halves(pad)
    assert lost
    shown = overview(pad, database, {}, None)
    assert {p.action for p in shown.problems} == {"lnmo reconcile --fix"}
    asked = reconcile(pad, database, None, fix=False)
    assert [(r.action, r.done) for r in asked] == [("remove", False)] * len(lost)
    assert halves(pad) == lost
    done = reconcile(pad, database, None, fix=True)
    assert [(r.action, r.done) for r in done] == [("remove", True)] * len(lost)
    assert halves(pad) == []
    submit(pad, two)
    assert _listed(pad) == whole


@pytest.mark.parametrize("how", LOSSES)
def test_a_submission_alone_makes_it_whole(
    how: str, pad: LaunchPad, two: list[Calculation]
) -> None:
    whole = _listed(pad)
    LOSSES[how](pad)
    submit(pad, two)
    assert _listed(pad) == whole


def test_a_submission_names_the_campaigns_that_it_does_not_mend(
    pad: LaunchPad, two: list[Calculation]
) -> None:
    other = "other"
    pad.workflows.update_many({}, {"$set": {"metadata.campaign": other}})
    pad.fireworks.drop()
    assert submit(pad, two[:1]).to_submit_again == (other,)


def _launch(pad: LaunchPad, owner: dict[str, Any]) -> int:
    fw_id = pad.fireworks.find_one({"spec.step": "relax"})["fw_id"]
    fworker = FWorker(LOCAL_RUN, "vasp", {}, owner)
    launch = Launch("RUNNING", "/", fworker, "here", "127.0.0.1", launch_id=7)
    pad.launches.insert_one({**launch.to_db_dict(), "fw_id": fw_id})
    pad.fireworks.update_one(
        {"fw_id": fw_id}, {"$set": {"state": "RUNNING", "launches": [7]}}
    )
    return int(fw_id)


@pytest.mark.parametrize("how", ["all fireworks", "all workflows"])
def test_what_may_still_be_computed_stays_and_is_named(
    how: str, pad: LaunchPad, database: Database, two: list[Calculation]
) -> None:
    fw_id = _launch(pad, this_process())
    LOSSES[how](pad)
    submit(pad, two)
    left = halves(pad)
    assert all(half.busy for half in left)
    assert any(fw_id in (half.fw_id, half.fw_id + 1) for half in left)
    for told in reconcile(pad, database, None, fix=True):
        assert not told.done
        assert told.action.startswith("stop what computes it, then lnmo reconcile")
    place = database.path.parent
    env = {"PATH": "/usr/bin:/bin", "HOME": str(place), "LNMO_VASP_CMD": "false"}
    pad.fireworks.update_many({"state": "READY"}, {"$set": {"state": "PAUSED"}})
    ran = forked.lnmo("run", cwd=place, env=env)
    assert ran.returncode == 1, ran.stdout
    assert left[0].why in ran.stdout


@pytest.mark.parametrize("how", ["all fireworks", "all workflows"])
def test_what_a_dead_process_had_is_removed(
    how: str, pad: LaunchPad, database: Database, two: list[Calculation]
) -> None:
    _launch(pad, {**this_process(), "started": "long ago"})
    whole = [(i, step, "READY") for i, step, _ in _listed(pad)]
    LOSSES[how](pad)
    assert all(r.done for r in reconcile(pad, database, None, fix=True))
    submit(pad, two)
    assert [(i, step) for i, step, _ in _listed(pad)] == [w[:2] for w in whole]


def test_what_has_ended_without_its_workflow_is_removed(
    pad: LaunchPad, database: Database, two: list[Calculation]
) -> None:
    _launch(pad, this_process())
    pad.workflows.drop()
    pad.launches.update_one({}, {"$set": {"state": "COMPLETED"}})
    assert all(r.done for r in reconcile(pad, database, None, fix=True))
    assert pad.fireworks.count_documents({}) == 0
    assert len(submit(pad, two).added) == len(two)


def test_a_workflow_that_another_process_is_adding_is_no_half(
    pad: LaunchPad, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflows = list(pad.workflows.find({}, {"_id": 0}))
    pad.workflows.drop()  # FireWorks adds Fireworks first

    def added(_: float) -> None:
        pad.workflows.insert_many(workflows)

    monkeypatch.setattr("workflows.launchpad.halves.time.sleep", added)
    assert halves(pad) == []


def test_a_step_whose_launch_is_lost_is_asked_about_and_can_be_taken_again(
    pad: LaunchPad, database: Database
) -> None:
    fw_id = _launch(pad, this_process())
    long_ago = "2020-01-01T00:00:00"
    pad.fireworks.update_many({}, {"$set": {"updated_on": long_ago}})
    pad.launches.drop()
    (told,) = overview(pad, database, {}, None).problems
    assert "the LaunchPad has lost its launch" in told.reason
    assert told.action.endswith(f"lnmo rerun --fw-id {fw_id} --dead")
    assert reconcile(pad, database, None, fix=True) == []
    place = database.path.parent
    env = {"PATH": "/usr/bin:/bin", "HOME": str(place)}
    again = forked.lnmo("rerun", "--fw-id", str(fw_id), "--dead", cwd=place, env=env)
    assert "READY again" in again.stdout, again.stdout + again.stderr
    found = pad.fireworks.find_one({"fw_id": fw_id})
    assert (found["state"], found["launches"]) == ("READY", [])


def test_a_step_that_runs_is_not_submitted_again_without_its_workflow(
    pad: LaunchPad, two: list[Calculation]
) -> None:
    _launch(pad, this_process())
    pad.workflows.drop()
    whole = _listed(pad)
    again = submit(pad, two)
    assert len(again.added) == len(again.present) == 1
    assert _listed(pad) == whole


def test_nothing_is_submitted_while_a_living_process_computes_what_is_lost(
    pad: LaunchPad, two: list[Calculation]
) -> None:
    _launch(pad, this_process())
    pad.workflows.drop()
    pad.fireworks.drop()
    with pytest.raises(StoreBusy, match="which the LaunchPad has lost"):
        submit(pad, two)
    assert _listed(pad) == []


def test_a_submission_that_leaves_a_broken_workflow_is_no_success(
    pad: LaunchPad, database: Database, two: list[Calculation], tmp_path: Path
) -> None:
    _launch(pad, this_process())
    pad.fireworks.drop()
    done = submit(pad, two)
    assert [half.busy for half in done.left] == [True]
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    told = forked.lnmo("submit", "paper", "--x", "2", cwd=tmp_path, env=env)
    assert told.returncode == 1, told.stdout + told.stderr
    assert done.left[0].why in told.stdout


def test_status_names_the_steps_whose_calculation_is_lost(
    pad: LaunchPad, database: Database, two: list[Calculation]
) -> None:
    pad.db["lnmo_calculations"].delete_one({"_id": two[0].id})
    told = overview(pad, database, {}, None).problems
    assert {p.action for p in told} == {"submit it again: paper"}
    assert len(told) == len(two[0].steps)
    submit(pad, two)
    assert overview(pad, database, {}, None).problems == []


def test_a_change_of_a_step_without_its_workflow_is_refused_at_once(
    pad: LaunchPad, database: Database
) -> None:
    fw_id = _launch(pad, {**this_process(), "started": "long ago"})
    pad.workflows.drop()
    place = database.path.parent
    env = {"PATH": "/usr/bin:/bin", "HOME": str(place)}
    begun = time.monotonic()
    told = forked.lnmo("rerun", "--fw-id", str(fw_id), "--dead", cwd=place, env=env)
    assert time.monotonic() - begun < 60
    assert "no Workflow holds Firework" in told.stdout + told.stderr
    assert told.returncode != 0


OLD = {"next_fw_id": 1, "next_launch_id": 1}


@pytest.mark.parametrize("behind", [OLD, {"next_fw_id": 2}, {"next_launch_id": None}])
def test_counters_of_an_older_dump_give_no_number_again(
    pad: LaunchPad, database: Database, two: list[Calculation], behind: dict[str, Any]
) -> None:
    _launch(pad, this_process())
    whole = _listed(pad)
    others = list(pad.fireworks.find({}, {"_id": 0, "fw_id": 1}))
    pad.fw_id_assigner.update_one({}, {"$set": behind})
    with owned(database) as (again, _):
        added = submit(again, [replace(two[0], id="0" * 12)]).added
    assert len(added) == 1
    assert set(whole) < set(_listed(pad))
    assert pad.fireworks.count_documents({}) == len(others) + len(two[0].steps)
    assert pad.get_new_launch_id() == 8
