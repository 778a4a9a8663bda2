"""``lnmo worker``: what a queue job runs: one Firework, by FireWorks' own Rocket."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflows.errors import StoreError, Terminated
from workflows.records.database import Database

if TYPE_CHECKING:
    from fireworks import FWorker

    from workflows.cluster.reporting import ReportingLaunchPad

JOB_VARIABLES = ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "JOB_ID")
"""Where Slurm, PBS, LSF and SGE say which job this is."""
START_SECONDS = 600.0
"""How long a job waits at its start for a database that is away."""


def worker_verb(
    database: Database, *, fw_id: int, launch_id: int | None, walltime: str | None
) -> int:
    """Run one Firework.

    Parameters
    ----------
    database
        Where the LaunchPad and the data directory are.
    fw_id
        Which.
    launch_id
        The reservation this job was submitted for; if it was withdrawn since, nothing
        is run. None for a Firework that is READY, by hand.
    walltime
        What was asked of the queue.

    Returns
    -------
    int
        0 if it ended COMPLETED or there was nothing to do, 1 if it failed, or was
        ended from outside, or its result is kept and not yet sent.
    """
    from workflows.cluster.profile import read_fworker
    from workflows.engines.step import terminable
    from workflows.launchpad.opening import refuse_embedded

    refuse_embedded(database)
    worker = _fworker(database, read_fworker(database))
    end = _set_deadline(database, walltime)
    try:
        with terminable():
            pad = _connected(database, fw_id, launch_id, end)
            try:
                code = _run(pad, worker, fw_id, launch_id)
            finally:
                pad.connection.close()
    except Terminated as error:
        print(f"lnmo: {error}", file=sys.stderr)
        code = 1
    _exit_despite_pings(code)
    return code


def _exit_despite_pings(code: int) -> None:
    """Leave at once if FireWorks' ping thread, cut off, sleeps for an hour."""
    others = set(threading.enumerate()) - {threading.current_thread()}
    if any(not thread.daemon and thread.is_alive() for thread in others):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _run(
    pad: ReportingLaunchPad, worker: FWorker, fw_id: int, launch_id: int | None
) -> int:
    from fireworks.core.rocket import Rocket

    from workflows.cluster.launch import note_job

    if launch_id is not None:
        held = _reservation(pad, worker, fw_id, launch_id)
        if held is None:
            print("lnmo: this reservation was withdrawn; nothing to do")
            return 0
        if pad.job_id:
            note_job(pad, held, pad.job_id)
    os.chdir(pad.directory)
    Rocket(pad, worker, fw_id).run()
    if pad.ended is None:
        print("lnmo: the Firework is neither READY nor reserved; nothing to do")
        return 0
    return 0 if pad.ended == "COMPLETED" and pad.sent else 1


def _reservation(
    pad: ReportingLaunchPad, worker: FWorker, fw_id: int, launch_id: int
) -> int | None:
    """Return the launch to run: ours if it still holds, a new one after a requeue."""
    from workflows.cluster.repair import return_to_ready

    found = pad.fireworks.find_one({"fw_id": fw_id}, {"state": 1, "launches": 1}) or {}
    if launch_id not in found.get("launches", []):
        return None
    if found["state"] == "RESERVED":
        return launch_id
    restarted = int(os.environ.get("SLURM_RESTART_COUNT", "0")) > 0
    if found["state"] not in {"RUNNING", "FIZZLED"} or not restarted:
        return None
    if found["state"] == "FIZZLED":  # it had time to record its end
        pad.rerun_fw(fw_id)
    else:
        why = f"job {pad.job_id} was requeued by the scheduler"
        return_to_ready(pad, fw_id, launch_id, why)
    _, again = pad.reserve_fw(worker, str(pad.directory), fw_id=fw_id)
    return int(again) if again is not None else None


def _connected(
    database: Database, fw_id: int, launch_id: int | None, end: float | None
) -> ReportingLaunchPad:
    """Connect, waiting for a database that is away."""
    from workflows.cluster.reporting import ReportingLaunchPad
    from workflows.engines.machine import number
    from workflows.launchpad.opening import connect
    from workflows.launchpad.steps import QUEUE_DIRECTORY

    give_up, pause = time.monotonic() + START_SECONDS, 1.0
    while True:
        try:
            pad = connect(database, ReportingLaunchPad)
            break
        except StoreError:
            if time.monotonic() + pause > give_up:
                raise
        time.sleep(pause)
        pause = min(2 * pause, 30.0)
    assert isinstance(pad, ReportingLaunchPad)
    pad.root = database.root
    part = "by-hand" if launch_id is None else str(launch_id)
    pad.directory = database.root / QUEUE_DIRECTORY / str(fw_id) / part
    pad.directory.mkdir(parents=True, exist_ok=True)
    pad.job_id = job_id(os.environ)
    pad.patience = number({}, "report_seconds", pad.patience)
    pad.deadline = end
    return pad


def job_id(environment: Mapping[str, str]) -> str:
    """Return the queue job this is, as the queue's listing has it; empty if none."""
    for name in JOB_VARIABLES:
        if name in environment:
            return environment[name].partition(".")[0]
    return ""


def _fworker(database: Database, settings: Mapping[str, Any]) -> FWorker:
    import json

    from fireworks import FWorker

    env = {"root": str(database.root), **settings["env"]}
    category = settings["category"]
    return FWorker(settings["name"], category, json.loads(settings["query"]), env)


def _set_deadline(database: Database, walltime: str | None) -> float | None:
    """Tell the engine when the queue will end this job."""
    from workflows.cluster.profile import ADAPTER_FILE
    from workflows.cluster.walltime import deadline, seconds

    adapter = Path(database.path).with_name(ADAPTER_FILE)
    lsf = adapter.exists() and "LoadSharingFacility" in adapter.read_text("utf-8")
    end = deadline(walltime=seconds(walltime, lsf=lsf) if walltime else None)
    if end is not None:
        os.environ["LNMO_DEADLINE"] = f"{end:.0f}"
    return end
