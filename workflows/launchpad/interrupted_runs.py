"""What a ``lnmo run`` on a MongoDB left RUNNING when it, or the server, was killed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fireworks import LaunchPad

from workflows.launchpad.guarded_rerun import end_and_rerun
from workflows.launchpad.launch_owner import owner_of

WHY = "the lnmo run that had this step was killed, or lost its MongoDB"


def return_interrupted_runs(
    launchpad: LaunchPad, steps: Iterable[Mapping[str, Any]]
) -> int:
    """Make READY the RUNNING steps whose ``lnmo run`` on this machine has ended.

    Parameters
    ----------
    steps
        With ``fw_id`` and ``state``.

    Returns
    -------
    int
        How many there were; those that another ``lnmo run`` returned are not counted.

    Raises
    ------
    StoreBusy
        Another process has kept a Workflow locked for minutes.
    """
    running = [step["fw_id"] for step in steps if step["state"] == "RUNNING"]
    query = {"fw_id": {"$in": running}, "state": "RUNNING"}
    fields = {"_id": 0, "fw_id": 1, "launch_id": 1, "fworker": 1}
    dead = [
        launch["launch_id"]
        for launch in launchpad.launches.find(query, fields)
        if owner_of(launch).alive is False
    ]
    return sum(end_and_rerun(launchpad, launch_id, WHY) for launch_id in dead)
