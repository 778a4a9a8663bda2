"""MongoDB's commands, as far as pymongo and FireWorks send them."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Callable, Mapping
from typing import Any

from bson.raw_bson import RawBSONDocument
from engine import Engine
from mongomock import DuplicateKeyError, OperationFailure, WriteError

Command = Mapping[str, Any]
Answer = dict[str, Any]
MESSAGE_BYTES, DOCUMENT_BYTES, BATCH_BYTES = 48_000_000, 16_777_216, 8_000_000
BAD_VALUE, NO_SUCH_COMMAND, CURSOR_NOT_FOUND, NOT_IMPLEMENTED = 2, 59, 43, 238
DUPLICATE_KEY = 11000


class Commands:
    """Answers commands, one at a time; the caller holds the lock."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._cursors: dict[int, tuple[str, list[bytes]]] = {}
        self._cursor_numbers = itertools.count(1)
        self._verbs: dict[str, Callable[[Command, str, str], Answer]] = {
            **dict.fromkeys(("hello", "ismaster", "isMaster"), _hello),
            **{"ping": _nothing, "endSessions": _nothing, "compact": _nothing},
            **{"buildInfo": _build, "buildinfo": _build},
            **{"insert": self._insert, "update": self._update},
            **{"delete": self._delete, "findAndModify": self._find_and_modify},
            **{"find": self._find, "aggregate": self._aggregate},
            **{"count": self._count, "distinct": self._distinct},
            **{"getMore": self._get_more, "killCursors": self._kill_cursors},
            **{"createIndexes": self._create_indexes, "create": _nothing},
            **{"dropIndexes": self._drop_indexes, "listIndexes": self._list_indexes},
            **{"listCollections": self._list_collections, "drop": self._drop},
            **{"listDatabases": self._list_databases},
            **{"dropDatabase": self._drop_database},
        }

    def answer(self, command: Command) -> Answer:
        """Carry a command out; what it changed is on the disk when this returns."""
        verb, name = next(iter(command.items()))
        try:
            if verb not in self._verbs:
                raise OperationFailure(f"no such command: {verb}", NO_SUCH_COMMAND)
            return {**self._verbs[verb](command, command["$db"], name), "ok": 1.0}
        except NotImplementedError as error:
            code, text = NOT_IMPLEMENTED, f"the stand-in cannot do this: {error}"
        except DuplicateKeyError as error:
            code, text = DUPLICATE_KEY, str(error)
        except OperationFailure as error:
            code, text = error.code or BAD_VALUE, str(error)
        except (ValueError, TypeError) as error:
            code, text = BAD_VALUE, str(error)
        return {"ok": 0.0, "errmsg": text, "code": code}

    def _insert(self, command: Command, database: str, name: str) -> Answer:
        collection = self._engine.collection(database, name)
        done, errors = 0, []
        for index, document in enumerate(command["documents"]):
            try:
                collection.insert_one(document)
                done += 1
            except WriteError as error:
                errors.append(_write_error(index, error))
                if command.get("ordered", True):
                    break
        self._engine.commit(database, name)
        return {"n": done, **({"writeErrors": errors} if errors else {})}

    def _update(self, command: Command, database: str, name: str) -> Answer:
        collection = self._engine.collection(database, name)
        matched = modified = 0
        upserted, errors = [], []
        for index, each in enumerate(command["updates"]):
            try:
                result = collection._update(
                    each["q"],
                    each["u"],
                    upsert=each.get("upsert", False),
                    multi=each.get("multi", False),
                )
            except WriteError as error:
                errors.append(_write_error(index, error))
                if command.get("ordered", True):
                    break
                continue
            matched, modified = matched + result["n"], modified + result["nModified"]
            if result["upserted"] is not None:
                upserted.append({"index": index, "_id": result["upserted"]})
        self._engine.commit(database, name)
        return {
            **{"n": matched, "nModified": modified},
            **({"upserted": upserted} if upserted else {}),
            **({"writeErrors": errors} if errors else {}),
        }

    def _delete(self, command: Command, database: str, name: str) -> Answer:
        store = self._engine.store(database, name)
        collection = self._engine.collection(database, name)
        deleted = 0
        for each in command["deletes"]:
            keys = [key for key, _ in collection.matching(each["q"])]
            for key in keys[: each["limit"] or None]:
                del store[key]
                deleted += 1
        self._engine.commit(database, name)
        return {"n": deleted}

    def _find_and_modify(self, command: Command, database: str, name: str) -> Answer:
        collection = self._engine.collection(database, name)
        query, fields = command.get("query", {}), command.get("fields")
        found = collection.bodies(query, sort=command.get("sort"), last=1)
        old = found[0] if found else None
        if old is not None:
            key = RawBSONDocument(old)["_id"]
            query = {**query, "_id": key}
        before = collection.bodies(query, projection=fields) if old is not None else []
        if command.get("remove"):
            if old is not None:
                self._delete({"deletes": [{"q": query, "limit": 1}]}, database, name)
            return {"value": _raw(before), "lastErrorObject": {"n": len(before)}}
        upsert = command.get("upsert", False)
        state: Answer = {"n": 0, "updatedExisting": old is not None}
        after: list[bytes] = []
        if old is not None or upsert:
            result = collection._update(query, command["update"], upsert=upsert)
            if result["upserted"] is not None:
                key = state["upserted"] = result["upserted"]
            state["n"] = 1
            after = collection.bodies({"_id": key}, projection=fields)
        self._engine.commit(database, name)
        value = _raw(after if command.get("new") else before)
        return {"value": value, "lastErrorObject": state}

    def _find(self, command: Command, database: str, name: str) -> Answer:
        first, limit = command.get("skip", 0), abs(command.get("limit", 0))
        bodies = self._engine.collection(database, name).bodies(
            command.get("filter", {}),
            sort=command.get("sort"),
            projection=command.get("projection"),
            first=first,
            last=first + limit if limit else None,
        )
        size = len(bodies) if command.get("singleBatch") else command.get("batchSize")
        return self._cursor(bodies, f"{database}.{name}", 101 if size is None else size)

    def _aggregate(self, command: Command, database: str, name: str) -> Answer:
        bodies = self._engine.collection(database, name).aggregated(command["pipeline"])
        size = command.get("cursor", {}).get("batchSize", 101)
        return self._cursor(bodies, f"{database}.{name}", size)

    def _count(self, command: Command, database: str, name: str) -> Answer:
        collection = self._engine.collection(database, name)
        found = sum(1 for _ in collection.matching(command.get("query", {})))
        found = max(0, found - command.get("skip", 0))
        return {"n": min(found, command.get("limit") or found)}

    def _distinct(self, command: Command, database: str, name: str) -> Answer:
        collection = self._engine.collection(database, name)
        found = collection.distinct(command["key"], command.get("query", {}))
        return {"values": found}

    def _get_more(self, command: Command, database: str, number: int) -> Answer:
        if number not in self._cursors:
            raise OperationFailure(f"cursor id {number} not found", CURSOR_NOT_FOUND)
        namespace, bodies = self._cursors.pop(number)
        size = command.get("batchSize", len(bodies))
        return self._cursor(bodies, namespace, size, number, "nextBatch")

    def _kill_cursors(self, command: Command, database: str, name: str) -> Answer:
        killed = [n for n in command["cursors"] if self._cursors.pop(n, None)]
        return {"cursorsKilled": killed}

    def _cursor(
        self,
        bodies: list[bytes],
        namespace: str,
        size: int,
        number: int = 0,
        batch: str = "firstBatch",
    ) -> Answer:
        given = total = 0
        while given < min(size, len(bodies)) and (total < BATCH_BYTES or not given):
            total += len(bodies[given])
            given += 1
        rest = bodies[given:]
        if rest:
            number = number or next(self._cursor_numbers)
            self._cursors[number] = namespace, rest
        return {
            "cursor": {
                batch: [RawBSONDocument(body) for body in bodies[:given]],
                "id": number if rest else 0,
                "ns": namespace,
            }
        }

    def _create_indexes(self, command: Command, database: str, name: str) -> Answer:
        collection = self._engine.collection(database, name)
        for index in command["indexes"]:
            collection.create_index(
                list(index["key"].items()),
                name=index["name"],
                unique=index.get("unique", False),
                sparse=index.get("sparse", False),
            )
        self._engine.commit_indexes(database, name)
        return {}

    def _drop_indexes(self, command: Command, database: str, name: str) -> Answer:
        indexes = self._engine.store(database, name).indexes
        for index in list(indexes) if command["index"] == "*" else [command["index"]]:
            indexes.pop(index, None)
        self._engine.commit_indexes(database, name)
        return {}

    def _list_indexes(self, command: Command, database: str, name: str) -> Answer:
        collection = self._engine.collection(database, name)
        listed = [
            {**settings, "key": dict(settings["key"]), "name": index, "v": 2}
            for index, settings in collection.index_information().items()
        ]
        return _listing(listed, f"{database}.$cmd.listIndexes.{name}")

    def _list_collections(self, command: Command, database: str, name: str) -> Answer:
        names = self._engine.client[database].list_collection_names()
        listed = [{"name": each, "type": "collection", "options": {}} for each in names]
        return _listing(listed, f"{database}.$cmd.listCollections")

    def _list_databases(self, command: Command, database: str, name: str) -> Answer:
        names = self._engine.client.list_database_names()
        return {"databases": [{"name": each, "sizeOnDisk": 0} for each in names]}

    def _drop(self, command: Command, database: str, name: str) -> Answer:
        self._engine.store(database, name).drop()
        self._engine.commit(database, name)
        self._engine.commit_indexes(database, name)
        return {}

    def _drop_database(self, command: Command, database: str, name: str) -> Answer:
        for each in self._engine.client[database].list_collection_names():
            self._drop({}, database, each)
        return {}


def _hello(command: Command, database: str, name: str) -> Answer:
    return {
        **{"helloOk": True, "ismaster": True, "isWritablePrimary": True},
        **{"maxBsonObjectSize": DOCUMENT_BYTES, "maxMessageSizeBytes": MESSAGE_BYTES},
        **{"maxWriteBatchSize": 100_000, "readOnly": False},
        "localTime": datetime.datetime.now(datetime.UTC),
        **{"minWireVersion": 0, "maxWireVersion": 17},
    }


def _build(command: Command, database: str, name: str) -> Answer:
    return {"version": "6.0.0", "versionArray": [6, 0, 0, 0], "modules": ["stand-in"]}


def _nothing(command: Command, database: str, name: str) -> Answer:
    return {}


def _listing(documents: list[Answer], namespace: str) -> Answer:
    return {"cursor": {"firstBatch": documents, "id": 0, "ns": namespace}}


def _raw(bodies: list[bytes]) -> RawBSONDocument | None:
    return RawBSONDocument(bodies[0]) if bodies else None


def _write_error(index: int, error: WriteError) -> Answer:
    return {"index": index, "code": error.code or BAD_VALUE, "errmsg": str(error)}
