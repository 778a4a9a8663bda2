"""An engine whose step another worker has taken over ends, and touches nothing more."""

from __future__ import annotations

import json
import os
import shutil
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
from workflows.engines.claimed_copy import copy_whole
from workflows.engines.gpaw import engine as gpaw
from workflows.engines.gpaw.process import run_gpaw
from workflows.engines.machine import Machine
from workflows.engines.protocol import write_run_file
from workflows.engines.step import run_step
from workflows.engines.vasp import engine as vasp
from workflows.engines.vasp.handlers import handlers
from workflows.engines.vasp.wavecars import take_wavecar
from workflows.records import file_store
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


FINISHED = ("OSZICAR", "OUTCAR", "vasprun.xml", "vasp.out", "custodian.json")
"""What the successor's VASP, and its custodian, left."""


def test_a_worker_that_was_given_up_while_it_prepared_vasp_starts_and_empties_nothing(
    one: Calculation, relax: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def long(place: Path) -> None:
        take_over(relax)
        for name in FINISHED:
            (place / name).write_text("the successor's")

    monkeypatch.setattr("workflows.engines.vasp.job.prepare_attempt", long)
    with pytest.raises(Superseded, match=TAKEN):
        compute_relax(one, tmp_path, program(tmp_path, "touch started"))
    here = relax / "relax-1"
    assert {(here / name).read_text() for name in FINISHED} == {"the successor's"}
    assert not (here / "started").exists()


def test_a_worker_that_was_given_up_while_it_ended_a_vasp_corrects_no_input(
    step: Path,
) -> None:
    (step / "INCAR").write_text("ALGO = Normal\n")
    correcting = handlers(relaxes=True, frozen_seconds=1)

    def correct() -> None:
        with claim(step):
            take_over(step)
            correcting[-1].correct(directory=str(step))

    with pytest.raises(Superseded, match=TAKEN):
        correct()
    assert (step / "INCAR").read_text() == "ALGO = Normal\n"


def test_a_worker_that_was_given_up_while_it_ended_orphans_starts_no_gpaw(
    step: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (step / "gpaw.err").write_text("the successor's")
    monkeypatch.setattr(
        "workflows.engines.gpaw.process.end_orphans", lambda *_, **__: take_over(step)
    )

    def compute() -> None:
        with claim(step):
            command = program(tmp_path, "touch started")
            run_gpaw(step, Machine(gpaw_cmd=command), lambda line: None)

    with pytest.raises(Superseded, match=TAKEN):
        compute()
    assert (step / "gpaw.err").read_text() == "the successor's"
    assert not (step / "started").exists()


@pytest.mark.parametrize("name", ["WAVECAR", "CHGCAR"])
def test_a_worker_that_was_given_up_while_it_copied_leaves_the_successors_file(
    step: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    source, target = step.with_name("relax") / name, step / name
    source.parent.mkdir()
    source.write_text("the source")
    target.write_text("the successor's")
    copy = shutil.copyfile

    def long(*paths: Any) -> None:
        copy(*paths)
        take_over(step)

    monkeypatch.setattr(shutil, "copyfile", long)

    def take() -> None:
        with claim(step):
            if name == "WAVECAR":
                take_wavecar(step, source.parent)
            else:
                copy_whole(source, target)

    with pytest.raises(Superseded, match=TAKEN):
        take()
    assert target.read_text() == "the successor's"
    assert [path.name for path in step.iterdir()] == [name]


def test_a_worker_that_was_given_up_while_it_wrote_its_record_leaves_the_successors(
    one: Calculation, relax: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = file_store.write_part

    def long(path: Path, text: str) -> Path:
        part = write(path, text)
        take_over(relax)
        (relax / "task_document.json").write_text("the successor's")
        return part

    monkeypatch.setattr(file_store, "write_part", long)
    with pytest.raises(Superseded, match=TAKEN):
        compute_relax(one, tmp_path, str(FAKE))
    assert (relax / "task_document.json").read_text() == "the successor's"
    assert not list(relax.glob("*.part"))


def test_a_run_whose_data_directory_was_replaced_by_a_copy_is_not_read_there(
    one: Calculation, relax: Path, tmp_path: Path
) -> None:
    """VASP goes on in the directory that was moved; the copy was half written."""
    data, moved = tmp_path / "calculations", tmp_path / "moved"
    command = program(tmp_path, f"mv {data} {moved}; cp -a {moved} {data}; sleep 60")
    with pytest.raises(Superseded, match=f"replaced .*it is now {moved}"):
        compute_relax(one, tmp_path, command)
    assert not list(tmp_path.rglob("task_document.json"))
    assert not list(data.rglob("custodian.*"))
