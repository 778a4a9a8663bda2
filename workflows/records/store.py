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

from workflows.errors import StoreError, printable
from workflows.records.database import Database
from workflows.records.document import State, TaskDocument
from workflows.records.identity import problem_of_directory, problem_of_document
from workflows.records.run_file import read_run_file
from workflows.records.summary import ATOMS, Summary, code, summarize
from workflows.records.summary_cache import SummaryFiles, run_directories, stamp_of
from workflows.records.unreadable import (
    failed_row,
    plan_of,
    read_document,
    what_is_wrong,
)

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
        """Record a document in its run directory.

        Raises
        ------
        StoreError
            It has no calculation id or has not come to its end, or the directory
            belongs to another calculation; nothing was written.
        """
        refuse_unfinished(document)
        calculation_id, step = str(document.calculation_id), document.task_label
        directory = self.directory(calculation_id, step)
        if problem := problem_of_directory(directory, calculation_id, step, None):
            raise StoreError(f"not recorded: {problem}")
        plain = document.model_dump(mode="json")
        check_size(plain, f"document of {document.dir_name}")
        temporary = directory / f".{DOCUMENT_FILE}.part"
        with temporary.open("w", encoding="utf-8") as file:
            file.write(document.model_dump_json(indent=1))
            file.flush()
            os.fsync(file.fileno())
        stamp = stamp_of(str(directory), str(temporary))  # of this very document
        temporary.replace(directory / DOCUMENT_FILE)
        with suppress(ValueError):  # a result is never lost to its summary
            self._summaries.keep(str(directory), stamp, summarize(document))

    def get(self, calculation_id: str, step: str) -> TaskDocument | None:
        """Return one document, or None.

        Raises
        ------
        StoreError
            It cannot be read, or is that of another calculation.
        """
        directory = self.directory(calculation_id, step)
        return _checked(directory, calculation_id, step)

    def documents(self) -> Iterator[TaskDocument]:
        """Yield all documents, in the order of their paths; set-aside runs excluded.

        One that cannot be read, or is that of another calculation, is FAILED.
        """
        for directory in run_directories(str(self.root / CALCULATIONS)):
            found = _checked_or_failed(directory)
            if found is not None:
                yield found

    def summaries(self) -> Iterator[Summary]:
        """Yield what the tables need, in the order of the paths.

        A summary counts only if document and run file are those it was made of, by
        size and time, and if today's code made it; otherwise both are read, and the
        summary is kept for the next time if the disk allows.
        """
        for directory in run_directories(str(self.root / CALCULATIONS)):
            try:
                stamp = stamp_of(directory, f"{directory}/{DOCUMENT_FILE}")
            except FileNotFoundError:
                continue
            except OSError:
                stamp = ""
            found = self._summaries.read(directory, stamp) if stamp else None
            if found is None:
                document = _checked_or_failed(directory)
                if document is None:
                    continue  # removed since
                found = summarize(document)
                if stamp and document.engine != "unknown":
                    with suppress(ValueError):
                        self._summaries.keep(directory, stamp, found)
            yield found


def refuse_unfinished(document: TaskDocument) -> None:
    """Refuse what no store keeps: a run that may go on, or one of no calculation.

    Raises
    ------
    StoreError
        The message says which.
    """
    if document.calculation_id is None:
        raise StoreError(f"{document.dir_name}: has no calculation id, not recorded")
    if document.state in {State.PLANNED, State.RUNNING}:
        raise StoreError(
            f"{document.dir_name}: is {document.state}, not recorded: only a run that "
            "has ended has a result"
        )


def _checked(directory: Path, calculation_id: str, step: str) -> TaskDocument | None:
    """Read the document of a directory, if it has one, and check whose it is."""
    path = directory / DOCUMENT_FILE
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise StoreError(f"{path}: {what_is_wrong(error)}") from None
    if problem := problem_of_directory(directory, calculation_id, step, None):
        raise StoreError(problem)
    document = read_document(path)
    found = read_run_file(directory)
    planned = None if found is None else found[0]
    if problem := problem_of_document(document, calculation_id, step, planned):
        raise StoreError(f"{path}: {problem}")
    return document


def _checked_or_failed(directory: str) -> TaskDocument | None:
    place = Path(directory)
    calculation_id, step = directory.split("/")[-2:]
    try:
        return _checked(place, calculation_id, step)
    except StoreError as error:
        return failed_row(
            plan_of(place, calculation_id),
            calculation_id,
            step,
            str(error),
            f"{CALCULATIONS}/{calculation_id}/{step}",
        )


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
        refuse_unfinished(document)
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
        """Return one document, or None.

        Raises
        ------
        StoreError
            It cannot be read: another version of lnmo recorded it.
        """
        key = {"calculation_id": calculation_id, "task_label": step}
        with self._server_errors_explained():
            found = self._collection.find_one(key, {"_id": 0, _SUMMARY: 0})
        if found is None:
            return None
        try:
            return TaskDocument.model_validate(found)
        except ValidationError as error:
            raise StoreError(
                f"{calculation_id} {step} in the database: {what_is_wrong(error)}"
            ) from None

    def documents(self) -> Iterator[TaskDocument]:
        """Yield all documents, sorted by calculation and step; bad ones are FAILED."""
        for found in self._sorted({"_id": 0, _SUMMARY: 0}):
            yield _validated(found)

    def summaries(self) -> Iterator[Summary]:
        """Yield what the tables need, in the same order."""
        leave = dict.fromkeys(("_id", *ATOMS), 0)
        for found in self._sorted(leave):
            made = found.pop(_SUMMARY, None) or {}
            light = _validated(found)
            if light.state is State.FAILED and light.engine == "unknown":
                yield Summary(light)
            elif made.get("code") == code():
                yield Summary(light, made["numbers"], made["atoms"])
            else:
                yield self._summarized(light)

    def _summarized(self, light: TaskDocument) -> Summary:
        try:
            whole = self.get(str(light.calculation_id), light.task_label)
        except StoreError as error:
            return Summary(light.model_copy(update=_failed(error)))
        return Summary(light) if whole is None else summarize(whole)

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


def _failed(error: Exception) -> dict[str, Any]:
    return {"state": State.FAILED, "reason": printable(error)}


def _validated(content: Mapping[str, Any]) -> TaskDocument:
    """Make a document of a database's content; a bad one is FAILED."""
    try:
        return TaskDocument.model_validate(content)
    except ValidationError as error:
        calculation_id = str(content.get("calculation_id", ""))
        step = str(content.get("task_label", ""))
        reason = f"in the database: {what_is_wrong(error)}"
        place = str(content.get("dir_name", ""))
        return failed_row(content, calculation_id, step, reason, place)
