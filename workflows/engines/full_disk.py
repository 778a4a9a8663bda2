"""Whether a run that failed had no space where it ran.

That a log speaks of a full disk proves nothing: launchers say it of /dev/shm and /tmp,
messages of the day of the home directory. A write there does, or the engine's own
write error.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryFile

from workflows.errors import StoreError
from workflows.vasp.log_text import read_log, shown

LEAST_FREE = 1_000_000
"""Bytes; where they cannot be written, a disk is full."""
MOST_BYTES = 40_000
"""Read of a log, half of them from its end."""
MOST_CHARACTERS = 200

_FULL = r"(?:no space left on device|disk quota exceeded)"
_WRITE_ERROR = re.compile(
    rf"(?:^|[\]>:] ?)(?:forrtl|Fortran runtime error): (?:severe[^:]*: )?{_FULL}\W*$"
    rf"|\bFIO-F-\d+/[^/]*write/.*{_FULL}"
    rf"|\bfile write failed: .*{_FULL}"
    rf"|^OSError: \[Errno \d+\] {_FULL}",
    re.IGNORECASE,
)
"""Of the Fortran run times of Intel, GNU and NVIDIA, of HDF5, and of Python."""
_FILE = re.compile(r"(?:\bfile(?: ?name)?[ =,:]*'?|: ')(/[^\s'\",;]+)", re.IGNORECASE)


def lacks_space(directory: Path) -> str:
    """Return how the disk of a directory refuses a small file; empty if it does not."""
    try:
        with TemporaryFile(dir=directory, prefix=".space-") as file:
            file.write(os.urandom(LEAST_FREE))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            return f"a file written there now: {os.strerror(error.errno)}"
    return ""


def write_error(directory: Path, names: Iterable[str]) -> str:
    """Return the line by which an engine says that it could not write its own file.

    Empty if there is none, or if it names a file of another directory.

    Parameters
    ----------
    directory
        Of the run.
    names
        Of what was printed there.
    """
    for name in names:
        lines: list[str] = []
        with suppress(OSError, StoreError):
            lines = read_log(directory / name, MOST_BYTES).text.splitlines()
        for line, after in pairwise(map(shown, [*lines, ""])):
            if _WRITE_ERROR.search(line) and _is_here(f"{line} {after}", directory):
                return line[:MOST_CHARACTERS]
    return ""


def _is_here(words: str, directory: Path) -> bool:
    """Return whether no file of another directory is named."""
    named = [Path(path) for path in _FILE.findall(words)]
    places = (directory, directory.resolve())
    return all(any(path.is_relative_to(p) for p in places) for path in named)
