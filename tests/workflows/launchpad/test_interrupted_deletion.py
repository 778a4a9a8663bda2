"""A deletion on a MongoDB that is killed, stopped or doubled takes no living result."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fireworks import FWorker, LaunchPad

from tests import forked
from tests.workflows.launchpad.cut_writes import Cut
from workflows.campaign.calculation import Calculation
from workflows.cluster.overview import overview
from workflows.cluster.reconcile import reconcile
from workflows.errors import StoreBusy, StoreError
from workflows.launchpad import deleted, halves, stale_locks, unfinished_updates
from workflows.launchpad.delete import deletable, delete
from workflows.launchpad.deleted import (
    WAIT,
    deletion_lock,
    in_bin,
    left_in_bin,
    put_back,
    returned,
)
from workflows.launchpad.launch_owner import this_process
from workflows.launchpad.lease import LOCKS
from workflows.launchpad.mongodb import connected
from workflows.launchpad.opening import owned
from workflows.launchpad.submission import submit
from workflows.records.database import Database


@pytest.fixture
def pad(
    database: Database,
    calculations: tuple[Calculation, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[LaunchPad]:
    """Two calculations, x = 0 and x = 1."""
    for module in (halves, unfinished_updates, stale_locks):
        monkeypatch.setattr(module, "LOOK_AGAIN_SECONDS", 0.01)
    with owned(database) as (launchpad, _):
        submit(launchpad, [c for c in calculations if c.x in {0, 1}])
        yield launchpad


@pytest.fixture
def results(pad: LaunchPad, database: Database) -> dict[Path, str]:
    """A week of work of each calculation, and the output of a job of a step."""
    found = {}
    for flow in pad.workflows.find():
        own = flow["metadata"]["calculation_id"]
        found[database.root / "calculations" / own / "relax" / "OUTCAR"] = own
        found[database.root / "queue" / str(flow["nodes"][0]) / "job.out"] = own
    for path, text in found.items():
        path.parent.mkdir(parents=True)
        path.write_text(text)
    return found


def there(results: dict[Path, str]) -> dict[Path, str]:
    return {path: path.read_text() for path in results if path.is_file()}


def expire(pad: LaunchPad) -> None:
    """As a minute later."""
    pad.db[LOCKS].update_many({}, {"$set": {"until": 0.0}})


def taken_over(pad: LaunchPad) -> None:
    """As a minute later, when somebody else deletes."""
    theirs = {"owner": "another:1:x", "until": time.time() + 60}
    pad.db[LOCKS].update_many({}, {"$set": theirs})


def watch(pad: LaunchPad, what: Callable[[], None]) -> None:
    for name in ("fireworks", "workflows", "launches"):
        setattr(pad, name, Cut(getattr(pad, name), what))


def killed_at(database: Database, number: int) -> bool:
    """Delete in a process that is killed before its n-th write; whether it was."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    count = [0]

    def cut() -> None:
        count[0] += 1
        if count[0] == number:
            os.kill(os.getpid(), signal.SIGKILL)

    move = Path.rename

    def rename(path: Path, to: Path) -> Path:
        cut()
        return move(path, to)

    code = 1
    try:
        with connected(database) as own, deletion_lock(database, own) as confirm:
            watch(own, cut)
            pytest.MonkeyPatch().setattr(Path, "rename", rename)  # this process ends
            found = deletable(own, database.root, "paper")
            delete(own, database, found, confirm)
        code = 0
    finally:
        os._exit(code)


def test_a_deletion_that_is_killed_at_any_write_is_named_and_loses_no_result(
    pad: LaunchPad,
    database: Database,
    results: dict[Path, str],
    calculations: tuple[Calculation, ...],
) -> None:
    number, named = 1, 0
    while killed_at(database, number):
        expire(pad)
        gone = len(there(results)) < len(results)
        left = left_in_bin(database, pad)
        assert bool(left) == gone, number
        named += bool(left)
        problems = overview(pad, database, {}, None).problems
        assert {each.cure for each in left} <= {each.action for each in problems}
        if pad.workflows.count_documents({}):
            reconcile(pad, database, None, fix=True)
        again = [c for c in calculations if c.x in {0, 1}]
        put_back(database, pad, also={c.id for c in again})
        assert there(results) == results, number
        assert in_bin(database.root) == []
        submit(pad, again)
        assert pad.workflows.count_documents({}) == 2
        number += 1
    assert named >= 5
    assert not [path for path in there(results) if path.name == "OUTCAR"]


def test_a_deletion_of_another_campaign_brings_back_what_a_killed_one_moved(
    pad: LaunchPad, database: Database, results: dict[Path, str]
) -> None:
    assert killed_at(database, 6)
    assert there(results) == {}
    expire(pad)
    with deletion_lock(database, pad) as confirm:
        delete(pad, database, deletable(pad, database.root, "other"), confirm)
        assert {each.cure for each in left_in_bin(database, pad)} == {WAIT}
        returned(pad, database.root, confirm)
    assert there(results) == results


def test_what_lies_in_its_place_again_is_not_replaced(
    pad: LaunchPad, database: Database, results: dict[Path, str]
) -> None:
    assert killed_at(database, 6)
    expire(pad)
    one = next(path for path in results if path.name == "OUTCAR")
    one.parent.mkdir(parents=True)
    one.write_text("new")
    reports = [r for r in reconcile(pad, database, None, fix=True) if not r.done]
    assert one.read_text() == "new"
    assert "compare the two directories" in reports[0].action
    assert "is there again, so it was not put back" in reports[0].reason
    [left] = left_in_bin(database, pad)
    assert "compare" in left.cure


def test_two_do_not_delete_at_the_same_time(pad: LaunchPad, database: Database) -> None:
    with (
        deletion_lock(database, pad),
        pytest.raises(StoreBusy, match="delete: locked by process"),
        deletion_lock(database, pad, patience=0.0),
    ):
        pass


def test_what_a_living_deletion_has_moved_stays_with_it(
    pad: LaunchPad,
    database: Database,
    results: dict[Path, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert killed_at(database, 6)
    expire(pad)
    with deletion_lock(database, pad):
        assert put_back(database, pad, patience=0.0) == []
        assert {each.cure for each in left_in_bin(database, pad)} == {WAIT}
        monkeypatch.setattr(deleted, "LEASE_SECONDS", -5.0)
        with pytest.raises(StoreBusy, match="locked by process"):
            put_back(database, pad, also=set(results.values()))
    assert there(results) == {}
    assert len(put_back(database, pad)) == 4


def taken_up(pad: LaunchPad) -> None:
    """As lnmo rerun and lnmo run of another process."""
    pad.fireworks.update_many({"spec.step": "relax"}, {"$set": {"state": "READY"}})
    pad.checkout_fw(FWorker("run", env=this_process()), "/")


@pytest.mark.parametrize(
    ("what", "number"),
    [(taken_up, 1), (taken_up, 2), (taken_over, 1), (taken_over, 2), (taken_over, 3)],
)
def test_a_deletion_that_was_stopped_deletes_nothing_that_was_taken_up_meanwhile(
    pad: LaunchPad,
    database: Database,
    results: dict[Path, str],
    number: int,
    what: Callable[[LaunchPad], None],
) -> None:
    """It stands before one of its writes, and wakes."""
    count = [0]

    def meanwhile(*_: object) -> None:
        count[0] += 1
        if count[0] == number:
            what(pad)

    with connected(database) as own, deletion_lock(database, own) as confirm:
        found = deletable(own, database.root, "paper")
        before = pad.fireworks.count_documents({})
        watch(own, meanwhile)
        with pytest.raises(StoreError, match=r"taken up|RUNNING|took over"):
            delete(own, database, found, confirm)
    assert there(results) == results
    if number < 3:  # else it was stopped when the Workflows were forgotten
        assert pad.fireworks.count_documents({}) == before
        assert pad.workflows.count_documents({}) == 2


def test_a_deletion_that_was_stopped_leaves_what_was_submitted_again_meanwhile(
    pad: LaunchPad, database: Database, calculations: tuple[Calculation, ...]
) -> None:
    again = [c for c in calculations if c.x in {0, 1}]
    count = [0]

    def meanwhile() -> None:
        count[0] += 1
        if count[0] == 3:
            taken_over(pad)
            reconcile(pad, database, None, fix=True)
            submit(pad, again)

    with connected(database) as own, deletion_lock(database, own) as confirm:
        found = deletable(own, database.root, "paper")
        watch(own, meanwhile)
        with pytest.raises(StoreBusy, match="took over"):
            delete(own, database, found, confirm)
    assert pad.workflows.count_documents({}) == 2
    assert not set(found["fw_ids"]) & set(pad.get_fw_ids())


def test_status_and_reconcile_as_they_are_typed_name_it_and_bring_it_back(
    pad: LaunchPad, database: Database, results: dict[Path, str]
) -> None:
    assert killed_at(database, 6)
    expire(pad)
    place = database.path.parent
    env = {"PATH": "/usr/bin:/bin", "HOME": str(place)}
    told = forked.lnmo("status", cwd=place, env=env)
    assert "lnmo delete was interrupted" in told.stdout
    assert "-> lnmo reconcile --fix" in told.stdout
    assert there(results) == {}
    told = forked.lnmo("reconcile", "--fix", cwd=place, env=env)
    assert ": put back" in told.stdout
    assert there(results) == results
    told = forked.lnmo("status", cwd=place, env=env)
    assert "interrupted" not in told.stdout
