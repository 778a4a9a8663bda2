"""A VASP that never starts says why in one line, whatever the launcher is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from workflows.campaign.calculation import Calculation
from workflows.engines.machine import Machine
from workflows.engines.step import run_step
from workflows.engines.vasp.launcher_output import (
    cause_of_silence,
    last_meaningful_line,
    never_started,
)
from workflows.errors import MachineError, StepFailed
from workflows.launchpad.recovery import retry_step
from workflows.records.document import State
from workflows.records.store import FileResults

OPEN_MPI = """\
--------------------------------------------------------------------------
mpirun was unable to find the specified executable file, and therefore
did not launch the job.  This error was first reported for process
rank 0; it may have occurred for other processes as well.

NOTE: A common cause for this error is misspelling a mpirun command
      line parameter option.

Node:       c1
Executable: vasp_std
--------------------------------------------------------------------------
4 total processes failed to start
"""
NO_SLOTS = """\
--------------------------------------------------------------------------
There are not enough slots available in the system to satisfy the 64
slots that were requested by the application:

  vasp_std
--------------------------------------------------------------------------
"""
AS_ROOT = """\
--------------------------------------------------------------------------
mpirun has detected an attempt to run as root.

Running as root is *strongly* discouraged.
--------------------------------------------------------------------------
"""
SRUN = """\
srun: Job 12 step creation temporarily disabled, retrying
slurmstepd: error: execve(): vasp_std: No such file or directory
srun: error: c1: tasks 0-3: Exited with exit code 2
"""
HYDRA = """\
[proxy:0:0@c1] HYDU_create_process (utils/launch/launch.c:75): execvp error on file \
vasp_std (No such file or directory)
===================================================================================
=   BAD TERMINATION OF ONE OF YOUR APPLICATION PROCESSES
=   EXIT CODE: 255
===================================================================================
"""
LIBRARY = "vasp_std: error while loading shared libraries: libmkl_rt.so.2: cannot \
open shared object file: No such file or directory\n"
LICENCE = """\
Loading module vasp/6.4
ERROR: License checkout failed: no such feature exists (FlexNet error -5)
"""
KINDS = {
    "open mpi": (OPEN_MPI, "mpirun was unable to find the specified executable file"),
    "no slots": (NO_SLOTS, "There are not enough slots available in the system"),
    "as root": (AS_ROOT, "mpirun has detected an attempt to run as root"),
    "srun": (SRUN, "execve(): vasp_std: No such file or directory"),
    "hydra": (HYDRA, "execvp error on file vasp_std (No such file or directory)"),
    "library": (LIBRARY, "error while loading shared libraries: libmkl_rt.so.2"),
    "four libraries": (LIBRARY * 4, "error while loading shared libraries"),
    "licence": (LICENCE, "License checkout failed: no such feature exists"),
    "shell": ("bash: line 1: vasp_std: command not found\n", "vasp_std: command not"),
    "format": ("srun: error: vasp_std: Exec format error\n", "Exec format error"),
    "rights": (
        "/opt/vasp_std: Permission denied\n",
        "/opt/vasp_std: Permission denied",
    ),
    "unknown": (
        "-----\n\nThe moon is in the wrong house\n",
        "The moon is in the wrong",
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_line_that_names_the_cause_is_found(kind: str) -> None:
    text, expected = KINDS[kind]
    for texts in ([text], ["", text], ["******\n", text]):
        found = cause_of_silence(texts)
        assert expected in found
        assert len(found) <= 160
        assert "\n" not in found


def test_silence_is_said_to_be_silence(tmp_path: Path) -> None:
    assert "the command printed nothing" in never_started(tmp_path)
    (tmp_path / "vasp.out").write_text("----\n\n====\n")
    assert "the command printed nothing" in never_started(tmp_path)


@pytest.mark.parametrize("name", ["OUTCAR", "OSZICAR", "vasprun.xml"])
def test_a_vasp_that_opened_a_file_has_started(tmp_path: Path, name: str) -> None:
    (tmp_path / "vasp.out").write_text(OPEN_MPI)
    (tmp_path / name).touch()
    assert never_started(tmp_path) == ""


def test_the_last_line_is_not_a_rule(tmp_path: Path) -> None:
    log = tmp_path / "vasp.out"
    log.write_text("DAV: 1\nBRMIX: very serious problems\n-----------\n\n*****\n")
    assert last_meaningful_line(log) == "BRMIX: very serious problems"
    log.write_text("--\n")
    assert last_meaningful_line(log) == ""


@pytest.fixture
def one(calculations: tuple[Calculation, ...]) -> Calculation:
    return next(c for c in calculations if c.x == 1)


def script(place: Path, text: str) -> str:
    path = place / "launcher"
    path.write_text(f"#!/bin/sh\ncat >&2 <<'END'\n{text}END\nexit 1\n")
    path.chmod(0o755)
    return f"{path} -np 4 vasp_std"


def test_a_step_whose_vasp_never_started_has_a_state_of_its_own(
    one: Calculation, tmp_path: Path
) -> None:
    machine = Machine(vasp_cmd=script(tmp_path, OPEN_MPI), poll_seconds=0.05)
    with pytest.raises(StepFailed, match=r"NEVER_STARTED in .*unable to") as caught:
        run_step(one, "relax", root=tmp_path, machine=machine, report=print)
    assert "\n" not in str(caught.value)
    store = FileResults(tmp_path)
    document = store.get(one.id, "relax")
    assert document is not None
    assert document.state is State.NEVER_STARTED
    assert document.reason.startswith("VASP never started: mpirun was unable to find")
    fake = Path(__file__).parents[3] / "fake_vasp" / "vasp_std"
    retry_step(store.directory(one.id, "relax"))
    mended = Machine(vasp_cmd=f"{sys.executable} {fake}", poll_seconds=0.05)
    done = run_step(one, "relax", root=tmp_path, machine=mended, report=print)
    assert done.state is State.DONE


def test_a_command_that_is_not_a_program_never_started(
    one: Calculation, tmp_path: Path
) -> None:
    path = tmp_path / "vasp_std"
    path.write_bytes(b"\x00\x01 not a program")
    path.chmod(0o755)
    machine = Machine(vasp_cmd=str(path), poll_seconds=0.05)
    with pytest.raises(MachineError, match=r"VASP never started: .*Exec format error"):
        run_step(one, "relax", root=tmp_path, machine=machine, report=print)
