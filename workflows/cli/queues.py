"""Verbs on the database and the queue of a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workflows.cli.options import (
    CampaignName,
    DryRunOption,
    EngineOption,
    FwIdOption,
    IdOption,
    JsonOption,
    LaunchpadOption,
    MaybeCampaign,
    VariantOption,
    XOption,
    selection,
)


def init(
    directory: Annotated[Path, typer.Argument(metavar="[DIR]")] = Path("."),
    queue: Annotated[
        str | None, typer.Option("--queue", help="slurm, pbs, sge or lsf")
    ] = None,
    mongodb: Annotated[
        bool, typer.Option("--mongodb", help="launchpad.yaml names a MongoDB")
    ] = False,
) -> None:
    """Write launchpad.yaml and the site profile to fill in; overwrites nothing."""
    from workflows.cli import init

    init.init_verb(directory, queue=queue, mongodb=mongodb)


def submit(
    campaign: CampaignName = "paper",
    engine: EngineOption = None,
    x: XOption = None,
    variant: VariantOption = None,
    category: Annotated[
        str | None, typer.Option("--category", help="which workers may take it")
    ] = None,
    dry_run: DryRunOption = False,
    launchpad: LaunchpadOption = None,
    json: JsonOption = False,
) -> None:
    """Add a campaign's calculations to the LaunchPad; harmless to repeat."""
    from workflows.cli import submit

    chosen = selection(campaign, engine, x, launchpad, variant=variant)
    submit.submit_verb(chosen, category=category, dry_run=dry_run, as_json=json)


def launch(
    max_jobs: Annotated[
        int | None,
        typer.Option("--max-jobs", "-m", min=1, help="jobs of ours in the queue"),
    ] = None,
    dry_run: DryRunOption = False,
    launchpad: LaunchpadOption = None,
    json: JsonOption = False,
) -> None:
    """Submit a queue job for each READY step; 1 if the scheduler refused one."""
    from workflows.cli import launch
    from workflows.records.database import read_database

    database = read_database(launchpad)
    raise typer.Exit(
        launch.launch_verb(database, max_jobs=max_jobs, dry_run=dry_run, as_json=json)
    )


def worker(
    fw_id: Annotated[int, typer.Option("--fw-id", metavar="N")],
    launch_id: Annotated[
        int | None, typer.Option("--launch-id", help="reservation this job has")
    ] = None,
    walltime: Annotated[
        str | None, typer.Option("--walltime", help="asked of the queue")
    ] = None,
    launchpad: LaunchpadOption = None,
) -> None:
    """Run one step; what a queue job calls."""
    from workflows.cluster import worker
    from workflows.records.database import read_database

    database = read_database(launchpad)
    raise typer.Exit(
        worker.run_firework(
            database, fw_id=fw_id, launch_id=launch_id, walltime=walltime
        )
    )


def reconcile(
    fix: Annotated[bool, typer.Option("--fix", help="mend what is found")] = False,
    dry_run: DryRunOption = False,
    launchpad: LaunchpadOption = None,
    json: JsonOption = False,
) -> None:
    """Compare database and queue; 1 if something is left to mend."""
    from workflows.cli import reconcile
    from workflows.records.database import read_database

    raise typer.Exit(
        reconcile.reconcile_verb(
            read_database(launchpad), fix=fix and not dry_run, as_json=json
        )
    )


def status(
    campaign: MaybeCampaign = None,
    engine: EngineOption = None,
    x: XOption = None,
    variant: VariantOption = None,
    ids: IdOption = None,
    fw_ids: FwIdOption = None,
    history: Annotated[
        bool, typer.Option("--history", help="every launch there was, and its end")
    ] = False,
    launchpad: LaunchpadOption = None,
    json: JsonOption = False,
) -> None:
    """Show database and queue side by side, and a command for each trouble."""
    from workflows.cli import status
    from workflows.cli.selection import Chosen

    own = selection(campaign, engine, x, launchpad, variant=variant)
    chosen = Chosen(own, ids or (), fw_ids or ())
    status.status_verb(own.database(), chosen, history=history, as_json=json)


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
    from workflows.cli import cancel as control
    from workflows.cli.selection import Chosen

    own = selection(campaign, engine, x, launchpad, variant=variant)
    chosen = Chosen(own, ids or (), fw_ids or ())
    raise typer.Exit(
        control.cancel_verb(own.database(), chosen, dry_run=dry_run, as_json=json)
    )


def rerun(
    campaign: MaybeCampaign = None,
    engine: EngineOption = None,
    x: XOption = None,
    variant: VariantOption = None,
    ids: IdOption = None,
    fw_ids: FwIdOption = None,
    dead: Annotated[
        bool, typer.Option("--dead", help="what runs outside the queue is dead")
    ] = False,
    dry_run: DryRunOption = False,
    launchpad: LaunchpadOption = None,
    json: JsonOption = False,
) -> None:
    """Run failed or cancelled steps again; 1 while a job of one lives."""
    from workflows.cli import cancel as control
    from workflows.cli.selection import Chosen

    own = selection(campaign, engine, x, launchpad, variant=variant)
    chosen, database = Chosen(own, ids or (), fw_ids or ()), own.database()
    raise typer.Exit(
        control.rerun_verb(database, chosen, dead=dead, dry_run=dry_run, as_json=json)
    )


def delete(
    campaign: CampaignName,
    yes: Annotated[
        bool, typer.Option("--yes", help="delete; without it only told")
    ] = False,
    launchpad: LaunchpadOption = None,
    json: JsonOption = False,
) -> None:
    """Delete what one campaign alone has submitted, results and all."""
    from workflows.cli import delete
    from workflows.records.database import read_database

    delete.delete_verb(read_database(launchpad), campaign, yes=yes, as_json=json)
