"""A project on a cluster, as a user has it: profile, campaign, `lnmo`, jobs, a ledger.

Everything goes through the command and through Slurm. What really ran is counted in the
ledger of the fake VASP, which knows no database; what is recorded is read with pymongo.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pymongo import MongoClient

from tests import forked
from tests.places import TOP
from tests.servers import Mongo, Slurm

FAKE = TOP / "tests" / "fake_vasp" / "vasp_std"
LNMO = (sys.executable, "-m", "workflows.cli")
OURS = ("LNMO_", "FAKE_VASP_", "PMG_", "SLURM_")
PATIENCE = 240.0
HANGS = {"FAKE_VASP_FAIL": "walltime"}
"""VASP hangs after its first ionic step, until it is killed."""


@dataclass(frozen=True)
class Cluster:
    """A directory with ``c.yaml``, a database and a queue of its own.

    Attributes
    ----------
    place
        The directory.
    mongo, slurm
        What it uses.
    settings
        Environment of every command, and so of every job.
    """

    place: Path
    mongo: Mongo
    slurm: Slurm
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name of its database."""
        return self.place.name

    @property
    def environment(self) -> dict[str, str]:
        own = {k: v for k, v in os.environ.items() if not k.startswith(OURS)}
        return {
            **own,
            **self.slurm.environment,
            "FAKE_VASP_LEDGER": str(self.place / "ledger"),
            **self.settings,
        }

    def start(self, *words: str, **more: str) -> forked.Started:
        """Start ``lnmo`` with some words."""
        return forked.start(*words, cwd=self.place, env={**self.environment, **more})

    def lnmo(
        self, *words: str, code: int | None = 0, **more: str
    ) -> subprocess.CompletedProcess[str]:
        """Run ``lnmo``; anything but the exit code expected is an error."""
        done = forked.lnmo(*words, cwd=self.place, env={**self.environment, **more})
        assert code in {None, done.returncode}, done
        return done

    def in_one_save(self, *commands: tuple[str, ...]) -> list[int]:
        """Run several commands at the same time; their exit codes.

        One that waited in vain for the lock of the other is run again, as it says.
        """
        processes = [self.start(*words) for words in commands]
        told = [process.communicate(timeout=PATIENCE) for process in processes]
        codes = [process.returncode for process in processes]
        for number, (_, errors) in enumerate(told):
            if codes[number] == 2 and "run the command again" in errors:
                codes[number] = self.lnmo(*commands[number], code=None).returncode
        assert set(codes) <= {0, 1}, told
        return codes

    def ledger(self, event: str) -> list[str]:
        """Return the directories in which VASP did something, in order."""
        path = self.place / "ledger"
        lines = path.read_text().splitlines() if path.exists() else []
        words = (line.split() for line in lines)
        return [each[1] for each in words if each[0] == event]

    def wait_for(
        self, what: str, reached: Callable[[], bool], *, seconds: float = PATIENCE
    ) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + seconds
        while not reached():
            assert time.monotonic() < deadline, f"{self.name}: no {what}: {self.told()}"
            time.sleep(0.4)

    def wait_for_start(self, times: int = 1) -> None:
        self.wait_for("start", lambda: len(self.ledger("start")) >= times)

    def wait_for_jobs(self, *, seconds: float = PATIENCE) -> None:
        """Wait until no job of this project is in the queue."""
        self.wait_for("end of its jobs", lambda: not self.jobs(), seconds=seconds)

    def jobs(self) -> dict[str, str]:
        """Return this project's living jobs and their states."""
        listed = self.slurm.call("squeue", "-h", "-o", "%i %T %Z").splitlines()
        words = (line.split() for line in listed)
        return {each[0]: each[1] for each in words if str(self.place) in each[2]}

    def documents(self, collection: str, query: Any = None) -> list[dict[str, Any]]:
        """Read from the database, past lnmo and FireWorks."""
        with MongoClient("127.0.0.1", self.mongo.port) as client:
            return list(client[self.name][collection].find(query or {}))

    def change(self, collection: str, query: Any, update: Any) -> None:
        """Write into the database, past lnmo and FireWorks."""
        with MongoClient("127.0.0.1", self.mongo.port) as client:
            client[self.name][collection].update_many(query, update)

    def states(self) -> Counter[str]:
        return Counter(each["state"] for each in self.documents("fireworks"))

    def launches(self, fw_id: int) -> list[dict[str, Any]]:
        """Return the launches of a Firework, archived ones first, the latest last."""
        (firework,) = self.documents("fireworks", {"fw_id": fw_id})
        numbers = [*firework["archived_launches"], *firework["launches"]]
        found = self.documents("launches", {"launch_id": {"$in": numbers}})
        return sorted(found, key=lambda each: each["launch_id"])

    def reasons(self, fw_id: int = 1) -> list[str]:
        """Return what the launches of a Firework say of their ends."""
        stored = [
            (f.get("action") or {}).get("stored_data", {}) for f in self.launches(fw_id)
        ]
        return [str(each.get("_message", "")) for each in stored]

    def profile(self, **changes: Any) -> None:
        """Change the queue's profile."""
        path = self.place / "my_qadapter.yaml"
        path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **changes}))

    def finish(self) -> None:
        """Do what a user does after a mishap: reconcile, launch, wait."""
        self.lnmo("reconcile", "--fix")
        self.lnmo("launch")
        self.wait_for_jobs()
        assert set(self.states()) == {"COMPLETED"}, self.told()

    def told(self) -> str:
        """Return all that helps to understand a failed test."""
        logs = [
            f"--- {path}\n{path.read_text()[-2000:]}"
            for path in sorted((self.place / "lnmo-data").rglob("*.error"))
        ]
        states = {f["fw_id"]: f["state"] for f in self.documents("fireworks")}
        return "\n".join([f"{states} {self.jobs()} {self.ledger('end')}", *logs[-3:]])


def cluster(
    place: Path,
    mongo: Mongo,
    slurm: Slurm,
    *,
    x: tuple[float, ...] = (1.0,),
    **more: Any,
) -> Cluster:
    """Make a project: ``lnmo init``, its files filled in, one static run at each x."""
    place.mkdir(parents=True)
    made = Cluster(place, mongo, slurm)
    made.lnmo("init", "--queue", "slurm")
    launchpad = {"host": "127.0.0.1", "port": mongo.port, "name": made.name}
    (place / "launchpad.yaml").write_text(yaml.safe_dump(launchpad))
    made.profile(
        ntasks=1, walltime="01:00:00", queue="debug", pre_rocket=None, _lnmo=None
    )
    fworker = {
        **{"name": made.name, "category": ["vasp"], "query": "{}"},
        "env": {
            **{"vasp_cmd": f"{sys.executable} {FAKE}", "poll_seconds": 0.1},
            "stop_margin": 5,
        },
    }
    (place / "my_fworker.yaml").write_text(yaml.safe_dump(fworker))
    content = {
        **{"name": "c", "x": list(x), "insertion": [{"model": "tet_8b"}]},
        **{"lithium_reference": False, "start": {"single": True}},
        "vasp": {"steps": ["static"], "dos_at": [], "incar": {"common": {"NEDOS": 31}}},
        **more,
    }
    (place / "c.yaml").write_text(yaml.safe_dump(content))
    return made
