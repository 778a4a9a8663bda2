"""The files of a project on a cluster, as templates to fill in."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path

from workflows.errors import StoreError

QUEUES = ("slurm", "pbs", "sge", "lsf")


def template(name: str) -> str:
    """Return the text of a packaged template."""
    folder = resources.files("workflows.cluster.templates")
    return folder.joinpath(name).read_text("utf-8")


def write_new(path: Path, text: str) -> bool:
    """Write a file that only its owner may read; False if it exists already.

    Raises
    ------
    StoreError
        It cannot be written.
    """
    made = False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        made = True
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return False
    except OSError as error:
        if made:
            path.unlink()
        raise StoreError(f"{path}: cannot be written ({error.strerror})") from None
    return True
