"""``lnmo init``: write the project files for a database or a batch queue."""

from __future__ import annotations

from pathlib import Path

import click

from workflows.cli.examples import epilog
from workflows.cli.options import PATH
from workflows.errors import MachineError, StoreError, nearest

ALLOCATION = "allocation.sh"
"""Job script that runs a campaign inside one allocation."""


@click.command(epilog=epilog("init"))
@click.argument(
    "directory",
    type=PATH,
    default=Path("."),
    metavar="[DIR]",
    help="project directory; default: the current one",
)
@click.option("--queue", metavar="QUEUE", help="slurm, pbs, sge or lsf")
@click.option("--mongodb", is_flag=True, help="launchpad.yaml names a MongoDB")
@click.option(
    "--allocation",
    is_flag=True,
    help="with --queue slurm: one job runs a whole campaign, without a MongoDB",
)
def init(
    directory: Path,
    queue: str | None,
    mongodb: bool,
    allocation: bool,
) -> None:
    """Write launchpad.yaml and the site profile to fill in; never overwrites."""
    from workflows.cluster.project_files import (
        refuse_what_is_no_file,
        template,
        write_new,
    )
    from workflows.records.database import FILE_NAME

    if allocation and (queue != "slurm" or mongodb):
        raise MachineError(
            "--allocation needs Slurm and the embedded LaunchPad; type lnmo init "
            "--queue slurm --allocation"
        )
    shared = (mongodb or queue is not None) and not allocation
    wanted = _of_allocation() if allocation else _wanted(queue, shared=shared)
    refuse_what_is_no_file(directory / name for name in wanted)
    for name, source in wanted.items():
        path = directory / name
        if write_new(path, template(source)):
            print(f"written: {path}")
        else:
            print(f"kept:    {path} was there already")
    if shared and _is_embedded(directory / FILE_NAME):
        print(
            f"{directory / FILE_NAME} says host: embedded, which serves one machine "
            "and no queue: rename it and run lnmo init again to get one for a MongoDB"
        )
    elif allocation and not _is_embedded(directory / FILE_NAME):
        print(
            f"{directory / FILE_NAME} names a MongoDB, which one allocation does not "
            "need: rename it and run this again"
        )
    elif allocation:
        print(f"fill in {ALLOCATION}, then: sbatch {ALLOCATION} paper")
    elif queue is not None:
        print("fill them in, then: lnmo submit paper; lnmo launch --dry-run")


def _wanted(queue: str | None, *, shared: bool) -> dict[str, str]:
    """Return the files of a project, and the template of each."""
    from workflows.cluster.fworker_file import FWORKER_FILE
    from workflows.cluster.profile import ADAPTER_FILE
    from workflows.cluster.project_files import QUEUES
    from workflows.records.database import FILE_NAME

    if queue is not None and queue not in QUEUES:
        raise MachineError(
            f"unknown queue {queue!r}{nearest(queue, QUEUES)}; known: "
            f"{', '.join(QUEUES)}"
        )
    wanted = {FILE_NAME: f"launchpad.{'mongodb' if shared else 'embedded'}.yaml"}
    if queue is not None:
        wanted |= {ADAPTER_FILE: f"{queue}.yaml", FWORKER_FILE: "my_fworker.yaml"}
    return wanted


def _of_allocation() -> dict[str, str]:
    from workflows.records.database import FILE_NAME

    return {
        FILE_NAME: "launchpad.embedded.yaml",
        ALLOCATION: "allocation.slurm.sh",
    }


def _is_embedded(path: Path) -> bool:
    from workflows.records.database import read_database

    try:
        return read_database(path).embedded
    except StoreError:
        return False  # it names a server, by variables that are not set yet
