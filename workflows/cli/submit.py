"""``lnmo submit``: a campaign's calculations into the LaunchPad, each once."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from workflows.campaign.plan import plan
from workflows.cluster.categories import check_category
from workflows.launchpad.submission import submission_lock

if TYPE_CHECKING:
    from workflows.cli.selection import Selection
    from workflows.launchpad.submission import Submission
    from workflows.records.database import Database


def submit_verb(
    chosen: Selection, *, category: str | None, dry_run: bool, as_json: bool
) -> None:
    """Add what is new, and say what was there already.

    Parameters
    ----------
    chosen
        Campaign, engine, x and LaunchPad.
    category
        Which workers may take it; the engine's name if None.
    dry_run
        Only say what would be added.
    as_json
        Ids, for a program.
    """
    if category is not None:
        check_category(category, "--category")
    calculations, database = plan(chosen.campaign()), chosen.database()
    from workflows.campaign.inputs import potcar_notes
    from workflows.launchpad.opening import owned, reading
    from workflows.launchpad.submission import planned_submission, submit

    for note in potcar_notes(calculations):
        print(f"note: {note}", file=sys.stderr)
    if dry_run:
        with reading(database) as pad:
            done = planned_submission(pad, calculations)
    else:
        with (
            owned(database, waiting=_waiting) as (pad, _),
            submission_lock(database, pad),
        ):
            done = submit(pad, calculations, category=category)
    _tell(done, database, dry_run=dry_run, as_json=as_json)


def _waiting(line: str) -> None:
    print(f"lnmo: {line}", file=sys.stderr)


def _tell(
    done: Submission, database: Database, *, dry_run: bool, as_json: bool
) -> None:
    if as_json:
        added, present = ([c.id for c in part] for part in (done.added, done.present))
        print(json.dumps({"added": added, "present": present}, indent=1))
        return
    verb = "would be added" if dry_run else "added"
    print(f"{len(done.added)} calculations {verb}, {len(done.present)} there already")
    if dry_run:
        return
    if database.embedded:
        print("run them on this machine with: lnmo run")
    else:
        print("run them with: lnmo launch (a batch queue), or lnmo run (this machine)")
