"""One document that cannot be read is one FAILED row; it hides no other result."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workflows.campaign.calculation import Calculation
from workflows.errors import StoreError
from workflows.records.document import State, TaskDocument
from workflows.records.file_store import FileResults
from workflows.records.mongo_store import MongoResults
from workflows.results.results import Results

Spoil = Callable[[Path], None]


def newer(path: Path) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), "spin_axis": 3}))


def unknown_state(path: Path) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), "state": "FROZEN"}))


def fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def device(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def loop(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


def write(content: bytes) -> Spoil:
    return lambda path: path.write_bytes(content) and None


SPOILED: dict[str, tuple[Spoil, str]] = {
    "newer": (newer, "another version of lnmo (unknown field spin_axis)"),
    "state": (unknown_state, "another version of lnmo (unknown state FROZEN)"),
    "fifo": (fifo, "not a regular file"),
    "device": (device, "not a regular file"),
    "directory": (directory, "not a regular file"),
    "loop": (loop, "not a readable task document"),
    "empty": (write(b""), "not a readable task document"),
    "cut": (write(b'{"calculation_id": '), "not a readable task document"),
    "list": (write(b"[]"), "not a readable task document"),
    "latin-1": (write(b'{"x": "\xe9"}'), "not a readable task document"),
    "deep": (write(b"[" * 100_000), "not a readable task document"),
}


@pytest.mark.parametrize("kind", SPOILED)
def test_a_spoiled_document_is_one_failed_row(
    calculations: tuple[Calculation, ...],
    finished: Callable[..., TaskDocument],
    project: Callable[..., Path],
    kind: str,
) -> None:
    first, second, *_ = calculations
    root = project(finished(first), finished(second)) / "lnmo-data"
    store = FileResults(root)
    assert [s.document.state for s in store.summaries()] == [State.DONE] * 2
    spoil, reason = SPOILED[kind]
    spoil(root / "calculations" / first.id / "static" / "task_document.json")
    assert {d.calculation_id: str(d.state) for d in store.documents()} == {
        first.id: "FAILED",
        second.id: "DONE",
    }
    (bad,) = (d for d in store.documents() if d.state is State.FAILED)
    assert reason in bad.reason
    assert "\n" not in bad.reason
    with pytest.raises(StoreError):
        store.get(first.id, "static")
    for results in (Results(FileResults(root)), Results(FileResults(root))):
        assert sorted(results.runs()["state"]) == ["DONE", "FAILED"]
    series = Results(FileResults(root), calculations=[first, second]).series()
    assert list(series["state"]) == ["FAILED", "DONE"]


def test_a_directory_whose_name_is_not_utf8_hides_nothing(
    calculations: tuple[Calculation, ...],
    finished: Callable[..., TaskDocument],
    project: Callable[..., Path],
) -> None:
    root = project(finished(calculations[0])) / "lnmo-data"
    place = os.path.join(os.fsencode(root), b"calculations", b"copy\xff\x1b", b"static")
    os.makedirs(place)
    with open(os.path.join(place, b"task_document.json"), "w") as file:
        file.write(finished(calculations[1]).model_dump_json())
    found = {d.calculation_id: str(d.state) for d in FileResults(root).documents()}
    assert found == {calculations[0].id: "DONE", "copy\\xff\\x1b": "FAILED"}
    assert len(list(FileResults(root).summaries())) == 2


def test_a_directory_that_cannot_be_listed_hides_nothing(
    calculations: tuple[Calculation, ...],
    finished: Callable[..., TaskDocument],
    project: Callable[..., Path],
) -> None:
    root = project(finished(calculations[0])) / "lnmo-data"
    (root / "calculations" / "loop").symlink_to("loop")
    (root / "calculations" / "file").write_text("")
    os.mkfifo(root / "calculations" / "fifo")
    assert len(list(FileResults(root).summaries())) == 1


class Collection:
    """As much of pymongo's collection as reading needs."""

    def __init__(self, documents: list[dict[str, Any]]) -> None:
        self.documents = documents

    def find(self, query: Any, leave: Any) -> Collection:
        kept = [{k: v for k, v in d.items() if k not in leave} for d in self.documents]
        return Collection(kept)

    def sort(self, order: Any) -> list[dict[str, Any]]:
        return self.documents

    def find_one(self, query: Any, leave: Any) -> dict[str, Any] | None:
        found = (d for d in self.documents if query.items() <= d.items())
        return next(found, None)


def test_a_newer_document_in_the_database_hides_no_other(
    calculations: tuple[Calculation, ...], finished: Callable[..., TaskDocument]
) -> None:
    first, second = (finished(c).plain() for c in calculations[:2])
    store = MongoResults(Collection([{**first, "spin_axis": 3}, second]))
    states = [(d.calculation_id, d.x, str(d.state)) for d in store.documents()]
    assert states == [
        (calculations[0].id, calculations[0].x, "FAILED"),
        (calculations[1].id, calculations[1].x, "DONE"),
    ]
    assert [str(s.document.state) for s in store.summaries()] == ["FAILED", "DONE"]
    with pytest.raises(StoreError, match="unknown field spin_axis"):
        store.get(calculations[0].id, "static")
