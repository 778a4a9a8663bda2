"""What cancel and rerun ask of a queue, and what no queue was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fireworks import LaunchPad

from workflows.cluster.profile import Asked
from workflows.cluster.step_status import (
    StepStatus,
    step_statuses,
    unasked_jobs_of_earlier_launches,
)


def statuses_of(
    launchpad: LaunchPad, asked: Asked, wanted: Mapping[str, Any]
) -> list[StepStatus]:
    """Return the steps that a query finds, as the queue and the database know them."""
    return step_statuses(
        launchpad,
        scheduler=asked.scheduler,
        worker=asked.worker,
        max_returns=asked.max_returns,
        wanted=wanted,
    )


def jobs_elsewhere(
    launchpad: LaunchPad, worker: str | None, wanted: Mapping[str, Any]
) -> dict[int, str]:
    """Say, by fw_id, which job of an earlier launch no queue was asked for."""
    found = unasked_jobs_of_earlier_launches(launchpad, worker, wanted)
    return {
        fw_id: f"job {job} of an earlier launch may be alive in the queue of the "
        f"worker {name}: lnmo cancel --fw-id {fw_id} there"
        for fw_id, (job, name) in found.items()
    }
