"""mongomock collections with indexes, and with a note of every document that changed.

mongomock answers each query by comparing every document of a collection. Here the
fields that FireWorks and the command ask for are indexed: equality and ``$in`` on them
look at the documents that can match, and only at those. Answers are mongomock's own;
an index only leaves out what cannot match.

Built on private parts of mongomock 4.3, which ``pyproject.toml`` pins.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import mongomock
from mongomock.collection import Collection
from mongomock.filtering import filter_applies
from mongomock.store import CollectionStore

from workflows.counts import is_finite

INDEXED: Mapping[str, tuple[str, ...]] = {
    "fireworks": (
        "fw_id",
        "state",
        "launches",
        "archived_launches",
        "spec.calculation_id",
        "spec.reseed_of",
    ),
    "launches": ("launch_id", "state", "fw_id"),
    "workflows": ("nodes", "locked", "metadata.calculation_id"),
}
"""Fields with an index, by collection."""

PRIORITY = "spec._priority"
"""Field that orders READY Fireworks: the one with the highest is taken first."""

SCALARS = (str, int, float, bool)


class IndexedStore(CollectionStore):  # type: ignore[misc]
    """Documents of one collection, found by the values of some fields.

    Parameters
    ----------
    name
        Of the collection.
    fields
        Dotted paths to index.

    Attributes
    ----------
    changed
        ``_id`` of every document set or deleted since the caller emptied it.
    """

    def __init__(self, name: str, fields: Iterable[str]) -> None:
        super().__init__(name)
        self._paths = {field: field.split(".") for field in fields}
        self._buckets: dict[str, dict[Any, set[Any]]] = {}
        self._entries: dict[Any, list[tuple[str, Any]]] = {}
        self._place: dict[Any, int] = {}
        self._next_place = 0
        self._ready: list[tuple[float, int, Any]] = []
        self._ready_key: dict[Any, tuple[float, int, Any]] = {}
        self.changed: dict[Any, None] = {}
        self._empty()

    def _empty(self) -> None:
        self._buckets = {field: defaultdict(set) for field in self._paths}
        self._entries.clear()
        self._place.clear()
        self._ready.clear()
        self._ready_key.clear()

    def __setitem__(self, key: Any, value: dict[str, Any]) -> None:
        """Add or replace a document."""
        super().__setitem__(key, value)
        self.index(key)

    def __delitem__(self, key: Any) -> None:
        """Remove a document."""
        super().__delitem__(key)
        self._forget(key)
        self._place.pop(key, None)
        self.changed[key] = None

    def drop(self) -> None:
        """Remove every document."""
        self.changed.update(dict.fromkeys(self._documents))
        super().drop()
        self._empty()

    def index(self, key: Any) -> None:
        """Index a document again after it was changed in place."""
        document = self._documents[key]
        self._forget(key)
        if key not in self._place:
            self._place[key] = self._next_place
            self._next_place += 1
        entries = [
            (field, value)
            for field, path in self._paths.items()
            for value in _values(document, path)
        ]
        for field, value in entries:
            self._buckets[field][value].add(key)
        self._entries[key] = entries
        if document.get("state") == "READY":
            entry = (-_priority(document), self._place[key], key)
            self._ready_key[key] = entry
            insort(self._ready, entry, key=_without_id)
        self.changed[key] = None

    def _forget(self, key: Any) -> None:
        for field, value in self._entries.pop(key, ()):
            bucket = self._buckets[field]
            bucket[value].discard(key)
            if not bucket[value]:
                del bucket[value]
        entry = self._ready_key.pop(key, None)
        if entry is not None:
            del self._ready[bisect_left(self._ready, entry[:2], key=_without_id)]

    def candidates(self, query: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the documents that can match, in the order they were inserted."""
        if (key := query.get("_id")) is not None and not isinstance(key, Mapping):
            found = [key] if key in self._documents else []
        else:
            best = self._smallest(query)
            if best is None:
                yield from list(self._documents.values())
                return
            found = sorted(best, key=self._place.__getitem__)
        for key in found:
            yield self._documents[key]

    def _smallest(self, query: Mapping[str, Any]) -> set[Any] | None:
        """Return the fewest documents that an index leaves; None without an index."""
        best: set[Any] | None = None
        for field, buckets in self._buckets.items():
            values = _asked(query.get(field))
            if values is None:
                continue
            size = sum(len(buckets.get(value, ())) for value in values)
            if best is None or size < len(best):
                best = set().union(*(buckets.get(value, ()) for value in values))
        return best

    def by_priority(self) -> Iterator[dict[str, Any]]:
        """Yield the READY documents, the highest priority first, then the oldest."""
        for _, _, key in list(self._ready):
            yield self._documents[key]


class IndexedCollection(Collection):  # type: ignore[misc]
    """A collection over an :class:`IndexedStore`."""

    def _iter_documents(self, filter: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        filter_applies(filter, {})  # refuses a bad query, as mongomock does
        candidates = self._store.candidates(filter)
        return (found for found in candidates if filter_applies(filter, found))

    def find_one(
        self, filter: Any = None, *args: Any, **kwargs: Any
    ) -> dict[str, Any] | None:
        """Return the first match; of READY ones by priority without sorting all."""
        if _next_ready(filter, kwargs.get("sort")):
            for document in self._store.by_priority():
                if filter_applies(filter, document):
                    kwargs.pop("sort")
                    return super().find_one({"_id": document["_id"]}, *args, **kwargs)  # type: ignore[no-any-return]
            return None
        return super().find_one(filter, *args, **kwargs)  # type: ignore[no-any-return]

    def _update(
        self, spec: Mapping[str, Any], document: Any, *args: Any, **kwargs: Any
    ) -> dict[str, Any]:
        """Update in place as mongomock does, then index again what was looked at."""
        looked_at = [found["_id"] for found in self._iter_documents(spec)]
        done: dict[str, Any] = super()._update(spec, document, *args, **kwargs)
        for key in looked_at:
            if key in self._store:
                self._store.index(key)
        return done


def indexed_database(name: str, collections: Iterable[str]) -> Any:
    """Return a mongomock database in memory whose named collections are indexed."""
    database: Any = mongomock.MongoClient()[name]
    for each in collections:
        store = IndexedStore(each, INDEXED.get(each, ()))
        database._store._collections[each] = store
        database._collection_accesses[each] = IndexedCollection(
            database, name=each, _db_store=database._store
        )
    return database


def _without_id(entry: tuple[float, int, Any]) -> tuple[float, int]:
    return entry[:2]


def _values(document: Mapping[str, Any], path: list[str]) -> list[Any]:
    """Return the scalars at a path: the value itself, or those of a list."""
    value: Any = document
    for part in path:
        if not isinstance(value, Mapping) or part not in value:
            return []
        value = value[part]
    found = value if isinstance(value, list) else [value]
    return [each for each in dict.fromkeys(_hashable(found))]


def _hashable(values: Iterable[Any]) -> Iterator[Any]:
    return (value for value in values if isinstance(value, SCALARS))


def _asked(condition: Any) -> list[Any] | None:
    """Return the values that a condition allows; None where an index does not help."""
    if isinstance(condition, SCALARS):
        return [condition]
    among = condition.get("$in") if isinstance(condition, Mapping) else None
    if isinstance(among, list | tuple) and all(isinstance(v, SCALARS) for v in among):
        return list(dict.fromkeys(among))
    return None


def _priority(document: Mapping[str, Any]) -> float:
    """Return the priority; without a number it comes last, as MongoDB has it."""
    value = (document.get("spec") or {}).get("_priority")
    return float(value) if is_finite(value) else float("-inf")


def _next_ready(query: Any, sort: Any) -> bool:
    """Return whether FireWorks asks for the next Firework to run."""
    return (
        isinstance(query, Mapping)
        and query.get("state") == "READY"
        and sort is not None
        and list(sort) == [(PRIORITY, -1)]
    )
