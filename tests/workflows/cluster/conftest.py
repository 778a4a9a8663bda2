"""A LaunchPad in memory, and a queue that lists what a test says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from workflows.campaign.calculation import Calculation
from workflows.cluster.launch import note_job
from workflows.cluster.profile import Profile
from workflows.cluster.scheduler import Job, Listed
from workflows.errors import QueueError
from workflows.launchpad.embedded import EmbeddedLaunchPad
from workflows.launchpad.submission import submit
from workflows.records.database import Database

FWORKER = {"name": "here", "category": ["vasp"], "query": "{}", "env": {}}


@dataclass
class Queue:
    """Stands where the scheduler's commands are."""

    listed: dict[str, Listed] = field(default_factory=dict)
    refuse: str = ""
    silent: bool = False
    scripts: list[str] = field(default_factory=list)
    immortal: dict[str, str] = field(default_factory=dict)
    name: str = "Test"

    def submit(self, script: Path) -> str:
        if self.refuse:
            raise QueueError(self.refuse)
        self.scripts.append(script.read_text("utf-8"))
        job_id = str(100 + len(self.scripts))
        name = f"lnmo-{script.parent.parent.name}-{script.parent.name}"
        self.listed[job_id] = Listed(Job.PENDING, name)
        return job_id

    def jobs(self, ids: Iterable[str] = ()) -> Mapping[str, Listed]:
        if self.silent:
            raise QueueError("squeue: Unable to contact slurm controller")
        gone = {i: Listed(Job.UNKNOWN) for i in ids if i not in self.listed}
        return {**gone, **self.listed}

    def cancel(self, ids: Sequence[str]) -> Mapping[str, str]:
        for job_id in ids:
            if job_id not in self.immortal:
                self.end(job_id, Job.CANCELLED)
        return {i: why for i, why in self.immortal.items() if i in ids and why}

    def end(self, job_id: str, how: Job) -> None:
        self.listed[job_id] = Listed(how, self.listed[job_id].name)


@dataclass(frozen=True)
class Site(Profile):
    """A profile whose scheduler is a test's."""

    queue: Any = None

    def scheduler(self) -> Any:
        return self.queue


@pytest.fixture
def queue() -> Queue:
    return Queue()


@pytest.fixture
def site(queue: Queue, tmp_path: Path) -> Site:
    adapter = {"_fw_name": "CommonAdapter", "_fw_q_type": "SLURM"}
    steps = {"relax": {"walltime": "24:00:00"}}
    path = tmp_path / "my_qadapter.yaml"
    return Site(path, adapter, steps, 20, 5, FWORKER, queue)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    place = tmp_path / "launchpad.yaml"
    secret = {"username": "anna", "password": "hunter2"}
    return Database(place, tmp_path / "data", {"host": "example", **secret})


@pytest.fixture
def pad(database: Database, calculations: tuple[Calculation, ...]) -> EmbeddedLaunchPad:
    """Holds x = 1 with its three steps: relax READY, static and dos WAITING."""
    pad = EmbeddedLaunchPad(database.root / "launchpad.json", writable=True)
    at_1 = [c for c in calculations if c.x == 1]
    submit(pad, at_1)
    return pad


def relax(pad: EmbeddedLaunchPad) -> dict[str, Any]:
    """The Firework of the relaxation."""
    found: dict[str, Any] = pad.fireworks.find_one({"spec.step": "relax"})
    return found


def running(pad: EmbeddedLaunchPad, site: Site, place: Path) -> tuple[int, int]:
    """Reserve the relaxation for job 7 and start it; return fw_id and launch_id."""
    worker = site.worker(place)
    firework, launch_id = pad.reserve_fw(worker, str(place))
    note_job(pad, launch_id, "7")
    pad.checkout_fw(worker, str(place), fw_id=firework.fw_id)
    long_ago(pad)
    return firework.fw_id, launch_id


def long_ago(pad: EmbeddedLaunchPad) -> None:
    """Make every change look an hour old."""
    old = "2026-01-01T00:00:00"
    pad.fireworks.update_many({}, {"$set": {"updated_on": old}})
    for launch in pad.launches.find():
        history = [{**e, "created_on": old} for e in launch["state_history"]]
        one = {"launch_id": launch["launch_id"]}
        pad.launches.update_one(one, {"$set": {"state_history": history}})
