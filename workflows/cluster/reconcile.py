"""Workflow locks of killed processes: found by looking twice.

FireWorks locks a Workflow for the milliseconds of a change. A process killed in them
leaves the lock; everyone else then waits five minutes for it and gives up.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workflows.records.database import Database

if TYPE_CHECKING:
    from fireworks import LaunchPad

    from workflows.cluster.profile import Profile

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


@dataclass(frozen=True)
class Mended:
    """One finding of reconcile.

    Attributes
    ----------
    fw_id, name, action, reason
        What and why.
    fixed
        Whether it was done.
    """

    fw_id: int
    name: str
    action: str
    reason: str
    fixed: bool


def reconcile(
    launchpad: LaunchPad,
    database: Database,
    profile: Profile,
    *,
    fix: bool,
    held: Callable[[], None] = lambda: None,
) -> list[Mended]:
    """Compare database and queue.

    Parameters
    ----------
    launchpad
        Under the queue's lease.
    database
        Where the data directory is.
    profile
        Whose queue.
    fix
        Whether to mend what is found.
    held
        Called before each change; raises if the lease is lost.

    Raises
    ------
    QueueError
        The scheduler does not answer.
    """
    from workflows.cluster.repair import reason, repair
    from workflows.cluster.step_status import step_statuses

    found = []
    for fw_id in stale_locks(launchpad):
        if fix:
            held()
            unlock(launchpad, fw_id)
        why = "a killed process left the Workflow's lock"
        found.append(Mended(fw_id, "workflow", "unlock", why, fix))
    for fw_id in _orphans(launchpad, fix=fix):
        why = "its submission was killed half-way; say lnmo submit again"
        found.append(Mended(fw_id, "no workflow", "remove", why, fix))
    for each in step_statuses(
        launchpad,
        scheduler=profile.scheduler(),
        worker=profile.name,
        max_returns=profile.max_returns,
        wanted={},
    ):
        if each.action.acts:
            if fix:
                held()
            done = fix and repair(launchpad, each, database.root)
            if fix and not done:
                continue  # it changed by itself in the meantime
            found.append(
                Mended(each.fw_id, each.name, str(each.action), reason(each), done)
            )
    return found


def _orphans(launchpad: LaunchPad, *, fix: bool) -> list[int]:
    """Return Fireworks without a Workflow; unless a submission is just adding them."""
    from workflows.errors import StoreBusy
    from workflows.launchpad.lease import lease
    from workflows.launchpad.submission import orphans, remove_orphans

    if not orphans(launchpad):
        return []
    try:
        with lease(launchpad, "submit", patience=1.0):
            return remove_orphans(launchpad) if fix else orphans(launchpad)
    except StoreBusy:
        return []
