"""The counters of FireWorks: the next fw_id and launch_id, never one that is there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

COUNTED = {"fireworks": "fw_id", "launches": "launch_id"}
"""Collections and the fields of which FireWorks counts the next value."""


def free_id(documents: Iterable[Mapping[str, Any]], name: str) -> int:
    """Return the first value of a field above those of some documents; 1 for none."""
    return 1 + max((each.get(name) or 0 for each in documents), default=0)
