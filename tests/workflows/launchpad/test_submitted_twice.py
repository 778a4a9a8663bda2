"""A submission that was stopped, and wakes after another, adds nothing twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from fireworks import LaunchPad

from tests.workflows.launchpad.cut_writes import call_at
from workflows.campaign.calculation import Calculation
from workflows.errors import StoreBusy
from workflows.launchpad import halves
from workflows.launchpad.mongodb import connected
from workflows.launchpad.opening import owned
from workflows.launchpad.submission import submission_lock, submit
from workflows.records.database import Database


@pytest.fixture
def two(calculations: tuple[Calculation, ...]) -> list[Calculation]:
    return [c for c in calculations if len(c.steps) == 2][:2]


@pytest.fixture
def pad(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[LaunchPad]:
    monkeypatch.setattr(halves, "LOOK_AGAIN_SECONDS", 0.01)
    with owned(database) as (launchpad, _):
        yield launchpad


def _content(pad: LaunchPad) -> list[Any]:
    steps = sorted(
        (f["spec"]["calculation_id"], f["spec"]["step"], f["state"])
        for f in pad.fireworks.find()
    )
    held = sorted(n for w in pad.workflows.find() for n in w["nodes"])
    names = sorted(w["metadata"]["calculation_id"] for w in pad.workflows.find())
    return [steps, names, held == sorted(f["fw_id"] for f in pad.fireworks.find())]


def _other(pad: LaunchPad, two: list[Calculation], done: list[bool]) -> None:
    if not done:
        done.append(True)
        submit(pad, two)


def test_a_submission_that_wakes_before_any_of_its_writes_adds_nothing_twice(
    pad: LaunchPad, database: Database, two: list[Calculation]
) -> None:
    submit(pad, two)
    wanted, number = _content(pad), 1
    while True:
        pad.fireworks.delete_many({})
        pad.workflows.delete_many({})
        done: list[bool] = []
        with connected(database) as woken:
            reached = call_at(woken, number, partial(_other, pad, two, done))
            with suppress(StoreBusy):
                submit(woken, two)
        assert _content(pad) == wanted, number
        if not reached():
            break
        number += 1
    assert number > 4


def test_a_submission_that_has_lost_its_lock_adds_no_more(
    pad: LaunchPad, database: Database, two: list[Calculation]
) -> None:
    with submission_lock(database, pad) as confirm:
        pad.db["lnmo_locks"].update_many({}, {"$set": {"owner": "another"}})
        with pytest.raises(StoreBusy, match="another process took over"):
            submit(pad, two, confirm=confirm)
    assert pad.workflows.count_documents({}) == 0
    assert pad.fireworks.count_documents({}) == 0
