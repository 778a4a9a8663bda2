"""``lnmo reconcile``: bring database and batch queue into agreement."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.exceptions import Exit

from workflows.cli.examples import epilog
from workflows.cli.options import dry_run_option, json_option, launchpad_option
from workflows.cli.output import print_json, tell_launchpad
from workflows.errors import printable

if TYPE_CHECKING:
    from workflows.cluster.step_report import StepReport

DONE = {
    "unlock": "unlocked",
    "update": "finished",
    "remove": "removed",
    "return": "back to READY",
    "retry": "back to READY",
    "send": "result sent",
    "refresh": "refreshed",
    "adopt": "result adopted",
    "close": "launch ended",
    "copy": "copied again",
    "restore": "put back",
}
"""What is printed of an action that was carried out."""


@click.command(epilog=epilog("reconcile"))
@click.option("--fix", is_flag=True, help="repair what is found")
@dry_run_option
@launchpad_option
@json_option
def reconcile(
    fix: bool,
    dry_run: bool,
    launchpad: Path | None,
    json: bool,
) -> None:
    """Compare database and queue; exit code 1 if repairs remain."""
    from workflows.cli.selection import at_launchpad
    from workflows.cluster import reconcile as reconciling
    from workflows.cluster.open_queue import locked_queue
    from workflows.records.database import read_for_queue

    fix = fix and not dry_run
    database = read_for_queue(launchpad)
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
        _print_found(found, at_launchpad(launchpad), fix=fix)
        cures = (each.action for each in found if each.action not in DONE)
        tell_launchpad(launchpad, cures)
    raise Exit(0 if all(each.done for each in found) else 1)


def _plain(report: StepReport) -> dict[str, object]:
    return {
        "fw_id": report.fw_id,
        "name": report.name,
        "action": report.action,
        "reason": report.reason,
        "fixed": report.done,
    }


def _print_found(found: Sequence[StepReport], at: str, *, fix: bool) -> None:
    if not found:
        print("nothing to repair: no step contradicts its queue job")
        return
    for each in found:
        done = f": {DONE[each.action]}" if each.done else ""
        print(printable(f"{each.fw_id} {each.name}: {each.reason}{done}"))
        if each.action not in DONE:
            print(f"  -> {each.action}")
    if all(each.action not in DONE for each in found):
        print("nothing to repair; what each of these waits for is below it")
    elif not fix:
        print(f"nothing was changed; to repair: lnmo reconcile --fix{at}")
    elif all(each.done for each in found):
        print(f"next: lnmo launch{at} (without a queue: lnmo run{at})")
    else:
        print("not everything could be repaired; see lnmo status")
