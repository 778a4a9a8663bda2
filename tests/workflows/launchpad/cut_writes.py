"""A LaunchPad on a MongoDB of which a test stops, or cuts, each write in turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fireworks import LaunchPad

WRITES = (
    "find_one_and_replace",
    "find_one_and_update",
    *("update_one", "update_many", "replace_one"),
    *("insert_one", "insert_many", "delete_one", "delete_many"),
)


class Cut:
    """A collection that calls something before each of its writes."""

    def __init__(self, real: Any, cut: Callable[[], None]) -> None:
        self._real, self._cut = real, cut

    def __getattr__(self, name: str) -> Any:
        if name in WRITES:
            self._cut()
        return getattr(self._real, name)


def call_at(
    pad: LaunchPad, number: int, what: Callable[[], None]
) -> Callable[[], bool]:
    """Call something before every write from the n-th on; and tell whether one came."""
    count = [0]

    def cut() -> None:
        count[0] += 1
        if count[0] >= number:
            what()

    for name in ("fireworks", "workflows", "launches"):
        setattr(pad, name, Cut(getattr(pad, name), cut))
    return lambda: count[0] >= number
