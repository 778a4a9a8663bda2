"""``lnmo cancel`` and ``lnmo rerun``: Firework and job together, never one alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from workflows.cluster.decision import Action
from workflows.records.database import Database

if TYPE_CHECKING:
    from fireworks import LaunchPad

    from workflows.cluster.profile import Profile
    from workflows.cluster.step_status import StepStatus

CANCELLABLE = ("WAITING", "READY", "RESERVED", "RUNNING", "PAUSED")


@dataclass(frozen=True)
class Done:
    """What was done to a Firework.

    Attributes
    ----------
    fw_id, name, did
        Which and what.
    refused
        Why not; empty if it was done.
    """

    fw_id: int
    name: str
    did: str
    refused: str = ""


def cancel(
    launchpad: LaunchPad,
    profile: Profile,
    wanted: Mapping[str, Any],
    *,
    dry_run: bool = False,
    held: Callable[[], None] = lambda: None,
) -> list[Done]:
    """Defuse Fireworks and cancel their jobs.

    Defused first, so that nobody launches them again in between. A running worker
    records its end by itself; a calculation that ends before the signal is adopted by
    the next reconcile. ``held`` is called before each change, and raises if the lease
    is lost.
    """
    from workflows.cluster.step_status import jobs_of_earlier_launches, step_statuses

    scheduler = profile.scheduler()
    earlier = jobs_of_earlier_launches(launchpad, scheduler, profile.name, wanted)
    jobs = {
        s.fw_id: s.job_id
        for s in step_statuses(
            launchpad,
            scheduler=scheduler,
            worker=profile.name,
            max_returns=profile.max_returns,
            wanted=wanted,
        )
        if s.job_id is not None and s.job is not None and s.job.living
    }
    fields = {"_id": 0, "fw_id": 1, "name": 1, "state": 1}
    acted = {*jobs, *earlier}
    found = [
        each
        for each in launchpad.fireworks.find(dict(wanted), fields).sort("fw_id", 1)
        if each["state"] in CANCELLABLE or each["fw_id"] in acted
    ]
    if not dry_run:
        for each in found:
            if each["state"] in CANCELLABLE:
                held()
                _defuse(launchpad, each["fw_id"])
        scheduler.cancel([*dict.fromkeys([*jobs.values(), *earlier.values()])])
    return [
        Done(each["fw_id"], each["name"], _cancelled(each, jobs, earlier))
        for each in found
    ]


def _cancelled(
    firework: Mapping[str, Any], jobs: Mapping[int, str], earlier: Mapping[int, str]
) -> str:
    told = [jobs.get(firework["fw_id"]), earlier.get(firework["fw_id"])]
    shown = ", ".join(f"job {job} cancelled" for job in told if job)
    defused = "defused" if firework["state"] in CANCELLABLE else ""
    return ", ".join(part for part in (defused, shown) if part)


def _defuse(launchpad: LaunchPad, fw_id: int) -> None:
    """Defuse, keeping the launch; FireWorks' own would archive it as it runs."""
    query = {"fw_id": fw_id, "state": {"$in": list(CANCELLABLE)}}
    change = {"$set": {"state": "DEFUSED", "updated_on": datetime.now(UTC)}}
    if launchpad.fireworks.find_one_and_update(query, change) is not None:
        launchpad._refresh_wf(fw_id)


def rerun(
    launchpad: LaunchPad,
    database: Database,
    profile: Profile,
    wanted: Mapping[str, Any],
    *,
    dead: bool = False,
    dry_run: bool = False,
    held: Callable[[], None] = lambda: None,
) -> list[Done]:
    """Make failed and cancelled Fireworks READY again, unless a job of theirs lives.

    Parameters
    ----------
    launchpad
        Under the queue's lease.
    database
        Where the data directory is.
    profile
        Whose queue.
    wanted
        Query on the fireworks collection.
    dead
        The caller vouches that what runs outside the queue is dead.
    dry_run
        Only say what would be done.
    held
        Called before each change; raises if the lease is lost.

    Raises
    ------
    QueueError
        The scheduler does not answer, so that a job may live.
    """
    from workflows.cluster.step_status import jobs_of_earlier_launches, step_statuses

    scheduler = profile.scheduler()
    found = step_statuses(
        launchpad,
        scheduler=scheduler,
        worker=profile.name,
        max_returns=profile.max_returns,
        wanted=wanted,
    )
    earlier = jobs_of_earlier_launches(launchpad, scheduler, profile.name, wanted)
    done = []
    for each in found:
        answer = _may_run(each, earlier, dead=dead)
        if not answer.refused and not dry_run:
            held()
            answer = replace(answer, did=_again(launchpad, database, each))
        done.append(answer)
    return done


def _may_run(status: StepStatus, earlier: Mapping[int, str], *, dead: bool) -> Done:
    s = status
    job = s.job_id if s.job is not None and s.job.living else earlier.get(s.fw_id)
    made = Done(s.fw_id, s.name, "would be READY again")
    if job is not None:
        state = s.job if s.job is not None and s.job.living else "alive"
        why = f"its job {job} is {state}; first: lnmo cancel --fw-id {s.fw_id}"
        return replace(made, did="", refused=why)
    over = s.job is not None and s.job.over
    if s.state in {"RESERVED", "RUNNING"} and not (s.action.acts or over or dead):
        why = (
            "it runs outside this queue; make sure that it is dead, then say --dead"
            if s.action is Action.ASK
            else "its launcher or worker is at it; look again in a minute"
        )
        return replace(made, did="", refused=why)
    return made


def _again(launchpad: LaunchPad, database: Database, status: StepStatus) -> str:
    """Make a Firework READY; what has finished is adopted, not run again."""
    from workflows.cluster.repair import adopt, end_launch, repair
    from workflows.cluster.step_status import FORGIVEN
    from workflows.launchpad.recovery import retry_failed

    s = status
    if s.launch_id is not None:
        forgiven = {"$set": {f"spec.{FORGIVEN}": s.launch_id}}
        launchpad.fireworks.update_one({"fw_id": s.fw_id}, forgiven)
    if s.unsent is not None:
        repair(launchpad, replace(s, action=Action.SEND), database.root)
        return "its kept result was sent"
    if s.state == "DEFUSED":
        if adopt(launchpad, s.fw_id):
            return "had finished: result adopted, not run again"
        if s.launch_state in {"RESERVED", "RUNNING"} and s.launch_id is not None:
            end_launch(launchpad, s.launch_id, "cancelled")
        launchpad.reignite_fw(s.fw_id)
    elif s.state in {"RESERVED", "RUNNING"} and s.launch_id is not None:
        end_launch(launchpad, s.launch_id, "given up by hand")
    if _failed_document(database, s):
        step = {"fw_id": s.fw_id, "state": "FIZZLED"}
        own = {"calculation_id": s.calculation_id, "step": s.step}
        retry_failed(launchpad, database.root, [{**step, **own}])
        return "READY again; what failed is set aside"
    launchpad.rerun_fw(s.fw_id)
    return "READY again"


def _failed_document(database: Database, status: StepStatus) -> bool:
    """Tell whether the run directory records a failure, which would stand."""
    from workflows.records.store import FileResults

    document = FileResults(database.root).get(status.calculation_id, status.step)
    return document is not None and not document.state.usable
