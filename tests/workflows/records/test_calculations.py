"""A Firework holds a header; its calculation is kept once, beside the LaunchPad."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import mongomock
import pytest

from workflows.campaign.calculation import Calculation
from workflows.errors import StoreError
from workflows.launchpad.embedded import EmbeddedLaunchPad
from workflows.launchpad.steps import submitted
from workflows.launchpad.submission import submit, workflow
from workflows.records.calculations import fetch, forget, header, keep

SMALL = 4096
"""Bytes that a Firework may have."""


@pytest.fixture
def db() -> Any:
    return mongomock.MongoClient()["lnmo"]


def test_what_was_kept_is_fetched_by_its_header(
    db: Any, calculations: tuple[Calculation, ...]
) -> None:
    plain = [each.as_dict() for each in calculations]
    keep(db, plain)
    keep(db, plain)
    for each in calculations:
        assert Calculation.from_dict(fetch(db, header(each.as_dict()))) == each


def test_a_whole_calculation_of_an_earlier_firework_needs_no_database(
    calculations: tuple[Calculation, ...],
) -> None:
    plain = calculations[0].as_dict()
    assert fetch(None, plain) == plain


def test_one_that_is_not_there_is_named_with_the_cure(
    db: Any, calculations: tuple[Calculation, ...]
) -> None:
    plain = calculations[0].as_dict()
    keep(db, [plain])
    forget(db, [plain["id"]])
    with pytest.raises(StoreError, match=rf"{plain['id']} is not in .* Submit paper"):
        fetch(db, header(plain))


def test_a_submission_puts_back_what_the_database_has_lost(
    tmp_path: Path, calculations: tuple[Calculation, ...]
) -> None:
    pad = EmbeddedLaunchPad(tmp_path / "launchpad.json", writable=True)
    submit(pad, calculations)
    forget(pad.db, [each.id for each in calculations[:3]])
    again = submit(pad, calculations)
    assert again.added == ()
    assert submitted(pad, engine=calculations[0].engine) is not None
    for each in calculations:
        assert Calculation.from_dict(fetch(pad.db, header(each.as_dict()))) == each


def test_every_firework_of_the_papers_campaign_is_small(
    tmp_path: Path, calculations: tuple[Calculation, ...]
) -> None:
    pad = EmbeddedLaunchPad(tmp_path / "launchpad.json", writable=True)
    submit(pad, calculations)
    found = list(pad.fireworks.find({}, {"_id": 0}))
    assert len(found) == sum(len(each.steps) for each in calculations)
    sizes = [len(json.dumps(each, default=str)) for each in found]
    assert max(sizes) < SMALL


def test_what_is_submitted_comes_back_whole_from_the_file(
    tmp_path: Path, calculations: tuple[Calculation, ...]
) -> None:
    submit(EmbeddedLaunchPad(tmp_path / "launchpad.json", writable=True), calculations)
    again = EmbeddedLaunchPad(tmp_path / "launchpad.json", writable=False)
    found = submitted(again, engine="vasp")
    assert found is not None
    assert set(found) == set(calculations)
    assert sorted(found, key=lambda c: c.id) == sorted(calculations, key=lambda c: c.id)


def test_a_workflow_as_it_is_made_holds_the_whole_calculation(
    calculations: tuple[Calculation, ...],
) -> None:
    made = workflow(calculations[0])
    assert {Calculation.from_dict(each.spec["calculation"]) for each in made.fws} == {
        calculations[0]
    }
