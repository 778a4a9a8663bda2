"""An engine whose step another worker has taken over ends, and touches nothing more."""

from __future__ import annotations

import json
import os
import signal
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from tests.places import TESTS
from workflows import load_campaign, plan
from workflows.campaign.calculation import Calculation
from workflows.engines.chgnet import engine as chgnet
from workflows.engines.claim import Superseded, claim
from workflows.engines.gpaw import engine as gpaw
from workflows.engines.gpaw.process import run_gpaw
from workflows.engines.machine import Machine
from workflows.engines.protocol import write_run_file
from workflows.engines.step import run_step
from workflows.engines.vasp import engine as vasp
from workflows.records.document import State

FAKE = TESTS / "fake_vasp" / "vasp_std"
SUCCESSOR = json.dumps({"token": "x", "host": "node7", "pid": 5, "since": "now"})
TAKEN = "process 5 on node7 took this step over"


def take_over(directory: Path) -> None:
    """Write the token of another worker, as its claim does."""
    directory.with_name(f".{directory.name}.holder.json").write_text(SUCCESSOR)


@pytest.fixture(scope="module")
def one() -> Calculation:
    return next(c for c in plan(load_campaign("paper").override(x=[1])) if c.x == 1)


@pytest.fixture
def step(tmp_path: Path) -> Path:
    directory = tmp_path / "abc" / "static"
    directory.mkdir(parents=True)
    return directory


def program(place: Path, text: str) -> str:
    path = place / "program"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_a_gpaw_whose_step_was_taken_over_is_ended_with_its_ranks_and_no_other(
    step: Path, tmp_path: Path
) -> None:
    ranks, successors = tmp_path / "rank", tmp_path / "successor"
    command = program(
        tmp_path,
        f"(setsid sleep 60 & echo $! >{successors})\n"
        f"sleep 60 & echo $! >{ranks}\n"
        f"echo '{SUCCESSOR}' >../.static.holder.json\n"
        "wait; touch ended",
    )

    def compute() -> None:
        with claim(step):
            run_gpaw(step, Machine(gpaw_cmd=command), lambda line: None)

    with pytest.raises(Superseded, match=TAKEN):
        compute()
    assert not psutil.pid_exists(int(ranks.read_text()))
    assert not (step / "ended").exists()
    other = int(successors.read_text())
    assert psutil.pid_exists(other)
    with suppress(ProcessLookupError):
        os.kill(other, signal.SIGKILL)


def test_a_gpaw_that_ended_after_the_takeover_gets_no_note_of_its_end(
    step: Path, tmp_path: Path
) -> None:
    taken = f"echo '{SUCCESSOR}' >../.static.holder.json"
    command = program(tmp_path, f"{taken}; exit 1")

    def compute() -> None:
        with claim(step):
            run_gpaw(step, Machine(gpaw_cmd=command), lambda line: None)

    with pytest.raises(Superseded, match=TAKEN):
        compute()
    assert (step / "gpaw.err").read_text() == ""


def test_a_superseded_gpaw_is_not_started(step: Path, tmp_path: Path) -> None:
    command = program(tmp_path, "touch started")

    def compute() -> None:
        with claim(step):
            take_over(step)
            run_gpaw(step, Machine(gpaw_cmd=command), lambda line: None)

    with pytest.raises(Superseded, match=TAKEN):
        compute()
    assert not (step / "started").exists()


def test_the_density_that_the_successor_starts_from_is_not_removed(
    one: Calculation, step: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run_file(step, one, "static")
    density = step.with_name("relax") / "relaxed.gpw"

    def finished(*_: object) -> Any:
        take_over(step)
        return SimpleNamespace(state=State.DONE)

    monkeypatch.setattr(gpaw, "unfinished", lambda _: None)
    monkeypatch.setattr(gpaw, "parse_gpaw", finished)
    monkeypatch.setattr(
        gpaw, "_remove_used", lambda *_: pytest.fail(f"removes {density}")
    )

    def compute() -> None:
        with claim(step):
            gpaw.GpawEngine().run(step, Machine(), lambda line: None)

    with pytest.raises(Superseded, match=TAKEN):
        compute()


def test_a_relaxation_by_chgnet_ends_at_the_next_step_and_leaves_no_result(
    step: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = load_campaign("paper").override(x=[1], engine="chgnet")
    write_run_file(step, plan(campaign)[0], "relax")

    def relax(*_: object, on_step: Any, **__: object) -> None:
        take_over(step)
        on_step(SimpleNamespace())
        pytest.fail("went on")

    monkeypatch.setattr(chgnet, "_model", lambda _: None)
    monkeypatch.setattr(chgnet, "relax", relax)

    def compute() -> None:
        with claim(step):
            chgnet.ChgnetEngine().run(step, Machine(), lambda line: None)

    with pytest.raises(Superseded, match=TAKEN):
        compute()
    assert not (step / chgnet.RESULT_FILE).exists()


@pytest.fixture
def relax(one: Calculation, tmp_path: Path) -> Path:
    return tmp_path / "calculations" / one.id / "relax"


def compute_relax(one: Calculation, root: Path, command: str) -> None:
    machine = Machine(vasp_cmd=command, poll_seconds=0.05)
    run_step(one, "relax", root=root, machine=machine, report=lambda line: None)


def test_a_superseded_chain_writes_no_next_member(
    one: Calculation, relax: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = vasp.parse_vasp

    def taken_meanwhile(directory: Path) -> Any:
        found = read(directory)
        take_over(relax)
        return found

    monkeypatch.setattr(vasp, "parse_vasp", taken_meanwhile)
    with pytest.raises(Superseded, match=TAKEN):
        compute_relax(one, tmp_path, str(FAKE))
    assert [path.name for path in relax.glob("relax-*")] == ["relax-1"]


def test_a_superseded_chain_sets_no_directory_aside(
    one: Calculation, relax: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken_meanwhile(directory: Path) -> bool:
        take_over(relax)
        return directory.exists()

    monkeypatch.setattr(vasp, "_is_cut", taken_meanwhile)
    with pytest.raises(Superseded, match=TAKEN):
        compute_relax(one, tmp_path, str(FAKE))
    assert [path.name for path in relax.glob("relax-*")] == ["relax-1"]
