"""``lnmo worker``: what a queue job runs.

Queue scripts that are submitted already call ``python -m workflows.cli worker`` with
these options.
"""

from __future__ import annotations

from pathlib import Path

import click
from click.exceptions import Exit

from workflows.cli.examples import epilog
from workflows.cli.options import Count, launchpad_option


@click.command(epilog=epilog("worker"))
@click.option("--fw-id", type=Count(), required=True, metavar="N", help="the step")
@click.option(
    "--launch-id", type=Count(), metavar="N", help="launch reserved for this job"
)
@click.option("--walltime", metavar="TIME", help="wall time requested from the queue")
@launchpad_option
def worker(
    fw_id: int,
    launch_id: int | None,
    walltime: str | None,
    launchpad: Path | None,
) -> None:
    """Run one step; queue jobs call this."""
    from workflows.cluster.worker import run_firework
    from workflows.records.database import read_for_queue

    raise Exit(
        run_firework(
            read_for_queue(launchpad),
            fw_id=fw_id,
            launch_id=launch_id,
            walltime=walltime,
        )
    )
