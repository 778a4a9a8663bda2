"""Submit one queue job for each READY Firework and check every submission."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fireworks import FWorker, LaunchPad

from workflows.cluster.cancelled_jobs import cancel_jobs
from workflows.cluster.categories import register
from workflows.cluster.profile import Profile
from workflows.cluster.queue_template import fill
from workflows.cluster.repair import is_reserved, return_to_ready
from workflows.cluster.scheduler import NAME_PREFIX
from workflows.cluster.step_status import jobs_of_earlier_launches
from workflows.engines.fault import fault_message
from workflows.errors import MachineError
from workflows.launchpad.lease import lease
from workflows.launchpad.python_command import PYTHON
from workflows.launchpad.steps import QUEUE_DIRECTORY
from workflows.records.database import Database
from workflows.records.opened_data import OpenedData, opened_data

SCRIPT = "FW_submit.script"

MAX_REFUSALS = 3
"""After so many refusals in a row the rest is not tried: the cause is the same."""


@dataclass(frozen=True)
class Submitted:
    """One submission, or in a dry run one that would be made.

    Attributes
    ----------
    fw_id, name, step
        The Firework.
    job_id
        Queue job; None if refused or a dry run.
    script
        The submission script.
    refused
        The scheduler's message; empty if it accepted the job.
    """

    fw_id: int
    name: str
    step: str
    job_id: str | None
    script: str
    refused: str = ""


def launch(
    launchpad: LaunchPad,
    database: Database,
    profile: Profile,
    done: list[Submitted] | None = None,
) -> tuple[list[Submitted], bool]:
    """Submit until nothing is READY or the queue holds ``profile.max_jobs`` of ours.

    Returns the submissions, and whether the limit of jobs ended them. They are added to
    ``done`` one by one: an error does not take them away.

    Raises
    ------
    QueueError
        The scheduler does not answer; nothing was submitted.
    StoreBusy
        Another process took the lease.
    StoreError
        The data directory is no longer the one that was opened.
    """
    done = [] if done is None else done
    with (
        lease(launchpad, f"queue {profile.name}") as confirm_lease,
        opened_data(database.root) as data,
    ):
        now = datetime.now(UTC).isoformat(timespec="seconds")
        register(launchpad, profile.name, profile.categories, now)
        room = profile.max_jobs - _jobs_in_queue(profile)
        earlier = jobs_of_earlier_launches(launchpad, profile.scheduler(), profile.name)
        refused: list[int] = []
        while room > 0 and len(refused) < MAX_REFUSALS:
            confirm_lease()
            data.check()
            worker = _worker_without(profile, database.root, [*refused, *earlier])
            submitted = _submit_next(launchpad, database, profile, worker, data)
            if submitted is None:
                return done, False
            done.append(submitted)
            if submitted.refused:
                refused.append(submitted.fw_id)
            else:
                refused.clear()
                room -= 1
        return done, room <= 0 and launchpad.run_exists(profile.worker(database.root))


def planned(
    launchpad: LaunchPad, database: Database, profile: Profile
) -> list[Submitted]:
    """Return what a launch would submit, and would refuse; changes nothing."""
    room = max(profile.max_jobs - _jobs_in_queue(profile), 0)
    query = {**profile.worker(database.root).query, "state": "READY"}
    order = [("spec._priority", -1), ("fw_id", 1)]
    fields = {"fw_id": 1, "name": 1, "spec.step": 1, "spec._queueadapter": 1}
    ready = launchpad.fireworks.find(query, fields).sort(order)
    found: list[Submitted] = []
    refusals = 0
    for firework in ready:
        if room <= 0 or refusals >= MAX_REFUSALS:
            break
        fw_id, step = firework["fw_id"], firework["spec"]["step"]
        place = _directory(database, fw_id, 0).with_name("LAUNCH")
        would = Submitted(fw_id, firework["name"], step, None, "")
        try:
            script = _script(database, profile, firework, "LAUNCH", place)
        except MachineError as error:
            found.append(replace(would, refused=str(error)))
            refusals += 1
            continue
        found.append(replace(would, script=script))
        refusals, room = 0, room - 1
    return found


def _jobs_in_queue(profile: Profile) -> int:
    """Count our jobs in the queue."""
    listed = profile.scheduler().jobs().values()
    return sum(each.job.living and each.name.startswith(NAME_PREFIX) for each in listed)


def _worker_without(profile: Profile, root: Path, fw_ids: list[int]) -> FWorker:
    """Return this site's FWorker, some Fireworks excluded."""
    query = profile.query
    if fw_ids:
        query = {"$and": [query, {"fw_id": {"$nin": fw_ids}}]}
    env = profile.worker(root).env
    return FWorker(profile.name, list(profile.categories), query, env)


def _submit_next(
    launchpad: LaunchPad,
    database: Database,
    profile: Profile,
    worker: FWorker,
    data: OpenedData,
) -> Submitted | None:
    queue = database.root / QUEUE_DIRECTORY
    firework, launch_id = launchpad.reserve_fw(worker, str(queue))
    if firework is None:
        return None
    plain = {"fw_id": firework.fw_id, "name": firework.name, "spec": firework.spec}
    tried = Submitted(firework.fw_id, firework.name, firework.spec["step"], None, "")
    try:
        place = _directory(database, firework.fw_id, launch_id)
        script = _script(database, profile, plain, str(launch_id), place)
        data.check()
        place.mkdir(parents=True, exist_ok=True)
        (place / SCRIPT).write_text(script, "utf-8", "surrogateescape")
        launchpad.change_launch_dir(launch_id, str(place))
        data.check()
        job_id = profile.scheduler().submit(place / SCRIPT)
    except BaseException as error:  # Ctrl-C too: a job without a reservation ends
        refused = _why(error)
        if is_reserved(launchpad, firework.fw_id, launch_id):
            why = f"not submitted: {refused}"
            return_to_ready(launchpad, firework.fw_id, launch_id, why)
        if not isinstance(error, Exception):
            raise
        return replace(tried, refused=refused)
    note_job(launchpad, launch_id, job_id)
    if not is_reserved(launchpad, firework.fw_id, launch_id):
        return replace(tried, refused=_withdrawn(profile, job_id))
    return replace(tried, job_id=job_id, script=script)


def _why(error: BaseException) -> str:
    """Return in one line why no job was submitted."""
    if isinstance(error, Exception):
        return fault_message(error)
    return "the launch was interrupted"


def _withdrawn(profile: Profile, job_id: str) -> str:
    """Cancel a job whose reservation was taken back while it was submitted.

    A launcher that is stopped meanwhile (Ctrl-Z, a sleeping laptop) loses its lease.
    """
    taken = "another process took the reservation back while it was submitted"
    return f"{taken}; {cancel_jobs(profile.scheduler(), [job_id])[job_id].words}"


def note_job(launchpad: Any, launch_id: int, job_id: str) -> None:
    """Record a launch's queue job, whose worker may be running already.

    FireWorks' ``set_reservation_id`` would write the whole launch back as it was.
    """
    launchpad.launches.update_one(
        {"launch_id": launch_id, "state_history.state": "RESERVED"},
        {"$set": {"state_history.$.reservation_id": job_id}},
    )


def _script(
    database: Database,
    profile: Profile,
    firework: Mapping[str, Any],
    launch_id: str,
    place: Path,
) -> str:
    """Fill FireWorks' template for the queue."""
    spec, fw_id = firework["spec"], firework["fw_id"]
    adapter = profile.adapter_for(
        spec["step"],
        spec.get("_queueadapter") or {},
        f"_queueadapter of step {fw_id}, {firework['name']}",
    )
    command = [*PYTHON, "-m", "workflows.cli", "worker"]
    command += ["--launchpad", str(database.path), "--fw-id", str(fw_id)]
    command += ["--launch-id", launch_id]
    if adapter.get("walltime"):
        command += ["--walltime", str(adapter["walltime"])]
    own = dict(
        job_name=f"{NAME_PREFIX}{fw_id}-{launch_id}",
        # The shell waits for the worker, which turns SIGTERM into a recorded end.
        pre_rocket="\n".join(
            [
                "trap : TERM",
                f"export LNMO_ROOT={shlex.quote(str(database.root))}",
                adapter.get("pre_rocket") or "",
            ]
        ).rstrip(),
        rocket_launch=shlex.join(command),
    )
    return fill(adapter, own, place)


def _directory(database: Database, fw_id: int, launch_id: int) -> Path:
    return database.root / QUEUE_DIRECTORY / f"{fw_id}" / f"{launch_id}"


def check_paths(database: Database) -> None:
    """Reject a data directory whose path no queue script can hold.

    Raises
    ------
    MachineError
        It has a blank, and FireWorks' queue scripts do not quote it, or ``$$``.
    """
    if "$$" in f"{database.root}{database.path}":
        raise MachineError(
            f"{database.root}, {database.path}: FireWorks leaves out each line of a "
            "queue script with $$ in it; choose other directories"
        )
    if any(character.isspace() for character in str(database.root)):
        raise MachineError(
            f"{database.root}: FireWorks' queue scripts allow no space in a path; "
            "choose another data directory with LNMO_ROOT"
        )
