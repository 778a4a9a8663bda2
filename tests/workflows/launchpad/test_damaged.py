"""A document of a MongoDB that a hand has damaged is one message, and can be cured."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from bson import ObjectId
from fireworks import FWorker, LaunchPad

from tests import forked
from tests.servers import Mongo
from workflows.campaign.calculation import Calculation
from workflows.cluster.overview import overview
from workflows.cluster.reconcile import reconcile
from workflows.errors import StoreBusy, StoreError
from workflows.firetasks import copy_document
from workflows.launchpad import halves
from workflows.launchpad.damaged import TABLE, damage, refuse_damaged
from workflows.launchpad.launch_owner import LOCAL_RUN, this_process
from workflows.launchpad.lease import LOCKS, lease
from workflows.launchpad.mongodb import connected
from workflows.launchpad.opening import owned, reading
from workflows.launchpad.submission import submit
from workflows.records.database import Database, read_database
from workflows.records.document import TaskDocument
from workflows.records.file_store import FileResults
from workflows.records.mongo_store import COLLECTION, MongoResults
from workflows.records.run_file import write_run_file

Make = Callable[..., TaskDocument]

GONE = object()
ODD: dict[str, Any] = {
    "missing": GONE,
    "null": None,
    "an empty object": {},
    "an object in a list": [{"odd": 1}],
    "not a number": float("nan"),
    "a text": "odd",
}
"""None of them is what any key may be, but for those of `ALLOWED`."""

OPTIONAL = (
    *("created_on", "spec.reseed_of", "spec._category", "spec._priority"),
    *("spec._fworker", "spec._queueadapter"),
)
TEXTS = (
    *("name", "spec.calculation.campaign", "spec.calculation.engine"),
    *("spec.calculation.insertion", "spec.reseed_of", "spec._category"),
    "spec._fworker",
)
ALLOWED: dict[str, set[tuple[str, str]]] = {
    "fw_id_assigner": {
        (f"next_{name}", how)
        for name in ("fw_id", "launch_id")
        for how in ("missing", "null")
    },
    "fireworks": {
        *((key, "missing") for key in OPTIONAL),
        *((key, "null") for key in OPTIONAL),
        *((key, "a text") for key in TEXTS),
        ("spec._lnmo_forgiven", "missing"),
        ("spec._queueadapter", "an empty object"),
        ("spec.calculation.x", "null"),
    },
    "workflows": {
        ("fw_states", "missing"),
        ("locked", "missing"),
        ("locked", "a text"),
        ("metadata.campaign", "a text"),
        ("metadata.engine", "a text"),
        ("metadata.calculation_id", "a text"),
        ("metadata.x", "null"),
        *(("name", how) for how in ("missing", "null", "a text")),
    },
    "launches": {
        *(
            (key, how)
            for key in ("launch_dir", "host", "ip")
            for how in ("missing", "null", "a text")
        ),
        *((key, how) for key in ("action", "trackers") for how in ("missing", "null")),
        ("trackers", "an object in a list"),
        ("fworker", "null"),
    },
    "lnmo_calculations": {("calculation", "a text")},
}
"""By collection: what FireWorks writes too, or both read past."""
ONCE_OURS = {
    ("fireworks", "spec.calculation_id", "missing"),
    ("workflows", "metadata.calculation_id", "missing"),
}
"""Nobody can tell that it is a document of this project: it is left alone."""

CASES = [
    pytest.param(collection, key, how, id=f"{collection}-{key}-{how}")
    for collection, keys in TABLE.items()
    for key in keys
    for how in ODD
]


@pytest.fixture(scope="module")
def one(calculations: tuple[Calculation, ...]) -> Calculation:
    """A relaxation and a static."""
    return next(c for c in calculations if len(c.steps) == 2)


def _settings(place: Path, mongo: Mongo) -> Database:
    place.mkdir(exist_ok=True)
    name = place.parent.name.replace("-", "_")[-40:]
    settings = f"host: 127.0.0.1\nport: {mongo.port}\nname: {name}\n"
    (place / "launchpad.yaml").write_text(settings)
    return read_database(place)


@pytest.fixture(scope="module")
def kept(
    tmp_path_factory: pytest.TempPathFactory, mongo: Mongo, one: Calculation
) -> Iterator[tuple[LaunchPad, Database]]:
    """A database of which each test damages a document, and puts it back."""
    database = _settings(tmp_path_factory.mktemp("kept_damaged") / "p", mongo)
    with owned(database) as (pad, _):
        submit(pad, [one])
        _check_out(pad)
    with connected(database) as pad:
        yield pad, database


@pytest.fixture
def database(tmp_path: Path, mongo: Mongo) -> Database:
    return _settings(tmp_path / "p", mongo)


@pytest.fixture
def pad(
    database: Database,
    one: Calculation,
    finished: Make,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[LaunchPad]:
    """One finished calculation, recorded and copied; its relaxation has a launch."""
    monkeypatch.setattr(halves, "LOOK_AGAIN_SECONDS", 0.01)
    with owned(database) as (launchpad, _):
        submit(launchpad, [one])
        _check_out(launchpad)
        store = FileResults(database.root)
        for step in one.steps:
            place = store.directory(one.id, step)
            place.mkdir(parents=True)
            write_run_file(place, one, step, collected={})
            store.put(finished(one, step, settings={}))
            spec = {"calculation_id": one.id, "step": step}
            copy_document(launchpad, database.root, spec)
        launchpad.fireworks.update_many({}, {"$set": {"state": "COMPLETED"}})
        yield launchpad


def _check_out(pad: LaunchPad) -> None:
    fworker = FWorker(name=LOCAL_RUN, env={**this_process(), "started": "long ago"})
    assert pad.checkout_fw(fworker, "/tmp")[0] is not None


def _damage(collection: Any, key: str, value: Any, query: dict[str, Any]) -> Any:
    """Damage a document; return it as it was."""
    before = collection.find_one(query)
    change = {"$unset": {key: ""}} if value is GONE else {"$set": {key: value}}
    collection.update_one({"_id": before["_id"]}, change)
    return before


def _lnmo(database: Database, *words: str) -> tuple[int, str]:
    place = database.path.parent
    env = {"PATH": "/usr/bin:/bin", "HOME": str(place), "LNMO_VASP_CMD": "false"}
    ended = forked.lnmo(*words, cwd=place, env=env)
    told = ended.stdout + ended.stderr
    assert "Traceback" not in told, told
    return ended.returncode, told


def test_what_fireworks_and_lnmo_write_is_not_damaged(
    pad: LaunchPad, database: Database
) -> None:
    for collection in TABLE:
        found = list(pad.db[collection].find({}))
        assert found
        assert [damage(collection, each) for each in found] == [""] * len(found)
    refuse_damaged(pad)


@pytest.mark.parametrize(("collection", "key", "how"), CASES)
def test_a_damaged_key_is_told_with_its_document_or_does_no_harm(
    collection: str, key: str, how: str, kept: tuple[LaunchPad, Database]
) -> None:
    pad, database = kept
    documents = pad.db[collection]
    before = _damage(documents, key, ODD[how], {})
    try:
        refused = ""
        try:
            with reading(database) as opened:
                assert overview(opened, database, {}, None).steps
                reconcile(opened, database, None, fix=False)
        except StoreError as error:
            refused = str(error)
        after = documents.find_one({"_id": before["_id"]})
    finally:
        documents.replace_one({"_id": before["_id"]}, before)
    allowed = (key, how) in ALLOWED[collection] or (collection, key, how) in ONCE_OURS
    if allowed:
        assert refused == ""
        return
    assert key in damage(collection, after)
    place = f"database {database.launchpad['name']}, {collection}: 1 document damaged; "
    assert refused.startswith(place)
    assert f"{key} is " in refused
    assert f"db.{collection}.deleteOne({{_id: " in refused
    assert "\n" not in refused
    assert len(refused) < 600


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("fw_id", 5.0),
        ("fw_id", True),
        ("fw_id", -1),
        ("state", "running"),
        ("launches", [1, "2"]),
        ("launches", 1),
        ("updated_on", 1764565200),
        ("updated_on", "yesterday"),
        ("spec.step", "relaxation"),
        ("spec.calculation", "x"),
        ("spec.calculation.x", "1"),
        ("spec.calculation.id", "another"),
        ("spec._tasks", []),
        ("spec._tasks", [{"name": "RunStep"}]),
    ],
)
def test_values_that_look_like_the_right_ones_are_damaged(
    key: str, value: Any, kept: tuple[LaunchPad, Database]
) -> None:
    pad, _ = kept
    before = _damage(pad.fireworks, key, value, {})
    try:
        with pytest.raises(StoreError, match="fireworks: 1 document damaged"):
            refuse_damaged(pad)
    finally:
        pad.fireworks.replace_one({"_id": before["_id"]}, before)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("fworker.env", "n1"),
        ("fworker.query", "{"),
        ("fworker.name", None),
        ("state_history.0.created_on", GONE),
        ("state_history.0.created_on", "soon"),
        ("state_history.0.state", None),
        ("state_history", []),
        ("action", {"stored_data": {}}),
        ("action", "done"),
    ],
)
def test_what_lies_deeper_in_a_launch_is_looked_at_too(
    key: str, value: Any, kept: tuple[LaunchPad, Database]
) -> None:
    pad, _ = kept
    before = _damage(pad.launches, key, value, {})
    try:
        with pytest.raises(
            StoreError, match=r"launches: 1 document damaged.*launch_id"
        ):
            refuse_damaged(pad)
    finally:
        pad.launches.replace_one({"_id": before["_id"]}, before)


@pytest.mark.parametrize("links", [{"1": [9]}, {"9": []}, {"one": []}, {"1": []}])
def test_links_to_a_step_that_is_no_node_are_damaged(
    links: dict[str, Any], kept: tuple[LaunchPad, Database]
) -> None:
    pad, _ = kept
    before = _damage(pad.workflows, "links", links, {})
    try:
        with pytest.raises(StoreError, match=r"workflows: 1 document damaged.*links"):
            refuse_damaged(pad)
    finally:
        pad.workflows.replace_one({"_id": before["_id"]}, before)


@pytest.mark.parametrize("collection", ["fireworks", "workflows", "launches"])
def test_documents_of_another_project_are_its_own(
    collection: str, kept: tuple[LaunchPad, Database]
) -> None:
    pad, database = kept
    odd = {"fw_id": 900, "launch_id": 900, "spec": None, "metadata": None}
    made = pad.db[collection].insert_one(odd).inserted_id
    try:
        with reading(database) as opened:
            assert overview(opened, database, {}, None).steps
            reconcile(opened, database, None, fix=False)
    finally:
        pad.db[collection].delete_one({"_id": made})


def test_a_message_counts_all_and_names_the_first(
    kept: tuple[LaunchPad, Database],
) -> None:
    pad, _ = kept
    whole = list(pad.fireworks.find({}))
    pad.fireworks.update_many({}, {"$set": {"name": ["\x1b[31m" * 99]}})
    with pytest.raises(StoreError) as told:
        refuse_damaged(pad)
    for each in whole:
        pad.fireworks.replace_one({"_id": each["_id"]}, each)
    message = str(told.value)
    assert "2 documents damaged; the first, _id ObjectId(" in message
    assert f", fw_id {whole[0]['fw_id']}: name is " in message
    assert message.isprintable()
    assert len(message) < 600


VERBS = {
    "status": ("status",),
    "history": ("status", "--history"),
    "reconcile": ("reconcile",),
    "reconcile --fix": ("reconcile", "--fix"),
    "run": ("run",),
    "submit": ("submit", "campaign.yaml", "--yes"),
    "rerun": ("rerun", "--fw-id", "1"),
    "cancel": ("cancel", "--fw-id", "1"),
    "delete": ("delete", "paper", "--yes"),
    "launch": ("launch",),
}
WRONG: dict[str, tuple[str, Any]] = {
    "fw_id_assigner": ("next_fw_id", "5"),
    "fireworks": ("state", None),
    "launches": ("fworker.env", "n1"),
    "workflows": ("nodes", GONE),
}


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_refuses_in_one_message_and_changes_nothing(
    verb: str, pad: LaunchPad, database: Database
) -> None:
    place = database.path.parent
    (place / "campaign.yaml").write_text("name: other\nengine: vasp\nx: [1]\n")
    if verb == "launch":
        settings = database.path.read_text()
        database.path.unlink()
        code, told = _lnmo(database, "init", "--queue", "slurm")
        assert code == 0, told
        database.path.write_text(settings)
    for collection, (key, value) in WRONG.items():
        before = _damage(pad.db[collection], key, value, {})
        damaged = {name: list(pad.db[name].find({})) for name in TABLE}
        code, told = _lnmo(database, *VERBS[verb])
        assert code == 2, told
        assert f"{collection}: 1 document damaged" in told
        assert {name: list(pad.db[name].find({})) for name in TABLE} == damaged
        pad.db[collection].replace_one({"_id": before["_id"]}, before)


def _as_printed(pad: LaunchPad, told: str) -> str:
    """Do what the message says to remove the document; return its collection."""
    found = re.search(r"db\.(\w+)\.deleteOne\(\{_id: (.*?)\}\)", told)
    assert found, told
    shell = found[2]
    own = ObjectId(shell[10:-2]) if "ObjectId" in shell else json.loads(shell)
    assert pad.db[found[1]].delete_one({"_id": own}).deleted_count == 1
    return found[1]


@pytest.mark.parametrize("collection", [*WRONG, "lnmo_calculations"])
def test_the_cure_that_is_printed_makes_the_campaign_whole_again(
    collection: str, pad: LaunchPad, database: Database, one: Calculation
) -> None:
    key, value = WRONG.get(collection, ("calculation", None))
    fw_id = pad.launches.find_one({})["fw_id"]
    pad.fireworks.update_one({"fw_id": fw_id}, {"$set": {"state": "RUNNING"}})
    _damage(pad.db[collection], key, value, {})
    code, told = _lnmo(database, "run")
    assert code == 2
    assert _as_printed(pad, told) == collection
    code, told = _lnmo(database, "reconcile", "--fix")
    assert code == 0, told
    if collection == "launches":
        code, told = _lnmo(database, "rerun", "--fw-id", str(fw_id), "--dead")
        assert "READY again" in told
    with owned(database) as (opened, _):
        submit(opened, [one])
    code, told = _lnmo(database, "run")
    assert code == 0, told
    states = [each["state"] for each in pad.fireworks.find({})]
    assert states == ["COMPLETED"] * len(one.steps), told
    assert "nothing to repair" in _lnmo(database, "reconcile")[1]
    refuse_damaged(pad)


@pytest.mark.parametrize("text", ["{", "[]", "null", '{"id": "other"}', "[" * 9999, 7])
def test_a_calculation_that_is_no_calculation_is_one_message(
    text: Any, pad: LaunchPad, database: Database, one: Calculation
) -> None:
    pad.fireworks.update_many({"spec.step": "static"}, {"$set": {"state": "READY"}})
    pad.db["lnmo_calculations"].update_one({}, {"$set": {"calculation": text}})
    code, told = _lnmo(database, "run")
    assert code == 2, told
    assert _as_printed(pad, told) == "lnmo_calculations"
    submit(pad, [one])
    code, told = _lnmo(database, "run")
    assert code == 0, told


SUMMARIES: dict[str, Any] = {
    "null": None,
    "a text": "numbers",
    "a list": [1],
    "no numbers": ("numbers", GONE),
    "no atoms": ("atoms", GONE),
    "numbers a text": ("numbers", "many"),
    "a number a text": ("numbers.energy_per_fu", "low"),
    "a number another": ("numbers.energy_per_fu", -1.0),
    "a date": ("numbers.gap", ObjectId()),
    "atoms a text": ("atoms", "yes"),
}


@pytest.mark.parametrize("how", SUMMARIES)
def test_a_damaged_summary_counts_as_absent(
    how: str, pad: LaunchPad, database: Database
) -> None:
    results = MongoResults(pad.db[COLLECTION], database.root)
    whole = list(results.summaries())
    assert all(each.numbers for each in whole)
    change = SUMMARIES[how]
    key, value = change if isinstance(change, tuple) else ("summary", change)
    inner = key if key == "summary" else f"summary.{key}"
    _damage(pad.db[COLLECTION], inner, value, {})
    assert list(results.summaries()) == whole
    code, told = _lnmo(database, "results", "--table", "runs")
    assert code == 0, told


@pytest.mark.parametrize("key", ["id", "place"])
@pytest.mark.parametrize("value", [GONE, None, 5, "", " ", [1], {}])
def test_a_damaged_entry_of_the_project_can_be_written_anew(
    key: str, value: Any, pad: LaunchPad, database: Database
) -> None:
    entries = pad.db["lnmo_project"]
    whole = _damage(entries, key, value, {})
    code, told = _lnmo(database, "status")
    assert code == 2
    found = re.search(r"replaceOne\(\{_id: \"project\"\}, (.*)\)", told)
    assert found, told
    entries.replace_one({"_id": "project"}, json.loads(found[1]))
    assert entries.find_one({}) == whole
    assert _lnmo(database, "status")[0] == 0


@pytest.mark.parametrize("place", ["a\0b", "data", "~/data"])
def test_a_place_that_is_no_path_of_a_directory_is_damaged(
    place: str, pad: LaunchPad, database: Database
) -> None:
    _damage(pad.db["lnmo_project"], "place", place, {})
    refused = pytest.raises(StoreError, match="lnmo_project in the database")
    with refused, reading(database):
        pass


@pytest.mark.parametrize(
    "until", [GONE, None, "soon", True, {}, float("inf"), float("nan"), 1.8e12]
)
def test_a_lease_whose_end_is_no_time_has_expired(
    until: Any, kept: tuple[LaunchPad, Database]
) -> None:
    pad, _ = kept
    locks = pad.db[LOCKS]
    locks.replace_one({"_id": "some"}, {"owner": "n1:7:a", "until": 0.0}, upsert=True)
    _damage(locks, "until", until, {"_id": "some"})
    with lease(pad, "some", patience=0.0) as confirm:
        confirm()
        with pytest.raises(StoreBusy), lease(pad, "some", patience=0.0):
            pass
