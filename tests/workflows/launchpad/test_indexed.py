"""An indexed collection answers as mongomock does, whatever is done to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mongomock
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflows.launchpad.indexed import indexed_database

STATES = ("READY", "RUNNING", "COMPLETED", "WAITING")
IDS = st.integers(0, 6)
VALUES: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(STATES), st.none(), st.just(1), st.just(True)
)
DOCUMENTS = st.fixed_dictionaries(
    {"fw_id": IDS, "launches": st.lists(IDS, max_size=3)},
    optional={
        "state": VALUES,
        "spec": st.fixed_dictionaries(
            {},
            optional={
                "_priority": st.one_of(st.integers(-2, 2), st.none()),
                "calculation_id": st.sampled_from(["a", "b", None]),
            },
        ),
    },
)
CONDITIONS: st.SearchStrategy[Any] = st.one_of(
    VALUES,
    st.builds(lambda v: {"$in": v}, st.lists(VALUES, max_size=3)),
    st.builds(lambda v: {"$ne": v}, VALUES),
    st.builds(lambda v: {"$exists": v}, st.booleans()),
)
QUERIES = st.dictionaries(
    st.sampled_from(["state", "fw_id", "launches", "spec.calculation_id", "other"]),
    st.one_of(CONDITIONS, IDS, st.builds(lambda v: {"$in": v}, st.lists(IDS))),
    max_size=3,
)
CHANGES: st.SearchStrategy[Any] = st.one_of(
    st.builds(lambda v: {"$set": {"state": v}}, VALUES),
    st.builds(lambda v: {"$set": {"spec._priority": v}}, st.integers(-2, 2)),
    st.builds(lambda v: {"$push": {"launches": v}}, IDS),
    st.just({"$unset": {"state": 1}}),
)
ACTIONS = st.one_of(
    st.tuples(st.just("insert_one"), DOCUMENTS),
    st.tuples(st.just("update_many"), QUERIES, CHANGES),
    st.tuples(st.just("update_one"), QUERIES, CHANGES),
    st.tuples(st.just("find_one_and_update"), QUERIES, CHANGES),
    st.tuples(st.just("find_one_and_replace"), QUERIES, DOCUMENTS),
    st.tuples(st.just("delete_many"), QUERIES),
    st.tuples(st.just("next"), QUERIES),
)
SORT = [("spec._priority", -1)]


def act(collection: Any, action: tuple[Any, ...]) -> Any:
    """Do one thing; what comes back, if it can be compared."""
    name, *values = action
    values = [_fresh(value) for value in values]
    if name == "next":
        change = {"$set": {"state": "RESERVED"}}
        query = {**values[0], "state": "READY"}
        return _plain(collection.find_one_and_update(query, change, sort=SORT))
    done = getattr(collection, name)(*values)
    return _plain(done) if name.startswith("find") else None


def _fresh(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _fresh(each) for key, each in value.items()}
    return [_fresh(each) for each in value] if isinstance(value, list) else value


def _plain(document: Any) -> Any:
    return document and {k: v for k, v in document.items() if k != "_id"}


EVERY_INDEX: tuple[dict[str, Any], ...] = (
    *({"state": state} for state in STATES),
    *({field: n} for field in ("fw_id", "launches") for n in range(7)),
    *({"spec.calculation_id": name} for name in ("a", "b", None)),
    {"state": {"$in": ["READY", "RUNNING"]}, "fw_id": {"$in": [0, 1, 2, 3]}},
)


@given(
    documents=st.lists(DOCUMENTS, min_size=1, max_size=6),
    actions=st.lists(ACTIONS, max_size=12),
    query=QUERIES,
)
@settings(max_examples=150)
def test_it_answers_as_mongomock_does(
    documents: list[dict[str, Any]],
    actions: list[tuple[Any, ...]],
    query: dict[str, Any],
) -> None:
    ours = indexed_database("lnmo", ["fireworks"])["fireworks"]
    theirs: Any = mongomock.MongoClient()["lnmo"]["fireworks"]
    first = [("insert_one", document) for document in documents]
    last: list[tuple[Any, ...]] = [("next", {}) for _ in documents]
    for action in [*first, *actions, *last]:
        assert act(ours, action) == act(theirs, action)
    for asked in ({}, query, *EVERY_INDEX):
        found = [_plain(document) for document in ours.find(asked)]
        assert found == [_plain(document) for document in theirs.find(asked)]
        assert ours.count_documents(asked) == len(found)


def test_what_changed_is_noted_until_it_is_taken() -> None:
    collection = indexed_database("lnmo", ["fireworks"])["fireworks"]
    collection.insert_many([{"_id": n, "state": "READY"} for n in range(3)])
    changed = collection._store.changed
    assert list(changed) == [0, 1, 2]
    changed.clear()
    collection.update_one({"_id": 1}, {"$set": {"state": "RUNNING"}})
    collection.delete_one({"_id": 2})
    assert set(changed) == {1, 2}


def test_only_the_documents_of_the_index_are_looked_at() -> None:
    collection = indexed_database("lnmo", ["fireworks"])["fireworks"]
    collection.insert_many(
        [{"fw_id": n, "state": "READY" if n == 7 else "WAITING"} for n in range(50)]
    )
    store = collection._store
    assert len(list(store.candidates({"fw_id": 3, "state": "WAITING"}))) == 1
    assert len(list(store.candidates({"state": "READY"}))) == 1
    assert len(list(store.candidates({"fw_id": {"$in": [1, 2]}}))) == 2
    assert len(list(store.candidates({"fw_id": {"$gt": 3}}))) == 50


def test_a_bad_query_is_refused_even_when_nothing_could_match() -> None:
    collection = indexed_database("lnmo", ["fireworks"])["fireworks"]
    with pytest.raises(mongomock.OperationFailure):
        collection.find_one({"fw_id": {"$in": 3}})
