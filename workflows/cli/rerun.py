"""``lnmo rerun``: run failed or cancelled steps again."""

from __future__ import annotations

from pathlib import Path

import click
from click.exceptions import Exit

from workflows.cli.examples import epilog
from workflows.cli.options import (
    dry_run_option,
    engine_option,
    fw_id_option,
    id_option,
    json_option,
    launchpad_option,
    maybe_campaign,
    step_selection,
    variant_option,
    x_option,
)
from workflows.cli.output import note, print_reports


@click.command(epilog=epilog("rerun"))
@maybe_campaign
@engine_option
@x_option
@variant_option
@id_option
@fw_id_option
@click.option(
    "--dead", is_flag=True, help="assume that launches outside the queue are dead"
)
@dry_run_option
@launchpad_option
@json_option
def rerun(
    campaign: str | None,
    engine: str | None,
    x: tuple[float, ...],
    variant: str | None,
    ids: tuple[str, ...],
    fw_ids: tuple[int, ...],
    dead: bool,
    dry_run: bool,
    launchpad: Path | None,
    json: bool,
) -> None:
    """Run failed or cancelled steps again; exit code 1 if a job is still alive."""
    from workflows.cluster.open_queue import locked_queue
    from workflows.cluster.rerun import rerun as rerun_steps
    from workflows.launchpad.deleted import put_back, told
    from workflows.launchpad.lease import LEASE_SECONDS

    chosen = step_selection(campaign, engine, x, launchpad, variant, ids, fw_ids)
    chosen.must_choose("rerun")
    database = chosen.selection.database()
    with locked_queue(database, "lnmo run --retry") as queue:
        if not dry_run:  # else it would be computed beside what was moved aside
            back = told(put_back(database, queue.launchpad, patience=LEASE_SECONDS + 5))
            if back:
                note(back)
        reports = rerun_steps(
            queue.launchpad,
            database,
            queue.profile,
            chosen.of_fireworks(queue.launchpad),
            dead=dead,
            dry_run=dry_run,
            confirm_lease=queue.confirm_lease,
        )
    raise Exit(
        print_reports(
            reports,
            as_json=json,
            dry_run=dry_run,
            nothing="nothing to run again",
            launchpad=launchpad,
        )
    )
