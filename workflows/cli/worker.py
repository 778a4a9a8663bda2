"""``lnmo worker``: what a queue job runs.

Queue scripts that are submitted already call ``python -m workflows.cli worker`` with
these options.
"""

from __future__ import annotations

from typing import Annotated

import typer

from workflows.cli.options import LaunchpadOption


def worker(
    fw_id: Annotated[int, typer.Option("--fw-id", metavar="N")],
    launch_id: Annotated[
        int | None, typer.Option("--launch-id", help="reservation of this job")
    ] = None,
    walltime: Annotated[
        str | None, typer.Option("--walltime", help="as requested from the queue")
    ] = None,
    launchpad: LaunchpadOption = None,
) -> None:
    """Run one step; what a queue job calls."""
    from workflows.cluster.worker import run_firework
    from workflows.records.database import read_database

    raise typer.Exit(
        run_firework(
            read_database(launchpad),
            fw_id=fw_id,
            launch_id=launch_id,
            walltime=walltime,
        )
    )
