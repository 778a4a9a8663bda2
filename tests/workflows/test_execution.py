"""A step that is ended from outside says so, and goes on when it is run again."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from workflows import load_campaign, plan
from workflows.calculation import Calculation
from workflows.engines.base import Machine
from workflows.errors import Terminated
from workflows.execution import run_step, terminable
from workflows.taskdoc import State

FAKE = Path(__file__).parents[1] / "fake_vasp" / "vasp_std"
COMMAND = f"{sys.executable} {FAKE}"
QUICK = Machine(vasp_cmd=COMMAND, poll_seconds=0.05)


@pytest.fixture(scope="module")
def one() -> Calculation:
    campaign = load_campaign("paper")
    return next(c for c in plan(campaign) if c.x == 1)


def run(one: Calculation, root: Path, machine: Machine = QUICK) -> State:
    done = run_step(one, "relax", root=root, machine=machine, report=lambda _: None)
    return done.state


def ended(root: Path) -> dict[str, str]:
    (note,) = root.rglob("ended.json")
    return dict(json.loads(note.read_text()))


def wait_for_vasp(root: Path) -> psutil.Process:
    for _ in range(600):
        time.sleep(0.05)
        found = [p for p in psutil.Process().children() if str(FAKE) in p.cmdline()]
        if found and list(root.rglob("CONTCAR")):
            return found[0]
    raise AssertionError("no VASP was started")


def test_sigterm_ends_vasp_and_the_step_goes_on_from_its_last_structure(
    one: Calculation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_VASP_FAIL", "walltime")
    started: list[psutil.Process] = []

    def terminate_us() -> None:
        started.append(wait_for_vasp(tmp_path))
        os.kill(os.getpid(), signal.SIGTERM)

    killer = threading.Thread(target=terminate_us)
    killer.start()
    with pytest.raises(Terminated, match="SIGTERM"), terminable():
        run(one, tmp_path)
    killer.join()
    assert not started[0].is_running()
    assert ended(tmp_path)["signal"] == "SIGTERM"
    monkeypatch.delenv("FAKE_VASP_FAIL")
    assert run(one, tmp_path) is State.DONE
    assert not list(tmp_path.rglob("ended.json"))


def test_vasp_is_asked_to_stop_before_the_deadline_and_goes_on_later(
    one: Calculation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_VASP_SECONDS", "6")
    soon = Machine(
        vasp_cmd=COMMAND, poll_seconds=0.05, deadline=time.time() + 6, stop_margin=4
    )
    with pytest.raises(Terminated, match="wall time"):
        run(one, tmp_path, soon)
    (outcar,) = tmp_path.rglob("OUTCAR")
    assert "soft stop" in outcar.read_text()
    assert "wall time" in ended(tmp_path)["reason"]
    monkeypatch.delenv("FAKE_VASP_SECONDS")
    assert run(one, tmp_path) is State.DONE


def test_no_vasp_is_started_without_the_time_for_it(
    one: Calculation, tmp_path: Path
) -> None:
    late = Machine(vasp_cmd=COMMAND, deadline=time.time() + 60, stop_margin=600)
    with pytest.raises(Terminated, match="wall time"):
        run(one, tmp_path, late)
    assert not list(tmp_path.rglob("OUTCAR"))
    assert run(one, tmp_path) is State.DONE


def test_a_vasp_that_does_not_stop_is_killed_before_the_deadline(
    one: Calculation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_VASP_FAIL", "walltime")
    soon = Machine(
        vasp_cmd=COMMAND, poll_seconds=0.05, deadline=time.time() + 5, stop_margin=4
    )
    with pytest.raises(Terminated, match="wall time"):
        run(one, tmp_path, soon)
    assert time.time() < soon.deadline  # type: ignore[operator]
    assert psutil.Process().children() == []


def test_sigterm_outside_a_step_is_terminated_too() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Terminated), terminable():
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before


def test_beside_the_main_thread_nothing_is_handled() -> None:
    seen = []

    def work() -> None:
        with terminable():
            seen.append(signal.getsignal(signal.SIGTERM))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]
