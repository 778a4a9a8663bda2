"""``lnmo submit``: add a campaign's calculations to the LaunchPad, each once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.exceptions import Exit

from workflows.cli.confirm import MANY, confirm_many, yes_option
from workflows.cli.examples import epilog
from workflows.cli.options import (
    campaign_or_paper,
    dry_run_option,
    engine_option,
    json_option,
    launchpad_option,
    selection,
    variant_option,
    x_option,
)
from workflows.cli.output import note, print_halves, print_json
from workflows.counts import count_of

if TYPE_CHECKING:
    from workflows.launchpad.submission import Submission


@click.command(epilog=epilog("submit"))
@campaign_or_paper
@engine_option
@x_option
@variant_option
@click.option("--category", metavar="CATEGORY", help="reserve for workers that list it")
@dry_run_option
@yes_option
@launchpad_option
@json_option
def submit(
    campaign: str,
    engine: str | None,
    x: tuple[float, ...],
    variant: str | None,
    category: str | None,
    dry_run: bool,
    yes: bool,
    launchpad: Path | None,
    json: bool,
) -> None:
    """Add a campaign's calculations to the LaunchPad; safe to repeat."""
    from workflows.campaign.inputs import potcar_notes
    from workflows.cli.plan_sum import plan_sum
    from workflows.cluster.categories import check_category
    from workflows.cluster.fworker_file import check_worker
    from workflows.engines.directory_check import refuse_outside
    from workflows.launchpad import submission
    from workflows.launchpad.deleted import put_back, told
    from workflows.launchpad.opening import owned, reading
    from workflows.records.file_store import CALCULATIONS

    chosen = replace(
        selection(campaign, engine, x, launchpad, variant=variant, or_embedded=True),
        new_data=False,
    )
    if category is not None:
        check_category(category, "--category")
    calculations, database = chosen.calculations(keep=False) or (), chosen.database()
    refuse_outside(database.root, database.root / CALCULATIONS)
    check_worker(database)
    for each in potcar_notes(calculations):
        click.echo(f"note: {each}", err=True)
    if dry_run:
        with reading(database) as pad:
            done = submission.planned_submission(pad, calculations)
    else:
        if len(calculations) > MANY:
            with reading(database) as pad:
                new = submission.planned_submission(pad, calculations).added
            confirm_many(len(new), plan_sum(new, database), yes=yes)
        with (
            owned(database, waiting=note) as (pad, _),
            submission.submission_lock(database, pad) as confirm,
        ):
            ids = {c.id for c in calculations}
            if back := told(put_back(database, pad, also=ids)):
                note(back)
            done = submission.submit(
                pad, calculations, category=category, confirm=confirm
            )
            chosen.keep(calculations)
    if json:
        added, present = ([c.id for c in part] for part in (done.added, done.present))
        print_json({"added": added, "present": present})
    else:
        _print_done(done, embedded=database.embedded, dry_run=dry_run)
        print_halves(done.left)
    raise Exit(1 if done.left else 0)


def _print_done(done: Submission, *, embedded: bool, dry_run: bool) -> None:
    verb = "would be added" if dry_run else "added"
    print(
        f"{count_of(len(done.added), 'calculation')} {verb}, {len(done.present)} there "
        "already"
    )
    if dry_run:
        return
    if names := done.to_submit_again:
        print(
            f"{count_of(len(done.removed), 'broken Workflow')} removed; submit again: "
            f"{', '.join(names)}"
        )
    if embedded:
        print("run them on this machine with: lnmo run")
    else:
        print("run them with: lnmo launch (a batch queue), or lnmo run (this machine)")
