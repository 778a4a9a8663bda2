"""What a name in a directory is, if it is no file that can be read to an end."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from workflows.errors import StoreError

KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def odd_kind(path: Path) -> str:
    """Return what a path is, other than a file or a link to one; empty for neither.

    A FIFO waits for ever, and some devices never end: nothing here opens them. What
    does not exist, or may not be looked at, gives nothing.
    """
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        if not os.path.islink(path):
            return ""
        if error.errno == errno.ELOOP:
            return "a link that leads back to itself"
        gone = error.errno in {errno.ENOENT, errno.ENOTDIR}
        return f"a link to {os.readlink(path)}, which is not there" if gone else ""
    except ValueError:  # a name that no file can have
        return ""
    return next((words for test, words in KINDS if test(mode)), "")


def refuse_link_to_nothing(path: Path) -> None:
    """Refuse a link that leads nowhere, which a reader would take for nothing at all.

    Raises
    ------
    StoreError
        What it leads to may be on a disk that is not mounted.
    """
    if os.path.islink(path) and (kind := odd_kind(path)):
        cure = "mount that disk, or remove" if kind.endswith("not there") else "remove"
        raise StoreError(f"{path}: is {kind}; {cure} the link, and type this again")


def in_the_way(error: OSError) -> str:
    """Return what stands where a file or a directory belongs; empty for nothing.

    A name above the one that was asked for may be a file, or a link to itself; the
    message of the system names only the last.
    """
    paths = [Path(p) for p in (error.filename, error.filename2) if isinstance(p, str)]
    for path in paths:
        for place in (*reversed(path.parents), path):
            kind = _wrong_kind(place, error.errno, leads_on=place != path)
            if kind:
                return f"{place}: is {kind}; move it away"
    return ""


_OF_A_LINK = {errno.ELOOP, errno.EEXIST, errno.ENOENT}
"""Errors that a link gives, if it leads nowhere."""


def _wrong_kind(place: Path, number: int | None, *, leads_on: bool) -> str:
    """Return what a place is, if an error of the system comes from it."""
    if not os.path.lexists(place):
        return ""
    try:
        mode = os.stat(place).st_mode
    except OSError:
        return odd_kind(place) if leads_on or number in _OF_A_LINK else ""
    if leads_on or number in {errno.ENOTDIR, errno.EEXIST}:
        return "" if stat.S_ISDIR(mode) else "no directory"
    if number in {errno.EISDIR, errno.ENOTEMPTY} and stat.S_ISDIR(mode):
        return "a directory, where a file belongs"
    return ""
