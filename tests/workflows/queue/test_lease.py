"""One holder at a time, and a killed one's lease runs out."""

from __future__ import annotations

import threading

import pytest

from workflows.errors import StoreBusy
from workflows.launchpad import EmbeddedLaunchPad
from workflows.queue.lease import LOCKS, lease


def test_a_second_holder_is_told_who_the_first_is(pad: EmbeddedLaunchPad) -> None:
    with (
        lease(pad, "queue here"),
        pytest.raises(StoreBusy, match=r"queue here: process \d+ on .* is at it"),
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
