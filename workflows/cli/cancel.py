"""``lnmo cancel``: cancel steps and their queue jobs."""

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
from workflows.cli.output import print_reports


@click.command(epilog=epilog("cancel"))
@maybe_campaign
@engine_option
@x_option
@variant_option
@id_option
@fw_id_option
@dry_run_option
@launchpad_option
@json_option
def cancel(
    campaign: str | None,
    engine: str | None,
    x: tuple[float, ...],
    variant: str | None,
    ids: tuple[str, ...],
    fw_ids: tuple[int, ...],
    dry_run: bool,
    launchpad: Path | None,
    json: bool,
) -> None:
    """Cancel steps and their queue jobs together; finished ones stay."""
    from workflows.cluster.cancel import cancel as cancel_steps
    from workflows.cluster.open_queue import locked_queue

    chosen = step_selection(campaign, engine, x, launchpad, variant, ids, fw_ids)
    chosen.must_choose("cancel")
    instead = "Ctrl-C ends lnmo run; lnmo delete removes a campaign"
    with locked_queue(chosen.selection.database(), instead) as queue:
        reports = cancel_steps(
            queue.launchpad,
            queue.profile,
            chosen.of_fireworks(queue.launchpad),
            dry_run=dry_run,
            confirm_lease=queue.confirm_lease,
        )
    raise Exit(
        print_reports(
            reports,
            as_json=json,
            dry_run=dry_run,
            nothing="nothing to cancel",
            launchpad=launchpad,
        )
    )
