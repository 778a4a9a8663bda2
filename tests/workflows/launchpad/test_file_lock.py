"""One owner for life: whatever is done to the lock file, there are never two."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from fireworks import Firework, FWorker, Workflow

from tests.places import FAKE_VASP
from workflows.campaign.calculation import Calculation
from workflows.errors import StoreBusy, StoreError
from workflows.firetasks import RecordTaskDocument
from workflows.launchpad import file_lock
from workflows.launchpad.embedded import EmbeddedLaunchPad
from workflows.launchpad.file_lock import OwnershipLost, is_owned
from workflows.launchpad.local_run import LocalRun
from workflows.launchpad.opening import LOCK_FILE, owned, reading
from workflows.launchpad.steps import fireworks_of
from workflows.launchpad.submission import submit
from workflows.records.database import Database
from workflows.records.project import FILE
from workflows.records.store import FileResults


@pytest.fixture
def database(tmp_path: Path) -> Database:
    place = tmp_path / "launchpad.yaml"
    return Database(place, tmp_path / "lnmo-data", {"host": "embedded"})


def delete(root: Path) -> None:
    (root / LOCK_FILE).unlink()


def replace(root: Path) -> None:
    (root / LOCK_FILE).unlink()
    (root / LOCK_FILE).write_text("{}")


def rename_file(root: Path) -> None:
    (root / LOCK_FILE).rename(root / "old.lock")


def move(root: Path) -> None:
    root.rename(root.with_name("elsewhere"))


def move_and_make_anew(root: Path) -> None:
    move(root)
    root.mkdir()
    (root / LOCK_FILE).touch()


def exchange_for_a_copy(root: Path) -> None:
    shutil.copytree(root, root.with_name("copy"))
    move(root)
    root.with_name("copy").rename(root)


OF_THE_FILE = [delete, replace, rename_file]
OF_THE_DIRECTORY = [move, move_and_make_anew, exchange_for_a_copy]


@pytest.mark.parametrize("spoil", [*OF_THE_FILE, *OF_THE_DIRECTORY])
def test_an_owner_that_lost_its_lock_writes_nothing(
    database: Database, spoil: Callable[[Path], None]
) -> None:
    with owned(database) as (pad, _):
        assert isinstance(pad, EmbeddedLaunchPad)
        pad.add_wf(Workflow([Firework([RecordTaskDocument()], name="first")]))
        written = pad.path.read_bytes()
        spoil(database.root)
        found = sorted(p.name for p in database.root.parent.iterdir())
        with pytest.raises(OwnershipLost, match="while this run owned it"):
            pad.checkout_fw(FWorker(name="test"), "/")
        assert sorted(p.name for p in database.root.parent.iterdir()) == found
    moved = database.root.with_name("elsewhere") / "launchpad.json"
    assert (moved if moved.exists() else pad.path).read_bytes() == written


@pytest.mark.parametrize("spoil", OF_THE_FILE)
def test_a_second_owner_is_refused_although_the_lock_file_is_gone(
    database: Database, spoil: Callable[[Path], None]
) -> None:
    with owned(database):
        spoil(database.root)
        with pytest.raises(StoreBusy, match=f"process {os.getpid()} has been"):
            owned(database).__enter__()
        assert is_owned(database.root / LOCK_FILE)
    with owned(database):
        pass
    assert not is_owned(database.root / LOCK_FILE)


def test_a_moved_data_directory_is_owned_where_it_is_now(database: Database) -> None:
    with owned(database):
        move(database.root)
        elsewhere = database.root.with_name("elsewhere")
        again = Database(database.path, elsewhere, database.launchpad)
        with pytest.raises(StoreBusy, match=f"process {os.getpid()}"):
            owned(again).__enter__()
    with owned(again):
        pass


def make_directory(path: Path) -> None:
    path.mkdir()


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


def make_device(path: Path) -> None:
    path.symlink_to("/dev/full")


def make_link_to_nothing(path: Path) -> None:
    path.symlink_to("/nowhere/launchpad")


def make_loop(path: Path) -> None:
    path.symlink_to(path.name)


@pytest.mark.parametrize(
    "make",
    [make_directory, make_fifo, make_device, make_loop, make_link_to_nothing],
)
@pytest.mark.parametrize("name", [LOCK_FILE, "launchpad.json", FILE])
def test_what_is_not_a_file_is_refused_in_one_line(
    database: Database, make: Callable[[Path], None], name: str
) -> None:
    database.root.mkdir()
    make(database.root / name)
    with pytest.raises(StoreError) as caught:
        owned(database).__enter__()
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "No such file" not in str(caught.value)
    if make is make_link_to_nothing:
        assert "a link to /nowhere/launchpad, which is not there" in str(caught.value)
        assert "remove" in str(caught.value)
        assert (database.root / name).is_symlink()


def test_a_journal_on_a_disk_that_is_not_mounted_is_not_taken_for_no_changes(
    database: Database,
) -> None:
    with owned(database) as (pad, _):
        pad.add_wf(Workflow([Firework([RecordTaskDocument()], name="first")]))
        pad.checkout_fw(FWorker(name="test"), "/")
    (journal,) = database.root.glob("*.jsonl")
    elsewhere = database.root.parent / "elsewhere"
    journal.rename(elsewhere)
    journal.symlink_to(elsewhere)
    elsewhere.rename(elsewhere.with_name("not mounted"))
    for open_it in (owned, reading):
        with pytest.raises(
            StoreError, match=r"jsonl: is a link to .*; mount that disk"
        ):
            open_it(database).__enter__()
    assert not elsewhere.exists()


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"\xff", b'{"pid": "x"}', b'{"pid": 1}', b"[" * 5000]
)
def test_a_lock_file_with_anything_in_it_is_taken(
    database: Database, content: bytes
) -> None:
    database.root.mkdir()
    (database.root / LOCK_FILE).write_bytes(content)
    with owned(database):
        pass


@pytest.fixture
def quick(
    calculations: tuple[Calculation, ...], monkeypatch: pytest.MonkeyPatch
) -> tuple[Calculation, ...]:
    """Two calculations, and a VASP of two seconds."""
    monkeypatch.setenv("LNMO_VASP_CMD", f"{sys.executable} {FAKE_VASP}")
    monkeypatch.setenv("LNMO_POLL_SECONDS", "0.1")
    monkeypatch.setenv("FAKE_VASP_SECONDS", "2")
    return tuple(c for c in calculations if c.x in {0, 1})


def spoil_once_vasp_runs(root: Path, spoil: Callable[[Path], None]) -> threading.Thread:
    def wait() -> None:
        while not list(root.rglob("OUTCAR")):
            time.sleep(0.05)
        spoil(root)

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize("spoil", [delete, move])
def test_a_run_that_lost_its_lock_hands_out_no_more_and_loses_nothing(
    database: Database,
    quick: tuple[Calculation, ...],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    spoil: Callable[[Path], None],
) -> None:
    ledger = tmp_path / "ledger"
    monkeypatch.setenv("FAKE_VASP_LEDGER", str(ledger))
    with owned(database) as (pad, inherit):
        submit(pad, quick)
        run = LocalRun(pad, database.root, jobs=1, inherit=inherit)
        thread = spoil_once_vasp_runs(database.root, spoil)
        run.run(quick)
        thread.join()
    assert "while this run owned it" in run.stopped
    assert "Nothing is lost" in run.stopped
    elsewhere = database.root.with_name("elsewhere")
    root = database.root if spoil is delete else elsewhere
    assert database.root.exists() == (spoil is delete)
    recorded = list(FileResults(root).documents())
    assert len(recorded) == (1 if spoil is delete else 0)
    started = len(ledger.read_text().split("start ")) - 1
    again = Database(database.path, root, database.launchpad)
    with owned(again) as (pad, inherit):
        assert isinstance(pad, EmbeddedLaunchPad)
        assert len(pad.return_lost()) == 1
        assert {f["state"] for f in fireworks_of(pad)} <= {"READY", "WAITING"}
        if spoil is delete:
            step = {"spec.calculation_id": recorded[0].calculation_id}
            others = {"spec.calculation_id": {"$ne": recorded[0].calculation_id}}
            pad.fireworks.update_many(others, {"$set": {"state": "DEFUSED"}})
            later = {**step, "spec.step": {"$ne": "relax"}}
            pad.fireworks.update_many(later, {"$set": {"state": "DEFUSED"}})
            LocalRun(pad, root, jobs=1, inherit=inherit).run()
            assert len(ledger.read_text().split("start ")) - 1 == started


def test_a_second_run_beside_one_whose_lock_was_deleted_runs_no_vasp(
    tmp_path: Path, quick: tuple[Calculation, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = tmp_path / "ledger"
    monkeypatch.setenv("FAKE_VASP_LEDGER", str(ledger))
    monkeypatch.setenv("FAKE_VASP_FAIL", "walltime")  # it hangs until it is killed
    monkeypatch.delenv("LNMO_ROOT", raising=False)
    (tmp_path / "launchpad.yaml").write_text("host: embedded\n")
    (tmp_path / "c.yaml").write_text(
        "name: c\nx: [1]\nlithium_reference: false\n"
        "vasp: {steps: [static], dos_at: [], incar: {common: {NEDOS: 31}}}\n"
    )
    command = [sys.executable, "-m", "workflows.cli", "run", "c.yaml"]
    first = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    spoil_once_vasp_runs(tmp_path / "lnmo-data", delete).join()
    second = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert second.returncode == 2
    assert f"process {first.pid} has been running this campaign" in second.stderr
    assert len(ledger.read_text().split("start ")) - 1 == 1
    first.send_signal(signal.SIGTERM)
    first.communicate()
    monkeypatch.delenv("FAKE_VASP_FAIL")
    third = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert third.returncode == 0, third.stderr


def test_a_lock_with_the_inode_number_of_another_file_system_owns_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "lnmo-data"
    root.mkdir()
    listed = tmp_path / "locks"
    inode = root.stat().st_ino
    listed.write_text(f"1: FLOCK  ADVISORY  WRITE {os.getpid()} fff:ff:{inode} 0 EOF\n")
    read = Path.read_text

    def read_listed(path: Path, *rest: str) -> str:
        return read(listed if path == Path("/proc/locks") else path, *rest)

    monkeypatch.setattr(Path, "read_text", read_listed)
    assert not is_owned(root / LOCK_FILE)
    descriptor = os.open(root, os.O_RDONLY)
    assert file_lock._locker(descriptor) == {}
    os.close(descriptor)


def test_a_directory_that_is_locked_by_who_knows_whom_is_owned(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """/proc/locks lists no process of another container."""
    monkeypatch.setattr(file_lock, "_locker", lambda _: {})
    monkeypatch.setattr(file_lock, "ORPHAN_SECONDS", 0.2)
    with owned(database):
        delete(database.root)
        assert is_owned(database.root / LOCK_FILE)
        unseen = "a process that cannot be seen here .* has this data directory"
        with pytest.raises(StoreBusy, match=unseen):
            owned(database).__enter__()
    assert not is_owned(database.root / LOCK_FILE)


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"pid": "x", "started": "y"}'])
def test_an_owner_whose_lock_file_was_damaged_is_named_at_once(
    database: Database, content: str
) -> None:
    with owned(database):
        (database.root / LOCK_FILE).write_text(content)
        with pytest.raises(StoreBusy, match=f"process {os.getpid()} has been running"):
            owned(database).__enter__()
