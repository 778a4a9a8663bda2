"""Workflow locks of killed processes: found by looking twice.

FireWorks locks a Workflow for the milliseconds of a change. A process killed in them
leaves the lock; everyone else then waits five minutes for it and gives up.
"""

from __future__ import annotations

import time
from typing import Any

LOOK_AGAIN_SECONDS = 5.0


def stale_locks(launchpad: Any) -> list[int]:
    """Return the first fw_id of each Workflow that is locked and does not change."""
    before = _locked(launchpad)
    if not before:
        return []
    time.sleep(LOOK_AGAIN_SECONDS)
    after = _locked(launchpad)
    return sorted(n for n, changed in before.items() if after.get(n) == changed)


def unlock(launchpad: Any, fw_id: int) -> None:
    """Take the lock off."""
    launchpad.workflows.update_one({"nodes": fw_id}, {"$unset": {"locked": True}})


def _locked(launchpad: Any) -> dict[int, str]:
    found = launchpad.workflows.find({"locked": True}, {"nodes": 1, "updated_on": 1})
    return {min(w["nodes"]): str(w["updated_on"]) for w in found}
