"""The state of each Firework beside that of its launch and of its queue job."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workflows.cluster.decision import Action, Facts, decide
from workflows.cluster.scheduler import Job, Listed, Scheduler
from workflows.cluster.unsent import UNSENT_FILE
from workflows.firetasks import OURS
from workflows.launchpad.launch_owner import Owner, owner_of

WATCHED = ("RESERVED", "RUNNING", "FIZZLED", "DEFUSED", "PAUSED")
"""States in which database and queue may disagree."""

GRACE_SECONDS = 30.0
"""Longest time between two writes of a launcher or worker."""

ENDED = "lnmo_ended"
"""Key of a launch's stored data: what ended it from outside, in one word."""

FORGIVEN = "_lnmo_forgiven"
"""Key of a spec: the last launch before ``lnmo rerun``; older ends do not count."""


@dataclass(frozen=True)
class StepStatus:
    """A Firework, its launch and its job, and what to do about them.

    Attributes
    ----------
    fw_id, name, state, calculation_id, step
        The Firework.
    launch_id, launch_state, launch_dir, host, worker
        Its current launch, and the FWorker that launched it.
    owner
        The process that has the launch, if that is of no queue; None otherwise.
    earlier
        A process known to live that has an earlier launch; None if there is none.
    job_id, listed
        Its queue job, and the queue's entry for it.
    changed
        Unix time of the last change of Firework or launch.
    pinged
        Unix time of the last ping of the launch.
    message
        Why it failed, as the launch recorded it.
    ended
        What ended it from outside, in one word; empty otherwise.
    returns
        How often it ran and was ended from outside, since the last ``lnmo rerun``.
    unsent
        File with a result that was not reported; None if there is none.
    action
        What to do about it.
    """

    fw_id: int
    name: str
    state: str
    calculation_id: str
    step: str
    launch_id: int | None = None
    launch_state: str | None = None
    launch_dir: str = ""
    host: str = ""
    worker: str = ""
    owner: Owner | None = None
    earlier: Owner | None = None
    job_id: str | None = None
    listed: Listed | None = None
    changed: float = 0.0
    pinged: float = 0.0
    message: str = ""
    ended: str = ""
    returns: int = 0
    unsent: Path | None = None
    action: Action = Action.NOTHING

    @property
    def job(self) -> Job | None:
        """State of the job; None without one."""
        return None if self.listed is None else self.listed.job


def step_statuses(
    launchpad: Any,
    *,
    scheduler: Scheduler | None,
    worker: str | None,
    max_returns: int,
    wanted: Mapping[str, Any] | None = None,
) -> list[StepStatus]:
    """Read database and queue, and decide for each Firework.

    Parameters
    ----------
    launchpad
        FireWorks' LaunchPad.
    scheduler
        Of this machine; None if it has none, or if it does not answer.
    worker
        Name of this machine's FWorker; jobs of other workers are in other queues. None
        if it has no queue.
    max_returns
        How often a step is resumed.
    wanted
        Query on the fireworks collection.

    Raises
    ------
    QueueError
        The scheduler does not answer, so nothing can be concluded.
    """
    found = _read(launchpad, wanted or {})
    ids = [s.job_id for s in found if s.job_id and s.worker == worker]
    jobs: Mapping[str, Listed] = {}
    if scheduler is not None and ids:
        jobs = scheduler.jobs(ids)
    now = time.time()
    silent = scheduler is None and worker is not None
    unasked = {i: Listed(Job.NOT_KNOWN) for i in ids if silent}
    return [
        _with_action(s, {**jobs, **unasked}, now, max_returns=max_returns)
        for s in found
    ]


def _with_action(
    status: StepStatus, jobs: Mapping[str, Listed], now: float, *, max_returns: int
) -> StepStatus:
    listed = None
    if status.job_id is not None:
        listed = jobs.get(status.job_id, Listed(Job.ELSEWHERE))
    unsent = None
    if status.launch_state in {"RESERVED", "RUNNING"} and status.launch_dir:
        path = Path(status.launch_dir) / UNSENT_FILE
        unsent = path if path.exists() else None
    facts = Facts(
        firework=status.state,
        launch=status.launch_state,
        job=None if listed is None else listed.job,
        fresh=now - status.changed < GRACE_SECONDS,
        unsent=unsent is not None,
        resumable=bool(status.ended),
        exhausted=status.returns >= max_returns,
        gone=status.owner is not None and status.owner.alive is False,
    )
    return replace(status, listed=listed, unsent=unsent, action=decide(facts))


def _read(launchpad: Any, wanted: Mapping[str, Any]) -> list[StepStatus]:
    fields = {
        "_id": 0,
        "fw_id": 1,
        "name": 1,
        "state": 1,
        "updated_on": 1,
        "launches": 1,
        "archived_launches": 1,
        "spec.calculation_id": 1,
        "spec.step": 1,
        f"spec.{FORGIVEN}": 1,
    }
    query = {**OURS, **wanted, "state": {"$in": list(WATCHED)}}
    fireworks = list(launchpad.fireworks.find(query, fields))
    numbers = [n for f in fireworks for n in (*f["launches"], *f["archived_launches"])]
    launches = _launches(launchpad, numbers)
    return [
        _step_status(f, launches) for f in sorted(fireworks, key=lambda f: f["fw_id"])
    ]


def _launches(launchpad: Any, numbers: Iterable[int]) -> dict[int, dict[str, Any]]:
    fields = {
        "_id": 0,
        "launch_id": 1,
        "state": 1,
        "launch_dir": 1,
        "host": 1,
        "fworker.name": 1,
        "fworker.env": 1,
        "state_history": 1,
        "action.stored_data._message": 1,
        f"action.stored_data.{ENDED}": 1,
    }
    query = {"launch_id": {"$in": list(numbers)}}
    return {d["launch_id"]: d for d in launchpad.launches.find(query, fields)}


def _step_status(
    firework: Mapping[str, Any], launches: Mapping[int, Mapping[str, Any]]
) -> StepStatus:
    after = firework["spec"].get(FORGIVEN, 0)
    before = [launches.get(number, {}) for number in firework["archived_launches"]]
    archived = [each for each in before if each.get("launch_id", 0) > after]
    own = StepStatus(
        fw_id=firework["fw_id"],
        name=firework["name"],
        state=firework["state"],
        calculation_id=firework["spec"]["calculation_id"],
        step=firework["spec"]["step"],
        changed=timestamp(firework["updated_on"]),
        returns=sum(_was_killed_while_running(launch) for launch in archived),
        earlier=_alive(before),
    )
    if not firework["launches"] or firework["launches"][-1] not in launches:
        return own
    launch = launches[firework["launches"][-1]]
    history = launch.get("state_history") or []
    latest = max((timestamp(entry["created_on"]) for entry in history), default=0.0)
    pings = [timestamp(e["updated_on"]) for e in history if e.get("updated_on")]
    return replace(
        own,
        launch_id=launch["launch_id"],
        launch_state=launch["state"],
        launch_dir=launch.get("launch_dir") or "",
        host=launch.get("host") or "",
        worker=(launch.get("fworker") or {}).get("name", ""),
        owner=owner_of(launch) if job_id(launch) is None else None,
        job_id=job_id(launch),
        changed=max(own.changed, latest),
        pinged=max([latest, *pings]),
        message=str(stored(launch).get("_message", "")),
        ended=str(stored(launch).get(ENDED, "")),
    )


def _alive(launches: Iterable[Mapping[str, Any]]) -> Owner | None:
    """Return a process known to live that has one of these launches."""
    owners = (owner_of(each) for each in launches if each.get("state") == "RUNNING")
    return next((owner for owner in owners if owner.alive), None)


def _was_killed_while_running(launch: Mapping[str, Any]) -> bool:
    """Return whether a launch ran and was ended from outside."""
    states = {entry["state"] for entry in launch.get("state_history") or []}
    return bool(stored(launch).get(ENDED)) and "RUNNING" in states


def jobs_of_earlier_launches(
    launchpad: Any,
    scheduler: Scheduler | None,
    worker: str | None,
    wanted: Mapping[str, Any] | None = None,
) -> dict[int, str]:
    """Return, by fw_id, the job of an earlier launch that is still alive.

    ``lpad rerun_fws`` on a running Firework leaves its job running; a second job in the
    same run directory would spoil both. Empty, unchecked, if ``scheduler`` is None.

    Raises
    ------
    QueueError
        The scheduler does not answer.
    """
    if scheduler is None:
        return {}
    owner = _archived(launchpad, wanted)
    if not owner:
        return {}
    asked = {"launch_id": {"$in": list(owner)}, "fworker.name": worker}
    launches = launchpad.launches.find(asked, {"launch_id": 1, "state_history": 1})
    jobs = {job_id(each): owner[each["launch_id"]] for each in launches}
    jobs.pop(None, None)
    if not jobs:
        return {}
    listed = scheduler.jobs()
    return {
        fw_id: job
        for job, fw_id in jobs.items()
        if job is not None and job in listed and listed[job].job.living
    }


def unasked_jobs_of_earlier_launches(
    launchpad: Any, worker: str | None, wanted: Mapping[str, Any] | None = None
) -> dict[int, tuple[str, str]]:
    """Return, by fw_id, a job that may be alive in another queue, and its worker.

    That of an earlier launch whose end nobody recorded. ``worker``: see
    :func:`step_statuses`.
    """
    owner = _archived(launchpad, wanted)
    if not owner:
        return {}
    asked = {
        "launch_id": {"$in": list(owner)},
        "fworker.name": {"$ne": worker},
        "state": {"$in": ["RESERVED", "RUNNING"]},
    }
    fields = {"launch_id": 1, "state_history": 1, "fworker": 1}
    return {
        owner[each["launch_id"]]: (job, str((each.get("fworker") or {}).get("name")))
        for each in launchpad.launches.find(asked, fields)
        if (job := job_id(each)) is not None
    }


def _archived(launchpad: Any, wanted: Mapping[str, Any] | None) -> dict[int, int]:
    """Return the fw_id of each earlier launch of the steps that have no current one."""
    query = {
        **OURS,
        **(wanted or {}),
        "state": {"$in": ["READY", "WAITING", "FIZZLED", "DEFUSED"]},
        "archived_launches.0": {"$exists": True},
    }
    fields = {"_id": 0, "fw_id": 1, "archived_launches": 1}
    return {
        launch: found["fw_id"]
        for found in launchpad.fireworks.find(query, fields)
        for launch in found["archived_launches"]
    }


def job_id(launch: Mapping[str, Any]) -> str | None:
    """Return the queue job of a launch; None if it was not reserved for one."""
    for entry in launch.get("state_history") or []:
        if "reservation_id" in entry:
            return str(entry["reservation_id"])
    return None


def stored(launch: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the data that a launch stored at its end."""
    found: Mapping[str, Any] = (launch.get("action") or {}).get("stored_data") or {}
    return found


def timestamp(moment: datetime | str) -> float:
    """Return unix time; FireWorks stores UTC, as a datetime or as a string."""
    found = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
