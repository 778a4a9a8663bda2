"""``lnmo init``: the files of a project on a cluster, to be filled in."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path

from workflows.errors import StoreError

QUEUES = ("slurm", "pbs", "sge", "lsf")


def _template(name: str) -> str:
    return (
        resources.files("workflows.cluster.templates").joinpath(name).read_text("utf-8")
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
