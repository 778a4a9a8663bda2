"""Where task documents are kept: files in the run directories, or MongoDB.

The only database language outside ``launchpad.py``. Knows no FireWorks.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from pydantic import ValidationError

from workflows.database import Database
from workflows.errors import StoreError
from workflows.taskdoc import TaskDocument

DOCUMENT_FILE = "task_document.json"
CALCULATIONS = "calculations"
COLLECTION = "lnmo_task_documents"


class ResultsStore(Protocol):
    """Task documents, one for each calculation and step."""

    def put(self, document: TaskDocument) -> None:
        """Record a document, replacing an earlier one of the same step."""

    def get(self, calculation_id: str, step: str) -> TaskDocument | None:
        """Return one document, or None."""

    def documents(self) -> Iterator[TaskDocument]:
        """Yield all documents."""


class FileResults:
    """One JSON file in each step's directory, written atomically.

    Parameters
    ----------
    root
        Data directory; documents lie in ``calculations/<id>/<step>/``.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def directory(self, calculation_id: str, step: str) -> Path:
        """Return the run directory of a step."""
        return self.root / CALCULATIONS / calculation_id / step

    def put(self, document: TaskDocument) -> None:
        """Record a document in its run directory."""
        if document.calculation_id is None:
            raise StoreError(
                f"{document.dir_name}: has no calculation id, not recorded"
            )
        directory = self.directory(document.calculation_id, document.task_label)
        temporary = directory / f".{DOCUMENT_FILE}.part"
        with temporary.open("w", encoding="utf-8") as file:
            file.write(document.model_dump_json(indent=1))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(directory / DOCUMENT_FILE)

    def get(self, calculation_id: str, step: str) -> TaskDocument | None:
        """Return one document, or None."""
        path = self.directory(calculation_id, step) / DOCUMENT_FILE
        return _read(path) if path.exists() else None

    def documents(self) -> Iterator[TaskDocument]:
        """Yield all documents, in the order of their paths; set-aside runs excluded."""
        for path in sorted((self.root / CALCULATIONS).glob(f"*/*/{DOCUMENT_FILE}")):
            if "." not in path.parent.name:
                yield _read(path)


class MongoResults:
    """A collection beside the LaunchPad's.

    Parameters
    ----------
    collection
        A pymongo collection.
    """

    def __init__(self, collection: Any) -> None:
        self._collection = collection

    def put(self, document: TaskDocument) -> None:
        """Record a document."""
        key = {
            "calculation_id": document.calculation_id,
            "task_label": document.task_label,
        }
        plain = document.model_dump(mode="json")
        self._collection.replace_one(key, plain, upsert=True)

    def get(self, calculation_id: str, step: str) -> TaskDocument | None:
        """Return one document, or None."""
        key = {"calculation_id": calculation_id, "task_label": step}
        found = self._collection.find_one(key, {"_id": 0})
        return TaskDocument.model_validate(found) if found else None

    def documents(self) -> Iterator[TaskDocument]:
        """Yield all documents, sorted by calculation and step."""
        order = [("calculation_id", 1), ("task_label", 1)]
        for found in self._collection.find({}, {"_id": 0}).sort(order):
            yield TaskDocument.model_validate(found)


def results_store(database: Database) -> ResultsStore:
    """Open the results that belong to a LaunchPad, for reading.

    Raises
    ------
    StoreError
        No MongoDB answers; the message shows no user and no password.
    """
    if database.embedded:
        return FileResults(database.root)
    from pymongo import MongoClient
    from pymongo.errors import PyMongoError

    settings = database.launchpad
    kwargs = dict(settings.get("mongoclient_kwargs") or {})
    kwargs.setdefault("serverSelectionTimeoutMS", 10_000)
    if settings.get("uri_mode"):
        client: Any = MongoClient(settings["host"], **kwargs)
    else:
        client = MongoClient(
            settings["host"],
            settings.get("port") or 27017,
            username=settings.get("username"),
            password=settings.get("password"),
            authSource=settings.get("authsource") or settings.get("name", "fireworks"),
            **kwargs,
        )
    try:
        client.admin.command("ping")
    except PyMongoError as error:
        client.close()
        raise database.unreachable(error) from None
    return MongoResults(client[settings.get("name", "fireworks")][COLLECTION])


def _read(path: Path) -> TaskDocument:
    try:
        return TaskDocument.model_validate_json(path.read_text("utf-8"))
    except (OSError, ValidationError, ValueError) as error:
        raise StoreError(
            f"{path}: not a readable task document ({type(error).__name__}); it was "
            "left as "
            "it is. Move it away and run again: the step is read anew from its files"
        ) from None
