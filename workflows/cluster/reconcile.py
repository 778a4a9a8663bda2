"""``lnmo reconcile``: tell, or mend, where database and queue disagree."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflows.database import Database
from workflows.queue.decide import Action

if TYPE_CHECKING:
    from fireworks import LaunchPad

    from workflows.queue.profile import Profile

DID: dict[str, str] = {
    "unlock": "unlocked",
    "remove": "removed",
    Action.RETURN: "back to READY",
    Action.RETRY: "back to READY",
    Action.SEND: "result sent",
    Action.REFRESH: "refreshed",
    Action.ADOPT: "result adopted",
    Action.CLOSE: "launch ended",
}


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


def reconcile_verb(database: Database, *, fix: bool, as_json: bool) -> int:
    """Compare, print, and with ``fix`` mend; 1 if something is left to mend."""
    from workflows.queue.lease import lease
    from workflows.queue.opened import queue_launchpad
    from workflows.queue.profile import read_profile

    profile = read_profile(database)
    with queue_launchpad(database) as pad, lease(pad, f"queue {profile.name}") as held:
        found = reconcile(pad, database, profile, fix=fix, held=held)
    if as_json:
        print(json.dumps([vars(each) for each in found], indent=1))
    else:
        _tell(found, fix=fix)
    return 1 if any(not each.fixed for each in found) else 0


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
    from workflows.queue.locks import stale_locks, unlock
    from workflows.queue.mending import mend, reason
    from workflows.queue.standing import standings

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
    for each in standings(
        launchpad,
        scheduler=profile.scheduler(),
        worker=profile.name,
        max_returns=profile.max_returns,
        wanted={},
    ):
        if each.action.acts:
            if fix:
                held()
            done = fix and mend(launchpad, each, database.root)
            if fix and not done:
                continue  # it changed by itself in the meantime
            found.append(
                Mended(each.fw_id, each.name, str(each.action), reason(each), done)
            )
    return found


def _orphans(launchpad: LaunchPad, *, fix: bool) -> list[int]:
    """Return Fireworks without a Workflow; unless a submission is just adding them."""
    from workflows.errors import StoreBusy
    from workflows.flows import orphans, remove_orphans
    from workflows.queue.lease import lease

    if not orphans(launchpad):
        return []
    try:
        with lease(launchpad, "submit", patience=1.0):
            return remove_orphans(launchpad) if fix else orphans(launchpad)
    except StoreBusy:
        return []


def _tell(found: list[Mended], *, fix: bool) -> None:
    if not found:
        print("database and queue agree")
        return
    for each in found:
        done = f": {DID[each.action]}" if each.fixed else ""
        print(f"{each.fw_id} {each.name}: {each.reason}{done}")
    if not fix:
        print("nothing was changed; to mend: lnmo reconcile --fix")
    elif any(not each.fixed for each in found):
        print("not all could be mended; see lnmo status")
    else:
        print("go on with: lnmo launch")
