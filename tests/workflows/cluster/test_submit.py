"""A submission is safe to repeat, also after one that was killed."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml

from tests.servers import Mongo
from tests.workflows.cluster.conftest import Site
from workflows.campaign.calculation import Calculation
from workflows.cli.run import run_campaign
from workflows.cli.selection import Selection
from workflows.cluster.reconcile import reconcile
from workflows.firetasks import BEGUN
from workflows.launchpad.embedded import EmbeddedLaunchPad
from workflows.launchpad.opening import owned
from workflows.launchpad.submission import planned_submission, submission_lock, submit
from workflows.records.database import Database, read_database

ONE_STEP = """
name: one
lithium_reference: false
x: [0]
vasp: {steps: [static], dos_at: [], incar: {common: {NEDOS: 31}}}
"""


def test_a_dry_run_says_what_a_submission_does(
    pad: EmbeddedLaunchPad, calculations: tuple[Calculation, ...]
) -> None:
    before = pad.get_fw_ids()
    would = planned_submission(pad, calculations)
    assert pad.get_fw_ids() == before
    assert submit(pad, calculations) == would
    assert planned_submission(pad, calculations).added == ()


def test_what_a_killed_submission_left_is_removed_and_submitted_again(
    pad: EmbeddedLaunchPad, calculations: tuple[Calculation, ...]
) -> None:
    pad.workflows.delete_many({})
    left = pad.get_fw_ids()
    at_1 = [c for c in calculations if c.x == 1]
    assert submit(pad, at_1).added == tuple(at_1)
    assert len(pad.get_fw_ids()) == len(left)
    assert not set(pad.get_fw_ids()) & set(left)


def test_a_run_adds_nothing_while_another_process_submits(
    mongo: Mongo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each took the half of the other for what a killed one left, and removed it."""
    place = tmp_path / "launchpad.yaml"
    settings = {"host": "127.0.0.1", "port": mongo.port, "name": "two-submissions"}
    place.write_text(yaml.safe_dump(settings))
    (tmp_path / "c.yaml").write_text(ONE_STEP)
    monkeypatch.setenv("LNMO_VASP_CMD", "false")
    monkeypatch.setenv("LNMO_DEADLINE", f"{time.time():.0f}")  # VASP is not started
    database = read_database(place)
    seen: list[int] = []

    def look_and_let_go() -> None:
        end = time.monotonic() + 2.0
        while not pad.get_fw_ids() and time.monotonic() < end:
            time.sleep(0.05)
        seen.extend(pad.get_fw_ids())
        other.close()

    with ExitStack() as other, owned(database) as (pad, _):
        other.enter_context(submission_lock(database, pad))
        watch = threading.Thread(target=look_and_let_go)
        watch.start()
        chosen = Selection(str(tmp_path / "c.yaml"), launchpad=place)
        run_campaign(chosen, jobs=1, retry=False)
        watch.join()
        assert (seen, len(pad.get_fw_ids())) == ([], 1)


def test_reconcile_reports_and_removes_it_too(
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
    by_id = {c.id: c for c in calculations}
    specs = [firework["spec"] for firework in pad.fireworks.find()]
    assert {spec["calculation_id"] for spec in specs} == set(by_id)
    for spec in specs:
        own = by_id[spec["calculation_id"]]
        begun = spec["step"] != own.steps[0]  # its WAVECAR waits on the disk
        assert spec["_priority"] == own.n_li + (BEGUN if begun else 0)


def test_a_document_of_the_queue_is_small(
    pad: EmbeddedLaunchPad, calculations: tuple[Calculation, ...]
) -> None:
    """16 MB is the limit of MongoDB, 4 MB ours; a Firework is some thousand bytes."""
    import json

    submit(pad, calculations)
    sizes = [len(json.dumps(f, default=str)) for f in pad.fireworks.find()]
    assert max(sizes) < 20_000
