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
    _finish_ends(launchpad, running)
    query = {"fw_id": {"$in": running}, "state": "RUNNING"}
    fields = {"_id": 0, "fw_id": 1, "launch_id": 1, "fworker": 1}
    dead = [
        launch["launch_id"]
        for launch in launchpad.launches.find(query, fields)
        if owner_of(launch).alive is False
    ]
    return sum(end_and_rerun(launchpad, launch_id, WHY) for launch_id in dead)


def _finish_ends(launchpad: LaunchPad, fw_ids: Iterable[int]) -> None:
    """Let Fireworks follow the end of a launch whose process was killed while it told.

    FireWorks writes the launch first, and then the Firework.
    """
    for fw_id in fw_ids:
        found = launchpad.fireworks.find_one({"fw_id": fw_id}, {"launches": 1}) or {}
        last = {"launch_id": {"$in": found.get("launches", [])[-1:]}}
        ended = {**last, "state": {"$in": ["COMPLETED", "FIZZLED"]}}
        launch = launchpad.launches.find_one(ended, {"fworker": 1, "host": 1})
        if launch is not None and owner_of(launch).alive is False:
            launchpad._refresh_wf(fw_id)
