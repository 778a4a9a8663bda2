"""An edited record is one FAILED row with its cure; one of before the seal is read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workflows.campaign.calculation import Calculation
from workflows.errors import StoreError
from workflows.records.document import State, TaskDocument
from workflows.records.file_store import FileResults

Make = Callable[..., TaskDocument]
EDITS: dict[str, Any] = {
    "bandgap": 0.7,
    "max_force": 0.001,
    "surrogate": True,
    "fake": True,
    "magnetization": None,
    "settings": {},
    "nelect": 368.0,
    "potcar": {"Ni": "PAW_PBE Ni 02Aug2007"},
    "findings": [{"id": "metallic", "severity": "info", "message": "..."}],
    "cell_relaxed": False,
    "state": "NEEDS_REVIEW",
    "sha256": None,
}


@pytest.fixture
def store(
    calculations: tuple[Calculation, ...], finished: Make, project: Callable[..., Path]
) -> FileResults:
    first, second, *_ = calculations
    return FileResults(project(finished(first), finished(second)) / "lnmo-data")


def path_of(store: FileResults, calculation: Calculation) -> Path:
    return store.directory(calculation.id, "static") / "task_document.json"


def states(root: Path) -> list[list[str]]:
    """As documents, as summaries, and as summaries that were kept."""
    reads = [
        FileResults(root).documents(),
        (s.document for s in FileResults(root).summaries()),
        (s.document for s in FileResults(root).summaries()),
    ]
    return [sorted(str(d.state) for d in read) for read in reads]


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_of_any_number_is_one_failed_row(
    store: FileResults, calculations: tuple[Calculation, ...], name: str
) -> None:
    path = path_of(store, calculations[0])
    content = json.loads(path.read_text("utf-8"))
    value = EDITS[name]
    if name == "magnetization":
        value = [-moment for moment in content[name]]
    path.write_text(json.dumps({**content, name: value}), "utf-8")
    assert states(store.root) == [["DONE", "FAILED"]] * 3
    with pytest.raises(
        StoreError, match="not what was recorded: it was edited"
    ) as told:
        store.get(calculations[0].id, "static")
    assert str(path) in str(told.value)
    assert "Rename it: the next lnmo run reads the step again" in str(told.value)


def test_a_record_of_before_the_seal_is_read_as_before(
    store: FileResults, calculations: tuple[Calculation, ...]
) -> None:
    path = path_of(store, calculations[0])
    before = store.get(calculations[0].id, "static")
    content = json.loads(path.read_text("utf-8"))
    del content["sha256"]
    path.write_text(json.dumps(content), "utf-8")
    assert states(store.root) == [["DONE", "DONE"]] * 3
    assert store.get(calculations[0].id, "static") == before


def test_white_space_and_the_order_of_the_keys_are_no_edit(
    store: FileResults, calculations: tuple[Calculation, ...]
) -> None:
    path = path_of(store, calculations[0])
    content = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(content, indent=3, sort_keys=True), "utf-8")
    assert states(store.root) == [["DONE", "DONE"]] * 3


def test_an_edited_summary_is_made_again(
    store: FileResults, calculations: tuple[Calculation, ...]
) -> None:
    own = calculations[0].id
    (kept,) = (store.root / "summaries").glob(f"{own}-static.json")
    text = kept.read_text("utf-8")
    assert '"gap": 0.5' in text
    kept.write_text(text.replace('"gap": 0.5', '"gap": 5.0'), "utf-8")
    found = FileResults(store.root).summary(own, "static")
    assert found is not None
    assert found.numbers["gap"] == 0.5
    assert found.document.state is State.DONE
