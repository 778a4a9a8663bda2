"""``lnmo init``: write the project files of a database or a batch queue."""

from __future__ import annotations

from pathlib import Path

from workflows.cluster.fworker_file import FWORKER_FILE
from workflows.cluster.profile import ADAPTER_FILE
from workflows.cluster.project_files import QUEUES, template, write_new
from workflows.errors import MachineError, StoreError
from workflows.records.database import FILE_NAME, read_database


def init_verb(directory: Path, *, queue: str | None, mongodb: bool) -> None:
    """Write what is missing; an existing file is left as it is, and named.

    Parameters
    ----------
    directory
        Of the project.
    queue
        slurm, pbs, sge or lsf; None for no queue. A queue implies a MongoDB.
    mongodb
        Whether ``launchpad.yaml`` names a MongoDB.

    Raises
    ------
    MachineError
        The queue is none of these.
    StoreError
        A file cannot be written.
    """
    from workflows.errors import nearest

    if queue is not None and queue not in QUEUES:
        raise MachineError(
            f"unknown queue {queue!r}{nearest(queue, QUEUES)}; known: "
            f"{', '.join(QUEUES)}"
        )
    shared = mongodb or queue is not None
    wanted = {FILE_NAME: f"launchpad.{'mongodb' if shared else 'embedded'}.yaml"}
    if queue is not None:
        wanted |= {ADAPTER_FILE: f"{queue}.yaml", FWORKER_FILE: "my_fworker.yaml"}
    for name, source in wanted.items():
        path = directory / name
        if write_new(path, template(source)):
            print(f"written: {path}")
        else:
            print(f"kept:    {path} was there already")
    if shared and _is_embedded(directory / FILE_NAME):
        print(
            f"{directory / FILE_NAME} says host: embedded, which serves one machine "
            "and no queue: move it away, then say this again for one that names a "
            "MongoDB"
        )
    elif queue is not None:
        print("fill them in, then: lnmo submit paper; lnmo launch --dry-run")


def _is_embedded(path: Path) -> bool:
    try:
        return read_database(path).embedded
    except StoreError:
        return False  # it names a server, by variables that are not set yet
