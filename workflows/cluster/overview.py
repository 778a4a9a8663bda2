"""Database and queue side by side, with a command for each problem."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workflows.cluster.problems import problems_of, without_worker
from workflows.cluster.profile import Profile
from workflows.cluster.scheduler import Listed, Scheduler
from workflows.cluster.step_report import StepReport
from workflows.cluster.step_status import (
    StepStatus,
    jobs_of_earlier_launches,
    step_statuses,
)
from workflows.errors import QueueError
from workflows.launchpad.file_lock import is_owned
from workflows.launchpad.opening import LOCK_FILE
from workflows.launchpad.steps import steps_of
from workflows.records.database import Database


@dataclass(frozen=True)
class Overview:
    """Contents of ``lnmo status``.

    Attributes
    ----------
    steps
        fw_id, calculation_id, engine, step, state, name, reason, category; by x.
    jobs
        Queue jobs by fw_id: job id, and the queue's entry.
    problems
        Steps that will not go on by themselves; ``action`` is the command to run.
    queue
        Name of the scheduler, or why it does not answer; empty without one.
    """

    steps: Sequence[Mapping[str, Any]]
    jobs: Mapping[int, tuple[str, Listed]] = field(default_factory=dict)
    problems: Sequence[StepReport] = ()
    queue: str = ""


def overview(
    launchpad: Any,
    database: Database,
    wanted: Mapping[str, Any],
    profile: Profile | None,
) -> Overview:
    """Read the steps that a query finds, their jobs and their problems.

    ``profile`` is that of this machine's queue; None if it has no queue.
    """
    steps = steps_of(launchpad, wanted)
    if database.embedded:
        return Overview(steps, problems=_local_problems(steps, database))
    scheduler = None if profile is None else profile.scheduler()
    queue = "" if scheduler is None else scheduler.name
    worker = None if profile is None else profile.name
    limit = Profile.max_returns if profile is None else profile.max_returns

    def statuses(asked: Scheduler | None) -> list[StepStatus]:
        return step_statuses(
            launchpad, scheduler=asked, worker=worker, max_returns=limit, wanted=wanted
        )

    try:
        found = statuses(scheduler)
        earlier = jobs_of_earlier_launches(launchpad, scheduler, worker, wanted)
    except QueueError as error:
        queue, found, earlier = str(error), statuses(None), {}
    jobs = {s.fw_id: (s.job_id, s.listed) for s in found if s.job_id and s.listed}
    problems = [
        *(problem for status in found for problem in problems_of(status)),
        *_still_alive(earlier, steps),
        *without_worker(launchpad, steps, profile),
    ]
    return Overview(steps, jobs, problems, queue)


def _local_problems(
    steps: Sequence[Mapping[str, Any]], database: Database
) -> list[StepReport]:
    """Report failed steps, and running ones that no process runs."""
    owned = is_owned(database.root / LOCK_FILE)
    found = []
    for step in steps:
        fw_id, name = step["fw_id"], str(step["name"])
        if step["state"] == "FIZZLED":
            reason = str(step["reason"]) or f"no reason kept; see {database.root}/logs"
            action = "correct the cause, then: lnmo run --retry"
            found.append(StepReport(fw_id, name, action, reason, done=False))
        elif step["state"] in {"RUNNING", "RESERVED"} and not owned:
            reason = "no lnmo run is alive: it was killed; nothing is lost"
            found.append(StepReport(fw_id, name, "lnmo run", reason, done=False))
    return found


def _still_alive(
    earlier: Mapping[int, str], steps: Sequence[Mapping[str, Any]]
) -> list[StepReport]:
    names = {step["fw_id"]: str(step["name"]) for step in steps}
    return [
        StepReport(
            fw_id,
            names.get(fw_id, "?"),
            f"lnmo cancel --fw-id {fw_id}",
            f"job {job} of an earlier launch is still alive; not launched until it "
            "ends",
            done=False,
        )
        for fw_id, job in earlier.items()
    ]
