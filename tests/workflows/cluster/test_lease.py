"""One holder at a time, and a killed one's lease runs out."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path

import pytest

from tests.workflows.cluster.conftest import Site, running
from workflows.cluster.cancel import cancel
from workflows.cluster.reconcile import reconcile
from workflows.cluster.rerun import rerun
from workflows.errors import StoreBusy
from workflows.launchpad.embedded import EmbeddedLaunchPad
from workflows.launchpad.lease import LOCKS, lease
from workflows.records.database import Database


def test_a_second_holder_is_reported_who_the_first_is(pad: EmbeddedLaunchPad) -> None:
    with (
        lease(pad, "queue here"),
        pytest.raises(StoreBusy, match=r"queue here: locked by process \d+ on "),
        lease(pad, "queue here", patience=0.0),
    ):
        pass


def test_another_name_is_another_lease(pad: EmbeddedLaunchPad) -> None:
    with lease(pad, "queue here"), lease(pad, "submit", patience=0.0):
        pass


def test_it_is_given_back_even_after_an_error(pad: EmbeddedLaunchPad) -> None:
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), lease(pad, "queue", patience=0.0):
            raise ZeroDivisionError


def test_a_killed_holders_lease_runs_out(pad: EmbeddedLaunchPad) -> None:
    with lease(pad, "queue") as renew:
        pad.db[LOCKS].update_one({"_id": "queue"}, {"$set": {"until": 1.0}})
        with (
            lease(pad, "queue", patience=0.0),
            pytest.raises(StoreBusy, match="another process took over"),
        ):
            renew()


def test_a_living_owner_keeps_it_whatever_it_waits_for(
    pad: EmbeddedLaunchPad, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.launchpad.lease.LEASE_SECONDS", 0.4)
    monkeypatch.setattr("workflows.launchpad.lease.BEAT_SECONDS", 0.05)
    with (
        lease(pad, "queue") as confirm,
        pytest.raises(StoreBusy, match="locked by"),
        lease(pad, "queue", patience=1.0),
    ):
        pass
    assert not [t for t in threading.enumerate() if t.name == "lease"]
    with pytest.raises(StoreBusy, match="took over"):
        confirm()  # given back: no thread of it renews it any more


def stopped_for_long(pad: EmbeddedLaunchPad) -> None:
    """Do what Ctrl-Z for ten minutes does: another process took the lease."""
    theirs = {"$set": {"owner": "login2:4711:0", "until": 9e9}}
    pad.db[LOCKS].update_one({"_id": "queue here"}, theirs)


@pytest.mark.parametrize("what", ["reconcile", "cancel", "rerun"])
def test_who_lost_it_while_the_queue_was_asked_changes_nothing(
    pad: EmbeddedLaunchPad, database: Database, site: Site, tmp_path: Path, what: str
) -> None:
    running(pad, site, tmp_path)
    before = pad.path.read_bytes()
    with lease(pad, "queue here") as confirm:
        act = {
            "reconcile": partial(
                reconcile, pad, database, site, fix=True, confirm_lease=confirm
            ),
            "cancel": partial(cancel, pad, site, {}, confirm_lease=confirm),
            "rerun": partial(rerun, pad, database, site, {}, confirm_lease=confirm),
        }
        stopped_for_long(pad)
        with pytest.raises(StoreBusy, match="queue here: another process took over"):
            act[what]()
    assert pad.path.read_bytes() == before


def test_of_many_at_once_one_at_a_time_holds_it(pad: EmbeddedLaunchPad) -> None:
    inside, most = [0], [0]

    def hold() -> None:
        with lease(pad, "queue"):
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            inside[0] -= 1

    threads = [threading.Thread(target=hold) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]
