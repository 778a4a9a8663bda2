"""What a user sees of a run that cannot go well: one reason, one cure, no table."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import forked
from tests.places import FAKE_VASP
from tests.servers import Mongo
from workflows.launchpad.mongodb import connected
from workflows.records.database import read_database

LNMO = (sys.executable, "-P", "-m", "workflows.cli")
"""As the installed command: without the current directory on the import path."""
CAMPAIGN = """\
name: c
x: [0, 0.5, 1]
lithium_reference: false
vasp: {steps: [static], dos_at: [], incar: {common: {NEDOS: 31}}}
"""
LAUNCHER = """\
#!/bin/sh
cat >&2 <<'END'
--------------------------------------------------------------------------
mpirun was unable to find the specified executable file, and therefore
did not launch the job.
--------------------------------------------------------------------------
END
exit 1
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of three steps; nothing of the caller's environment."""
    for name in os.environ:
        if name.startswith(("LNMO_", "FAKE_VASP_", "PMG_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("LNMO_POLL_SECONDS", "0.1")
    monkeypatch.setenv("LNMO_VASP_CMD", f"{sys.executable} {FAKE_VASP}")
    (tmp_path / "launchpad.yaml").write_text("host: embedded\n")
    (tmp_path / "c.yaml").write_text(CAMPAIGN)
    return tmp_path


def lnmo(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return forked.lnmo(*words, cwd=place, env=os.environ)


def test_a_vasp_that_never_starts_stops_the_run_after_two_steps(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launcher = place / "mpirun"
    launcher.write_text(LAUNCHER)
    launcher.chmod(0o755)
    monkeypatch.setenv("LNMO_VASP_CMD", f"{launcher} -np 4 vasp_std")
    ran = lnmo(place, "run", "c.yaml")
    assert ran.returncode == 1, ran.stderr
    reason = "mpirun was unable to find the specified executable file"
    assert ran.stdout.count(reason) == 2  # once for each step
    assert ran.stdout.count(" failed after ") == 2
    assert "about" not in ran.stdout  # nothing says how long the rest would take
    assert "NOT_COMPUTED" not in ran.stdout
    assert "no verdicts yet: no calculation has finished" in ran.stdout
    assert "two steps in a row could not run on this machine" in ran.stderr
    assert "------" not in ran.stdout + ran.stderr
    told = lnmo(place, "status")
    assert told.stdout.count("FIZZLED") >= 2
    assert reason in told.stdout
    assert "-> correct the cause, then: lnmo run --retry" in told.stdout
    monkeypatch.setenv("LNMO_VASP_CMD", f"{sys.executable} {FAKE_VASP}")
    assert lnmo(place, "run", "c.yaml", "--retry").returncode == 0


@pytest.mark.parametrize("name", ["structures.py", "workflows.py", "custodian.py"])
def test_a_module_in_the_users_directory_is_not_imported(
    place: Path, name: str
) -> None:
    (place / name).write_text("raise SystemExit('the module of the user')\n")
    (place / "c.yaml").write_text(CAMPAIGN.replace("[0, 0.5, 1]", "[1]"))
    command = [*LNMO, "run", "c.yaml"]
    ran = subprocess.run(command, cwd=place, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "the module of the user" not in ran.stdout + ran.stderr


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_status_says_what_became_of_an_interrupted_run(
    place: Path, monkeypatch: pytest.MonkeyPatch, how: signal.Signals
) -> None:
    monkeypatch.setenv("FAKE_VASP_SECONDS", "60")
    process = subprocess.Popen([*LNMO, "run", "c.yaml"], cwd=place, text=True)
    while not list(place.rglob("OUTCAR")):
        assert process.poll() is None
        time.sleep(0.1)
    assert "RUNNING" in lnmo(place, "status").stdout
    process.send_signal(how)
    process.wait()
    told = lnmo(place, "status").stdout
    if how is signal.SIGTERM:
        assert "RUNNING" not in told
        assert "READY" in told
    else:
        assert "no lnmo run is alive: it was killed; nothing is lost" in told
        assert "-> lnmo run" in told
    monkeypatch.setenv("FAKE_VASP_SECONDS", "0")
    assert lnmo(place, "run").returncode == 0


def test_a_run_that_was_given_up_records_nothing(
    place: Path, mongo: Mongo, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = f"host: 127.0.0.1\nport: {mongo.port}\nname: given_up\n"
    (place / "launchpad.yaml").write_text(settings)
    (place / "c.yaml").write_text(CAMPAIGN.replace("[0, 0.5, 1]", "[1]"))
    monkeypatch.setenv("FAKE_VASP_LEDGER", str(place / "ledger"))
    monkeypatch.setenv("FAKE_VASP_FAIL", "walltime")  # it hangs until it is killed
    command = [*LNMO, "run", "c.yaml"]
    first = subprocess.Popen(command, cwd=place, text=True, stdout=subprocess.PIPE)
    while not list(place.rglob("OUTCAR")):
        assert first.poll() is None
        time.sleep(0.1)
    monkeypatch.delenv("FAKE_VASP_FAIL")
    with connected(read_database(place)) as pad:
        pad.rerun_fw(1)  # as lnmo rerun --dead does
    second = lnmo(place, "run", "c.yaml")
    assert second.returncode == 0, second.stdout + second.stderr
    told, _ = first.communicate(timeout=120)
    assert "another run took this step over; not recorded" in told
    with connected(read_database(place)) as pad:
        (firework,) = pad.fireworks.find()
        assert firework["state"] == "COMPLETED"
        (launch,) = firework["launches"]
        (own,) = pad.launches.find({"launch_id": launch})
        assert own["state"] == "COMPLETED"
        (document,) = pad.db["lnmo_task_documents"].find()
        assert document["state"] == "DONE"
    ended = [
        line
        for line in (place / "ledger").read_text().splitlines()
        if line.startswith("end ")
    ]
    assert len(ended) == 1


def test_a_missing_potcar_is_an_error_before_the_first_step(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lnmo(place, "submit", "c.yaml").returncode == 0
    before = sorted(p.name for p in (place / "lnmo-data").iterdir())
    library = place / "potcars"
    library.mkdir()
    monkeypatch.setenv("PMG_VASP_PSP_DIR", str(library))
    for words in (["run", "c.yaml"], ["run"]):
        ran = lnmo(place, *words)
        assert ran.returncode == 2, ran.stdout
        assert "POTCAR" in ran.stderr
        assert ran.stderr.count("\n") == 1
    assert sorted(p.name for p in (place / "lnmo-data").iterdir()) == before


def test_a_compiled_vasp_without_a_potcar_library_is_an_error_at_once(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = place / "vasp_std"
    program.write_bytes(b"\x7fELF compiled")
    program.chmod(0o755)
    monkeypatch.setenv("LNMO_VASP_CMD", f"{sys.executable} {program}")
    ran = lnmo(place, "run", "c.yaml")
    assert ran.returncode == 2
    assert "set PMG_VASP_PSP_DIR" in ran.stderr
    assert not (place / "lnmo-data").exists()
