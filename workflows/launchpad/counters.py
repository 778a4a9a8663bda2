"""The counters of FireWorks: the next fw_id and launch_id, never one that is there."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

COUNTED = {"fireworks": "fw_id", "launches": "launch_id"}
"""Collections and the fields of which FireWorks counts the next value."""

EPOCH = "lnmo_epoch"
"""Field beside FireWorks' counters: which counters they are."""


def free_id(documents: Iterable[Mapping[str, Any]], name: str) -> int:
    """Return the first value of a field above those of some documents; 1 for none."""
    return 1 + max((each.get(name) or 0 for each in documents), default=0)


def turn_of(launchpad: Any, launch_id: int) -> tuple[str, int]:
    """Return the place of a launch among all of a MongoDB, as plain values.

    Counters that were lost begin a new epoch: their numbers may come again.
    """
    found = launchpad.fw_id_assigner.find_one({}, {EPOCH: 1}) or {}
    return str(found.get(EPOCH, "")), launch_id


def begin(launchpad: Any) -> None:
    """Give a MongoDB counters that begin above the ids that are there, if it has none.

    Two processes may do so at the same time; they are made once.
    """
    first: dict[str, Any] = {f"next_{n}": _free(launchpad, n) for n in COUNTED.values()}
    first[EPOCH] = uuid.uuid4().hex
    counters = launchpad.fw_id_assigner
    counters.update_one({"_id": -1}, {"$setOnInsert": first}, upsert=True)


def raise_above(launchpad: Any, marked: int) -> None:
    """Raise counters that are behind the ids that are there.

    Parameters
    ----------
    launchpad
        On a MongoDB, with counters.
    marked
        The greatest number of a launch that left a mark.
    """
    for name in COUNTED.values():
        free = _free(launchpad, name)
        if name == "launch_id":
            free = max(free, 1 + marked)
        behind = {"$or": [{f"next_{name}": {"$lt": free}}, {f"next_{name}": None}]}
        launchpad.fw_id_assigner.update_one(behind, {"$set": {f"next_{name}": free}})


def _free(launchpad: Any, name: str) -> int:
    collection = next(each for each, own in COUNTED.items() if own == name)
    found = launchpad.db[collection].find({}, {name: 1}).sort(name, -1).limit(1)
    return free_id(found, name)
