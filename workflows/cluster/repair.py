"""Changes of state that put database and queue in line again; each safe to repeat.

Every one looks again before it writes, so that what another process, or the worker
itself, did in the meantime stands.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from fireworks import FWAction, LaunchPad

from workflows.cluster.decision import Action
from workflows.cluster.scheduler import Job
from workflows.cluster.step_status import ENDED, StepStatus
from workflows.cluster.unsent import read_unsent, send


def reason(status: StepStatus) -> str:
    """Say what happened to a Firework, in one line."""
    job = f"job {status.job_id}" if status.job_id else ""
    if status.action is Action.RETRY:
        told = status.message or f"{job} ended: {status.ended}"
        says = status.job in {Job.TIMEOUT, Job.NODE_FAIL, Job.PREEMPTED}
        return f"{told}; the queue says: {status.job}" if says else told
    if status.action is Action.SEND:
        return f"{job or 'its worker'} ended while the database was away; result kept"
    if status.action is Action.REFRESH:
        return f"its launch is {status.launch_state}, the Firework did not hear of it"
    if status.action is Action.ADOPT:
        return "finished after it was cancelled; the result is good"
    if status.job is None:
        if status.launch_id is None:
            return "reserved by a launcher that died before it submitted"
        return "reserved, and never submitted: its launcher died"
    if status.job is Job.UNKNOWN:
        return f"{job} is in the queue no more, and nothing tells how it ended"
    if status.launch_state == "RESERVED":
        return f"{job} never started: {status.job}"
    why = status.listed.why if status.listed is not None else ""
    told = f" ({why})" if why else ""
    return f"{job} ended without a word from its worker: {status.job}{told}"


def repair(launchpad: LaunchPad, status: StepStatus, root: Path) -> bool:
    """Do what was decided; False if it is no longer so.

    Parameters
    ----------
    launchpad
        Opened for changing.
    status
        With its action.
    root
        Data directory.
    """
    if not _still_so(launchpad, status):
        return False
    action = status.action
    if action is Action.RETURN:
        return_to_ready(launchpad, status.fw_id, status.launch_id, reason(status))
    elif action is Action.RETRY:
        told = {"$set": {"action.stored_data._message": reason(status)}}
        launchpad.launches.update_one({"launch_id": status.launch_id}, told)
        launchpad.rerun_fw(status.fw_id)
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
    """End a launch that was ended from outside; its Firework becomes READY.

    Killed in between, the launch says that it was ended from outside, and the next
    reconcile goes on from there.
    """
    if launch_id is not None:
        end_launch(launchpad, launch_id, why)
    launchpad.rerun_fw(fw_id)


def end_launch(launchpad: LaunchPad, launch_id: int, why: str) -> None:
    """Mark a launch as ended from outside, with the reason."""
    stored = {"_message": why, ENDED: "outside"}
    launchpad.complete_launch(
        launch_id, FWAction(stored_data=stored, exit=True), "FIZZLED"
    )


def adopt(launchpad: LaunchPad, fw_id: int) -> bool:
    """Make a defused Firework COMPLETED if its launch is; True if it was."""
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


def _still_so(launchpad: LaunchPad, status: StepStatus) -> bool:
    firework = launchpad.fireworks.find_one(
        {"fw_id": status.fw_id, "state": status.state}, {"launches": 1}
    )
    if firework is None:
        return False
    current = firework["launches"][-1] if firework["launches"] else None
    if current != status.launch_id:
        return False
    query = {"launch_id": current, "state": status.launch_state}
    return current is None or (
        launchpad.launches.find_one(query, {"launch_id": 1}) is not None
    )
