"""What is wrong with a step that will not go on by itself, and what mends it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workflows.cluster.decision import Action
from workflows.cluster.scheduler import Job
from workflows.cluster.step_status import StepStatus

if TYPE_CHECKING:
    from workflows.cluster.profile import Profile

BLOCKING_REASONS = (
    *("JobHeldUser", "JobHeldAdmin", "PartitionTimeLimit", "PartitionNodeLimit"),
    *("BadConstraints", "DependencyNeverSatisfied", "InvalidAccount", "InvalidQOS"),
    *("AssocMaxWallDurationPerJobLimit", "QOSMaxWallDurationPerJobLimit"),
)
"""Slurm's reasons with which a job waits until somebody does something."""
SILENT_SECONDS = 4 * 3600.0
"""What runs outside the queue gives a sign every hour, as FireWorks' rockets do."""


@dataclass(frozen=True)
class Problem:
    """A step that will not go on by itself.

    Attributes
    ----------
    fw_id, name, reason
        Which, and why.
    command
        What mends it.
    """

    fw_id: int
    name: str
    reason: str
    command: str


def problems_of(status: StepStatus) -> list[Problem]:
    """Return what is wrong with a Firework, and the command that mends it."""
    from workflows.cluster.repair import reason

    s = status

    def one(why: str, command: str) -> list[Problem]:
        return [Problem(s.fw_id, s.name, why, command)]

    if s.action.acts:
        return one(reason(s), "lnmo reconcile --fix")
    if (
        s.job is Job.PENDING
        and s.listed is not None
        and s.listed.why in BLOCKING_REASONS
    ):
        return one(
            f"job {s.job_id} will not start by itself: {s.listed.why}",
            f"correct my_qadapter.yaml, lnmo cancel --fw-id {s.fw_id}, lnmo rerun "
            f"--fw-id {s.fw_id}",
        )
    if s.action is not Action.ASK:
        return []
    if s.state == "FIZZLED" and s.ended:
        return one(
            f"ended from outside {s.returns + 1} times, last: {s.message}",
            f"give the step {s.step} more walltime in my_qadapter.yaml, lnmo rerun "
            f"--fw-id {s.fw_id}",
        )
    if s.state == "FIZZLED":
        return one(s.message or "failed", f"lnmo rerun --fw-id {s.fw_id}")
    if s.state == "DEFUSED":
        return one(
            f"cancelled, but job {s.job_id} is {s.job}",
            f"lnmo cancel --fw-id {s.fw_id}",
        )
    if s.job is not None:
        return one(
            f"job {s.job_id} ended ({s.job}), and so did {s.returns} before it",
            f"mend the cause, lnmo rerun --fw-id {s.fw_id}",
        )
    return _outside(s)


def _outside(status: StepStatus) -> list[Problem]:
    """Tell of what runs outside the queue only once it is silent."""
    silent = time.time() - status.pinged
    if silent < SILENT_SECONDS:
        return []
    why = f"runs outside the queue on {status.host}, no sign for {silent / 3600:.0f} h"
    command = f"make sure it is dead, lnmo rerun --fw-id {status.fw_id} --dead"
    return [Problem(status.fw_id, status.name, why, command)]


def without_worker(
    launchpad: Any, steps: Iterable[Mapping[str, Any]], profile: Profile | None
) -> list[Problem]:
    """Tell which READY steps no known worker takes."""
    from workflows.cluster.categories import known_categories, untakeable

    known = known_categories(launchpad)
    known |= set() if profile is None else set(profile.categories)
    if not known:
        return []  # no worker is known yet: nothing was launched
    ready = [step for step in steps if step["state"] == "READY"]
    return [
        Problem(
            *(step["fw_id"], step["name"]),
            f"no known worker takes category {step['category'] or '(none)'}; they take "
            f"{', '.join(sorted(known))}",
            "add it to category in my_fworker.yaml, lnmo launch (or, on one machine, "
            "lnmo run)",
        )
        for step in untakeable(ready, known)
    ]
