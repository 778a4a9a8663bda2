"""A GPAW that never wrote its text: the reason is the cause, not what frames it."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest

from workflows.engines.gpaw.process import ERROR_FILE, OUTPUT_FILE, run_gpaw
from workflows.engines.gpaw.state import unfinished
from workflows.engines.machine import Machine
from workflows.launchpad.alike import alike
from workflows.launchpad.local_run import machine_failure
from workflows.records.document import State

RULE = "-" * 74
NO_PROGRAM = f"""{RULE}
mpirun was unable to find the specified executable file, and therefore
did not launch the job.  This error was first reported for process
rank 0; it may have occurred for other processes as well.

Node:       c1
Executable: nosuch
{RULE}
"""
NO_GPAW = f"""Traceback (most recent call last):
  File "/data/run_gpaw.py", line 24, in <module>
    import gpaw
ImportError: libxc.so.9: cannot open shared object file: No such file or directory
{RULE}
Primary job  terminated normally, but 1 process returned
a non-zero exit code. Per user-direction, the job has been aborted.
{RULE}
"""
SRUN = """Traceback (most recent call last):
  File "/data/run_gpaw.py", line 23, in <module>
    import ase
ModuleNotFoundError: No module named 'ase'
srun: error: c1: task 0: Exited with exit code 1
srun: Terminating StepId=12.0
"""
QUEUE = """srun: warning: environment variable X not found
srun: error: Unable to create step for job 7: Invalid account or partition
"""
COMMANDS = {
    "no program": (NO_PROGRAM, 2, 1, "mpirun was unable to find the specified"),
    "no library": (NO_GPAW, 2, 1, "ImportError: libxc.so.9: cannot open shared"),
    "no module": (SRUN, 2, 1, "ModuleNotFoundError: No module named 'ase' (exit"),
    "no node": (QUEUE, 2, 1, "srun: error: Unable to create step for job 7"),
    "on standard output": ("License expired\n", 1, 3, "License expired (exit code 3)"),
    "a code of a signal": (NO_PROGRAM, 2, 134, "mpirun was unable to find the spec"),
    "a shell": ("sh: 3: gpaw: not found\n", 2, 127, "sh: 3: gpaw: not found (exit"),
}


def command(place: Path, text: str, stream: int, code: int) -> Machine:
    (place / "said").write_text(text)
    program = place / "program"
    program.write_text(f"#!/bin/sh\ncat '{place}/said' >&{stream}\nexit {code}\n")
    program.chmod(0o755)
    return Machine(gpaw_cmd=str(program))


def ended(place: Path, text: str, stream: int, code: int) -> tuple[State, str]:
    run = place / "run"
    run.mkdir(exist_ok=True)
    run_gpaw(run, command(place, text, stream, code), print)
    found = unfinished(run)
    assert found is not None
    return found


@pytest.mark.parametrize("what", COMMANDS)
def test_the_reason_is_the_line_that_names_the_cause(what: str, tmp_path: Path) -> None:
    text, stream, code, words = COMMANDS[what]
    state, reason = ended(tmp_path, text, stream, code)
    assert state is State.NEVER_STARTED
    assert reason.startswith(f"GPAW never started: {words}")
    assert f"(exit code {code}" in reason
    assert "signal" not in reason
    assert reason.endswith("; correct the GPAW command or its environment")
    assert machine_failure(reason)


@pytest.mark.parametrize(
    ("text", "told"), [("", "the command printed nothing"), ("Hello\n", "Hello")]
)
def test_a_command_that_ends_well_without_gpaw_is_told_what_to_correct(
    tmp_path: Path, text: str, told: str
) -> None:
    state, reason = ended(tmp_path, text, 1, 0)
    assert state is State.NEVER_STARTED
    began = f"GPAW never started: {told} (exit code 0, no gpaw-*.txt); correct the"
    assert reason.startswith(began)
    assert "must run the program that lnmo adds to it (run_gpaw.py) where" in reason
    assert reason.count("correct the GPAW command") == 1


@pytest.mark.parametrize("code", [0, 3])
def test_two_causes_are_not_alike_by_the_words_around_them(
    tmp_path: Path, code: int
) -> None:
    texts = ("License checkout failed", "srun: all nodes down", "License denied")
    reasons = [ended(tmp_path, f"{text}\n", 2, code)[1] for text in texts]
    assert not any(alike(one, other) for one, other in combinations(reasons, 2))
    assert alike(reasons[0], ended(tmp_path, f"{texts[0]}\n", 2, code)[1])


def test_what_an_earlier_command_printed_is_no_reason(tmp_path: Path) -> None:
    ended(tmp_path, "License expired\n", 1, 3)
    assert "the command printed nothing (exit code 4)" in ended(tmp_path, "", 1, 4)[1]


def test_a_reason_that_was_not_noted_is_read_from_both_streams(tmp_path: Path) -> None:
    (tmp_path / ERROR_FILE).write_text(f"{RULE}\n")
    (tmp_path / OUTPUT_FILE).write_text("error: invalid account or partition\n")
    _, reason = unfinished(tmp_path) or (None, "")
    assert "GPAW never started: error: invalid account or partition; corr" in reason


def test_a_gpaw_that_began_is_told_by_its_exception_not_by_its_launcher(
    tmp_path: Path,
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run/gpaw-1.txt").write_text("header\n")
    error = NO_GPAW.replace("ImportError: libxc.so.9: cannot open", "MemoryError: no")
    state, reason = ended(tmp_path, error, 2, 1)
    assert state is State.TRUNCATED
    assert "GPAW said last: MemoryError: no shared object file" in reason
