"""Write a file completely or not at all."""

import os
from pathlib import Path

from workflows.errors import StoreError


def write_atomically(path: Path, text: str) -> None:
    """Replace a file so that a reader, or a kill, finds the old or the new one.

    One writer at a time: what a killed one left half written is written over.

    Raises
    ------
    StoreError
        The directory cannot be written.
    """
    temporary = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise StoreError(
            f"{path}: cannot be written ({error.strerror}); nothing was changed"
        ) from None
