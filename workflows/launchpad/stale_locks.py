"""Locks of Workflows that killed processes left."""

from __future__ import annotations

import time
from typing import Any

LOOK_AGAIN_SECONDS = 5.0
"""FireWorks holds a Workflow's lock for milliseconds; a lock this old is stale."""
LEFT = "a killed process left the Workflow's lock"


def stale_locks(launchpad: Any) -> list[int]:
    """Return the first fw_id of each Workflow whose lock a killed process left.

    FireWorks locks a Workflow during a change. A process killed then leaves the lock;
    all others wait five minutes for it and give up.
    """
    before = _locked(launchpad)
    if not before:
        return []
    time.sleep(LOOK_AGAIN_SECONDS)
    after = _locked(launchpad)
    return sorted(n for n, changed in before.items() if after.get(n) == changed)


def unlock(launchpad: Any, fw_id: int) -> None:
    """Remove the lock of a Firework's Workflow."""
    launchpad.workflows.update_one({"nodes": fw_id}, {"$unset": {"locked": True}})


def _locked(launchpad: Any) -> dict[int, str]:
    exists = {"$exists": True}
    query = {"locked": exists, "metadata.calculation_id": exists}
    found = launchpad.workflows.find(query, {"nodes": 1, "updated_on": 1, "locked": 1})
    return {min(w["nodes"]): f"{w['locked']} {w['updated_on']}" for w in found}
