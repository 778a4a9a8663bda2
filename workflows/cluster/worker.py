"""What a queue job runs: one Firework, by FireWorks' own Rocket."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fireworks import FWorker
from fireworks.core.rocket import Rocket

from workflows.atomic import parse_json
from workflows.cluster.fworker_file import read_fworker
from workflows.cluster.launch import note_job
from workflows.cluster.profile import ADAPTER_FILE, queue_of
from workflows.cluster.repair import return_to_ready
from workflows.cluster.reporting import ReportingLaunchPad
from workflows.cluster.walltime import deadline, least_seconds
from workflows.engines.machine import number
from workflows.engines.step import terminable
from workflows.errors import MachineError, StoreError, Terminated, shortened
from workflows.launchpad.mongodb import connect
from workflows.launchpad.opening import refuse_embedded
from workflows.launchpad.steps import QUEUE_DIRECTORY
from workflows.records.database import Database
from workflows.records.opened_data import opened_data
from workflows.records.project import refuse_anothers

JOB_VARIABLES = ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "JOB_ID")
"""Environment variables in which Slurm, PBS, LSF and SGE give the job id."""
START_SECONDS = 600.0
"""How long a job waits at its start for an unreachable database: a server restarts
within minutes, and a job that gave up would lose its place in the queue."""
MAX_PAUSE_SECONDS = 30.0
"""Longest pause between two attempts to connect; the first is 1 s, then doubled."""


def run_firework(
    database: Database, *, fw_id: int, launch_id: int | None, walltime: str | None
) -> int:
    """Run one Firework and return the exit code of the job.

    Parameters
    ----------
    database
        LaunchPad and data directory.
    fw_id
        The Firework.
    launch_id
        The reservation this job was submitted for; if it was withdrawn since, nothing
        is run. None for a READY Firework that is run by hand.
    walltime
        As requested from the queue.

    Returns
    -------
    int
        0 if it ended COMPLETED or there was nothing to do; 1 if it failed, was ended
        from outside, or its result is saved but not sent.
    """
    refuse_embedded(database)
    worker = _fworker(database, read_fworker(database))
    end = _set_deadline(database, walltime)
    try:
        with terminable():
            launchpad = _connected(database, fw_id, launch_id, end)
            try:
                refuse_anothers(launchpad.db, database)
                with opened_data(database.root) as launchpad.data:
                    code = _run(launchpad, worker, fw_id, launch_id)
            finally:
                launchpad.connection.close()
    except Terminated as error:
        print(f"lnmo: {error}", file=sys.stderr)
        code = 1
    _exit_despite_pings(code)
    return code


def _exit_despite_pings(code: int) -> None:
    """Exit at once if FireWorks' ping thread still sleeps, for up to an hour."""
    others = set(threading.enumerate()) - {threading.current_thread()}
    if any(not thread.daemon and thread.is_alive() for thread in others):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _run(
    launchpad: ReportingLaunchPad, worker: FWorker, fw_id: int, launch_id: int | None
) -> int:
    if launch_id is not None:
        reserved = _reservation(launchpad, worker, fw_id, launch_id)
        if reserved is None:
            print("lnmo: this reservation was withdrawn; nothing to do")
            return 0
        if launchpad.job_id:
            note_job(launchpad, reserved, launchpad.job_id)
    if launchpad.data is not None:
        launchpad.data.check()
    launchpad.directory.mkdir(parents=True, exist_ok=True)
    os.chdir(launchpad.directory)
    Rocket(launchpad, worker, fw_id).run()
    if launchpad.ended is None:
        print("lnmo: the Firework is neither READY nor reserved; nothing to do")
        return 0
    return 0 if launchpad.ended == "COMPLETED" and launchpad.sent else 1


def _reservation(
    launchpad: ReportingLaunchPad, worker: FWorker, fw_id: int, launch_id: int
) -> int | None:
    """Return the launch to run: ours if still valid, a new one after a requeue."""
    fields = {"state": 1, "launches": 1}
    found = launchpad.fireworks.find_one({"fw_id": fw_id}, fields) or {}
    if launch_id not in found.get("launches", []):
        return None
    if found["state"] == "RESERVED":
        return launch_id
    restarted = os.environ.get("SLURM_RESTART_COUNT", "0").strip() not in {"", "0"}
    if found["state"] not in {"RUNNING", "FIZZLED"} or not restarted:
        return None
    if found["state"] == "FIZZLED":  # it had time to record its end
        launchpad.rerun_fw(fw_id)
    else:
        why = f"job {launchpad.job_id} was requeued by the scheduler"
        return_to_ready(launchpad, fw_id, launch_id, why)
    _, new = launchpad.reserve_fw(worker, str(launchpad.directory), fw_id=fw_id)
    return int(new) if new is not None else None


def _connected(
    database: Database, fw_id: int, launch_id: int | None, end: float | None
) -> ReportingLaunchPad:
    """Connect; wait for a database that is away."""
    give_up, pause = time.monotonic() + START_SECONDS, 1.0
    while True:
        try:
            launchpad = connect(database, ReportingLaunchPad)
            break
        except StoreError:
            if time.monotonic() + pause > give_up:
                raise
        time.sleep(pause)
        pause = min(2 * pause, MAX_PAUSE_SECONDS)
    assert isinstance(launchpad, ReportingLaunchPad)
    launchpad.root = database.root
    part = "by-hand" if launch_id is None else str(launch_id)
    launchpad.directory = database.root / QUEUE_DIRECTORY / str(fw_id) / part
    launchpad.job_id = job_id(os.environ)
    launchpad.patience = number({}, "report_seconds", launchpad.patience)
    launchpad.deadline = end
    return launchpad


def job_id(environment: Mapping[str, str]) -> str:
    """Return the id of this queue job, as the queue lists it; empty outside a queue."""
    for name in JOB_VARIABLES:
        if name in environment:
            return environment[name].partition(".")[0]
    return ""


def _fworker(database: Database, settings: Mapping[str, Any]) -> FWorker:
    env = {"root": str(database.root), **settings["env"]}
    category = settings["category"]
    return FWorker(settings["name"], category, parse_json(settings["query"]), env)


def _set_deadline(database: Database, walltime: str | None) -> float | None:
    """Put the time at which the queue ends this job where the engine reads it."""
    try:
        queue = queue_of(Path(database.path).with_name(ADAPTER_FILE))
        left = least_seconds(walltime, queue) if walltime else None
    except ValueError as error:
        raise MachineError(f"--walltime {shortened(walltime)} {error}") from None
    end = deadline(walltime=left)
    if end is not None:
        os.environ["LNMO_DEADLINE"] = f"{end:.0f}"
    return end
