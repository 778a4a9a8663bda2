"""An open directory: whether its path still leads to it, and where it is now.

While a directory is open, no other one can have its device and inode. One that was
moved, deleted and made anew, copied or mounted again is told apart by them.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ESTALE})
"""What the system says of a path that leads nowhere."""


def hold(path: Path) -> int:
    """Open a directory; return its file descriptor, which the caller closes.

    Raises
    ------
    OSError
        It is not there, or may not be read.
    """
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY)


def leads_to(path: Path, descriptor: int) -> bool:
    """Return whether a path leads to an open file or directory.

    A disk that does not answer says nothing: True, and whoever writes gets its error.
    """
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except OSError as error:
        return error.errno not in GONE


def identity(path: Path) -> list[int]:
    """Return device and inode of a directory, for a process that cannot inherit it.

    Empty if it is not there.
    """
    try:
        found = os.stat(path)
    except OSError:
        return []
    return [found.st_dev, found.st_ino]


def path_of(descriptor: int) -> str:
    """Return where an open directory is now; empty if it was deleted, or is unknown.

    Of a disk that was unmounted meanwhile the kernel names a path inside that disk.
    """
    try:
        found = os.readlink(f"/proc/self/fd/{descriptor}")
        there = os.path.samestat(os.stat(found), os.fstat(descriptor))
    except OSError:
        return ""
    return found if there else ""


def leads_away(named: Path | None, descriptor: int) -> str:
    """Return why no more may be started where a link was set to another directory.

    Parameters
    ----------
    named
        The directory as the project names it; None for one without a name of its own.
    descriptor
        Of the directory that was opened under this name.
    """
    if named is None or not named.is_dir() or leads_to(named, descriptor):
        return ""
    return (
        f"{named} leads to {os.path.realpath(named)} since this ran, where another "
        f"process may run the same steps; no more are started here. Nothing is lost: "
        f"what has finished is recorded in {path_of(descriptor) or 'the one before'}"
    )
