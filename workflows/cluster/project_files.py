"""The files of a project on a cluster, as templates to fill in."""

from __future__ import annotations

import os
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

from workflows.errors import StoreError, unwritable
from workflows.vasp.file_kinds import in_the_way, odd_kind

QUEUES = ("slurm", "pbs", "sge", "lsf")


def template(name: str) -> str:
    """Return the text of a packaged template."""
    folder = resources.files("workflows.cluster.templates")
    return folder.joinpath(name).read_text("utf-8")


def refuse_what_is_no_file(paths: Iterable[Path]) -> None:
    """Look at the places of files before any of them is written.

    Raises
    ------
    StoreError
        One is a directory, a FIFO, a broken link, a device.
    """
    for path in paths:
        if kind := odd_kind(path):
            raise StoreError(
                f"{path}: is {kind}, not a file; move it away. Nothing was written"
            )


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
    except OSError as error:
        if made:
            path.unlink()
        elif isinstance(error, FileExistsError) and path.is_file():
            return False
        told = in_the_way(error) or unwritable(path, error)
        raise StoreError(told) from None
    return True
