"""Halves of Workflows are found, told, and removed; no result goes with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fireworks import LaunchPad

from tests import forked
from tests.servers import Mongo
from workflows.campaign.calculation import Calculation
from workflows.cluster.overview import overview
from workflows.cluster.reconcile import reconcile
from workflows.launchpad import halves as module
from workflows.launchpad.halves import halves
from workflows.launchpad.launch_owner import LOCAL_RUN, this_process
from workflows.launchpad.opening import owned
from workflows.launchpad.steps import fireworks_of
from workflows.launchpad.submission import submit
from workflows.records.database import Database, read_database

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
def database(tmp_path: Path, mongo: Mongo) -> Database:
    name = tmp_path.name.replace("-", "_")[-40:]
    settings = f"host: 127.0.0.1\nport: {mongo.port}\nname: {name}\n"
    (tmp_path / "launchpad.yaml").write_text(settings)
    return read_database(tmp_path)


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
    fworker = {"name": LOCAL_RUN, "env": owner}
    pad.launches.insert_one(
        {"launch_id": 7, "fw_id": fw_id, "state": "RUNNING", "fworker": fworker}
    )
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
    (left,) = halves(pad)
    assert left.busy
    assert fw_id in (left.fw_id, left.fw_id + 1)  # a Workflow is named by its first
    (told,) = reconcile(pad, database, None, fix=True)
    assert not told.done
    assert told.action.startswith("stop what computes it, then lnmo reconcile --fix")
    place = database.path.parent
    env = {"PATH": "/usr/bin:/bin", "HOME": str(place), "LNMO_VASP_CMD": "false"}
    pad.fireworks.update_many({"state": "READY"}, {"$set": {"state": "PAUSED"}})
    ran = forked.lnmo("run", cwd=place, env=env)
    assert ran.returncode == 1, ran.stdout
    assert left.why in ran.stdout


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
