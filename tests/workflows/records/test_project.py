"""A database belongs to one data directory."""

from __future__ import annotations

import errno
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.servers import Mongo
from workflows.errors import StoreBusy, StoreError
from workflows.launchpad.file_lock import lock
from workflows.launchpad.mongodb import connected
from workflows.launchpad.opening import owned, reading
from workflows.records import project
from workflows.records.database import Database
from workflows.records.project import refuse_anothers
from workflows.records.store import results_store


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
        refuse_anothers(pad.db, second)
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


def test_an_empty_directory_at_the_path_of_one_with_results_is_not_taken_for_it(
    first: Database,
) -> None:
    """Another machine with the same path, or a disk that is not mounted."""
    file = first.root / "project_id"
    whole = file.read_text()
    with connected(first) as pad:
        pad.db["launches"].insert_one({"launch_id": 1, "fw_id": 1})
    shutil.rmtree(first.root)
    refused = pytest.raises(StoreError, match="a disk that is not mounted")
    with refused as told, owned(first):
        pass
    assert f"write {whole.strip()} into" in str(told.value)
    first.root.mkdir()
    file.write_text(whole)
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


def test_a_data_directory_with_a_database_is_refused_another(
    first: Database, tmp_path: Path
) -> None:
    other = {**first.launchpad, "name": f"{first.launchpad['name'][:50]}-other"}
    second = Database(first.path, first.root, other)
    with pytest.raises(StoreError, match="belongs to another database"), owned(second):
        pass
    embedded = Database(first.path, first.root, {"host": "embedded"})
    with pytest.raises(StoreError, match="belongs to a MongoDB"), owned(embedded):
        pass
    (first.root / "project_id").unlink()
    with owned(second):
        pass


def test_an_embedded_owner_keeps_a_database_out(first: Database) -> None:
    (first.root / "project_id").unlink()
    embedded = Database(first.path, first.root, {"host": "embedded"})
    with owned(embedded):
        refused = pytest.raises(StoreBusy, match="host: embedded has this data direct")
        with refused, owned(first):
            pass
    with owned(first):
        pass


def test_nothing_of_another_project_is_read_as_ones_own(
    first: Database, tmp_path: Path
) -> None:
    second = beside(first, tmp_path / "second")
    with reading(second):
        pass  # a machine without the data directory may look
    results_store(second)
    second.root.mkdir(parents=True)
    with pytest.raises(StoreError, match=str(first.root)), reading(second):
        pass
    with pytest.raises(StoreError, match=str(first.root)):
        results_store(second)
    with reading(first):
        results_store(first)


@pytest.mark.parametrize("damage", [{"id": 7}, {"place": None}])
def test_a_damaged_entry_is_one_message_with_its_cure(
    first: Database, damage: dict[str, object]
) -> None:
    with connected(first) as pad:
        pad.db["lnmo_project"].update_one({"_id": "project"}, {"$set": damage})
    with pytest.raises(StoreError, match=r"is damaged; .*replaceOne"), owned(first):
        pass


@pytest.mark.parametrize("content", ["wrong\n", "\x00\x01"], ids=["word", "bytes"])
def test_an_id_of_something_else_is_refused_with_the_right_one(
    first: Database, content: str
) -> None:
    file = first.root / "project_id"
    whole = file.read_text()
    file.write_text(content)
    with pytest.raises(StoreError, match=f"write {whole.strip()} into"), owned(first):
        pass
    file.write_text(whole)
    with owned(first):
        pass


def test_two_processes_of_a_new_project_make_one_id(
    mongo: Mongo, tmp_path: Path
) -> None:
    address = {"host": "127.0.0.1", "port": mongo.port, "name": "two_at_once"}
    made = Database(tmp_path / "launchpad.yaml", tmp_path / "lnmo-data", address)

    def open_it(_: int) -> None:
        with owned(made):
            pass

    for _ in range(5):
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(open_it, range(8)))
        with connected(made) as pad:
            found = pad.db["lnmo_project"].find_one()
        assert (made.root / "project_id").read_text() == f"{found['id']}\n"
        (made.root / "project_id").unlink()


def two_of_one_root(mongo: Mongo, tmp_path: Path, name: str) -> list[Database]:
    """Two databases whose launchpad.yaml name one new data directory."""
    root = tmp_path / "lnmo-data"
    return [
        Database(
            tmp_path / each / "launchpad.yaml",
            root,
            {"host": "127.0.0.1", "port": mongo.port, "name": f"{name}_{each}"},
        )
        for each in ("a", "b")
    ]


def accepted(database: Database) -> bool:
    try:
        with owned(database):
            return True
    except (StoreError, StoreBusy):
        return False


@pytest.mark.parametrize("links", [True, False], ids=["links", "no links"])
def test_of_two_databases_that_begin_at_once_one_has_the_directory(
    mongo: Mongo,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    links: bool,
) -> None:
    """The second comes between the first one's look at the directory and its id."""
    first, second = two_of_one_root(mongo, tmp_path, f"at_once_{links}")
    if not links:

        def without(*_: object) -> None:
            raise OSError(errno.EPERM, "Operation not permitted")

        monkeypatch.setattr(os, "link", without)
    look = project.refuse_anothers

    def meanwhile(*known: Any) -> None:
        look(*known)
        monkeypatch.setattr(project, "refuse_anothers", look)
        assert accepted(second)

    monkeypatch.setattr(project, "refuse_anothers", meanwhile)
    with pytest.raises(StoreError, match="belongs to another database"), owned(first):
        pass
    assert not accepted(first)
    assert accepted(second)
    assert [path.name for path in first.root.iterdir()] == ["project_id"]
    with connected(first) as pad:
        assert pad.db["lnmo_project"].find_one() is None


def test_a_database_that_begins_with_an_embedded_launchpad_lets_it_be(
    mongo: Mongo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each looks for the other, then takes the directory: it asks again."""
    database, _ = two_of_one_root(mongo, tmp_path, "with_embedded")
    embedded = Database(database.path, database.root, {"host": "embedded"})
    write = project._write
    with ExitStack() as living:

        def meanwhile(*known: Any) -> Any:
            living.enter_context(owned(embedded))
            return write(*known)

        monkeypatch.setattr(project, "_write", meanwhile)
        with pytest.raises(StoreBusy, match="host: embedded"), owned(database):
            pass
        monkeypatch.setattr(project, "_write", write)
    assert not (database.root / "project_id").exists()
    assert accepted(embedded)
    assert accepted(database)


def test_an_embedded_launchpad_that_begins_with_a_database_lets_it_be(
    mongo: Mongo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, _ = two_of_one_root(mongo, tmp_path, "with_a_database")
    embedded = Database(database.path, database.root, {"host": "embedded"})

    def meanwhile(*known: Any) -> Any:
        assert accepted(database)
        return lock(*known)

    monkeypatch.setattr("workflows.launchpad.opening.lock", meanwhile)
    with pytest.raises(StoreError, match="belongs to a MongoDB"), owned(embedded):
        pass
    assert accepted(database)


def test_an_id_that_a_full_disk_left_empty_is_written(first: Database) -> None:
    file = first.root / "project_id"
    whole = file.read_text()
    file.write_text("")
    with owned(first):
        assert file.read_text() == whole


def test_the_directory_of_another_project_is_not_first_to_get_the_id(
    first: Database,
) -> None:
    (first.root / "project_id").write_text("another\n")
    refused = pytest.raises(StoreError, match=r"another project's.* Put the right")
    with refused as told, owned(first):
        pass
    assert str(told.value).index("Put the right") < str(told.value).index("write ")
