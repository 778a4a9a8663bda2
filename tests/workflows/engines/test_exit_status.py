"""How a process ended, in words."""

import signal
import sys
from pathlib import Path

import pytest

from workflows.campaign.calculation import Calculation
from workflows.engines.exit_status import ended_by, was_killed
from workflows.engines.gpaw.process import run_gpaw
from workflows.engines.gpaw.state import unfinished as gpaw_unfinished
from workflows.engines.machine import Machine
from workflows.engines.step import run_step
from workflows.errors import StepFailed
from workflows.records.document import State

FAKE = Path(__file__).parents[2] / "fake_vasp" / "vasp_std"


@pytest.mark.parametrize("number", [*signal.valid_signals()])
def test_every_signal_has_its_name_from_the_process_or_its_launcher(
    number: int,
) -> None:
    try:
        name = signal.Signals(number).name
    except ValueError:
        assert f"signal {int(number)}" in ended_by(-number)
        return
    assert ended_by(-number).startswith(f"killed by signal {int(number)} ({name})")
    code = 128 + number
    assert ended_by(code) == f"exit code {code}: perhaps {ended_by(-number)}"
    assert ended_by(code, started_nothing=True) == f"exit code {code}"
    assert ended_by(-number, started_nothing=True) == ended_by(-number)
    assert was_killed(-number)
    assert was_killed(code)
    assert was_killed(-number, started_nothing=True)
    assert not was_killed(code, started_nothing=True)


def test_what_ends_by_itself_has_its_code() -> None:
    assert ended_by(None) == ""
    assert ended_by(3) == "exit code 3"
    assert ended_by(0) == "exit code 0"
    assert ended_by(255) == "exit code 255"
    assert "not found" in ended_by(127)
    assert "out of memory" in ended_by(-9)
    assert "ulimit -s unlimited" in ended_by(139)
    assert not any(map(was_killed, (None, 0, 1, 126, 127, 128, 255)))


@pytest.fixture
def one(calculations: tuple[Calculation, ...]) -> Calculation:
    return next(c for c in calculations if c.x == 1)


def failure(one: Calculation, place: Path, script: str) -> str:
    path = place / "vasp"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    machine = Machine(vasp_cmd=str(path), poll_seconds=0.05)
    with pytest.raises(StepFailed) as caught:
        run_step(one, "relax", root=place, machine=machine, report=print)
    return str(caught.value)


RULE = "-" * 70
MPIRUN = f"\\n{RULE}\\nmpirun was unable to find the specified executable\\n{RULE}\\n"
IMPORT = "ModuleNotFoundError: No module named gpaw"
ENDING = "srun: Terminating StepId=12.0"


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("kill -9 $$", "printed nothing; killed by signal 9 (SIGKILL): likely out of"),
        ("kill -11 $$", "printed nothing; killed by signal 11 (SIGSEGV): likely a"),
        ("kill -15 $$", "printed nothing; killed by signal 15 (SIGTERM): ended by"),
        ("sh -c 'kill -7 $$'; exit 135", "perhaps killed by signal 7 (SIGBUS)"),
        ("exit 137", "nothing; exit code 137: perhaps killed by signal 9 (SIGKILL): l"),
        ("exit 3", "the command printed nothing (exit code 3); correct the VASP"),
        ("exit 0", "(exit code 0); it printed nothing. Correct the command"),
        ("nosuchthing", "not found (exit code 127"),
        ("echo 'forrtl: severe (174)'; kill -6 $$", "severe (174); killed by signal 6"),
    ],
)
def test_a_vasp_without_a_file_is_told_by_its_words_and_its_end(
    one: Calculation, tmp_path: Path, script: str, words: str
) -> None:
    found = failure(one, tmp_path, script)
    assert "NEVER_STARTED" in found
    assert words in found


@pytest.mark.parametrize("name", ["OSZICAR", "OUTCAR", "vasprun.xml"])
def test_a_vasp_killed_after_its_first_file_is_told_by_its_signal(
    one: Calculation, tmp_path: Path, name: str
) -> None:
    found = failure(one, tmp_path, f"echo started > {name}; kill -9 $$")
    assert "TRUNCATED" in found
    assert "VASP printed nothing; killed by signal 9 (SIGKILL)" in found


def test_a_whole_run_whose_launcher_fails_afterwards_is_done_by_its_files(
    one: Calculation, tmp_path: Path
) -> None:
    path = tmp_path / "vasp"
    path.write_text(f"#!/bin/sh\n{sys.executable} {FAKE}\nexit 5\n")
    path.chmod(0o755)
    machine = Machine(vasp_cmd=str(path), poll_seconds=0.05)
    done = run_step(one, "relax", root=tmp_path, machine=machine, report=print)
    assert done.state == "DONE"
    (error, *_) = tmp_path.rglob("custodian.error")
    assert "are complete, but its command failed: exit code 5" in error.read_text()


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("kill -9 $$", "killed by signal 9 (SIGKILL): likely out of memory"),
        ("echo MPI_ABORT >&2; kill -6 $$", "MPI_ABORT; killed by signal 6 (SIGABRT)"),
        ("exit 4", "exit code 4"),
        ("exit 0", "printed nothing (exit code 0, no gpaw-*.txt); correct the GPAW"),
        ("echo ValueError: no >&2; exit 1", "ValueError: no"),
        (f"printf '{MPIRUN}' >&2; exit 1", "started: mpirun was unable to find"),
        (f"printf '{MPIRUN}' >&2; kill -6 $$", "started: mpirun was unable to find"),
        (f"echo '{IMPORT}' >&2; echo {ENDING} >&2; exit 1", f"started: {IMPORT}"),
        (
            f"echo {ENDING} >&2; echo no licence; exit 1",
            "no licence (exit code 1); corr",
        ),
    ],
)
def test_a_gpaw_without_a_text_is_told_by_its_words_and_its_end(
    tmp_path: Path, script: str, words: str
) -> None:
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    assert gpaw_unfinished(tmp_path) == (State.PLANNED, "not started")
    run_gpaw(tmp_path, Machine(gpaw_cmd=str(program)), print)
    state, reason = gpaw_unfinished(tmp_path) or (None, "")
    assert state is State.NEVER_STARTED
    assert reason.startswith("GPAW never started: ")
    assert words in reason
