"""``lnmo reconcile``: bring database and batch queue into agreement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from workflows.cli.options import DryRunOption, JsonOption, LaunchpadOption
from workflows.cli.output import print_json
from workflows.errors import printable

if TYPE_CHECKING:
    from workflows.cluster.step_report import StepReport

DONE = {
    "unlock": "unlocked",
    "remove": "removed",
    "return": "back to READY",
    "retry": "back to READY",
    "send": "result sent",
    "refresh": "refreshed",
    "adopt": "result adopted",
    "close": "launch ended",
}
"""What is printed of an action that was carried out."""


def reconcile(
    fix: Annotated[bool, typer.Option("--fix", help="repair what is found")] = False,
    dry_run: DryRunOption = False,
    launchpad: LaunchpadOption = None,
    json: JsonOption = False,
) -> None:
    """Compare database and queue; 1 if something is left to repair."""
    from workflows.cluster import reconcile as reconciling
    from workflows.cluster.open_queue import locked_queue
    from workflows.records.database import read_database

    fix = fix and not dry_run
    database = read_database(launchpad)
    with locked_queue(
        database, "lnmo status shows the steps, lnmo run goes on with them"
    ) as queue:
        found = reconciling.reconcile(
            queue.launchpad,
            database,
            queue.profile,
            fix=fix,
            confirm_lease=queue.confirm_lease,
        )
    if json:
        print_json([_plain(each) for each in found])
    else:
        _print_found(found, fix=fix)
    raise typer.Exit(0 if all(each.done for each in found) else 1)


def _plain(report: StepReport) -> dict[str, object]:
    return {
        "fw_id": report.fw_id,
        "name": report.name,
        "action": report.action,
        "reason": report.reason,
        "fixed": report.done,
    }


def _print_found(found: Sequence[StepReport], *, fix: bool) -> None:
    if not found:
        print("database and queue agree")
        return
    for each in found:
        done = f": {DONE[each.action]}" if each.done else ""
        print(printable(f"{each.fw_id} {each.name}: {each.reason}{done}"))
        if each.action not in DONE:
            print(f"  -> {each.action}")
    if all(each.action not in DONE for each in found):
        print("database and queue agree; what the queue holds back needs you")
    elif not fix:
        print("nothing was changed; to repair: lnmo reconcile --fix")
    elif all(each.done for each in found):
        print("next: lnmo launch")
    else:
        print("not everything could be repaired; see lnmo status")
