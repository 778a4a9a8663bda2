"""Nothing above 4 MB goes into a document or a Firework."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from workflows.campaign.calculation import Calculation
from workflows.errors import StoreError
from workflows.launchpad.submission import workflow
from workflows.records.document import TaskDocument
from workflows.records.file_store import FileResults
from workflows.records.mongo_store import MongoResults
from workflows.records.recordable import LARGEST, check_size


def test_what_fits_is_let_through() -> None:
    check_size({"a": "x" * (LARGEST - 2)}, "document")


def test_what_is_too_large_is_named_with_its_largest_parts() -> None:
    content = {"small": 1, "dos": "x" * 5_000_000, "bands": "x" * 2_000_000}
    with pytest.raises(StoreError) as refused:
        check_size(content, "document of static")
    assert str(refused.value) == (
        "document of static: has 7.0 MB, and the limit is 4 MB (largest: dos 5.0 MB, "
        "bands 2.0 MB, small 0.0 MB); leave large data in files and record their path"
    )


def large(
    calculations: tuple[Calculation, ...], finished: Callable[..., TaskDocument]
) -> TaskDocument:
    return finished(calculations[0], settings={"everything": "x" * LARGEST})


def test_a_large_document_is_recorded_nowhere(
    calculations: tuple[Calculation, ...],
    finished: Callable[..., TaskDocument],
    tmp_path: Path,
) -> None:
    import mongomock

    collection = mongomock.MongoClient().db.documents
    document = large(calculations, finished)
    directory = FileResults(tmp_path).directory(calculations[0].id, "static")
    directory.mkdir(parents=True)
    for store in (FileResults(tmp_path), MongoResults(collection)):
        with pytest.raises(StoreError, match=r"settings 4\.0 MB"):
            store.put(document)
    assert list(directory.iterdir()) == []
    assert collection.count_documents({}) == 0


def test_a_large_calculation_is_not_submitted(
    calculations: tuple[Calculation, ...],
) -> None:
    huge = replace(calculations[0], ordering={"list": "x" * LARGEST})
    with pytest.raises(StoreError, match=r"calculation x=0: has 4\.0 MB"):
        workflow(huge)


def test_the_papers_fireworks_are_far_from_the_limit(
    calculations: tuple[Calculation, ...],
) -> None:
    for calculation in calculations:
        for firework in workflow(calculation).fws:
            check_size({"twenty times": [firework.to_dict()] * 20}, "spec")
