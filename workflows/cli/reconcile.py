"""``lnmo reconcile``: bring FireWorks and the batch queue into agreement."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from workflows.cluster.decision import Action
from workflows.cluster.open_queue import locked_queue
from workflows.cluster.reconcile import reconcile
from workflows.cluster.step_report import StepReport
from workflows.records.database import Database

if TYPE_CHECKING:
    pass

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


def reconcile_verb(database: Database, *, fix: bool, as_json: bool) -> int:
    """Compare, print, and with ``fix`` mend; 1 if something is left to mend."""
    with locked_queue(database) as queue:
        found = reconcile(
            queue.launchpad,
            database,
            queue.profile,
            fix=fix,
            confirm_lease=queue.confirm_lease,
        )
    if as_json:
        print(json.dumps([_plain(each) for each in found], indent=1))
    else:
        _tell(found, fix=fix)
    return 1 if any(not each.done for each in found) else 0


def _tell(found: list[StepReport], *, fix: bool) -> None:
    if not found:
        print("database and queue agree")
        return
    for each in found:
        done = f": {DID[each.action]}" if each.done else ""
        print(f"{each.fw_id} {each.name}: {each.reason}{done}")
    if not fix:
        print("nothing was changed; to mend: lnmo reconcile --fix")
    elif any(not each.done for each in found):
        print("not all could be mended; see lnmo status")
    else:
        print("go on with: lnmo launch")


def _plain(report: StepReport) -> dict[str, object]:
    return {
        "fw_id": report.fw_id,
        "name": report.name,
        "action": report.action,
        "reason": report.reason,
        "fixed": report.done,
    }
