"""Fireworks made READY again, if they are still as they were read.

FireWorks' ``rerun_fw`` makes a Firework READY whatever its state has become. On a
MongoDB another process may have taken it since it was read. Every way out of FIZZLED
holds the lock of the Workflow, so under that lock a state stays; out of READY there is
one that does not, the check-out, which therefore has to lose first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from typing import Any

from fireworks import FWAction, LaunchPad
from fireworks.core.launchpad import LockedWorkflowError, WFLock

from workflows.launchpad.embedded import in_one_save
from workflows.launchpad.owned_mongodb import MongoLaunchPad
from workflows.launchpad.workflow_lock import locked_for_minutes, refuse_lost


def rerun_if(
    launchpad: LaunchPad,
    fw_id: int,
    *,
    may: Callable[[str], bool],
    change: Callable[[], None] = lambda: None,
) -> bool:
    """Make a Firework READY again, or WAITING for its parents, unless it was taken.

    Parameters
    ----------
    launchpad
        Opened for changing.
    fw_id
        Of the Firework.
    may
        Told the state at that moment; says whether the Firework may run again.
    change
        Called if it may, while nobody else can take it.

    Returns
    -------
    bool
        Whether it was done.

    Raises
    ------
    StoreBusy
        Another process has kept the Workflow locked for minutes.
    """
    with _alone(launchpad, fw_id) as firework:
        if firework is None or not may(firework["state"]):
            return False
        if not _hold(launchpad, fw_id, firework["state"]):
            return False
        change()
        _rerun(launchpad, fw_id)
    return True


def end_and_rerun(launchpad: LaunchPad, launch_id: int, why: str) -> bool:
    """End the RUNNING launch of a process that is gone; make its Firework READY.

    One that was cancelled or paused meanwhile stays so, and its launch ends.

    Returns
    -------
    bool
        Whether it is READY again; False also if another process took the step over.

    Raises
    ------
    StoreBusy
        Another process has kept the Workflow locked for minutes.
    """
    launch = launchpad.get_launch_by_id(launch_id)
    with _alone(launchpad, launch.fw_id) as firework:
        if firework is None or launch_id not in firework["launches"]:
            return False
        launch.state = "FIZZLED"
        launch.action = FWAction(stored_data={"_message": why}, exit=True)
        running = {"launch_id": launch_id, "state": "RUNNING"}
        ended = launchpad.launches.find_one_and_replace(running, launch.to_db_dict())
        if ended is None or firework["state"] != "RUNNING":
            return False
        _rerun(launchpad, launch.fw_id)
    return True


@contextmanager
def _alone(launchpad: LaunchPad, fw_id: int) -> Iterator[dict[str, Any] | None]:
    """Hold the Workflow of a Firework; yield its state and launches, None if gone."""
    query, fields = {"fw_id": fw_id}, {"_id": 0, "state": 1, "launches": 1}
    if launchpad.fireworks.find_one(query, fields) is None:
        yield None
        return
    try:
        with _workflow_of(launchpad, fw_id), in_one_save(launchpad):
            yield launchpad.fireworks.find_one(query, fields)
    except LockedWorkflowError:
        raise locked_for_minutes(fw_id) from None


def _workflow_of(launchpad: LaunchPad, fw_id: int) -> AbstractContextManager[Any]:
    if isinstance(launchpad, MongoLaunchPad):
        return launchpad.alone(fw_id)
    refuse_lost(launchpad, fw_id)
    lock: AbstractContextManager[Any] = WFLock(launchpad, fw_id)
    return lock


def _hold(launchpad: LaunchPad, fw_id: int, state: str) -> bool:
    """Keep a READY Firework from being checked out; False if that came first."""
    if state != "READY":
        return True
    query = {"fw_id": fw_id, "state": state}
    held = {"$set": {"state": "WAITING", "updated_on": datetime.now(UTC)}}
    return launchpad.fireworks.find_one_and_update(query, held) is not None


def _rerun(launchpad: LaunchPad, fw_id: int) -> None:
    """As ``rerun_fw`` without its lock, which is held."""
    recovery = {"$unset": {"spec._recovery": ""}}
    launchpad.fireworks.update_one({"fw_id": fw_id}, recovery)
    _forget_lost_launches(launchpad, fw_id)
    workflow = launchpad.get_wf_by_fw_id_lzyfw(fw_id)
    launchpad._update_wf(workflow, workflow.rerun_fw(fw_id))


def _forget_lost_launches(launchpad: LaunchPad, fw_id: int) -> None:
    """Drop the numbers of launches that the database has lost: FireWorks reads all."""
    both = ("launches", "archived_launches")
    found = launchpad.fireworks.find_one({"fw_id": fw_id}, dict.fromkeys(both, 1))
    numbers = [number for name in both for number in found[name]]
    query = {"launch_id": {"$in": numbers}}
    there = {one["launch_id"] for one in launchpad.launches.find(query)}
    if lost := [number for number in numbers if number not in there]:
        change = {name: {"$in": lost} for name in both}
        launchpad.fireworks.update_one({"fw_id": fw_id}, {"$pull": change})
