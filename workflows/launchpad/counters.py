"""The counters of FireWorks: the next fw_id and launch_id, never one that is there."""

from __future__ import annotations

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
