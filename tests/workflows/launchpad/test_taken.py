"""A process that was stopped, and wakes, does not undo what its successor did."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fireworks import FWAction, FWorker, LaunchPad

from workflows.campaign.calculation import Calculation
from workflows.cluster.rerun import rerun
from workflows.launchpad.interrupted_runs import return_interrupted_runs
from workflows.launchpad.launch_owner import LOCAL_RUN, this_process
from workflows.launchpad.mongodb import connected
from workflows.launchpad.opening import owned
from workflows.launchpad.owned_mongodb import FireworkTaken
from workflows.launchpad.steps import fireworks_of
from workflows.launchpad.submission import submit
from workflows.records.database import Database

WORKER = FWorker(name="here", category=["vasp"])


@pytest.fixture
def pad(
    database: Database, calculations: tuple[Calculation, ...]
) -> Iterator[LaunchPad]:
    """One calculation of two steps; that of a process that will be stopped."""
    with owned(database) as (launchpad, _):
        submit(launchpad, [next(c for c in calculations if len(c.steps) == 2)])
        yield launchpad


@pytest.fixture
def other(database: Database, pad: LaunchPad) -> Iterator[LaunchPad]:
    """The same, of the process that declares the first one dead."""
    with connected(database) as launchpad:
        yield launchpad


def _first(pad: LaunchPad) -> dict[str, Any]:
    found = pad.fireworks.find_one({"spec.step": "relax"})
    assert found is not None
    return dict(found)


def _give_back(other: LaunchPad) -> None:
    other.fireworks.update_one(
        {"state": "RESERVED"}, {"$set": {"state": "READY", "launches": []}}
    )


STAGES = ("get_new_launch_id", "_upsert_fws")


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("until", ["runs", "has ended", "was returned too"])
def test_a_check_out_that_wakes_late_takes_nothing(
    pad: LaunchPad,
    other: LaunchPad,
    monkeypatch: pytest.MonkeyPatch,
    stage: str,
    until: str,
) -> None:
    real, left = getattr(pad, stage), []

    def stopped(*args: Any, **more: Any) -> Any:
        if not left:
            _give_back(other)
            firework, launch_id = other.checkout_fw(WORKER, "/")
            if until == "has ended":
                other.complete_launch(launch_id, FWAction(), "COMPLETED")
            elif until == "was returned too":
                other.rerun_fw(firework.fw_id)
            left.append(_first(other))
        return real(*args, **more)

    monkeypatch.setattr(pad, stage, stopped)
    assert pad.checkout_fw(WORKER, "/") == (None, None)
    assert _first(pad) == left[0]
    running = pad.launches.find({"state": "RUNNING"}, {"launch_id": 1})
    own = {each["launch_id"] for each in running}
    assert own <= set(left[0]["launches"]) | set(left[0]["archived_launches"])


def test_of_two_that_check_out_at_once_one_has_the_step(
    pad: LaunchPad, other: LaunchPad, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, taken = pad._upsert_fws, []

    def stopped(*args: Any, **more: Any) -> Any:
        if not taken:
            _give_back(other)
            own = real(*args, **more)  # between the other's reading and its writing
            taken.append(own)
            return own
        return real(*args, **more)

    monkeypatch.setattr(pad, "_upsert_fws", stopped)
    firework, launch_id = pad.checkout_fw(WORKER, "/")
    assert firework is not None
    assert _first(pad)["launches"] == [launch_id]
    assert other.checkout_fw(WORKER, "/")[0] is None


@pytest.mark.parametrize("until", ["runs", "has ended", "is gone"])
def test_an_end_that_wakes_late_changes_nothing(
    pad: LaunchPad, other: LaunchPad, monkeypatch: pytest.MonkeyPatch, until: str
) -> None:
    firework, launch_id = pad.checkout_fw(WORKER, "/")
    real, left = pad._upsert_fws, []

    def stopped(*args: Any, **more: Any) -> Any:
        if not left:
            other.workflows.update_one({}, {"$unset": {"locked": True}})
            if until == "is gone":
                other.fireworks.delete_one({"fw_id": firework.fw_id})
            else:
                other.rerun_fw(firework.fw_id)
                _, later = other.checkout_fw(WORKER, "/")
                if until == "has ended":
                    other.complete_launch(later, FWAction(), "COMPLETED")
            left.append(list(other.fireworks.find({}, {"_id": 0})))
        return real(*args, **more)

    monkeypatch.setattr(pad, "_upsert_fws", stopped)
    with pytest.raises(FireworkTaken, match="nothing was changed"):
        pad.complete_launch(launch_id, FWAction(exit=True), "FIZZLED")
    assert list(pad.fireworks.find({}, {"_id": 0})) == left[0]


def test_what_nobody_else_took_goes_its_way(pad: LaunchPad) -> None:
    steps: list[str] = []
    while (checked := pad.checkout_fw(WORKER, "/"))[0] is not None:
        steps.append(checked[0].spec["step"])
        pad.complete_launch(checked[1], FWAction(), "COMPLETED")
    assert steps == ["relax", "static"]
    pad.rerun_fw(_first(pad)["fw_id"])
    assert {f["state"] for f in pad.fireworks.find()} == {"READY", "WAITING"}


@pytest.mark.parametrize("state", ["COMPLETED", "FIZZLED"])
@pytest.mark.parametrize("verb", ["run", "rerun"])
def test_an_end_of_which_only_the_launch_was_told_is_told_whole(
    pad: LaunchPad, database: Database, state: str, verb: str
) -> None:
    dead = {**this_process(), "started": "long ago"}
    worker = FWorker(name=LOCAL_RUN, category=["vasp"], env=dead)
    firework, launch_id = pad.checkout_fw(worker, "/")
    with pytest.MonkeyPatch.context() as killed:
        killed.setattr(pad, "_refresh_wf", lambda _: None)
        pad.complete_launch(launch_id, FWAction(exit=state == "FIZZLED"), state)
    assert _first(pad)["state"] == "RUNNING"
    if verb == "run":
        assert return_interrupted_runs(pad, fireworks_of(pad)) == 0
        assert _first(pad)["state"] == state
        return
    one = {"fw_id": firework.fw_id}
    told = rerun(pad, database, None, one, dead=True)[0]
    assert told.done, told
    assert ("had finished" in told.action) is (state == "COMPLETED")
    assert _first(pad)["state"] == "READY"  # also a finished one, without its record
