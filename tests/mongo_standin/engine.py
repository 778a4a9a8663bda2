"""What is stored: mongomock's collections, indexed, and written to SQLite.

mongomock knows MongoDB's queries and updates; it has neither indexes nor a disk. Its
collection and store are subclassed here: every field that is asked for by value gets
a hash index, every changed document is noted, and `Engine.commit` writes the changes
to SQLite. A process killed after the commit loses nothing of it.

mongomock 4.3: every write ends in `_ensure_uniques` or in the store's item access.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import bson
import mongomock
import mongomock.collection
import mongomock.database
import mongomock.store
from mongomock import aggregate, filtering, helpers
from mongomock.collection import filter_applies

PLAIN = (str, int, float, bson.ObjectId)
TABLES = """
CREATE TABLE IF NOT EXISTS documents (
    namespace TEXT, id BLOB, position INTEGER, body BLOB, PRIMARY KEY (namespace, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS indexes (
    namespace TEXT, name TEXT, body BLOB, PRIMARY KEY (namespace, name)
);
"""


class Store(mongomock.store.CollectionStore):
    """The documents of a collection, their encoded form, and where values occur."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.forget()

    def forget(self) -> None:
        self.changed: set[Any] = set()
        self.encoded: dict[Any, bytes] = {}
        self.position: dict[Any, int] = {}
        self._values: dict[str, dict[Any, set[Any]]] = {}
        self._held: dict[Any, dict[str, set[Any]]] = {}
        self._next = 0

    def drop(self) -> None:
        gone = set(self._documents)
        super().drop()
        self.forget()
        self.changed = gone

    def __setitem__(self, key: Any, document: dict[str, Any]) -> None:
        super().__setitem__(key, document)
        self.note(key, document)

    def __delitem__(self, key: Any) -> None:
        super().__delitem__(key)
        self.changed.add(key)
        for field, values in self._held.pop(key, {}).items():
            self._unlist(field, values, key)
        self.encoded.pop(key, None)
        self.position.pop(key, None)

    def note(self, key: Any, document: Mapping[str, Any]) -> None:
        """Take over a document's new content."""
        self.changed.add(key)
        self.encoded.pop(key, None)
        if key not in self.position:
            self.position[key], self._next = self._next, self._next + 1
        for field in self._values:
            self._list(field, key, document)

    def restore(self, key: Any, document: dict[str, Any], position: int) -> None:
        """Take a document from the file, at its old place."""
        self._next = position
        self[key] = document
        self.changed.clear()

    def body(self, key: Any) -> bytes:
        """Return a document encoded."""
        if key not in self.encoded:
            self.encoded[key] = bson.encode(self._documents[key])
        return self.encoded[key]

    def candidates(self, query: Mapping[str, Any]) -> tuple[Iterator[Any], bool]:
        """Return the keys of the documents a query can find, in order of insertion.

        And whether it does find them all: an index of texts needs no second look.
        """
        found, exact = None, True
        for field, wanted in query.items():
            values = _plain(field, wanted)
            exact &= values is not None and all(type(v) is str for v in values)
            if values is not None:
                index = self._index(field)
                keys = set().union(*(index.get(value, ()) for value in values))
                found = keys if found is None else found & keys
        if found is None:
            return iter(list(self._documents)), exact
        return iter(sorted(found, key=self.position.__getitem__)), exact

    def _index(self, field: str) -> dict[Any, set[Any]]:
        if field not in self._values:
            self._values[field] = {}
            for key, document in self._documents.items():
                self._list(field, key, document)
        return self._values[field]

    def _list(self, field: str, key: Any, document: Mapping[str, Any]) -> None:
        held = self._held.setdefault(key, {})
        before, values = held.get(field, set()), set(_values(field, document))
        self._unlist(field, before - values, key)
        for value in values - before:
            self._values[field].setdefault(value, set()).add(key)
        held[field] = values

    def _unlist(self, field: str, values: set[Any], key: Any) -> None:
        index = self._values[field]
        for value in values:
            index[value].discard(key)
            if not index[value]:
                del index[value]


def _key(document: Mapping[str, Any]) -> Any:
    key = document["_id"]
    return helpers.hashdict(key) if isinstance(key, dict) else key


def _plain(field: str, wanted: Any) -> tuple[Any, ...] | None:
    """Return the values that an index can answer a condition with."""
    if field.startswith("$"):
        return None
    values: tuple[Any, ...] = (wanted,)
    if isinstance(wanted, Mapping):
        values = (wanted["$eq"],) if "$eq" in wanted else (wanted.get("$in"),)
        values = tuple(wanted["$in"]) if "$in" in wanted else values
    return values if all(isinstance(value, PLAIN) for value in values) else None


def _values(field: str, document: Mapping[str, Any]) -> Iterator[Any]:
    for value in filtering.iter_key_candidates(field, document):
        for each in value if isinstance(value, (list, tuple)) else (value,):
            if isinstance(each, PLAIN):
                yield each


class Collection(mongomock.collection.Collection):
    """mongomock's collection, that looks into the indexes first."""

    def _iter_documents(self, filter: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        if self._store.is_empty:
            filter_applies(filter, {})  # a wrong filter is refused all the same
        return (document for _, document in self.matching(filter))

    def _ensure_uniques(self, new_data: dict[str, Any]) -> None:
        self._store.note(_key(new_data), new_data)
        super()._ensure_uniques(new_data)

    def matching(
        self, query: Mapping[str, Any]
    ) -> Iterator[tuple[Any, dict[str, Any]]]:
        keys, exact = self._store.candidates(query)
        for key in keys:
            document = self._store._documents.get(key)
            if document is not None and (exact or filter_applies(query, document)):
                yield key, document

    def bodies(
        self,
        query: Mapping[str, Any],
        *,
        sort: Mapping[str, int] | None = None,
        projection: Mapping[str, Any] | None = None,
        first: int = 0,
        last: int | None = None,
    ) -> list[bytes]:
        """Return what a find gives, encoded: no document is copied for it."""
        if sort:
            every = _sorted(list(self.matching(query)), sort)
            found = every[first:last]
        else:
            found = list(itertools.islice(self.matching(query), first, last))
        if not projection:
            return [self._store.body(key) for key, _ in found]
        return [
            bson.encode(self._copy_only_fields(document, dict(projection), dict))
            for _, document in found
        ]

    def aggregated(self, pipeline: list[dict[str, Any]]) -> list[bytes]:
        """Run a pipeline on copies."""
        first = pipeline[0].get("$match") if pipeline else None
        bodies = self.bodies(first or {})
        copies = [bson.decode(body) for body in bodies]
        results = aggregate.process_pipeline(
            copies, self.database, _dates_as_text(pipeline), None
        )
        return [bson.encode(result) for result in results]


def _sorted(
    found: list[tuple[Any, dict[str, Any]]], sort: Mapping[str, int]
) -> list[tuple[Any, dict[str, Any]]]:
    for field, direction in reversed(list(sort.items())):
        if field == "$natural":
            found = found[:: -1 if direction < 0 else 1]
            continue
        found.sort(
            key=lambda each, field=field: filtering.resolve_sort_key(field, each[1]),
            reverse=direction < 0,
        )
    return found


def _dates_as_text(pipeline: Any) -> Any:
    """Leave dates as the ISO text they are stored as, which sorts as they do.

    FireWorks sorts by $dateFromString, which mongomock does not know.
    """
    if isinstance(pipeline, Mapping):
        if set(pipeline) == {"$dateFromString"}:
            return pipeline["$dateFromString"]["dateString"]
        return {key: _dates_as_text(value) for key, value in pipeline.items()}
    if isinstance(pipeline, list):
        return [_dates_as_text(each) for each in pipeline]
    return pipeline


class Engine:
    """All databases of one server, and the file they are kept in."""

    def __init__(self, path: Path) -> None:
        # In this process mongomock is to make our collections wherever it makes any.
        mongomock.database.Collection = Collection
        mongomock.store.CollectionStore = Store
        self.client = mongomock.MongoClient()
        self._file = sqlite3.connect(path, check_same_thread=False)
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute("PRAGMA locking_mode = EXCLUSIVE")
        # A killed process leaves its written pages to the kernel; only a machine
        # that goes down would need them on the disk.
        self._file.execute("PRAGMA synchronous = OFF")
        self._file.executescript(TABLES)
        self._load()

    def collection(self, database: str, name: str) -> Collection:
        return self.client[database][name]

    def store(self, database: str, name: str) -> Store:
        return self.client._store[database][name]

    def commit(self, database: str, name: str) -> None:
        """Write what a command changed in a collection."""
        store, namespace = self.store(database, name), f"{database}.{name}"
        for key in store.changed:
            place = (namespace, bson.encode({"": key}))
            if key in store:
                row = (*place, store.position[key], store.body(key))
                self._file.execute("REPLACE INTO documents VALUES (?, ?, ?, ?)", row)
            else:
                self._file.execute(
                    "DELETE FROM documents WHERE namespace = ? AND id = ?", place
                )
        store.changed.clear()
        self._file.commit()

    def commit_indexes(self, database: str, name: str) -> None:
        """Write which indexes a collection has."""
        namespace = f"{database}.{name}"
        self._file.execute("DELETE FROM indexes WHERE namespace = ?", (namespace,))
        for index, settings in self.store(database, name).indexes.items():
            row = (namespace, index, bson.encode(settings))
            self._file.execute("INSERT INTO indexes VALUES (?, ?, ?)", row)
        self._file.commit()

    def _load(self) -> None:
        rows = "SELECT namespace, position, body FROM documents ORDER BY position"
        for namespace, position, body in self._file.execute(rows):
            document = bson.decode(body)
            store = self.store(*namespace.split(".", 1))
            store.restore(_key(document), document, position)
        for namespace, name, body in self._file.execute("SELECT * FROM indexes"):
            settings = bson.decode(body)
            settings["key"] = [tuple(each) for each in settings["key"]]
            self.store(*namespace.split(".", 1)).create_index(name, settings)
