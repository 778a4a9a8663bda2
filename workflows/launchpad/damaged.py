"""Single documents of a MongoDB that are damaged: a hand edit, a half restored dump.

A table says what lnmo and FireWorks take for granted of the keys that they read. What
is not so would end a command anywhere, in the middle of a change. A damaged document
can be removed: what is lost as a whole is found and mended elsewhere, by
`workflows.launchpad.halves`, ``lnmo rerun --dead`` and the next submission.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from bson import ObjectId
from fireworks import Firework, LaunchPad

from workflows.atomic import parse_json
from workflows.campaign.presets import STEPS
from workflows.campaign.step_names import GEOMETRY
from workflows.counts import count_of, is_finite
from workflows.errors import StoreError, printable, shortened
from workflows.firetasks import OURS
from workflows.launchpad.counters import COUNTED
from workflows.records.calculations import CALCULATION_COLLECTION

MISSING = object()
"""In the place of the value of a key that a document does not have."""
STEP_NAMES = (GEOMETRY, *STEPS)


@dataclass(frozen=True)
class Kind:
    """What a value has to be.

    Attributes
    ----------
    what
        As a message names it.
    fits
        Whether a value, or `MISSING`, is one.
    """

    what: str
    fits: Callable[[Any], bool]


def damage(collection: str, document: Mapping[str, Any]) -> str:
    """Return what is wrong with a document of a collection; empty if nothing.

    Parameters
    ----------
    collection
        A key of `TABLE`; documents of others are not judged.
    document
        With the keys that `TABLE` names, at least.
    """
    for key, kind in TABLE.get(collection, {}).items():
        value = (
            document.get(key, MISSING) if "." not in key else value_of(document, key)
        )
        if not kind.fits(value):
            return f"{key} {_shown(value)}, not {kind.what}"
    at_odds = _AT_ODDS.get(collection)
    return at_odds(document) if at_odds else ""


def refuse_damaged(launchpad: LaunchPad) -> None:
    """Refuse a MongoDB that has a damaged document of this project.

    Raises
    ------
    StoreError
        Names the collection, the first such document, and how it is mended.
    """
    db = launchpad.db
    _refuse(db, "fw_id_assigner", db.fw_id_assigner.find({}))
    fields = dict.fromkeys(TABLE["fireworks"], 1)
    steps = list(db.fireworks.find(OURS, fields))
    _refuse(db, "fireworks", steps)
    ours = {"metadata.calculation_id": {"$exists": True}}
    _refuse(db, "workflows", db.workflows.find(ours))
    _refuse(db, "launches", _launches_of(steps, db.launches.find({})))
    kept = db[CALCULATION_COLLECTION].find(_NO_TEXT)
    _refuse(db, CALCULATION_COLLECTION, kept)


def value_of(document: Mapping[str, Any], key: str) -> Any:
    """Return the value of a key with dots between the levels, or `MISSING`."""
    value: Any = document
    for name in _levels(key):
        if not isinstance(value, dict):
            return MISSING
        value = value.get(name, MISSING)
    return value


def _refuse(db: Any, collection: str, documents: Iterable[Mapping[str, Any]]) -> None:
    found = [(each, damage(collection, each)) for each in documents]
    wrong = [(each, what) for each, what in found if what]
    if not wrong:
        return
    first, what = wrong[0]
    names = (f"{n} {_plain(first[n])}" for n in ("fw_id", "launch_id") if n in first)
    own = _of_the_shell(first["_id"])
    known = ", ".join((f"_id {own}", *names))
    number = count_of(len(wrong), "document")
    which = "" if len(wrong) == 1 else "the first, "
    raise StoreError(
        f"database {db.name}, {collection}: {number} damaged; {which}{known}: {what}. "
        "A hand edit or a half restored dump leaves that. Restore it from a dump; or "
        f"remove it: db.{collection}.deleteOne({{_id: {own}}}), then "
        f"{_after(collection, first)}"
    )


def _after(collection: str, document: Mapping[str, Any]) -> str:
    """Return the commands that mend what was removed."""
    if collection == "fw_id_assigner":
        return "lnmo submit or lnmo run, which counts on above the ids that are there"
    if collection == "launches":
        fw_id = document.get("fw_id")
        own = fw_id if type(fw_id) is int else "N"
        return (
            "lnmo reconcile --fix; if its step was running, and nothing computes it: "
            f"lnmo rerun --fw-id {own} --dead"
        )
    if collection == CALCULATION_COLLECTION:
        return "submit its campaign again"
    keys = ("spec.calculation.campaign", "metadata.campaign")
    given = (value_of(document, key) for key in keys)
    campaign = next((g for g in given if isinstance(g, str) and g), "its campaign")
    return f"lnmo reconcile --fix, then submit {printable(campaign)} again"


def _launches_of(
    steps: Iterable[Mapping[str, Any]], launches: Iterable[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Return the launches of some Fireworks, and those that name no Firework at all."""
    numbers, ids = set[int](), set[int]()
    for step in steps:
        ids.add(step["fw_id"])
        numbers.update(step["launches"], step["archived_launches"])
    return [
        each
        for each in launches
        if not _is_id(each.get("fw_id"))
        or each["fw_id"] in ids
        or (_is_id(each.get("launch_id")) and each["launch_id"] in numbers)
    ]


def _shown(value: Any) -> str:
    return "is missing" if value is MISSING else f"is {_plain(value)}"


def _plain(value: Any) -> str:
    if value is None or isinstance(value, bool | str):
        value = json.dumps(value, ensure_ascii=False)
    return printable(shortened(value))


def _of_the_shell(own: Any) -> str:
    """Return an ``_id`` as MongoDB's shell takes it."""
    if isinstance(own, ObjectId):
        return f'ObjectId("{own}")'
    return printable(json.dumps(own, default=str))


@cache
def _levels(key: str) -> tuple[str, ...]:
    return tuple(key.split("."))


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_number(value: Any) -> bool:
    return is_finite(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_date(value: Any) -> bool:
    if isinstance(value, str):
        try:
            datetime.fromisoformat(value)
        except ValueError:
            return False
        return True
    return isinstance(value, datetime)


def _is_state(value: Any) -> bool:
    return isinstance(value, str) and value in Firework.STATE_RANKS


def _either(
    one: Callable[[Any], bool], *others: Callable[[Any], bool]
) -> Callable[[Any], bool]:
    more = _either(*others) if others else lambda _: False
    return lambda value: one(value) or more(value)


def _list_of(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(map(fits, value))


def _object_of(keys: Mapping[str, Callable[[Any], bool]]) -> Callable[[Any], bool]:
    """Return whether a value is an object with such values at some keys."""

    def is_such(value: Any) -> bool:
        if not isinstance(value, dict):
            return False
        return all(fits(value.get(key, MISSING)) for key, fits in keys.items())

    return is_such


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_null(value: Any) -> bool:
    return value is None


def _is_missing(value: Any) -> bool:
    return value is MISSING


_is_none = _either(_is_null, _is_missing)


def _is_query(value: Any) -> bool:
    try:
        return isinstance(parse_json(value), dict)
    except (TypeError, ValueError):
        return False


def _is_action(value: Any) -> bool:
    """Whether a launch's result is whole, or kept in files because it is large."""
    return _object_of({"gridfs_id": _is_text})(value) or _WHOLE_ACTION(value)


_WHOLE_ACTION = _object_of(
    {
        "stored_data": _either(_is_object, _is_null),
        "exit": lambda value: isinstance(value, bool),
        "update_spec": _either(_is_object, _is_null),
        "mod_spec": lambda value: value is not MISSING,
        "additions": _list_of(_is_object),
        "detours": _list_of(_is_object),
        "append_wfs": _either(_list_of(_is_object), _is_missing),
        "defuse_children": lambda value: isinstance(value, bool),
    }
)


def _is_links(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and all(map(_is_id_text, value))
        and all(map(_list_of(_is_id), value.values()))
    )


def _is_states(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and all(map(_is_id_text, value))
        and all(map(_is_state, value.values()))
    )


def _is_id_text(value: Any) -> bool:
    return isinstance(value, str) and value.isdecimal()


ID = Kind("an integer above 0", _is_id)
COUNTER = Kind(ID.what, _either(_is_id, _is_none))  # `set_up` counts anew
IDS = Kind("a list of integers above 0", _list_of(_is_id))
TEXT = Kind("a text", _is_text)
NAME = Kind("a text that is not empty", lambda v: _is_text(v) and v != "")
TEXT_IF_ANY = Kind("a text", _either(_is_text, _is_none))
DATE = Kind("a date", _is_date)
DATE_IF_ANY = Kind("a date", _either(_is_date, _is_none))
STATE = Kind("a state of FireWorks", _is_state)
X = Kind("a number or null", _either(_is_number, _is_null))
STEP = Kind(f"one of {', '.join(STEP_NAMES)}", lambda v: v in STEP_NAMES)
TASKS = Kind(
    "a list of Firetasks",
    lambda v: bool(v) and _list_of(_object_of({"_fw_name": _is_text}))(v),
)
FWORKER = Kind(
    "an FWorker",
    _either(
        _is_null,
        _object_of(
            {
                "name": _is_text,
                "category": _either(_is_text, _list_of(_is_text), _is_null),
                "query": _is_query,
                "env": _either(_is_object, _is_none),
            }
        ),
    ),
)
_IS_ENTRY = _object_of(
    {
        "state": _is_state,
        "created_on": _is_date,
        "updated_on": _either(_is_date, _is_none),
    }
)
HISTORY = Kind(
    "a list of states, each with the time created_on",
    lambda v: bool(v) and _list_of(_IS_ENTRY)(v),
)
ACTION = Kind("the result of a launch", _either(_is_action, _is_none))

TABLE: Mapping[str, Mapping[str, Kind]] = {
    "fw_id_assigner": {f"next_{name}": COUNTER for name in COUNTED.values()},
    "fireworks": {
        "fw_id": ID,
        "state": STATE,
        "name": TEXT,
        "launches": IDS,
        "archived_launches": IDS,
        "created_on": DATE_IF_ANY,
        "updated_on": DATE,
        "spec.calculation_id": NAME,
        "spec.step": STEP,
        "spec.calculation.id": NAME,
        "spec.calculation.campaign": TEXT,
        "spec.calculation.engine": TEXT,
        "spec.calculation.x": X,
        "spec.calculation.insertion": TEXT,
        "spec.reseed_of": TEXT_IF_ANY,
        "spec._tasks": TASKS,
        "spec._category": TEXT_IF_ANY,
        "spec._priority": Kind("a number", _either(_is_number, _is_none)),
        "spec._fworker": TEXT_IF_ANY,
        "spec._queueadapter": Kind("an object", _either(_is_object, _is_none)),
        "spec._lnmo_forgiven": Kind("an integer", _either(_is_number, _is_missing)),
    },
    "workflows": {
        "nodes": Kind(IDS.what, lambda v: bool(v) and IDS.fits(v)),
        "links": Kind("an object of lists of fw_ids", _is_links),
        "fw_states": Kind("an object of states", _either(_is_states, _is_missing)),
        "name": TEXT_IF_ANY,
        "created_on": DATE,
        "updated_on": DATE,
        "locked": Kind(
            "true, a text, or missing",
            lambda v: v is True or _is_text(v) or v is MISSING,
        ),
        "metadata.calculation_id": NAME,
        "metadata.campaign": TEXT,
        "metadata.campaigns": Kind("a list of texts", _list_of(_is_text)),
        "metadata.engine": TEXT,
        "metadata.x": X,
    },
    "launches": {
        "fw_id": ID,
        "launch_id": ID,
        "state": STATE,
        "launch_dir": TEXT_IF_ANY,
        "host": TEXT_IF_ANY,
        "ip": TEXT_IF_ANY,
        "fworker": FWORKER,
        "state_history": HISTORY,
        "action": ACTION,
        "trackers": Kind("a list", _either(_list_of(_is_object), _is_none)),
    },
    CALCULATION_COLLECTION: {"calculation": TEXT},
}
"""What the keys that are read have to be, by collection; some may be missing."""

_NO_TEXT = {"calculation": {"$not": {"$type": "string"}}}
"""The calculations are large: the server looks which hold no text. What the text says
is seen where it is read, by `workflows.records.calculations.fetch`."""


def _firework_at_odds(document: Mapping[str, Any]) -> str:
    spec = document["spec"]
    own, named = spec["calculation"]["id"], spec["calculation_id"]
    if own == named:
        return ""
    return f"spec.calculation.id {_shown(own)}, but spec.calculation_id {_shown(named)}"


def _workflow_at_odds(document: Mapping[str, Any]) -> str:
    nodes, links = set(document["nodes"]), document["links"]
    linked = {int(key) for key in links}.union(*links.values())
    if linked != nodes:
        return f"links {_shown(dict(links))}, but nodes {_shown(document['nodes'])}"
    states = document.get("fw_states")
    if states is not None and not nodes <= {int(key) for key in states}:
        return f"fw_states {_shown(states)}, but nodes {_shown(document['nodes'])}"
    return ""


_AT_ODDS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "fireworks": _firework_at_odds,
    "workflows": _workflow_at_odds,
}
"""Keys that are right by themselves, and do not fit together."""
