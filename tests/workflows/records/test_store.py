"""A task document comes back as it was put, from a file and from MongoDB alike."""

from __future__ import annotations

import gc
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import mongomock
import pytest

from tests.servers import Mongo
from workflows.campaign.calculation import Calculation
from workflows.errors import StoreError
from workflows.records import file_store
from workflows.records.database import Database
from workflows.records.document import State, TaskDocument
from workflows.records.file_store import FileResults
from workflows.records.mongo_store import MongoResults
from workflows.records.store import ResultsStore, results_store
from workflows.records.summary import ATOMS, Summary, summarize
from workflows.records.summary_cache import SUMMARIES
from workflows.records.unreadable import DOCUMENT_FILE


@pytest.fixture
def document(
    finished: Callable[..., TaskDocument], calculations: tuple[Calculation, ...]
) -> TaskDocument:
    return finished(calculations[4])


@pytest.fixture
def files(tmp_path: Path, document: TaskDocument) -> FileResults:
    store = FileResults(tmp_path)
    assert document.calculation_id is not None
    store.directory(document.calculation_id, "static").mkdir(parents=True)
    return store


@pytest.fixture(params=["files", "mongodb"])
def store(request: pytest.FixtureRequest, files: FileResults) -> ResultsStore:
    if request.param == "files":
        return files
    return MongoResults(mongomock.MongoClient()["lnmo"]["documents"])


def test_a_document_comes_back_whole(
    store: ResultsStore, document: TaskDocument
) -> None:
    store.put(document)
    found = store.get(str(document.calculation_id), "static")
    assert found is not None
    assert found.model_dump() == document.model_dump()


def test_what_was_never_put_is_none(
    store: ResultsStore, document: TaskDocument
) -> None:
    assert store.get(str(document.calculation_id), "static") is None


def test_a_later_document_of_a_step_replaces_the_earlier(
    store: ResultsStore, document: TaskDocument
) -> None:
    store.put(document.model_copy(update={"state": State.TRUNCATED}))
    store.put(document)
    assert [found.state for found in store.documents()] == [State.DONE]


def test_a_document_without_an_id_is_not_recorded(
    files: FileResults, document: TaskDocument
) -> None:
    with pytest.raises(StoreError, match=r"lnmo\.json there was removed or changed"):
        files.put(document.model_copy(update={"calculation_id": None}))


def test_a_directory_set_aside_holds_no_result(
    files: FileResults, document: TaskDocument
) -> None:
    files.put(document)
    directory = files.directory(str(document.calculation_id), "static")
    directory.rename(directory.with_name("static.failed-1"))
    assert list(files.documents()) == []


def test_a_half_written_document_is_no_document(
    files: FileResults, document: TaskDocument
) -> None:
    directory = files.directory(str(document.calculation_id), "static")
    (directory / f".{DOCUMENT_FILE}.part").write_text('{"state": "DO')
    assert list(files.documents()) == []
    files.put(document)
    assert [p.name for p in directory.iterdir()] == [DOCUMENT_FILE]


def test_a_broken_document_is_named_and_kept(
    files: FileResults, document: TaskDocument
) -> None:
    directory = files.directory(str(document.calculation_id), "static")
    (directory / DOCUMENT_FILE).write_text("{")
    with pytest.raises(StoreError, match=f"{DOCUMENT_FILE}: not a readable"):
        files.get(str(document.calculation_id), "static")
    (failed,) = files.documents()
    assert failed.state is State.FAILED
    assert f"{DOCUMENT_FILE}: not a readable" in failed.reason
    assert (directory / DOCUMENT_FILE).read_text() == "{"


def test_the_embedded_launchpad_has_its_documents_in_files(tmp_path: Path) -> None:
    embedded = Database(tmp_path / "launchpad.yaml", tmp_path, {"host": "embedded"})
    assert isinstance(results_store(embedded), FileResults)


def test_a_server_that_goes_away_is_reported_in_one_line_and_let_go_of(
    tmp_path: Path, document: TaskDocument
) -> None:
    server = Mongo(tmp_path / "mongo").start()
    quick = {"mongoclient_kwargs": {"serverSelectionTimeoutMS": 100}}
    settings = {"host": "127.0.0.1", "port": server.port, "name": "lnmo", **quick}
    store = results_store(Database(tmp_path / "launchpad.yaml", tmp_path, settings))
    store.put(document)
    assert len(list(store.documents())) == len(list(store.summaries())) == 1
    server.kill()
    for read in (store.documents, store.summaries):
        with pytest.raises(StoreError, match="no MongoDB answers there"):
            list(read())
    with pytest.raises(StoreError, match="no MongoDB answers there"):
        store.get("1", "static")
    del store  # a client that was not closed would warn of it, which is an error here
    gc.collect()


def reread(store: ResultsStore, document: TaskDocument) -> Summary:
    """The summary of the document as it comes back, positions rounded."""
    found = store.get(str(document.calculation_id), "static")
    assert found is not None
    return summarize(found)


def test_a_summary_is_the_document_without_its_atoms(
    store: ResultsStore, document: TaskDocument
) -> None:
    store.put(document)
    (found,) = store.summaries()
    light = found.document.model_dump(exclude=set(ATOMS))
    assert light == document.model_dump(exclude=set(ATOMS))
    assert found.document.structure is None
    assert found.has_structure
    stored = store.get(str(document.calculation_id), document.task_label)
    assert stored is not None
    assert found in (summarize(stored), summarize(document))


def test_a_summary_follows_its_document(
    store: ResultsStore, document: TaskDocument
) -> None:
    store.put(document)
    assert [s.document.energy for s in store.summaries()] == [document.energy]
    store.put(document.model_copy(update={"energy": -1.0}))
    assert [s.document.energy for s in store.summaries()] == [-1.0]


def test_a_document_edited_behind_its_times_is_read_again(
    files: FileResults, document: TaskDocument
) -> None:
    files.put(document)
    (path,) = files.root.rglob("task_document.json")
    before = path.stat()
    text = path.read_text("utf-8")
    edited = text.replace('"bandgap": 0.5', '"bandgap": 0.6')
    assert edited != text
    path.write_text(edited, "utf-8")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    (found,) = FileResults(files.root).summaries()
    assert found.document.state is State.FAILED


@pytest.fixture
def many(
    files: FileResults, document: TaskDocument, monkeypatch: pytest.MonkeyPatch
) -> list[Summary]:
    """Record five documents where three are many; what this process makes of them."""
    for k in range(5):
        own = document.model_copy(update={"calculation_id": f"{k:012x}"})
        files.directory(f"{k:012x}", "static").mkdir(parents=True)
        files.put(own)
    shutil.rmtree(files.root / SUMMARIES)
    made = [*FileResults(files.root).summaries()]
    shutil.rmtree(files.root / SUMMARIES)
    monkeypatch.setattr(file_store, "WORTH_IT", 3)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    return made


def test_many_summaries_are_made_by_other_processes(
    files: FileResults, many: list[Summary], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_store, "summarize", lambda _: pytest.fail("made here"))
    assert list(FileResults(files.root).summaries()) == many


@pytest.mark.parametrize("python", ["/bin/false", "/nowhere/python", ""])
def test_summaries_are_made_here_if_other_processes_make_none(
    files: FileResults,
    many: list[Summary],
    monkeypatch: pytest.MonkeyPatch,
    python: str,
) -> None:
    monkeypatch.setattr(sys, "executable", python)
    assert list(FileResults(files.root).summaries()) == many


def test_without_summaries_the_documents_are_read_once(
    files: FileResults, document: TaskDocument
) -> None:
    files.put(document)
    made = {p: p.read_text("utf-8") for p in (files.root / SUMMARIES).iterdir()}
    shutil.rmtree(files.root / SUMMARIES)
    assert list(FileResults(files.root).summaries()) == [reread(files, document)]
    assert {p for p in (files.root / SUMMARIES).iterdir()} == set(made)


def test_a_document_changed_behind_our_back_is_read_again(
    files: FileResults, document: TaskDocument
) -> None:
    files.put(document)
    path = files.directory(str(document.calculation_id), "static") / DOCUMENT_FILE
    changed = document.model_copy(update={"energy": -362.5})
    path.write_text(changed.model_dump_json(indent=1), "utf-8")
    for store in (files, FileResults(files.root)):
        assert [s.document.energy for s in store.summaries()] == [-362.5]


@pytest.mark.parametrize("damage", ["", "{", '1 2\n{"code": "old"}\n{}\n'])
def test_a_damaged_or_outdated_summary_is_no_summary(
    files: FileResults, document: TaskDocument, damage: str
) -> None:
    files.put(document)
    (path,) = (files.root / SUMMARIES).iterdir()
    stamp = path.read_text("utf-8").partition("\n")[0]
    for text in (damage, f"{stamp}\n{damage}"):
        path.write_text(text, "utf-8")
        assert list(FileResults(files.root).summaries()) == [reread(files, document)]


def test_a_summary_that_cannot_be_written_loses_no_document(
    files: FileResults, document: TaskDocument
) -> None:
    (files.root / SUMMARIES).write_text("a file in the way")
    files.put(document)
    assert list(FileResults(files.root).summaries()) == [reread(files, document)]


def test_a_document_from_before_summaries_is_read_from_mongodb(
    document: TaskDocument,
) -> None:
    collection = mongomock.MongoClient()["lnmo"]["documents"]
    collection.insert_one(document.model_dump(mode="json"))
    store = MongoResults(collection)
    assert list(store.summaries()) == [reread(store, document)]


def test_a_summary_of_what_is_unusable_holds_no_numbers(document: TaskDocument) -> None:
    failed = document.model_copy(update={"state": State.FAILED})
    assert summarize(failed).numbers == {}
    assert summarize(document).numbers["m_mn"] == pytest.approx(3.2)
