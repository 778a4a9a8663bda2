"""``lnmo cancel``: cancel steps and their queue jobs."""

from __future__ import annotations

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


def cancel(
    campaign: MaybeCampaign = None,
    engine: EngineOption = None,
    x: XOption = None,
    variant: VariantOption = None,
    ids: IdOption = None,
    fw_ids: FwIdOption = None,
    dry_run: DryRunOption = False,
    launchpad: LaunchpadOption = None,
    json: JsonOption = False,
) -> None:
    """Cancel steps and their queue jobs together; finished ones stay."""
    from workflows.cluster import cancel_rerun
    from workflows.cluster.open_queue import locked_queue

    chosen = step_selection(campaign, engine, x, launchpad, variant, ids, fw_ids)
    chosen.must_choose("cancel")
    instead = "Ctrl-C ends lnmo run; lnmo delete removes a campaign"
    with locked_queue(chosen.selection.database(), instead) as queue:
        reports = cancel_rerun.cancel(
            queue.launchpad,
            queue.profile,
            chosen.of_fireworks(queue.launchpad),
            dry_run=dry_run,
            confirm_lease=queue.confirm_lease,
        )
    raise typer.Exit(
        print_reports(
            reports, as_json=json, dry_run=dry_run, nothing="nothing to cancel"
        )
    )
