"""The servers that other tests stand on start, answer, and leave nothing running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.servers import HERE, Slurm, missing_for_slurm, need, slurm_running

STARTS_BOTH = """
import sys, time
from pathlib import Path
from tests.servers import Mongo, slurm_running
place = Path(sys.argv[1])
with slurm_running(place / "slurm") as slurm:
    Mongo(place / "mongo").start()
    slurm.call("sbatch", "-o", "/dev/null", "--wrap", "sleep 300")
    print("started", flush=True)
    time.sleep(300)
"""


def alive(place: Path) -> list[str]:
    """Name every process that has to do with a directory."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            told = [*process.cmdline(), process.environ().get("SLURM_CONF", "")]
            ours = any(str(place) in word for word in told)
            if ours and process.status() != psutil.STATUS_ZOMBIE:
                found.append(f"{process.pid} {process.name()}")
    return found


def test_slurm_runs_a_job_and_tells_how_it_ended(slurm: Slurm, tmp_path: Path) -> None:
    wrap = f"echo $SLURM_JOB_ID > {tmp_path}/ran; exit 3"
    job = slurm.call("sbatch", "--parsable", "-o", "/dev/null", "--wrap", wrap)
    state = ""
    deadline = time.monotonic() + 30
    while "JobState=FAILED" not in state and time.monotonic() < deadline:
        state = slurm.call("scontrol", "show", "job", job)
        time.sleep(0.1)
    assert "JobState=FAILED" in state
    assert "ExitCode=3:0" in state
    assert (tmp_path / "ran").read_text().strip() == job


def test_a_second_start_changes_nothing_and_stop_ends_the_jobs_too(
    tmp_path: Path,
) -> None:
    need("slurm", missing_for_slurm())
    with slurm_running(tmp_path / "own") as own:
        before = {name: (own.place / name).read_text() for name in pids(own)}
        subprocess.run([HERE / "slurm" / "start.sh", own.place], check=True)
        after = {name: (own.place / name).read_text() for name in pids(own)}
        assert before == after
        own.call("sbatch", "-o", "/dev/null", "--wrap", "sleep 300")
    assert alive(own.place) == []


def pids(of: Slurm) -> list[str]:
    return sorted(path.name for path in of.place.glob("*.pid"))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_process_group_leaves_no_server_behind(
    tmp_path: Path, number: signal.Signals
) -> None:
    need("slurm", missing_for_slurm())
    owner = subprocess.Popen(
        [sys.executable, "-c", STARTS_BOTH, str(tmp_path)],
        cwd=HERE.parent,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert owner.stdout is not None
    assert owner.stdout.readline() == "started\n"
    assert len(alive(tmp_path)) > 4
    os.killpg(owner.pid, number)
    owner.communicate()
    deadline = time.monotonic() + 30
    while alive(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert alive(tmp_path) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="says what only root may do")
def test_start_names_the_program_that_is_missing(tmp_path: Path) -> None:
    script = HERE / "slurm" / "start.sh"
    text = script.read_text().replace("munged slurmctld", "munged no-slurmctld")
    (tmp_path / "start.sh").write_text(text)
    ran = subprocess.run(
        ["bash", tmp_path / "start.sh", tmp_path / "own"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 3
    assert ran.stderr == "no-slurmctld is not installed\n"
