"""``lnmo init``: the files of a project on a cluster, to be filled in."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path

from workflows.database import FILE_NAME, read_database
from workflows.errors import MachineError, StoreError
from workflows.queue.profile import ADAPTER_FILE, FWORKER_FILE

QUEUES = ("slurm", "pbs", "sge", "lsf")


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
    from workflows.campaign_problems import nearest

    if queue is not None and queue not in QUEUES:
        raise MachineError(
            f"unknown queue {queue!r}{nearest(queue, QUEUES)}; known: "
            f"{', '.join(QUEUES)}"
        )
    shared = mongodb or queue is not None
    wanted = {FILE_NAME: f"launchpad.{'mongodb' if shared else 'embedded'}.yaml"}
    if queue is not None:
        wanted |= {ADAPTER_FILE: f"{queue}.yaml", FWORKER_FILE: "my_fworker.yaml"}
    for name, template in wanted.items():
        path = directory / name
        if _write_new(path, _template(template)):
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


def _template(name: str) -> str:
    return (
        resources.files("workflows.queue.templates").joinpath(name).read_text("utf-8")
    )


def _write_new(path: Path, text: str) -> bool:
    """Write for our eyes only; False if the file exists."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    except OSError as error:
        raise StoreError(f"{path}: cannot be written ({error.strerror})") from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return True
