"""Delete takes one campaign, and nothing outside the data directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workflows.cluster.conftest import Site, running
from workflows.campaign.calculation import Calculation
from workflows.campaign.campaign import Campaign
from workflows.campaign.plan import plan
from workflows.errors import StoreError
from workflows.launchpad.delete import deletable, delete
from workflows.launchpad.embedded import EmbeddedLaunchPad
from workflows.launchpad.submission import submit
from workflows.records.database import Database


@pytest.fixture
def embedded(database: Database) -> Database:
    return Database(database.path, database.root, {"host": "embedded"})


@pytest.fixture
def directory(pad: EmbeddedLaunchPad, database: Database) -> Path:
    """The run directories of x = 1."""
    [found] = pad.workflows.find({"metadata.x": 1})
    place = database.root / "calculations" / found["metadata"]["calculation_id"]
    (place / "relax").mkdir(parents=True)
    return place


def test_a_campaign_goes_with_its_directories(
    pad: EmbeddedLaunchPad, embedded: Database, directory: Path
) -> None:
    found = deletable(pad, embedded.root, "paper")
    assert found["directories"] == [directory]
    delete(pad, embedded, found)
    assert not directory.exists()
    assert pad.get_fw_ids() == []
    assert pad.workflows.count_documents({}) == 0
    assert embedded.root.exists()


def test_what_another_campaign_shares_stays(
    pad: EmbeddedLaunchPad, embedded: Database, directory: Path, paper: Campaign
) -> None:
    other = paper.model_copy(update={"name": "other"})
    submit(pad, [c for c in plan(other) if c.x == 1])
    found = deletable(pad, embedded.root, "paper")
    assert directory.name in found["shared"]
    delete(pad, embedded, found)
    assert directory.exists()
    assert directory.name in deletable(pad, embedded.root, "other")["calculations"]


def test_another_campaign_is_not_touched(
    pad: EmbeddedLaunchPad, embedded: Database, calculations: tuple[Calculation, ...]
) -> None:
    before = pad.get_fw_ids()
    found = deletable(pad, embedded.root, "mine")
    assert (found["calculations"], found["directories"]) == ([], [])
    delete(pad, embedded, found)
    assert pad.get_fw_ids() == before


def test_nothing_that_runs_is_deleted(
    pad: EmbeddedLaunchPad, embedded: Database, site: Site, tmp_path: Path
) -> None:
    running(pad, site, tmp_path)
    with pytest.raises(StoreError, match=r"x=1 relax is RUNNING; first: lnmo cancel"):
        deletable(pad, embedded.root, "paper")


def test_a_link_out_of_the_data_directory_is_refused(
    pad: EmbeddedLaunchPad, embedded: Database, directory: Path, tmp_path: Path
) -> None:
    precious = tmp_path / "precious"
    directory.rename(precious)
    directory.symlink_to(precious)
    with pytest.raises(StoreError, match="leads outside the data directory"):
        deletable(pad, embedded.root, "paper")
    assert (precious / "relax").exists()
