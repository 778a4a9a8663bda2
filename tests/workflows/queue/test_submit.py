"""A submission is safe to repeat, also after one that was killed."""

from __future__ import annotations

from tests.workflows.queue.conftest import Site
from workflows.calculation import Calculation
from workflows.database import Database
from workflows.flows import submission, submit
from workflows.launchpad import EmbeddedLaunchPad
from workflows.queue.reconcile import reconcile


def test_a_dry_run_says_what_a_submission_does(
    pad: EmbeddedLaunchPad, calculations: tuple[Calculation, ...]
) -> None:
    before = pad.get_fw_ids()
    would = submission(pad, calculations)
    assert pad.get_fw_ids() == before
    assert submit(pad, calculations) == would
    assert submission(pad, calculations).added == ()


def test_what_a_killed_submission_left_is_removed_and_submitted_anew(
    pad: EmbeddedLaunchPad, calculations: tuple[Calculation, ...]
) -> None:
    pad.workflows.delete_many({})
    left = pad.get_fw_ids()
    at_1 = [c for c in calculations if c.x == 1]
    assert submit(pad, at_1).added == tuple(at_1)
    assert len(pad.get_fw_ids()) == len(left)
    assert not set(pad.get_fw_ids()) & set(left)


def test_reconcile_tells_and_removes_it_too(
    pad: EmbeddedLaunchPad, database: Database, site: Site
) -> None:
    pad.workflows.delete_many({})
    told = reconcile(pad, database, site, fix=False)
    assert {each.action for each in told} == {"remove"}
    assert len(pad.get_fw_ids()) == 3
    reconcile(pad, database, site, fix=True)
    assert pad.get_fw_ids() == []


def test_a_calculation_may_have_a_category_of_its_own(
    pad: EmbeddedLaunchPad, calculations: tuple[Calculation, ...]
) -> None:
    submit(pad, [c for c in calculations if c.x == 2], category="vasp-large")
    found = pad.fireworks.distinct("spec._category", {})
    assert sorted(found) == ["vasp", "vasp-large"]


def test_every_step_has_the_priority_of_its_calculation(
    pad: EmbeddedLaunchPad, calculations: tuple[Calculation, ...]
) -> None:
    submit(pad, calculations)
    by_id = {c.id: c.n_li for c in calculations}
    for firework in pad.fireworks.find():
        spec = firework["spec"]
        assert spec["_priority"] == by_id[spec["calculation_id"]]


def test_a_document_of_the_queue_is_small(
    pad: EmbeddedLaunchPad, calculations: tuple[Calculation, ...]
) -> None:
    """16 MB is the limit of MongoDB, 4 MB ours; a Firework is some thousand bytes."""
    import json

    submit(pad, calculations)
    sizes = [len(json.dumps(f, default=str)) for f in pad.fireworks.find()]
    assert max(sizes) < 20_000
