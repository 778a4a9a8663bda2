"""``lnmo cancel`` and ``lnmo rerun``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from workflows.cli.selection import Chosen
from workflows.cluster.cancel_rerun import cancel, rerun
from workflows.cluster.open_queue import locked_queue
from workflows.cluster.step_report import StepReport
from workflows.records.database import Database

if TYPE_CHECKING:
    pass


def cancel_verb(
    database: Database, chosen: Chosen, *, dry_run: bool, as_json: bool
) -> int:
    """Cancel what was chosen, Fireworks and jobs."""
    chosen.must_choose("cancel")
    with locked_queue(database) as queue:
        done = cancel(
            queue.launchpad,
            queue.profile,
            chosen.of_fireworks(queue.launchpad),
            dry_run=dry_run,
            confirm_lease=queue.confirm_lease,
        )
    return _print_reports(
        done, as_json=as_json, dry_run=dry_run, nothing="nothing to cancel"
    )


def rerun_verb(
    database: Database, chosen: Chosen, *, dead: bool, dry_run: bool, as_json: bool
) -> int:
    """Run failed or cancelled steps again; 1 if one was refused."""
    chosen.must_choose("rerun")
    with locked_queue(database) as queue:
        done = rerun(
            queue.launchpad,
            database,
            queue.profile,
            chosen.of_fireworks(queue.launchpad),
            dead=dead,
            dry_run=dry_run,
            confirm_lease=queue.confirm_lease,
        )
    return _print_reports(
        done, as_json=as_json, dry_run=dry_run, nothing="nothing to run again"
    )


def _print_reports(
    done: Sequence[StepReport], *, as_json: bool, dry_run: bool, nothing: str
) -> int:
    if as_json:
        print(json.dumps([_plain(each) for each in done], indent=1))
    else:
        for each in done:
            print(
                f"{each.fw_id} {each.name}: {each.action if each.done else each.reason}"
            )
        if not done:
            print(nothing)
        elif dry_run:
            print("dry run: nothing was changed")
    return 0 if all(each.done for each in done) else 1


def _plain(report: StepReport) -> dict[str, object]:
    return {
        "fw_id": report.fw_id,
        "name": report.name,
        "did": report.action,
        "refused": report.reason,
    }
