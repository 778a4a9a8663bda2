"""READY Fireworks with a job of an earlier launch that still lives.

``lpad rerun_fws`` on a running Firework leaves its job running. A second one in the
same run directory would spoil both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflows.queue.job import Scheduler
from workflows.queue.standing import job_id


def haunted(
    launchpad: Any,
    scheduler: Scheduler | None,
    worker: str | None,
    wanted: Mapping[str, Any] | None = None,
) -> dict[int, str]:
    """Return the living job of an earlier launch by fw_id.

    Parameters
    ----------
    launchpad
        FireWorks' LaunchPad.
    scheduler
        Of this machine; None knows no ghosts.
    worker
        Whose jobs are in this machine's queue.
    wanted
        Query on the fireworks collection.

    Raises
    ------
    QueueError
        The scheduler does not answer.
    """
    if scheduler is None:
        return {}
    query = {
        **(wanted or {}),
        "state": {"$in": ["READY", "WAITING", "FIZZLED", "DEFUSED"]},
        "archived_launches.0": {"$exists": True},
    }
    fields = {"_id": 0, "fw_id": 1, "archived_launches": 1}
    owner = {
        launch: found["fw_id"]
        for found in launchpad.fireworks.find(query, fields)
        for launch in found["archived_launches"]
    }
    if not owner:
        return {}
    asked = {"launch_id": {"$in": list(owner)}, "fworker.name": worker}
    launches = launchpad.launches.find(asked, {"launch_id": 1, "state_history": 1})
    jobs = {job_id(each): owner[each["launch_id"]] for each in launches}
    jobs.pop(None, None)
    listed = scheduler.jobs()
    return {
        fw_id: job
        for job, fw_id in jobs.items()
        if job is not None and job in listed and listed[job].job.living
    }
