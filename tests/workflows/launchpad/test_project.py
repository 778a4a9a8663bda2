"""A database belongs to one data directory."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.servers import Mongo
from workflows.errors import StoreError
from workflows.launchpad.mongodb import connected
from workflows.launchpad.opening import owned
from workflows.launchpad.project import refuse_anothers
from workflows.records.database import Database


@pytest.fixture
def first(mongo: Mongo, tmp_path: Path, request: pytest.FixtureRequest) -> Database:
    """A project whose database is its own."""
    address = {"host": "127.0.0.1", "port": mongo.port, "name": request.node.name[:60]}
    path = tmp_path / "first" / "launchpad.yaml"
    made = Database(path, path.parent / "lnmo-data", address)
    with owned(made):
        pass
    return made


def beside(first: Database, place: Path) -> Database:
    """The same launchpad.yaml in another directory."""
    return Database(place / first.path.name, place / "lnmo-data", first.launchpad)


def test_another_project_is_refused_with_both_places_and_the_cure(
    first: Database, tmp_path: Path
) -> None:
    second = beside(first, tmp_path / "second")
    with (
        pytest.raises(StoreError, match=r"Give this .* another name") as told,
        owned(second),
    ):
        pass
    assert str(first.root) in str(told.value)
    assert str(second.root) in str(told.value)
    assert not second.root.exists()
    with connected(second) as pad, pytest.raises(StoreError, match="belongs to"):
        refuse_anothers(pad, second)
    with owned(first):
        pass


def test_a_project_that_is_moved_keeps_its_database(
    first: Database, tmp_path: Path
) -> None:
    moved = beside(first, tmp_path / "moved")
    first.path.parent.mkdir(exist_ok=True)
    first.path.parent.rename(moved.path.parent)
    with owned(moved):
        pass
    with pytest.raises(StoreError, match=str(moved.root)), owned(first):
        pass


def test_a_copy_is_refused_until_it_takes_the_place_of_the_first(
    first: Database, tmp_path: Path
) -> None:
    copy = beside(first, tmp_path / "copy")
    shutil.copytree(first.path.parent, copy.path.parent)
    with pytest.raises(StoreError, match="is a copy of it"), owned(copy):
        pass
    shutil.rmtree(first.root)
    with owned(copy):
        pass


def test_a_data_directory_seen_through_a_link_is_the_same(
    first: Database, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(first.root.parent)
    with owned(beside(first, tmp_path / "link")):
        pass


def test_a_lost_data_directory_made_anew_has_its_database(first: Database) -> None:
    shutil.rmtree(first.root)
    with owned(first):
        pass
    shutil.rmtree(first.root)
    first.root.mkdir()
    with owned(first):
        pass


def test_a_database_of_an_earlier_version_belongs_to_the_first_that_asks(
    first: Database, tmp_path: Path
) -> None:
    with connected(first) as pad:
        pad.db["lnmo_project"].delete_many({})
    second = beside(first, tmp_path / "second")
    with owned(second):
        pass
    with pytest.raises(StoreError, match="belongs to"), owned(first):
        pass


def test_an_id_that_cannot_be_read_is_one_message(first: Database) -> None:
    file = first.root / "project_id"
    file.unlink()
    file.mkdir()
    with pytest.raises(StoreError, match="project_id: cannot be read"), owned(first):
        pass
