"""Files written completely or not at all, and read only if they are files."""

import errno
import json
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from workflows.errors import StoreError, StoreUnwritable, unwritable


def write_atomically(path: Path, text: str, *, errors: str = "strict") -> None:
    """Replace a file so that a reader, or a kill, finds the old or the new one.

    One writer at a time: what a killed one left half written is overwritten. ``errors``
    as for ``str.encode``.

    Raises
    ------
    StoreUnwritable
        The directory cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_part(path, text, errors=errors).replace(path)
    except OSError as error:
        with suppress(OSError):
            part_of(path).unlink()
        told = f"{unwritable(path, error)}. The file is as it was"
        raise StoreUnwritable(told, error.errno) from None


PART = ".lnmo-part-"
"""Name, with some letters behind it, of what is not whole yet."""
LEFT = 3600.0
"""Seconds after which a part belongs to nobody any more."""


def remove_leftovers(directory: Path) -> None:
    """Remove the parts that killed processes left in a directory."""
    with suppress(OSError):
        for path in directory.glob(f"{PART}*"):
            if time.time() - path.stat().st_mtime > LEFT:
                shutil.rmtree(path, ignore_errors=True)


@contextmanager
def removed_if_it_fails(directory: Path) -> Iterator[None]:
    """Make a directory; one that was not there, and is still empty, goes with an error.

    Raises
    ------
    OSError
        It cannot be made.
    """
    made = not directory.exists()
    directory.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        if made:
            with suppress(OSError):
                directory.rmdir()
        raise


@contextmanager
def staged(directory: Path) -> Iterator[Path]:
    """Give a place whose files are moved to a directory once all of them are whole.

    A full disk, or any other error, leaves the directory as it was.

    Raises
    ------
    OSError
        It cannot be written.
    StoreError
        A name in it is that of a directory where a file belongs, or the other way.
    """
    with (
        removed_if_it_fails(directory),
        TemporaryDirectory(dir=directory, prefix=PART) as place,
    ):
        remove_leftovers(directory)
        yield Path(place)
        made = sorted(Path(place).rglob("*"))
        for path in made:
            _refuse_another_kind(path, directory / path.relative_to(place))
        for path in made:
            to = directory / path.relative_to(place)
            if path.is_dir():
                to.mkdir(exist_ok=True)
            else:
                path.replace(to)


def _refuse_another_kind(made: Path, to: Path) -> None:
    """Refuse to put a file where a directory is, or the other way."""
    if os.path.lexists(to) and made.is_dir() != to.is_dir():
        there = "a directory" if to.is_dir() else "no directory"
        raise StoreError(f"{to}: is {there}; move it away. Nothing was changed")


def write_part(path: Path, text: str, *, errors: str = "strict") -> Path:
    """Write the new content of a file beside it, flushed to the disk.

    Returns the path of the part; ``part.replace(path)`` completes the change.

    Raises
    ------
    OSError
        It cannot be written.
    """
    part = part_of(path)
    with part.open("w", encoding="utf-8", errors=errors) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return part


def flush_files(directory: Path) -> None:
    """Flush the files of a directory to the disk, and their names in it.

    What may not be opened, and what is no file, is left out: another's.

    Raises
    ------
    OSError
        The disk does not take what was written.
    """
    for path in sorted(directory.iterdir()):
        if path.is_file() and os.access(path, os.R_OK):
            with open_regular(path) as file:
                os.fsync(file.fileno())
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def part_of(path: Path) -> Path:
    """Return the name under which the new content of a file is written."""
    return path.with_name(f".{path.name}.part")


def read_regular(path: Path, errors: str = "strict") -> str:
    """Read a text file; what is not a regular file is not opened.

    A FIFO would wait for ever, a device may never end. ``errors`` as for
    ``bytes.decode``.

    Raises
    ------
    OSError
        It does not exist, is not a regular file, or cannot be read.
    UnicodeDecodeError
        It is not UTF-8.
    """
    return read_regular_bytes(path).decode("utf-8", errors)


def read_json(path: Path) -> Any:
    """Read a file of JSON as :func:`read_regular`.

    Raises
    ------
    OSError
        See :func:`read_regular`.
    ValueError
        It is not UTF-8 or not JSON, or lists lie in lists without end.
    """
    return parse_json(read_regular(path))


def parse_json(
    text: str | bytes, object_hook: Callable[[dict[str, Any]], Any] | None = None
) -> Any:
    """Read JSON that somebody else may have written.

    Parameters
    ----------
    text
        The JSON.
    object_hook
        As for ``json.loads``.

    Raises
    ------
    ValueError
        It is not JSON, or lists lie in lists without end.
    """
    try:
        return json.loads(text, object_hook=object_hook)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def read_regular_bytes(path: Path, most: int = -1) -> bytes:
    """Read a file, or its first bytes, as :func:`read_regular`."""
    with open_regular(path) as file:
        return file.read(most)


def open_regular(path: Path) -> BufferedReader:
    """Open a file for reading, as :func:`read_regular`."""
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise OSError(errno.EINVAL, "not a regular file", os.fspath(path))
    return path.open("rb")
