"""A step that is ended from outside says so, and goes on when it is run again."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from pymatgen.core import Structure
from pymatgen.io.vasp import Incar

from tests.places import FAKE_VASP
from workflows import load_campaign, plan
from workflows.campaign.calculation import Calculation
from workflows.engines.claim import Superseded
from workflows.engines.machine import Machine
from workflows.engines.step import run_step, terminable
from workflows.engines.vasp.engine import VaspEngine
from workflows.errors import StepFailed, StoreError, StoreUnwritable, Terminated
from workflows.launchpad.recovery import retry_step
from workflows.records.document import State, TaskDocument
from workflows.records.file_store import FileResults

FAKE = FAKE_VASP
COMMAND = f"{sys.executable} {FAKE}"
QUICK = Machine(vasp_cmd=COMMAND, poll_seconds=0.05)


@pytest.fixture(scope="module")
def one() -> Calculation:
    campaign = load_campaign("paper")
    few = campaign.vasp.model_copy(update={"kpoints": (1, 1, 1)})
    quick = campaign.model_copy(update={"vasp": few})
    return next(c for c in plan(quick) if c.x == 1)


@pytest.fixture(scope="module")
def undisturbed(
    one: Calculation, tmp_path_factory: pytest.TempPathFactory
) -> TaskDocument:
    root = tmp_path_factory.mktemp("undisturbed")
    return run_step(one, "relax", root=root, machine=QUICK, report=lambda _: None)


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
    monkeypatch.setenv("FAKE_VASP_SECONDS", "15")
    soon = Machine(
        vasp_cmd=COMMAND, poll_seconds=0.05, deadline=time.time() + 26, stop_margin=18
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
    assert not list(tmp_path.rglob("*.cut-*"))


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
    left = [p for p in psutil.Process().children() if str(FAKE) in p.cmdline()]
    assert left == []


@pytest.mark.parametrize("failure", ["crash", "kill", "disk_full"])
def test_a_cut_relaxation_goes_on_from_its_last_structure_to_the_same_end(
    failure: str,
    one: Calculation,
    undisturbed: TaskDocument,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FAKE_VASP_FAIL", failure)
    with pytest.raises((StepFailed, Terminated)) as cut:
        run(one, tmp_path)
    monkeypatch.delenv("FAKE_VASP_FAIL")
    place = FileResults(tmp_path).directory(one.id, "relax")
    if cut.type is StepFailed:
        retry_step(place)
    assert run(one, tmp_path) is State.DONE
    assert (place / "relax-1.cut-1").is_dir()
    found = FileResults(tmp_path).get(one.id, "relax")
    assert found is not None
    assert found.energy == pytest.approx(undisturbed.energy, abs=1e-6)
    assert found.magnetization == undisturbed.magnetization
    assert found.structure is not None
    assert undisturbed.structure is not None
    assert found.structure.lattice.abc == pytest.approx(
        undisturbed.structure.lattice.abc, abs=1e-8
    )


def test_what_a_cut_run_had_reached_is_not_computed_again(
    one: Calculation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_VASP_FAIL", "crash")  # in the second ionic step
    with pytest.raises(StepFailed, match="TRUNCATED"):
        run(one, tmp_path)
    place = FileResults(tmp_path).directory(one.id, "relax")
    retry_step(place)
    monkeypatch.delenv("FAKE_VASP_FAIL")
    run(one, tmp_path)
    found = Structure.from_file(place / "relax-1.cut-1" / "CONTCAR")
    start = Structure.from_file(place / "relax-1" / "POSCAR")
    assert start.lattice.abc == pytest.approx(found.lattice.abc, abs=1e-9)


def test_what_the_first_relaxation_turned_over_is_told_of_all_that_start_from_it(
    one: Calculation, tmp_path: Path
) -> None:
    engine, relax, static = VaspEngine(), tmp_path / "relax", tmp_path / "static"
    engine.write_inputs(one, "relax", relax, None)
    incar = Incar.from_file(relax / "relax-1" / "INCAR")
    moments = incar["MAGMOM"]
    turned = moments.index(max(moments))
    moments[turned] *= -1
    (relax / "relax-1" / "INCAR").write_text(str(incar))
    engine.run(relax, QUICK, lambda _: None)
    engine.write_inputs(one, "static", static, relax)
    engine.run(static, QUICK, lambda _: None)
    for place in (relax, static):
        document = engine.parse(place)
        told = {finding.id: finding.message for finding in document.findings}
        assert (document.state, set(told)) == (
            State.DONE,
            {"fake_vasp", "moment_flipped", "total_moment"},
        )
        assert told["moment_flipped"].startswith(f"Mn #{turned} -3.20 muB")


@pytest.mark.parametrize("failure", ["crash", "unconverged_ionic"])
def test_directories_that_people_leave_beside_a_relaxation_are_passed_over(
    one: Calculation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: str
) -> None:
    monkeypatch.setenv("FAKE_VASP_FAIL", failure)
    with pytest.raises(StepFailed):
        run(one, tmp_path)
    place = FileResults(tmp_path).directory(one.id, "relax")
    for name in ("relax-1-backup", "relax-1.cut-2", "relax-1.cut-old"):
        shutil.copytree(place / "relax-1", place / name)
    retry_step(place)
    monkeypatch.delenv("FAKE_VASP_FAIL")
    assert run(one, tmp_path) is State.DONE
    assert (place / "relax-1.cut-3").is_dir()


def test_a_full_disk_is_no_failure_of_the_step(
    one: Calculation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_VASP_FAIL", "disk_full")
    with pytest.raises(Terminated, match="no space left on the disk"):
        run(one, tmp_path)
    assert "no space left" in ended(tmp_path)["reason"]
    assert not list(tmp_path.rglob("task_document.json"))


@pytest.mark.parametrize("gone", [".", ".."], ids=["the run", "the whole step"])
def test_a_command_that_removes_its_own_directory_is_told_of(
    one: Calculation, tmp_path: Path, gone: str
) -> None:
    script = tmp_path / "vasp"
    script.write_text(f'#!/bin/sh\nd=$(realpath {gone}); cd /; rm -rf "$d"\n')
    script.chmod(0o700)
    machine = Machine(vasp_cmd=str(script), poll_seconds=0.05)
    with pytest.raises(StepFailed, match=r"relax-1.*: gone while the step ran: did"):
        run(one, tmp_path / "data", machine)
    assert run(one, tmp_path / "data") is State.DONE


@pytest.mark.parametrize(
    ("place", "put", "told"),
    [
        ("", Path.touch, "is no directory; move it away"),
        ("relax", os.mkfifo, "not a directory; move it away"),
        (
            "relax",
            lambda p: p.symlink_to(p.name),
            "is a link that leads back to itself",
        ),
        (
            ".relax.holder.json",
            lambda p: p.mkdir(parents=True),
            "is a directory, where a file belongs; move it away",
        ),
        (
            "relax/relax-1",
            lambda p: (p.parent.mkdir(), p.symlink_to(p.name)),
            "is a link that leads back to itself; move it away",
        ),
    ],
    ids=["calculation", "FIFO", "loop", "holder", "link"],
)
def test_what_stands_in_the_way_is_named_with_a_cure(
    one: Calculation,
    tmp_path: Path,
    place: str,
    put: Callable[[Path], object],
    told: str,
) -> None:
    calculation = tmp_path / "calculations" / one.id
    odd = calculation / place
    calculation.parent.mkdir(parents=True)
    if place:
        calculation.mkdir()
    put(odd)
    with pytest.raises(StoreError, match=f"{odd}.*: {told}"):
        run(one, tmp_path)


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


def other_settings(one: Calculation) -> Calculation:
    """The same cell at another U, cutoff and mesh."""
    campaign = load_campaign("paper")
    vasp = campaign.vasp.model_copy(
        update={
            "kpoints": (2, 2, 2),
            "hubbard_u": {"Mn": 3.0, "Ni": 5.0},
            "incar": {"common": {"ENCUT": 400}},
        }
    )
    found = plan(campaign.model_copy(update={"vasp": vasp}))
    return next(c for c in found if c.x == one.x)


@pytest.mark.parametrize("kept", ["all", "no document", "no run file", "member only"])
def test_a_relaxation_copied_from_another_calculation_is_refused(
    one: Calculation, tmp_path: Path, kept: str
) -> None:
    theirs = other_settings(one)
    run(theirs, tmp_path)
    store = FileResults(tmp_path)
    relax = store.directory(one.id, "relax")
    shutil.copytree(store.directory(theirs.id, "relax"), relax)
    if kept != "all":
        (relax / "task_document.json").unlink()
    if kept in {"no run file", "member only"}:
        (relax / "lnmo.json").unlink()
    if kept == "no run file":
        for path in relax.glob("relax-*/lnmo.json"):
            path.unlink()
    before = tree(tmp_path)
    for step in ("relax", "static"):
        with pytest.raises(StoreError) as caught:
            run_step(one, step, root=tmp_path, machine=QUICK, report=print)
        assert one.id in str(caught.value)
        if kept != "no run file":
            assert theirs.id in str(caught.value)
        assert "move it away and run again" in str(caught.value)
    after = {p: t for p, t in tree(tmp_path).items() if ".holder." not in p}
    assert after == {p: t for p, t in before.items() if ".holder." not in p}
    relax.rename(tmp_path / "away")
    assert run(one, tmp_path) is State.DONE
    assert store.get(theirs.id, "relax") is not None


def tree(root: Path) -> dict[str, bytes]:
    files = (p for p in root.rglob("*") if p.is_file())
    return {str(p.relative_to(root)): p.read_bytes() for p in files}


def test_a_document_edited_to_our_id_is_refused_by_its_content(
    one: Calculation, tmp_path: Path
) -> None:
    theirs = other_settings(one)
    run(theirs, tmp_path)
    store = FileResults(tmp_path)
    relax = store.directory(one.id, "relax")
    relax.mkdir(parents=True)
    source = store.directory(theirs.id, "relax") / "task_document.json"
    edited = {**json.loads(source.read_text()), "calculation_id": one.id}
    del edited["sha256"]  # as of a version before the seal
    (relax / "task_document.json").write_text(json.dumps(edited))
    with pytest.raises(StoreError, match=f"has the id {one.id}, but its hubbards"):
        run(one, tmp_path)


@pytest.mark.parametrize("state", ["RUNNING", "PLANNED"])
def test_a_step_recorded_as_running_is_taken_up_again(
    one: Calculation, tmp_path: Path, undisturbed: TaskDocument, state: str
) -> None:
    assert run(one, tmp_path) is State.DONE
    path = FileResults(tmp_path).directory(one.id, "relax") / "task_document.json"
    stale = {**json.loads(path.read_text()), "state": state, "reason": "VASP runs"}
    del stale["sha256"]  # as of the version that recorded it
    path.write_text(json.dumps(stale))
    assert run(one, tmp_path) is State.DONE
    found = FileResults(tmp_path).get(one.id, "relax")
    assert found is not None
    assert found.energy == undisturbed.energy


def test_a_worker_that_lost_its_step_ends_vasp_and_records_nothing(
    one: Calculation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_VASP_FAIL", "walltime")
    started: list[psutil.Process] = []

    def take_over() -> None:
        started.append(wait_for_vasp(tmp_path))
        (holder,) = tmp_path.rglob(".relax.holder.json")
        holder.write_text('{"token": "x", "host": "node7", "pid": 5, "since": "now"}')

    other = threading.Thread(target=take_over)
    other.start()
    with pytest.raises(Superseded, match="process 5 on node7 took this step over"):
        run(one, tmp_path)
    other.join()
    assert not started[0].is_running()
    assert not list(tmp_path.rglob("task_document.json"))
    assert not list(tmp_path.rglob("ended.json"))
    assert not list(tmp_path.rglob("custodian.error"))


def test_a_disk_that_becomes_read_only_stops_the_run_and_says_so(
    one: Calculation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), "task_document.json")

    with monkeypatch.context() as patched:
        patched.setattr(FileResults, "put", refuse)
        with pytest.raises(Terminated, match="has become read-only; have it mounted"):
            run(one, tmp_path)
    assert run(one, tmp_path) is State.DONE


@pytest.mark.parametrize(
    ("place", "error"),
    [
        ("claim._write", OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "holder")),
        ("claim._write", StoreUnwritable("holder", errno.EDQUOT)),
        ("vasp.engine.VaspEngine.write_inputs", StoreUnwritable("asked", errno.ENOSPC)),
    ],
    ids=["error of the system", "own error", "own error of an input"],
)
def test_a_disk_that_is_full_before_the_step_begins_stops_the_run(
    one: Calculation,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    error: Exception,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(f"workflows.engines.{place}", refuse)
    with pytest.raises(Terminated, match=r"(no space left on|quota).*; free some"):
        run(one, tmp_path)


def test_a_file_in_the_place_of_a_relaxation_is_named(
    one: Calculation, tmp_path: Path
) -> None:
    run(one, tmp_path)
    place = FileResults(tmp_path).directory(one.id, "relax")
    (place / "task_document.json").unlink()
    shutil.rmtree(place / "relax-2")
    (place / "relax-2").touch()
    with pytest.raises(StoreError, match="relax-2: not a directory; move it away"):
        run(one, tmp_path)


@pytest.mark.parametrize("linked", ["calculations", "calculations/ID", "ID/relax"])
def test_a_run_directory_in_another_data_directory_is_refused(
    one: Calculation, tmp_path: Path, linked: str
) -> None:
    """Its owner may compute there: the lock is that of a data directory."""
    theirs = tmp_path / "theirs"
    root = tmp_path / "ours"
    relative = Path(linked.replace("ID", one.id))
    if linked.startswith("ID"):
        relative = Path("calculations") / relative
    (theirs / relative).mkdir(parents=True)
    (root / relative).parent.mkdir(parents=True)
    (root / relative).symlink_to(theirs / relative)
    before = sorted(theirs.rglob("*"))
    with pytest.raises(StoreError, match=r"leads outside the data directory .* link"):
        run(one, root)
    assert sorted(theirs.rglob("*")) == before


def test_a_data_directory_may_be_a_link_itself(
    one: Calculation, tmp_path: Path
) -> None:
    (tmp_path / "scratch").mkdir()
    (tmp_path / "lnmo-data").symlink_to("scratch")
    assert run(one, tmp_path / "lnmo-data") is State.DONE


@pytest.mark.parametrize("content", ["", "{", "[]", '{"step": "relax"}'])
def test_a_run_file_that_cannot_be_read_has_one_cure_and_it_is_enough(
    one: Calculation, tmp_path: Path, content: str
) -> None:
    directory = FileResults(tmp_path).directory(one.id, "relax")
    directory.mkdir(parents=True)
    (directory / "lnmo.json").write_text(content)
    with pytest.raises(StoreError) as caught:
        run(one, tmp_path)
    assert str(caught.value).endswith(
        "a retry sets the directory aside, and the step starts again"
    )
    assert "move it away" not in str(caught.value)
    retry_step(directory)
    assert run(one, tmp_path) is State.DONE
