"""A campaign inside one allocation of a real Slurm: stopped, and gone on with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.places import FAKE_VASP
from tests.servers import Slurm

CAMPAIGN = """
x: [1]
lithium_reference: false
vasp: {dos_at: []}
"""
ENDED = ("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT")


class Project:
    """A directory with an allocation's files, on the tests' own Slurm."""

    def __init__(self, place: Path, slurm: Slurm) -> None:
        self.place, self.slurm = place, slurm
        (place / "mine.yaml").write_text(CAMPAIGN)
        ours = {k: v for k, v in os.environ.items() if not k.startswith("LNMO_")}
        self.environment = {
            **ours,
            **slurm.environment,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "LNMO_VASP_CMD": f"{sys.executable} {FAKE_VASP}",
            "LNMO_POLL_SECONDS": "0.1",
            "LNMO_STOP_MARGIN": "1",
        }

    def call(self, *words: str, **more: str) -> str:
        done = subprocess.run(
            words,
            cwd=self.place,
            env={**self.environment, **more},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def submit(self, **more: str) -> str:
        words = ("sbatch", "--parsable", "--ntasks=1", "allocation.sh", "mine.yaml")
        return self.call(*words, **more).strip()

    def states(self) -> dict[str, str]:
        steps = json.loads(self.call("lnmo", "status", "--json"))
        return {step["step"]: step["state"] for step in steps}

    def wait(self, job: str, until: tuple[str, ...] = ENDED) -> str:
        for _ in range(1200):
            said = self.slurm.call("scontrol", "show", "job", job, "--oneliner")
            (state,) = [w for w in said.split() if w.startswith("JobState=")]
            if state.partition("=")[2] in until:
                return said
            time.sleep(0.25)
        pytest.fail(f"job {job} did not end: {said}")


@pytest.fixture
def made(tmp_path: Path, slurm: Slurm) -> Project:
    project = Project(tmp_path, slurm)
    project.call("lnmo", "init", "--queue", "slurm", "--allocation")
    return project


def test_a_job_that_slurm_stops_is_gone_on_with_by_the_next(made: Project) -> None:
    first = made.submit(FAKE_VASP_SECONDS="600")
    made.wait(first, until=("RUNNING",))
    for _ in range(600):
        if "RUNNING" in made.states().values():
            break
        time.sleep(0.25)
    made.slurm.call("scancel", "--batch", "--signal=TERM", first)
    assert "ExitCode=130:0" in made.wait(first)
    said = (made.place / f"lnmo-{first}.out").read_text()
    assert "not finished: submit it again" in said
    second = made.submit()
    assert "JobState=COMPLETED" in made.wait(second)
    assert made.states() == {"relax": "COMPLETED", "static": "COMPLETED"}
