"""``lnmo rerun``: run failed or cancelled steps again."""

from __future__ import annotations

from typing import Annotated

import typer

from workflows.cli.options import (
    DryRunOption,
    EngineOption,
    FwIdOption,
    IdOption,
    JsonOption,
    LaunchpadOption,
    MaybeCampaign,
    VariantOption,
    XOption,
    step_selection,
)
from workflows.cli.output import print_reports


def rerun(
    campaign: MaybeCampaign = None,
    engine: EngineOption = None,
    x: XOption = None,
    variant: VariantOption = None,
    ids: IdOption = None,
    fw_ids: FwIdOption = None,
    dead: Annotated[
        bool,
        typer.Option("--dead", help="assume that launches outside the queue are dead"),
    ] = False,
    dry_run: DryRunOption = False,
    launchpad: LaunchpadOption = None,
    json: JsonOption = False,
) -> None:
    """Run failed or cancelled steps again; 1 while a job of one is alive."""
    from workflows.cluster import cancel_rerun
    from workflows.cluster.open_queue import locked_queue

    chosen = step_selection(campaign, engine, x, launchpad, variant, ids, fw_ids)
    chosen.must_choose("rerun")
    database = chosen.selection.database()
    with locked_queue(database, "lnmo run --retry") as queue:
        reports = cancel_rerun.rerun(
            queue.launchpad,
            database,
            queue.profile,
            chosen.of_fireworks(queue.launchpad),
            dead=dead,
            dry_run=dry_run,
            confirm_lease=queue.confirm_lease,
        )
    raise typer.Exit(
        print_reports(
            reports, as_json=json, dry_run=dry_run, nothing="nothing to run again"
        )
    )
