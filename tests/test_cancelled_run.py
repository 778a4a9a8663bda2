"""A step that is cancelled while a living ``lnmo run`` computes it, on a MongoDB."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import forked
from tests.places import FAKE_VASP
from tests.servers import Mongo
from workflows.launchpad.mongodb import connected
from workflows.records.database import read_database

LNMO = (sys.executable, "-P", "-m", "workflows.cli")
CAMPAIGN = """\
name: c
x: [1]
lithium_reference: false
vasp: {steps: [static], dos_at: [], incar: {common: {NEDOS: 31}}}
"""
QUEUE = "_fw_name: CommonAdapter\n_fw_q_type: SLURM\nwalltime: '24:00:00'\n"
WORKER = "name: here\ncategory: [vasp]\nquery: '{}'\n"
SQUEUE = "#!/bin/sh\necho 'JOBID|STATE|REASON|NAME'\n"
Run = subprocess.Popen[str]


@pytest.fixture
def place(
    tmp_path: Path,
    mongo: Mongo,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> Path:
    """A project with an empty queue; its VASP goes on until there is a ``go``."""
    for name in os.environ:
        if name.startswith(("LNMO_", "FAKE_VASP_", "PMG_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("LNMO_POLL_SECONDS", "0.1")
    monkeypatch.setenv("LNMO_VASP_CMD", f"{sys.executable} {FAKE_VASP}")
    monkeypatch.setenv("FAKE_VASP_UNTIL", str(tmp_path / "go"))
    monkeypatch.setenv("FAKE_VASP_LEDGER", str(tmp_path / "ledger"))
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/squeue").write_text(SQUEUE)
    (tmp_path / "bin/squeue").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    name = f"cancelled{abs(hash(request.node.name))}"
    settings = f"host: 127.0.0.1\nport: {mongo.port}\nname: {name}\n"
    (tmp_path / "launchpad.yaml").write_text(settings)
    (tmp_path / "my_qadapter.yaml").write_text(QUEUE)
    (tmp_path / "my_fworker.yaml").write_text(WORKER)
    (tmp_path / "c.yaml").write_text(CAMPAIGN)
    return tmp_path


@pytest.fixture
def lnmo(place: Path) -> Callable[..., tuple[int, str]]:
    def type_in(*words: str) -> tuple[int, str]:
        ran = forked.lnmo(*words, cwd=place, env=os.environ)
        return ran.returncode, ran.stdout + ran.stderr

    return type_in


@pytest.fixture
def run(place: Path) -> Iterator[Run]:
    """A ``lnmo run`` whose VASP has begun."""
    words = [*LNMO, "run", "c.yaml"]
    with subprocess.Popen(words, cwd=place, stdout=subprocess.PIPE, text=True) as run:
        while not list(place.glob("lnmo-data/calculations/*/*/OUTCAR")):
            assert run.poll() is None
            time.sleep(0.1)
        yield run
        run.send_signal(signal.SIGCONT)
        run.kill()


def held(run: Run) -> None:
    """Stop a run, as Ctrl-Z does: it lives, and sees nothing."""
    run.send_signal(signal.SIGSTOP)


def begun(place: Path) -> int:
    return (place / "ledger").read_text().count("start ")


def test_a_cancelled_step_of_a_living_run_is_ended_and_then_runs_again(
    place: Path, run: Run, lnmo: Callable[..., tuple[int, str]]
) -> None:
    code, told = lnmo("cancel", "c.yaml")
    assert code == 0
    assert f"lnmo run (process {run.pid} on " in told
    assert "still computes it: it sees that and ends its VASP within a min" in told
    told, _ = run.communicate(timeout=60)
    assert run.returncode == 1
    assert "cancelled while it ran; its VASP was ended" in told
    assert "1 step is cancelled or paused, and was left alone" in told
    with connected(read_database(place)) as pad:
        assert [each["state"] for each in pad.launches.find()] == ["FIZZLED"]
        assert [each["state"] for each in pad.fireworks.find()] == ["DEFUSED"]
    assert lnmo("reconcile") == (
        0,
        "nothing to repair: no step contradicts its queue job\n",
    )
    assert lnmo("rerun", "c.yaml") == (0, "1 x=1 static: READY again\n")
    (place / "go").touch()
    code, told = lnmo("run", "c.yaml")
    assert code == 0, told
    assert begun(place) == 2


def test_nothing_is_taken_from_a_cancelled_run_that_does_not_see_it(
    place: Path, run: Run, lnmo: Callable[..., tuple[int, str]]
) -> None:
    held(run)
    lnmo("cancel", "c.yaml")
    who = f"lnmo run (process {run.pid} on "
    for words in (("rerun", "c.yaml"), ("rerun", "c.yaml", "--dead"), ("reconcile",)):
        code, told = lnmo(*words)
        assert code == 1, told
        assert who in told
        assert f"kill -9 {run.pid}" in told
    code, told = lnmo("delete", "c.yaml", "--yes")
    assert code == 2
    assert f"x=1 static is DEFUSED, but {who}" in told
    assert list(place.glob("lnmo-data/calculations/*/*/OUTCAR"))
    told = lnmo("status")[1]
    assert f"cancelled, but {who}" in told
    with connected(read_database(place)) as pad:
        assert [each["state"] for each in pad.fireworks.find()] == ["DEFUSED"]
    run.kill()
    run.wait()
    (place / "go").touch()
    assert "READY again" in lnmo("rerun", "c.yaml")[1], "it is known to be dead"


def test_a_dead_run_of_another_machine_does_not_block_for_ever(
    place: Path, run: Run, lnmo: Callable[..., tuple[int, str]]
) -> None:
    held(run)
    lnmo("cancel", "c.yaml")
    run.kill()
    run.wait()
    with connected(read_database(place)) as pad:
        pad.launches.update_many({}, {"$set": {"fworker.env.host": "n2"}})
    cure = "lnmo rerun --fw-id 1 --dead"
    for words in (["rerun", "c.yaml"], ["delete", "c.yaml", "--yes"], ["status"]):
        told = lnmo(*words)[1]
        assert f"(process {run.pid} on n2) may still compute it" in told
        assert cure in told
    assert lnmo(*cure.split()[1:])[0] == 0
    assert lnmo("delete", "c.yaml", "--yes")[0] == 0
    assert not list(place.glob("lnmo-data/calculations/*"))


def test_a_step_that_was_deleted_was_taken_over_by_nobody(
    place: Path, run: Run
) -> None:
    with connected(read_database(place)) as pad:
        pad.fireworks.delete_many({})
    (place / "go").touch()
    told, _ = run.communicate(timeout=60)
    assert "deleted while it ran; not recorded" in told
    assert "took" not in told


def test_a_step_that_lpad_defused_is_ended_too(place: Path, run: Run) -> None:
    with connected(read_database(place)) as pad:
        pad.defuse_fw(1)
    told, _ = run.communicate(timeout=60)
    assert "cancelled while it ran; its VASP was ended" in told
