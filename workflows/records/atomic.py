"""Files written completely or not at all, and read only if they are files."""

import errno
import os
import stat
from pathlib import Path

from workflows.errors import StoreError


def write_atomically(path: Path, text: str) -> None:
    """Replace a file so that a reader, or a kill, finds the old or the new one.

    One writer at a time: what a killed one left half written is overwritten.

    Raises
    ------
    StoreError
        The directory cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_part(path, text).replace(path)
    except OSError as error:
        part_of(path).unlink(missing_ok=True)
        raise StoreError(
            f"{path}: cannot be written ({error.strerror}); nothing was changed"
        ) from None


def write_part(path: Path, text: str) -> Path:
    """Write the new content of a file beside it, flushed to the disk.

    Returns the path of the part; ``part.replace(path)`` completes the change.

    Raises
    ------
    OSError
        It cannot be written.
    """
    part = part_of(path)
    with part.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return part


def part_of(path: Path) -> Path:
    """Return the name under which the new content of a file is written."""
    return path.with_name(f".{path.name}.part")


def read_regular(path: Path) -> str:
    """Read a text file; what is not a regular file is not opened.

    A FIFO would wait for ever, a device may never end.

    Raises
    ------
    OSError
        It does not exist, is not a regular file, or cannot be read.
    UnicodeDecodeError
        It is not UTF-8.
    """
    return read_regular_bytes(path).decode("utf-8")


def read_regular_bytes(path: Path, most: int = -1) -> bytes:
    """Read a file, or its first bytes, as :func:`read_regular`."""
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise OSError(errno.EINVAL, "not a regular file", os.fspath(path))
    with path.open("rb") as file:
        return file.read(most)
