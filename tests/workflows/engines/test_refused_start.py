"""A command that the system refuses to start leaves a record, like any that fails."""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from workflows.campaign.calculation import Calculation
from workflows.engines.gpaw.process import run_gpaw
from workflows.engines.gpaw.state import unfinished
from workflows.engines.machine import Machine
from workflows.engines.step import run_step
from workflows.errors import StepFailed, Terminated
from workflows.launchpad.alike import alike
from workflows.launchpad.local_run import machine_failure
from workflows.records.document import State, TaskDocument
from workflows.records.file_store import FileResults

FILES = {
    "no program": (b"host\n", "Exec format error (it is for another"),
    "zero bytes": (b"\0\1 no program", "Exec format error"),
    "no interpreter": (b"#!/no/such/sh\n", "No such file or directory (it is gone, or"),
    "an interpreter that is a directory": (b"#!/tmp\n", "Permission denied (chmod +x"),
}
ANSWERS = ("E2BIG", "ENOMEM", "EAGAIN", "EIO", "ETXTBSY")


@pytest.fixture
def one(calculations: tuple[Calculation, ...]) -> Calculation:
    return next(c for c in calculations if c.x == 1)


def program(place: Path, content: bytes) -> str:
    path = place / "program"
    path.write_bytes(content)
    path.chmod(0o755)
    return str(path)


def refuse(monkeypatch: pytest.MonkeyPatch, name: str, answer: int) -> None:
    real = subprocess.Popen

    def popen(command: Any, *args: Any, **more: Any) -> Any:
        if command[0] != name:
            return real(command, *args, **more)
        told = () if answer in (errno.ENOMEM, errno.EAGAIN) else (name,)
        raise OSError(answer, os.strerror(answer), *told)

    monkeypatch.setattr(subprocess, "Popen", popen)


def vasp_record(one: Calculation, root: Path, command: str) -> TaskDocument:
    machine = Machine(vasp_cmd=command, poll_seconds=0.05)
    with pytest.raises(StepFailed) as caught:
        run_step(one, "relax", root=root, machine=machine, report=print)
    document = FileResults(root).get(one.id, "relax")
    assert document is not None
    assert document.reason in str(caught.value)
    return document


def check(state: State, reason: str, command: str, engine: str, words: str) -> None:
    assert state is State.NEVER_STARTED
    assert reason.startswith(f"{engine} never started: {command}: {words}")
    assert reason.endswith(f"; correct the {engine} command or its environment")
    assert machine_failure(reason)
    assert alike(reason, reason.replace(command, f"{command}2"))


@pytest.mark.parametrize("what", FILES)
def test_a_vasp_command_that_is_no_program_has_a_record(
    one: Calculation, tmp_path: Path, what: str
) -> None:
    content, words = FILES[what]
    command = program(tmp_path, content)
    found = vasp_record(one, tmp_path, command)
    check(found.state, found.reason, command, "VASP", words)


@pytest.mark.parametrize("name", ANSWERS)
def test_whatever_the_system_answers_for_vasp_is_the_reason(
    one: Calculation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    answer = getattr(errno, name)
    command = program(tmp_path, b"#!/bin/sh\n")
    refuse(monkeypatch, command, answer)
    found = vasp_record(one, tmp_path, command)
    check(found.state, found.reason, command, "VASP", os.strerror(answer))


@pytest.mark.parametrize("what", FILES)
def test_a_gpaw_command_that_is_no_program_never_started(
    tmp_path: Path, what: str
) -> None:
    content, words = FILES[what]
    command = program(tmp_path, content)
    run_gpaw(tmp_path, Machine(gpaw_cmd=command), print)
    state, reason = unfinished(tmp_path) or (State.DONE, "")
    check(state, reason, command, "GPAW", words)


@pytest.mark.parametrize("name", ANSWERS)
def test_whatever_the_system_answers_for_gpaw_is_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    answer = getattr(errno, name)
    command = program(tmp_path, b"#!/bin/sh\n")
    refuse(monkeypatch, command, answer)
    run_gpaw(tmp_path, Machine(gpaw_cmd=command), print)
    state, reason = unfinished(tmp_path) or (State.DONE, "")
    check(state, reason, command, "GPAW", os.strerror(answer))


@pytest.mark.parametrize("what", ["gone", "no executable", "a directory", "none"])
def test_a_command_that_goes_away_between_two_steps_has_a_record(
    one: Calculation, tmp_path: Path, what: str
) -> None:
    command = program(tmp_path, b"#!/bin/sh\n")
    path = Path(command)
    if what == "no executable":
        path.chmod(0o644)
    else:
        path.unlink()
    if what == "a directory":
        path.mkdir()
    found = vasp_record(one, tmp_path, "" if what == "none" else command)
    assert found.state is State.NEVER_STARTED
    assert machine_failure(found.reason)
    if what != "none":
        run_gpaw(tmp_path, Machine(gpaw_cmd=command), print)
        state, reason = unfinished(tmp_path) or (State.DONE, "")
        assert state is State.NEVER_STARTED
        assert "starts with no executable" in found.reason
        assert "starts with no executable" in reason
        assert machine_failure(reason)


def test_a_disk_that_refuses_the_log_of_vasp_is_no_refused_start(
    one: Calculation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = program(tmp_path, b"#!/bin/sh\n")

    def popen(*_: Any, **__: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device", f"{tmp_path}/vasp.out")

    monkeypatch.setattr(subprocess, "Popen", popen)
    machine = Machine(vasp_cmd=command, poll_seconds=0.05)
    with pytest.raises(Terminated, match="no space left"):
        run_step(one, "relax", root=tmp_path, machine=machine, report=print)
    assert FileResults(tmp_path).get(one.id, "relax") is None
