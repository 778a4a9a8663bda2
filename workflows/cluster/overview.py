"""``lnmo status``: database and queue side by side, and a command for each trouble."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workflows.cluster.problems import Problem, problems_of, without_worker
from workflows.cluster.scheduler import Listed
from workflows.errors import QueueError
from workflows.records.database import Database

if TYPE_CHECKING:
    from workflows.cluster.profile import Profile
    from workflows.cluster.step_status import StepStatus


@dataclass(frozen=True)
class Overview:
    """What the status is made of.

    Attributes
    ----------
    steps
        fw_id, calculation_id, engine, step, state, name, reason, category; by x.
    jobs
        Queue jobs by fw_id.
    problems
        What needs somebody.
    queue
        Name of the scheduler, or why it does not answer; empty without one.
    """

    steps: Sequence[Mapping[str, Any]]
    jobs: Mapping[int, tuple[str, Listed]] = field(default_factory=dict)
    problems: Sequence[Problem] = ()
    queue: str = ""


def overview(
    launchpad: Any,
    database: Database,
    wanted: Mapping[str, Any],
    profile: Profile | None,
) -> Overview:
    """Read database and queue.

    Parameters
    ----------
    launchpad
        For reading.
    database
        Where it is.
    wanted
        Query on the fireworks collection: whose steps; empty for all.
    profile
        Of this machine's queue; None if it has none.
    """
    from workflows.cluster.step_status import jobs_of_earlier_launches, step_statuses
    from workflows.launchpad.steps import steps_of

    steps = steps_of(launchpad, wanted)
    if database.embedded:
        return Overview(steps)
    scheduler = None if profile is None else profile.scheduler()
    queue = "" if scheduler is None else scheduler.name
    worker = None if profile is None else profile.name
    limit = 5 if profile is None else profile.max_returns

    def look(whom: Any) -> list[StepStatus]:
        return step_statuses(
            launchpad, scheduler=whom, worker=worker, max_returns=limit, wanted=wanted
        )

    try:
        found = look(scheduler)
        earlier = jobs_of_earlier_launches(launchpad, scheduler, worker, wanted)
    except QueueError as error:
        queue, found, earlier = str(error), look(None), {}
    jobs = {s.fw_id: (s.job_id, s.listed) for s in found if s.job_id and s.listed}
    problems = [t for s in found for t in problems_of(s)]
    names = {step["fw_id"]: str(step["name"]) for step in steps}
    problems += [
        Problem(
            fw_id,
            names.get(fw_id, "?"),
            f"job {job} of an earlier launch still lives; not launched until it ends",
            f"lnmo cancel --fw-id {fw_id}",
        )
        for fw_id, job in earlier.items()
    ]
    problems += without_worker(launchpad, steps, profile)
    return Overview(steps, jobs, problems, queue)
