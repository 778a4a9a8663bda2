"""The embedded LaunchPad keeps FireWorks' semantics and never loses its file.

The states are FireWorks' own, seen by a second reader through the file, because the
file is all that is left after a kill.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from fireworks import Firework, FWAction, FWorker, LaunchPad, Workflow

from workflows.errors import StoreBusy, StoreError
from workflows.firetasks import RecordTaskDocument
from workflows.launchpad.embedded import EmbeddedLaunchPad, in_one_save
from workflows.launchpad.mongodb import connect
from workflows.launchpad.opening import owned, reading
from workflows.records.database import Database
from workflows.records.store import results_store

WORKER = FWorker(name="test")


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(
        tmp_path / "launchpad.yaml", tmp_path / "data", {"host": "embedded"}
    )


@pytest.fixture
def pad(database: Database) -> Iterator[EmbeddedLaunchPad]:
    """An owned LaunchPad with one chain of two Fireworks: parent 1, child 2."""
    with owned(database) as (launchpad, _):
        assert isinstance(launchpad, EmbeddedLaunchPad)
        launchpad.add_wf(chain())
        yield launchpad


def chain() -> Workflow:
    parent = Firework([RecordTaskDocument()], name="parent", fw_id=-2)
    child = Firework([RecordTaskDocument()], name="child", fw_id=-1, parents=[parent])
    return Workflow([parent, child])


def states(launchpad: LaunchPad) -> dict[str, str]:
    return {fw["name"]: fw["state"] for fw in launchpad.fireworks.find()}


def in_the_file(database: Database) -> dict[str, str]:
    with reading(database) as launchpad:
        return states(launchpad)


def test_a_new_workflow_is_in_the_file(
    pad: EmbeddedLaunchPad, database: Database
) -> None:
    assert in_the_file(database) == {"parent": "READY", "child": "WAITING"}


def test_a_checked_out_firework_is_running_in_the_file(
    pad: EmbeddedLaunchPad, database: Database
) -> None:
    firework, _ = pad.checkout_fw(WORKER, "/")
    assert firework.name == "parent"
    assert in_the_file(database) == {"parent": "RUNNING", "child": "WAITING"}


def test_completing_the_parent_makes_the_child_ready(
    pad: EmbeddedLaunchPad, database: Database
) -> None:
    _, launch = pad.checkout_fw(WORKER, "/")
    pad.complete_launch(launch, FWAction(stored_data={"a": 1}))
    assert in_the_file(database) == {"parent": "COMPLETED", "child": "READY"}


def test_a_fizzled_parent_keeps_its_child_waiting(
    pad: EmbeddedLaunchPad, database: Database
) -> None:
    _, launch = pad.checkout_fw(WORKER, "/")
    pad.complete_launch(launch, state="FIZZLED")
    assert in_the_file(database) == {"parent": "FIZZLED", "child": "WAITING"}


def test_rerunning_the_parent_sends_the_child_back_to_waiting(
    pad: EmbeddedLaunchPad, database: Database
) -> None:
    firework, launch = pad.checkout_fw(WORKER, "/")
    pad.complete_launch(launch, FWAction())
    pad.rerun_fw(firework.fw_id)
    assert in_the_file(database) == {"parent": "READY", "child": "WAITING"}


def test_ids_go_on_where_the_file_left_them(
    pad: EmbeddedLaunchPad, database: Database
) -> None:
    again = EmbeddedLaunchPad(pad.path, writable=True)
    assert set(again.add_wf(chain()).values()).isdisjoint(pad.get_fw_ids())


def test_what_was_running_or_reserved_when_the_owner_died_is_ready_again(
    pad: EmbeddedLaunchPad, database: Database
) -> None:
    pad.add_wf(chain())
    pad.checkout_fw(WORKER, "/")
    pad.checkout_fw(WORKER, "/", state="RESERVED")
    successor = EmbeddedLaunchPad(pad.path, writable=True)
    assert len(successor.return_lost()) == 2
    with reading(database) as saved:
        parents = saved.fireworks.find({"name": "parent"})
        assert [fw["state"] for fw in parents] == ["READY", "READY"]
    assert not list(
        successor.launches.find({"state": {"$in": ["RUNNING", "RESERVED"]}})
    )


def test_a_reservation_without_a_launch_is_ready_again(pad: EmbeddedLaunchPad) -> None:
    pad.fireworks.update_one({"name": "parent"}, {"$set": {"state": "RESERVED"}})
    pad.return_lost()
    assert states(pad) == {"parent": "READY", "child": "WAITING"}


def test_a_lock_left_on_a_workflow_is_taken_off(pad: EmbeddedLaunchPad) -> None:
    pad.workflows.update_one({}, {"$set": {"locked": True}})
    pad.return_lost()
    assert not list(pad.workflows.find({"locked": True}))


def test_changes_made_at_once_are_in_the_file_together_or_not_at_all(
    pad: EmbeddedLaunchPad, database: Database
) -> None:
    firework, launch = pad.checkout_fw(WORKER, "/")
    with suppress(KeyboardInterrupt), in_one_save(pad):
        pad.complete_launch(launch, state="FIZZLED")
        raise KeyboardInterrupt
    assert in_the_file(database)["parent"] == "RUNNING"
    with in_one_save(pad):
        pad.complete_launch(launch, state="FIZZLED")
        assert in_the_file(database)["parent"] == "RUNNING"
        pad.rerun_fw(firework.fw_id)
    assert in_the_file(database)["parent"] == "READY"


def test_a_kill_in_the_middle_of_saving_leaves_the_state_before(
    pad: EmbeddedLaunchPad, database: Database
) -> None:
    pad.checkout_fw(WORKER, "/")
    (journal,) = pad.path.parent.glob("launchpad.*.jsonl")
    with journal.open("ab") as file:
        file.write(b'{"set":{"fireworks":[{"_id"')
    assert in_the_file(database) == {"parent": "RUNNING", "child": "WAITING"}
    pad.complete_launch(1, FWAction())
    assert in_the_file(database) == {"parent": "COMPLETED", "child": "READY"}


def test_a_full_disk_leaves_the_state_before(
    pad: EmbeddedLaunchPad, database: Database
) -> None:
    before = pad.path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(
            StoreError, match=r"cannot be written .*: .*\. The file is as it was"
        ):
            pad.checkout_fw(WORKER, "/")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert pad.path.read_bytes() == before
    assert [p.name for p in pad.path.parent.iterdir() if ".part" in p.name] == []
    assert in_the_file(database) == {"parent": "READY", "child": "WAITING"}


@pytest.mark.parametrize(
    "change",
    [
        lambda pad: pad.save(),
        lambda pad: pad.add_wf(chain()),
        lambda pad: pad.checkout_fw(WORKER, "/"),
        lambda pad: pad.rerun_fw(1),
        lambda pad: pad.return_lost(),
    ],
    ids=["save", "add_wf", "checkout_fw", "rerun_fw", "return_lost"],
)
def test_opened_for_reading_it_refuses_to_save(
    pad: EmbeddedLaunchPad, database: Database, change: Callable[[LaunchPad], object]
) -> None:
    before = pad.path.read_bytes()
    refused = pytest.raises(StoreError, match="opened for reading only")
    with reading(database) as opened, refused:
        change(opened)
    assert pad.path.read_bytes() == before


def test_reading_what_is_not_there_makes_nothing(database: Database) -> None:
    assert in_the_file(database) == {}
    assert not database.root.exists()


def test_a_second_owner_is_reported_who_the_first_is(
    pad: EmbeddedLaunchPad, database: Database
) -> None:
    with (
        pytest.raises(StoreBusy, match=rf"process {os.getpid()} has been running"),
        owned(database),
    ):
        pass


def test_the_lock_is_free_once_the_owner_is_done(database: Database) -> None:
    for _ in range(2):
        with owned(database) as (launchpad, _):
            assert states(launchpad) == {}


def test_the_workers_of_a_killed_owner_are_waited_for(database: Database) -> None:
    """A descendant that inherited the descriptor keeps the lock of a dead owner."""
    script = (
        "import subprocess, sys, time\n"
        "from pathlib import Path\n"
        "from workflows.records.database import Database\n"
        "from workflows.launchpad.opening import owned\n"
        f"root = Path({str(database.root)!r})\n"
        "database = Database(root, root, {'host': 'embedded'})\n"
        "with owned(database) as (_, inherit):\n"
        "    subprocess.Popen(['sleep', '1.5'], pass_fds=inherit,\n"
        "                     stdout=subprocess.DEVNULL)\n"
        "    print('owned', flush=True)\n"
        "    time.sleep(60)\n"
    )
    owner = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    with owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"owned\n"
        owner.send_signal(signal.SIGKILL)
    told: list[str] = []
    began = time.monotonic()
    with owned(database, waiting=told.append):
        assert time.monotonic() - began > 0.3
    assert told == ["waiting for the workers of an interrupted run to end"]


def test_a_mongodb_that_does_not_answer_is_named_without_its_password(
    tmp_path: Path,
) -> None:
    settings = {
        **{"host": "127.0.0.1", "port": 1, "name": "lnmo"},
        **{"username": "anna", "password": "secret"},
        "mongoclient_kwargs": {"serverSelectionTimeoutMS": 100},
    }
    database = Database(tmp_path / "launchpad.yaml", tmp_path, settings)
    for open_it in (connect, results_store):
        with pytest.raises(StoreError, match="no MongoDB answers there") as error:
            open_it(database)
        assert "secret" not in str(error.value)
        assert "anna" not in str(error.value)


@pytest.mark.parametrize("counters", [{}, {"next_fw_id": 1, "next_launch_id": 1}])
def test_lost_counters_begin_above_the_ids_there_are(
    database: Database, counters: dict[str, int]
) -> None:
    with owned(database) as (pad, _):
        pad.add_wf(chain())
        pad.checkout_fw(WORKER, "/")
        pad.fw_id_assigner.delete_many({})
        if counters:
            pad.fw_id_assigner.insert_one({"_id": -1, **counters})
        pad.save()
    with owned(database) as (pad, _):
        pad.return_lost()
        pad.add_wf(chain())
        assert sorted(pad.get_fw_ids()) == [1, 2, 3, 4]
        _, launch_id = pad.checkout_fw(WORKER, "/")
        assert launch_id == 2


def test_empty_collections_are_a_new_launchpad(database: Database) -> None:
    with owned(database) as (pad, _):
        pad.add_wf(chain())
        for name in ("fireworks", "launches", "workflows", "fw_id_assigner"):
            pad.db[name].delete_many({})
        pad.save()
    with owned(database) as (pad, _):
        pad.add_wf(chain())
        assert sorted(pad.get_fw_ids()) == [1, 2]
