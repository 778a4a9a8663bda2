"""Nothing large goes through the database: structures and densities go by path.

MongoDB refuses a document of 16 MB after the calculation is done; we refuse one of
4 MB, and say what is large in it.
"""

from __future__ import annotations

import json
import os
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from pydantic import ValidationError

from workflows.errors import StoreError
from workflows.records.database import Database
from workflows.records.document import TaskDocument
from workflows.records.summary import ATOMS, Summary, code, summarize
from workflows.records.summary_cache import SummaryFiles, file_stamp, run_directories

LARGEST = 4_000_000
"""Bytes of JSON. A document of 64 atoms has 30 kB."""


def check_size(content: Mapping[str, Any], what: str) -> None:
    """Refuse what is too large for a database.

    Parameters
    ----------
    content
        A plain document.
    what
        Its name, for the message.

    Raises
    ------
    StoreError
        It has more than 4 MB; the message names its largest parts.
    """
    sizes = {key: len(json.dumps(value, default=str)) for key, value in content.items()}
    total = sum(sizes.values())
    if total <= LARGEST:
        return
    largest = sorted(sizes.items(), key=lambda item: -item[1])[:3]
    parts = ", ".join(f"{key} {size / 1e6:.1f} MB" for key, size in largest)
    raise StoreError(
        f"{what}: has {total / 1e6:.1f} MB, and the limit is {LARGEST / 1e6:.0f} MB "
        f"(largest: {parts}); leave large data in files and record their path"
    )


DOCUMENT_FILE = "task_document.json"

CALCULATIONS = "calculations"

COLLECTION = "lnmo_task_documents"

_SUMMARY = "summary"

_ORDER = [("calculation_id", 1), ("task_label", 1)]


class ResultsStore(Protocol):
    """Task documents, one for each calculation and step.

    ``root`` is the data directory, from which ``TaskDocument.dir_name`` counts.
    """

    root: Path

    def put(self, document: TaskDocument) -> None:
        """Record a document, replacing an earlier one of the same step."""

    def get(self, calculation_id: str, step: str) -> TaskDocument | None:
        """Return one document, or None."""

    def documents(self) -> Iterator[TaskDocument]:
        """Yield all documents."""

    def summaries(self) -> Iterator[Summary]:
        """Yield all documents without their atoms, fast, in the same order."""


class FileResults:
    """One JSON file in each step's directory, written atomically.

    Parameters
    ----------
    root
        Data directory; documents lie in ``calculations/<id>/<step>/``.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._summaries = SummaryFiles(root)

    def directory(self, calculation_id: str, step: str) -> Path:
        """Return the run directory of a step."""
        return self.root / CALCULATIONS / calculation_id / step

    def put(self, document: TaskDocument) -> None:
        """Record a document in its run directory."""
        if document.calculation_id is None:
            raise StoreError(
                f"{document.dir_name}: has no calculation id, not recorded"
            )
        plain = document.model_dump(mode="json")
        check_size(plain, f"document of {document.dir_name}")
        directory = self.directory(document.calculation_id, document.task_label)
        temporary = directory / f".{DOCUMENT_FILE}.part"
        with temporary.open("w", encoding="utf-8") as file:
            file.write(document.model_dump_json(indent=1))
            file.flush()
            os.fsync(file.fileno())
        stamp = file_stamp(str(temporary))  # of this very document, whoever writes next
        temporary.replace(directory / DOCUMENT_FILE)
        with suppress(ValueError):  # a result is never lost to its summary
            self._summaries.keep(str(directory), stamp, summarize(document))

    def get(self, calculation_id: str, step: str) -> TaskDocument | None:
        """Return one document, or None."""
        path = self.directory(calculation_id, step) / DOCUMENT_FILE
        return _read(path) if path.exists() else None

    def documents(self) -> Iterator[TaskDocument]:
        """Yield all documents, in the order of their paths; set-aside runs excluded."""
        for path in sorted((self.root / CALCULATIONS).glob(f"*/*/{DOCUMENT_FILE}")):
            if "." not in path.parent.name:
                yield _read(path)

    def summaries(self) -> Iterator[Summary]:
        """Yield what the tables need, in the order of the paths.

        A summary counts only if the document is the one it was made of, by size and
        time, and if today's code made it; otherwise the document is read, and its
        summary kept for the next time if the disk allows.
        """
        for directory in run_directories(str(self.root / CALCULATIONS)):
            document = f"{directory}/{DOCUMENT_FILE}"
            try:
                stamp = file_stamp(document)
            except FileNotFoundError:
                continue
            found = self._summaries.read(directory, stamp)
            if found is None:
                found = summarize(_read(Path(document)))
                self._summaries.keep(directory, stamp, found)
            yield found


class MongoResults:
    """A collection beside the LaunchPad's.

    Parameters
    ----------
    collection
        A pymongo collection.
    root
        Data directory.
    database
        Whose address an error of the server is told with while we read; None leaves
        it to a caller that goes on without the server.
    """

    def __init__(
        self, collection: Any, root: Path = Path(), database: Database | None = None
    ) -> None:
        self._collection = collection
        self._database = database
        self.root = root

    def put(self, document: TaskDocument) -> None:
        """Record a document."""
        key = {
            "calculation_id": document.calculation_id,
            "task_label": document.task_label,
        }
        made = summarize(document)
        plain = document.plain()
        plain[_SUMMARY] = {
            "code": code(),
            "numbers": made.numbers,
            "atoms": made.has_structure,
        }
        check_size(plain, f"document of {document.dir_name}")
        self._collection.replace_one(key, plain, upsert=True)

    def get(self, calculation_id: str, step: str) -> TaskDocument | None:
        """Return one document, or None."""
        key = {"calculation_id": calculation_id, "task_label": step}
        with self._server_errors_explained():
            found = self._collection.find_one(key, {"_id": 0, _SUMMARY: 0})
        return TaskDocument.model_validate(found) if found else None

    def documents(self) -> Iterator[TaskDocument]:
        """Yield all documents, sorted by calculation and step."""
        for found in self._sorted({"_id": 0, _SUMMARY: 0}):
            yield TaskDocument.model_validate(found)

    def summaries(self) -> Iterator[Summary]:
        """Yield what the tables need, in the same order."""
        leave = dict.fromkeys(("_id", *ATOMS), 0)
        for found in self._sorted(leave):
            made = found.pop(_SUMMARY, {})
            light = TaskDocument.model_validate(found)
            if made.get("code") == code():
                yield Summary(light, made["numbers"], made["atoms"])
            elif whole := self.get(str(light.calculation_id), light.task_label):
                yield summarize(whole)

    def _sorted(self, leave: Mapping[str, int]) -> Iterator[dict[str, Any]]:
        with self._server_errors_explained():
            yield from self._collection.find({}, leave).sort(_ORDER)

    @contextmanager
    def _server_errors_explained(self) -> Iterator[None]:
        """Tell in one line, without a password, that the server answers no more."""
        from pymongo.errors import PyMongoError

        try:
            yield
        except PyMongoError as error:
            if self._database is None:
                raise
            raise self._database.unreachable(error) from None


def results_store(database: Database) -> ResultsStore:
    """Open the results that belong to a LaunchPad, for reading.

    Raises
    ------
    StoreError
        No MongoDB answers, now or later; the message shows no user and no password.
    """
    if database.embedded:
        return FileResults(database.root)
    client = _client(database)
    settings = database.launchpad
    collection = client[settings.get("name", "fireworks")][COLLECTION]
    store = MongoResults(collection, database.root, database)
    weakref.finalize(store, client.close)  # results stay open as long as anybody looks
    return store


def _client(database: Database) -> Any:
    """Connect as FireWorks' LaunchPad does, which results do not import."""
    from pymongo import MongoClient
    from pymongo.errors import (
        ConfigurationError,
        InvalidName,
        InvalidURI,
        PyMongoError,
    )

    settings = database.launchpad
    database.check_client_options()
    options = database.client_options
    if not settings.get("uri_mode"):
        options |= {
            "port": settings.get("port") or 27017,
            "username": settings.get("username"),
            "password": settings.get("password"),
            "authSource": settings.get("authsource")
            or settings.get("name", "fireworks"),
        }
    try:
        client: Any = MongoClient(settings["host"], **options)
    except (PyMongoError, OSError, TypeError, ValueError) as error:
        raise database.bad_client(error) from None
    try:
        client.admin.command("ping")
    except (ConfigurationError, InvalidName, InvalidURI) as error:
        client.close()
        raise database.bad_client(error) from None
    except PyMongoError as error:
        client.close()
        raise database.unreachable(error) from None
    return client


def _read(path: Path) -> TaskDocument:
    try:
        return TaskDocument.model_validate_json(path.read_text("utf-8"))
    except (OSError, ValidationError, ValueError) as error:
        raise StoreError(
            f"{path}: not a readable task document ({type(error).__name__}); it was "
            "left as "
            "it is. Move it away and run again: the step is read anew from its files"
        ) from None
