"""Changes of state that bring database and queue into agreement; all safe to repeat.

Each checks again before it writes, so that a change made in the meantime by another
process, or by the worker itself, is kept.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from fireworks import FWAction, LaunchPad

from workflows.cluster.decision import Action
from workflows.cluster.scheduler import Job
from workflows.cluster.step_status import ENDED, StepStatus
from workflows.cluster.unsent import read_unsent, send
from workflows.launchpad.guarded_rerun import rerun_if


def reason(status: StepStatus) -> str:
    """Return, in one line, what happened to a Firework."""
    job = f"job {status.job_id}" if status.job_id else ""
    if status.action is Action.RETRY:
        message = status.message or f"{job} ended: {status.ended}"
        explains = status.job in {Job.TIMEOUT, Job.NODE_FAIL, Job.PREEMPTED}
        return f"{message}; the queue says: {status.job}" if explains else message
    if status.action is Action.SEND:
        return f"{job or 'its worker'} ended while the database was away; result saved"
    if status.action is Action.REFRESH:
        return f"its launch is {status.launch_state}, its own state was not updated"
    if status.action is Action.ADOPT:
        return "finished after it was cancelled; the result is good"
    if status.job is None and status.launch_state == "RUNNING":
        return f"{status.owner or 'its worker'} was killed"
    if status.job is None:
        if status.launch_id is None:
            return "reserved by a launcher that died before it submitted"
        return "reserved but never submitted: its launcher died"
    if status.job is Job.UNKNOWN:
        return f"{job} is no longer in the queue, and how it ended is not recorded"
    if status.launch_state == "RESERVED":
        return f"{job} never started: {status.job}"
    why = status.listed.why if status.listed is not None else ""
    detail = f" ({why})" if why else ""
    return f"{job} ended without a report from its worker: {status.job}{detail}"


def repair(launchpad: LaunchPad, status: StepStatus, root: Path) -> bool:
    """Carry out the action that was decided; False if the state has changed since.

    ``root`` is the data directory.
    """
    if not _unchanged(launchpad, status):
        return False
    action = status.action
    if action is Action.RETURN:
        return_to_ready(launchpad, status.fw_id, status.launch_id, reason(status))
    elif action is Action.RETRY:
        message = {"$set": {"action.stored_data._message": reason(status)}}
        launchpad.launches.update_one({"launch_id": status.launch_id}, message)
        rerun_if(launchpad, status.fw_id, may=lambda state: state == status.state)
    elif action is Action.REFRESH:
        launchpad._refresh_wf(status.fw_id)
    elif action is Action.ADOPT:
        adopt(launchpad, status.fw_id)
    elif action is Action.CLOSE and status.launch_id is not None:
        end_launch(launchpad, status.launch_id, reason(status))
    elif action is Action.SEND and status.unsent is not None:
        send(launchpad, read_unsent(status.unsent), root)
        status.unsent.unlink(missing_ok=True)
        if status.state == "DEFUSED":
            adopt(launchpad, status.fw_id)
    return True


def return_to_ready(
    launchpad: LaunchPad, fw_id: int, launch_id: int | None, why: str
) -> None:
    """End a launch that was ended from outside and make its Firework READY.

    If this process is killed in between, the launch is recorded as ended from outside,
    and the next reconcile continues from there.
    """
    given_up = "RESERVED"
    if launch_id is not None:
        end_launch(launchpad, launch_id, why)
        given_up = "FIZZLED"
    rerun_if(launchpad, fw_id, may=lambda state: state == given_up)


def is_reserved(launchpad: LaunchPad, fw_id: int, launch_id: int) -> bool:
    """Return whether a launch is still its Firework's own, reserved or further."""
    query = {"fw_id": fw_id, "launches": launch_id, "state": {"$ne": "DEFUSED"}}
    return launchpad.fireworks.find_one(query, {"fw_id": 1}) is not None


def end_launch(launchpad: LaunchPad, launch_id: int, why: str) -> None:
    """Mark a launch as ended from outside, with the reason."""
    stored = {"_message": why, ENDED: "outside"}
    launchpad.complete_launch(
        launch_id, FWAction(stored_data=stored, exit=True), "FIZZLED"
    )


def adopt(launchpad: LaunchPad, fw_id: int) -> bool:
    """Make a defused Firework COMPLETED if its launch is; return whether it was."""
    firework = launchpad.fireworks.find_one({"fw_id": fw_id}, {"launches": 1})
    launch = launchpad.launches.find_one(
        {
            "launch_id": {"$in": (firework or {}).get("launches", [])},
            "state": "COMPLETED",
        },
        {"launch_id": 1},
    )
    if launch is None:
        return False
    now = datetime.now(UTC)
    changed = {"$set": {"state": "WAITING", "updated_on": now}}
    query = {"fw_id": fw_id, "state": "DEFUSED"}
    if launchpad.fireworks.find_one_and_update(query, changed) is None:
        return False
    launchpad._refresh_wf(fw_id)
    return True


def _unchanged(launchpad: LaunchPad, status: StepStatus) -> bool:
    firework = launchpad.fireworks.find_one(
        {"fw_id": status.fw_id, "state": status.state}, {"launches": 1}
    )
    if firework is None:
        return False
    current = firework["launches"][-1] if firework["launches"] else None
    if launchpad.launches.find_one({"launch_id": current}, {"launch_id": 1}) is None:
        current = None  # it was lost
    if current != status.launch_id:
        return False
    query = {"launch_id": current, "state": status.launch_state}
    return current is None or (
        launchpad.launches.find_one(query, {"launch_id": 1}) is not None
    )
