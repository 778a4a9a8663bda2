"""Cancel steps: always the Firework and its job together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from fireworks import LaunchPad

from workflows.cluster.asked_steps import jobs_elsewhere, statuses_of
from workflows.cluster.cancelled_jobs import Outcome, cancel_jobs
from workflows.cluster.profile import Profile, asked_of
from workflows.cluster.scheduler import Job
from workflows.cluster.step_report import StepReport
from workflows.cluster.step_status import (
    StepStatus,
    jobs_of_earlier_launches,
)
from workflows.firetasks import OURS
from workflows.launchpad.launch_owner import UNENDED

CANCELLABLE = ("WAITING", "READY", "RESERVED", "RUNNING", "PAUSED")


def cancel(
    launchpad: LaunchPad,
    profile: Profile | None,
    wanted: Mapping[str, Any],
    *,
    dry_run: bool = False,
    confirm_lease: Callable[[], None] = lambda: None,
) -> list[StepReport]:
    """Defuse Fireworks and cancel their jobs.

    Fireworks are defused first, so that no launcher submits them in between. A running
    worker records its own end; if a calculation finishes before the signal arrives, the
    next reconcile adopts its result. ``profile`` is None where no queue is.
    ``confirm_lease`` is called before each change.

    Raises
    ------
    QueueError
        The scheduler does not answer; nothing was changed.
    """
    asked = asked_of(profile)
    scheduler, worker = asked.scheduler, asked.worker
    earlier = jobs_of_earlier_launches(launchpad, scheduler, worker, wanted)
    statuses = statuses_of(launchpad, asked, wanted)
    jobs = {
        s.fw_id: s.job_id
        for s in statuses
        if s.job_id is not None and s.job is not None and s.job.living
    }
    left = {
        **jobs_elsewhere(launchpad, worker, wanted),
        **{s.fw_id: words for s in statuses if (words := _left_running(s))},
    }
    fields = {"_id": 0, "fw_id": 1, "name": 1, "state": 1}
    with_jobs = {*jobs, *earlier}
    found = [
        each
        for each in launchpad.fireworks.find({**OURS, **wanted}, fields).sort(
            "fw_id", 1
        )
        if each["state"] in CANCELLABLE or each["fw_id"] in with_jobs
    ]
    if not dry_run:
        for each in found:
            if each["state"] in CANCELLABLE:
                confirm_lease()
                _defuse(launchpad, each["fw_id"])
    ids = [*dict.fromkeys([*jobs.values(), *earlier.values()])]
    became = (
        {job: Outcome(f"job {job} cancelled") for job in ids}
        if dry_run or scheduler is None
        else cancel_jobs(scheduler, ids)
    )
    return [
        _cancelled(
            each,
            [
                became[job]
                for job in (jobs.get(each["fw_id"]), earlier.get(each["fw_id"]))
                if job
            ],
            left.get(each["fw_id"], ""),
        )
        for each in found
    ]


def _left_running(status: StepStatus) -> str:
    """Say what computes a step where no signal from here reaches it, and its end."""
    s = status
    if s.job is Job.ELSEWHERE and s.launch_state in UNENDED:
        return (
            f"job {s.job_id} is in the queue of the worker {s.worker}: lnmo cancel "
            f"--fw-id {s.fw_id} there"
        )
    running = s.owner if s.launch_state == "RUNNING" else None
    owner = s.earlier or running
    if owner is None or owner.alive is False:
        return ""
    return f"{owner.computes}: {owner.end_of(s.fw_id, cancelled=True)}"


def _cancelled(
    firework: Mapping[str, Any], jobs: Sequence[Outcome], left: str
) -> StepReport:
    """Report a step: refused if a job of it may go on though it was cancelled."""
    defused = ["defused"] if firework["state"] in CANCELLABLE else []
    done = ", ".join([*defused, *(job.words for job in jobs)])
    said = "; ".join(part for part in (done, left) if part)
    own = firework["fw_id"], firework["name"]
    if all(job.done for job in jobs):
        return StepReport(*own, said)
    return StepReport(*own, "".join(defused), said, done=False)


def _defuse(launchpad: LaunchPad, fw_id: int) -> None:
    """Defuse but keep the launch; FireWorks' ``defuse_fw`` archives a running one."""
    query = {"fw_id": fw_id, "state": {"$in": list(CANCELLABLE)}}
    change = {"$set": {"state": "DEFUSED", "updated_on": datetime.now(UTC)}}
    if launchpad.fireworks.find_one_and_update(query, change) is not None:
        launchpad._refresh_wf(fw_id)
