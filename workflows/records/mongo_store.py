"""Task documents in MongoDB, in the database of the LaunchPad."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from pydantic import ValidationError
from pymongo import MongoClient
from pymongo.errors import (
    ConfigurationError,
    InvalidName,
    InvalidURI,
    PyMongoError,
)

from workflows.campaign.calculation import digest
from workflows.errors import StoreError, printable
from workflows.records.contradiction import contradiction
from workflows.records.database import Database, refused_by_warnings
from workflows.records.document import State, TaskDocument
from workflows.records.recordable import check_size, refuse_unfit
from workflows.records.summary import ATOMS, Summary, code_fingerprint, summarize
from workflows.records.unreadable import failed_row, what_is_wrong

COLLECTION = "lnmo_task_documents"

_SUMMARY = "summary"
_VERSION = "summary.version"
"""Another one at each writing."""

_ORDER = [("calculation_id", 1), ("task_label", 1)]


class MongoResults:
    """Task documents in a collection beside the LaunchPad's.

    Parameters
    ----------
    collection
        A pymongo collection.
    root
        Data directory.
    database
        Named in the error if the server fails during a read. None: the pymongo error
        is raised as it is.
    """

    def __init__(
        self, collection: Any, root: Path = Path(), database: Database | None = None
    ) -> None:
        self._collection = collection
        self._database = database
        self.root = root

    def put(
        self, document: TaskDocument, *, confirm: Callable[[], None] = lambda: None
    ) -> None:
        """Record a document.

        Parameters
        ----------
        document
            Of a run that has ended.
        confirm
            Called last; what it raises leaves everything as it was. If another process
            records the step between that and the writing, it is called again.
        """
        refuse_unfit(document)
        key = {
            "calculation_id": document.calculation_id,
            "task_label": document.task_label,
        }
        made = summarize(document)
        plain = document.plain()
        plain[_SUMMARY] = {
            "code": code_fingerprint(),
            "numbers": made.numbers,
            "atoms": made.has_structure,
            "hash": digest([made.numbers, made.has_structure]),
            "version": uuid4().hex,
        }
        check_size(plain, f"document of {document.dir_name}")
        replaced = False
        while not replaced:
            before = self._collection.find_one(key, {_VERSION: 1})
            confirm()
            replaced = self._replace(key, before, plain)

    def _replace(
        self,
        key: Mapping[str, Any],
        before: Mapping[str, Any] | None,
        plain: Mapping[str, Any],
    ) -> bool:
        """Write a document if what the collection has is as it was read."""
        if before is None:
            added = self._collection.update_one(
                key, {"$setOnInsert": plain}, upsert=True
            )
            return added.upserted_id is not None
        version = (before.get(_SUMMARY) or {}).get("version", {"$exists": False})
        own = {"_id": before["_id"], _VERSION: version}
        return bool(self._collection.replace_one(own, plain).matched_count)

    def get(self, calculation_id: str, step: str) -> TaskDocument | None:
        """Return one document, or None.

        Raises
        ------
        StoreError
            It cannot be read: another version of lnmo recorded it.
        """
        key = {"calculation_id": calculation_id, "task_label": step}
        with self.server_errors_explained():
            found = self._collection.find_one(key, {"_id": 0, _SUMMARY: 0})
        if found is None:
            return None
        try:
            document = TaskDocument.model_validate(found)
            problem = contradiction(document)
        except ValidationError as error:
            problem = what_is_wrong(error)
        if problem:
            raise StoreError(f"{calculation_id} {step} in the database: {problem}")
        return document

    def ends(self) -> dict[tuple[str, str], tuple[Any, Any]]:
        """Return state and energy (eV per cell) by calculation and step, unchecked."""
        fields = {"_id": 0, "calculation_id": 1, "task_label": 1, "state": 1}
        with self.server_errors_explained():
            return {
                (str(found.get("calculation_id")), str(found.get("task_label"))): (
                    found.get("state"),
                    found.get("energy"),
                )
                for found in self._collection.find({}, {**fields, "energy": 1})
            }

    def unrecorded(self) -> int:
        """Count the steps that FireWorks holds as COMPLETED and that have no document.

        0 for a collection without a LaunchPad beside it.
        """
        done = {"state": "COMPLETED", "spec.calculation_id": {"$exists": True}}
        fields = {"_id": 0, "spec.calculation_id": 1, "spec.step": 1}
        with self.server_errors_explained():
            found = self._collection.database["fireworks"].find(done, fields)
            specs = [each["spec"] for each in found]
        ends = self.ends() if specs else {}
        keys = {(str(s["calculation_id"]), str(s.get("step"))) for s in specs}
        return len(keys - set(ends))

    def documents(self) -> Iterator[TaskDocument]:
        """Yield all documents, sorted by calculation and step; bad ones are FAILED."""
        for found in self._sorted({"_id": 0, _SUMMARY: 0}):
            yield _validated(found)

    def summaries(self) -> Iterator[Summary]:
        """Yield what the tables need, in the same order."""
        leave = dict.fromkeys(("_id", *ATOMS), 0)
        for found in self._sorted(leave):
            made = found.pop(_SUMMARY, None)
            light = _validated(found)
            if light.state is State.FAILED and light.engine == "unknown":
                yield Summary(light)
            elif _is_valid(made):
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
        with self.server_errors_explained():
            yield from self._collection.find({}, leave).sort(_ORDER)

    @contextmanager
    def server_errors_explained(self) -> Iterator[None]:
        """Raise one line, without a password, if the server stops answering."""
        try:
            yield
        except PyMongoError as error:
            if self._database is None:
                raise
            raise self._database.unreachable(error) from None


def _is_valid(made: Any) -> bool:
    """Whether this code made a summary, and nobody has changed it since."""
    try:
        own = digest([made["numbers"], made["atoms"]])
        return bool(made["code"] == code_fingerprint() and made["hash"] == own)
    except (LookupError, TypeError, ValueError):
        return False


def _failed(error: Exception) -> dict[str, Any]:
    return {"state": State.FAILED, "reason": printable(error)}


def _validated(content: Mapping[str, Any]) -> TaskDocument:
    """Return a document of a database's content; an invalid one becomes FAILED."""
    try:
        document = TaskDocument.model_validate(content)
        problem = contradiction(document)
    except ValidationError as error:
        problem = what_is_wrong(error)
    if not problem:
        return document
    calculation_id = str(content.get("calculation_id", ""))
    step = str(content.get("task_label", ""))
    place = str(content.get("dir_name", ""))
    return failed_row(
        content, calculation_id, step, f"in the database: {problem}", place
    )


def connect_client(database: Database) -> Any:
    """Connect as FireWorks' LaunchPad does, without importing FireWorks.

    Raises
    ------
    StoreError
        No MongoDB answers, or pymongo refuses a setting.
    """
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
        with refused_by_warnings():
            client: Any = MongoClient(settings["host"], **options)
    except (PyMongoError, OSError, TypeError, ValueError, UserWarning) as error:
        raise database.bad_client(error) from None
    try:
        with refused_by_warnings():  # a mongodb+srv:// URI is resolved here
            client.admin.command("ping")
    except (ConfigurationError, InvalidName, InvalidURI, UserWarning) as error:
        client.close()
        raise database.bad_client(error) from None
    except PyMongoError as error:
        client.close()
        raise database.unreachable(error) from None
    return client
