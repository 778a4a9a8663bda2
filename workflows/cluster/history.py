"""All launches of a step: queue job, how it ended, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from workflows.cluster.step_status import job_id, stored, timestamp
from workflows.firetasks import OURS


@dataclass(frozen=True)
class LaunchRecord:
    """One launch.

    Attributes
    ----------
    fw_id, name
        The Firework.
    launch_id, state, worker, job_id
        The launch, its FWorker and its queue job.
    since
        Time at which it reached each state, ISO 8601, UTC.
    reason
        Why it ended, if it did not end well.
    directory
        Script and output of the queue job.
    """

    fw_id: int
    name: str
    launch_id: int
    state: str
    worker: str
    job_id: str | None
    since: Mapping[str, str]
    reason: str
    directory: str


def history(launchpad: Any, wanted: Mapping[str, Any]) -> list[LaunchRecord]:
    """Return the launches of the Fireworks that a query finds, oldest first."""
    found = launchpad.fireworks.find({**OURS, **wanted}, {"fw_id": 1, "name": 1})
    names = {each["fw_id"]: each["name"] for each in found}
    launches = launchpad.launches.find({"fw_id": {"$in": list(names)}})
    return [
        _record(each, names)
        for each in sorted(launches, key=lambda d: (d["fw_id"], d["launch_id"]))
    ]


def _record(launch: Mapping[str, Any], names: Mapping[int, str]) -> LaunchRecord:
    return LaunchRecord(
        fw_id=launch["fw_id"],
        name=names[launch["fw_id"]],
        launch_id=launch["launch_id"],
        state=launch["state"],
        worker=(launch.get("fworker") or {}).get("name", ""),
        job_id=job_id(launch),
        since=_since(launch.get("state_history") or []),
        reason=str(stored(launch).get("_message", "")),
        directory=launch.get("launch_dir") or "",
    )


def _since(entries: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    return {
        each["state"]: datetime.fromtimestamp(
            timestamp(each["created_on"]), UTC
        ).isoformat(timespec="seconds")
        for each in entries
    }
