"""What a ``lnmo run`` on a MongoDB left RUNNING when it, or the server, was killed.

A launch holds the process that checked it out. On this machine it is known whether that
process lives; of another machine only a person knows.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Mapping
from typing import Any

from fireworks import LaunchPad

from workflows.engines.process_start import is_alive_since, start_of
from workflows.launchpad.guarded_rerun import end_and_rerun

WHY = "the lnmo run that had this step was killed, or lost its MongoDB"


def this_process() -> dict[str, Any]:
    """Return what a launch stores of the process that checked it out."""
    pid = os.getpid()
    return {"host": socket.gethostname(), "pid": pid, "started": start_of(pid)}


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
    fields = {"_id": 0, "fw_id": 1, "launch_id": 1, "fworker.env": 1}
    dead = [
        launch["launch_id"]
        for launch in launchpad.launches.find(query, fields)
        if _has_ended((launch.get("fworker") or {}).get("env") or {})
    ]
    return sum(end_and_rerun(launchpad, launch_id, WHY) for launch_id in dead)


def _has_ended(owner: Mapping[str, Any]) -> bool:
    """Tell that a process of this machine has ended; False where nobody knows."""
    if owner.get("host") != socket.gethostname() or not owner.get("started"):
        return False
    pid = owner.get("pid")
    return isinstance(pid, int) and not is_alive_since(pid, owner["started"])
