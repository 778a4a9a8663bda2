"""A document whose numbers cannot be of one run is one FAILED row, hiding no other."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.places import DATA
from workflows import parse_run
from workflows.records.document import State, TaskDocument
from workflows.records.file_store import FileResults


@pytest.fixture
def document() -> TaskDocument:
    """A real run under an id of ours."""
    names = {"calculation_id": "0123456789ab", "task_label": "static"}
    return parse_run(DATA / "NiO_static").model_copy(update=names)


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("energy", float("inf"), "energy is inf, not a number"),
        ("max_force", float("nan"), "max_force is nan, not a number"),
        ("magnetization", [1.0], "magnetization has 1 values for"),
        ("energy", -1.0, "energy is -1 eV"),
        ("structure", [1], "not a readable task document"),
        ("structure", {"a": 1}, "not a readable task document"),
        ("structure", "x", "not a readable task document"),
        ("initial_structure", 5, "not a readable task document"),
    ],
)
def test_it_is_failed_and_the_other_rows_are_shown(
    tmp_path: Path, document: TaskDocument, name: str, value: Any, why: str
) -> None:
    store = FileResults(tmp_path)
    for name_of in ("0123456789ab", "ba9876543210"):
        (tmp_path / "calculations" / name_of / "static").mkdir(parents=True)
    store.put(document)
    other = {"calculation_id": "ba9876543210"}
    store.put(document.model_copy(update=other))
    path = tmp_path / "calculations/0123456789ab/static/task_document.json"
    content = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**content, name: value}), "utf-8")
    reads: list[Callable[[], list[TaskDocument]]] = [
        lambda: list(FileResults(tmp_path).documents()),
        lambda: [s.document for s in FileResults(tmp_path).summaries()],
    ]
    for read in reads:
        bad, good = read()
        assert bad.state is State.FAILED
        assert why in bad.reason
        assert good.state is document.state
