"""A VASP that never starts says why in one line, whatever the launcher is."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from tests.places import FAKE_VASP
from tests.vasp_commands import done, failed
from workflows.campaign.calculation import Calculation
from workflows.engines.cause_lines import cause_of_silence
from workflows.engines.machine import Machine
from workflows.engines.orphans import is_alive
from workflows.engines.step import run_step
from workflows.engines.vasp.launcher_output import (
    last_meaningful_line,
    never_started,
)
from workflows.engines.vasp.parse import parse_vasp
from workflows.errors import StepFailed
from workflows.launchpad.local_run import machine_failure
from workflows.launchpad.recovery import retry_step
from workflows.records.document import State
from workflows.records.file_store import FileResults

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


CURE = "; correct the VASP command or its environment"


@pytest.mark.parametrize(
    "kind", ["open mpi", "no slots", "as root", "hydra", "library", "licence", "shell"]
)
@pytest.mark.parametrize("code", [129, 134, 137, 143])
def test_a_launcher_that_started_nothing_ended_by_itself(
    tmp_path: Path, kind: str, code: int
) -> None:
    (tmp_path / "std_err.txt").write_text(KINDS[kind][0])
    reason = never_started(tmp_path, code)
    assert reason.endswith(f" (exit code {code}){CURE}")
    assert "signal" not in reason


def test_a_launcher_that_started_nothing_and_was_killed_has_both_told(
    tmp_path: Path,
) -> None:
    (tmp_path / "std_err.txt").write_text(OPEN_MPI)
    reason = never_started(tmp_path, -signal.SIGKILL)
    assert "(killed by signal 9 (SIGKILL): likely out of memory" in reason
    assert reason.endswith(CURE)


@pytest.mark.parametrize(
    ("said", "code", "name"),
    [
        ("libucx: unable to open /dev/knem\nline 3: 71 Killed  vasp_std\n", 137, 9),
        ("/x/vasp: line 2: 9 Illegal instruction (core dumped) vasp_std\n", 132, 4),
        ("cannot open shared memory\nsh: 2: Bus error\n", 135, 7),
    ],
)
def test_a_signal_that_a_shell_names_is_told_whatever_else_was_printed(
    tmp_path: Path, said: str, code: int, name: int
) -> None:
    (tmp_path / "std_err.txt").write_text(said)
    reason = never_started(tmp_path, code)
    assert f"; exit code {code}: perhaps killed by signal {name} (SIG" in reason
    assert CURE not in reason


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
    retry_step(store.directory(one.id, "relax"))
    mended = Machine(vasp_cmd=f"{sys.executable} {FAKE_VASP}", poll_seconds=0.05)
    again = run_step(one, "relax", root=tmp_path, machine=mended, report=print)
    assert again.state is State.DONE


def test_a_command_that_is_not_a_program_never_started(
    one: Calculation, tmp_path: Path
) -> None:
    path = tmp_path / "vasp_std"
    path.write_bytes(b"\x00\x01 not a program")
    path.chmod(0o755)
    machine = Machine(vasp_cmd=str(path), poll_seconds=0.05)
    with pytest.raises(StepFailed, match=r"VASP never started: .*Exec format error"):
        run_step(one, "relax", root=tmp_path, machine=machine, report=print)


INPUTS = "INCAR KPOINTS POSCAR POTCAR*"
ELSEWHERE = {
    "cd": f"mkdir -p sub; cp {INPUTS} sub; cd sub; {FAKE_VASP}",
    "scratch": f"d=$(mktemp -d); cp {INPUTS} $d; cd $d; {FAKE_VASP}",
    "to both outputs": "echo 'DAV:   1     0.1E+03'; echo 'DAV:   2     0.1E+03' >&2; "
    "exit 1",
}


@pytest.mark.parametrize("how", ELSEWHERE)
def test_a_vasp_that_ran_in_another_directory_is_not_said_to_have_never_started(
    one: Calculation, tmp_path: Path, how: str
) -> None:
    found = failed(one, tmp_path, ELSEWHERE[how])
    assert found.state is State.TRUNCATED
    assert found.reason.startswith("VASP ran, but not in its directory: its output")
    assert "electronic steps, but there is no OUTCAR" in found.reason
    assert "it must stay where it starts (no cd" in found.reason
    assert machine_failure(found.reason)


OPENED = "while ! test -s OUTCAR; do sleep 0.05; done"
BACKGROUND = {
    "&": f"{FAKE_VASP} >late.out 2>&1 & {OPENED}",
    "setsid": f"setsid {FAKE_VASP} >late.out 2>&1 & {OPENED}",
    "on another node": "(while :; do echo more >>OUTCAR; sleep 0.02; done) & sleep 0.1",
}


@pytest.mark.parametrize("how", BACKGROUND)
def test_a_command_that_does_not_wait_for_vasp_is_told_of_and_its_vasp_is_ended(
    one: Calculation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setenv("FAKE_VASP_FAIL", "hang")
    monkeypatch.setattr("workflows.engines.orphans.GRACE_SECONDS", 0.5)
    found = failed(one, tmp_path, BACKGROUND[how])
    assert found.state is State.TRUNCATED
    assert found.reason.startswith(
        "the VASP command ended before VASP (exit code 0), which ran on;"
    )
    assert "it was ended. Correct the command: it must wait until" in found.reason
    assert machine_failure(found.reason)
    assert not is_alive(tmp_path / "calculations" / one.id / "relax" / "relax-1")


def test_a_vasp_in_the_background_without_our_environment_is_named_by_its_number(
    one: Calculation, tmp_path: Path
) -> None:
    hidden = f"env -i FAKE_VASP_FAIL=hang PATH=$PATH {FAKE_VASP}"
    command = f"{hidden} >late.out 2>&1 & echo $! >{tmp_path}/pid; {OPENED}"
    found = failed(one, tmp_path, command)
    pid = int((tmp_path / "pid").read_text())
    os.kill(pid, signal.SIGKILL)
    assert f"process {pid} still writes here: end it. Correct" in found.reason


HELPERS = {
    "an agent": "sleep 60 >/dev/null 2>&1 &",
    "a logger": "touch vasp.out OUTCAR; tail -f vasp.out OUTCAR >log.txt 2>&1 &",
    "with VASP's standard output": "setsid sleep 60 &",
}


FAILURES = {
    "a crash": (
        f"FAKE_VASP_FAIL=crash {FAKE_VASP}",
        "the last line of VASP: fake_vasp: crashes, as FAKE_VASP_FAIL says",
    ),
    "an error for custodian": (
        "echo TITEL >OUTCAR; echo 'WARNING in EDDRMM: call to ZHEGV failed'",
        "gave up after 5 corrections (eddrmm",
    ),
}


@pytest.mark.parametrize(
    ("helper", "failure"),
    [*((each, "a crash") for each in HELPERS), ("an agent", "an error for custodian")],
)
def test_a_helper_that_lives_on_does_not_hide_why_vasp_failed(
    one: Calculation,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    helper: str,
    failure: str,
) -> None:
    monkeypatch.setattr("workflows.engines.orphans.GRACE_SECONDS", 0.5)
    command, said = FAILURES[failure]
    found = failed(one, tmp_path, f"{HELPERS[helper]}\n{command}; exit 0")
    assert found.state is State.TRUNCATED
    program = "tail" if helper == "a logger" else "sleep"
    assert f"; the command also left running, now ended: {program}" in found.reason
    assert said in found.reason
    assert "before VASP" not in found.reason
    assert not machine_failure(found.reason)
    assert not is_alive(tmp_path / "calculations" / one.id / "relax" / "relax-1")


def test_a_helper_does_not_hide_why_vasp_never_started(
    one: Calculation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.engines.orphans.GRACE_SECONDS", 0.5)
    found = failed(one, tmp_path, "sleep 60 & no-such-vasp; exit 0")
    assert found.state is State.NEVER_STARTED
    assert "(exit code 0); it printed: " in found.reason
    assert "no-such-vasp: not found" in found.reason
    assert "now ended: sleep" in found.reason


def test_a_vasp_in_the_background_that_has_not_begun_never_started(
    one: Calculation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.engines.orphans.GRACE_SECONDS", 0.5)
    found = failed(one, tmp_path, f"(sleep 30; {FAKE_VASP}) >late.out 2>&1 &")
    assert found.state is State.NEVER_STARTED
    assert "it must wait until VASP ends (srun or mpirun in the fore" in found.reason
    assert machine_failure(found.reason)
    assert not is_alive(tmp_path / "calculations" / one.id / "relax" / "relax-1")


def test_a_command_that_ended_well_and_wrote_nothing_may_have_queued_vasp(
    one: Calculation, tmp_path: Path
) -> None:
    found = failed(one, tmp_path, "echo Submitted batch job 12")
    assert found.state is State.NEVER_STARTED
    assert found.reason.startswith(
        "the VASP command wrote nothing of VASP here: no OUTCAR, OSZICAR, vasprun.xml "
        "(exit code 0); it printed: Submitted batch job 12. Correct the command: it "
        "must wait until VASP ends (srun or mpirun in the foreg"
    )
    assert found.reason.endswith("a retry first reads files that come later")
    assert machine_failure(found.reason)


BEGINS = "printf ' running on    4 total cores\\n'"


@pytest.mark.parametrize("code", [0, 1, 137])
def test_a_vasp_that_began_to_print_is_not_said_to_have_never_started(
    one: Calculation, tmp_path: Path, code: int
) -> None:
    found = failed(one, tmp_path, f"{BEGINS}; exit {code}")
    assert found.state is State.TRUNCATED
    assert "never started" not in found.reason
    assert "it printed: running on 4 total cores. Correct" in found.reason
    assert machine_failure(found.reason)


def test_a_reason_that_files_are_absent_is_gone_when_one_comes(
    one: Calculation, tmp_path: Path
) -> None:
    failed(one, tmp_path, f"{BEGINS}; exit 0")
    run = FileResults(tmp_path).directory(one.id, "relax") / "relax-1"
    (run / "OUTCAR").write_text(" vasp.6.4.2\n")
    found = parse_vasp(run)
    assert found.state is State.TRUNCATED
    assert "wrote nothing" not in found.reason


def test_a_vasp_that_is_left_behind_does_not_run_beside_the_next_attempt(
    one: Calculation, tmp_path: Path
) -> None:
    """custodian starts again on an error that it knows, whatever still runs."""
    error = "WARNING in EDDRMM: call to ZHEGV failed"
    first = f"touch {tmp_path}/once; sleep 60 & echo $! >{tmp_path}/pid; echo '{error}'"
    again = (
        f'kill -0 "$(cat {tmp_path}/pid)" && touch {tmp_path}/beside; exec {FAKE_VASP}'
    )
    command = f"if ! test -e {tmp_path}/once; then {first}\nelse {again}\nfi"
    found = done(one, tmp_path, command)
    assert found.state is not State.FAILED
    assert not (tmp_path / "beside").exists()


def test_a_byte_of_a_prolog_that_is_not_utf8_switches_no_correction_off(
    one: Calculation, tmp_path: Path
) -> None:
    fails = f"if ! test -e {tmp_path}/once; then export FAKE_VASP_FAIL=brmix; fi"
    prolog = "printf 'Prolog: d\\351marrage de VASP\\n'"
    command = f"{prolog}\n{fails}\ntouch {tmp_path}/once\nexec {FAKE_VASP}"
    found = done(one, tmp_path, command)
    assert found.state is State.DONE
    assert [c["errors"] for c in found.corrections] == [["brmix"]]
