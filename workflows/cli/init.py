"""``lnmo init``: write the project files for a database or a batch queue."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workflows.errors import MachineError, StoreError, nearest


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
    from workflows.cluster.project_files import template, write_new
    from workflows.records.database import FILE_NAME

    shared = mongodb or queue is not None
    for name, source in _wanted(queue, shared=shared).items():
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


def _is_embedded(path: Path) -> bool:
    from workflows.records.database import read_database

    try:
        return read_database(path).embedded
    except StoreError:
        return False  # it names a server, by variables that are not set yet
