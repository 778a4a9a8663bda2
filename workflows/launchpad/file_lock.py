"""The lock of the embedded LaunchPad: held by its owner and the owner's workers.

``flock`` belongs to an open file, which child processes share: the lock is held as long
as the owner or the last worker that inherited it lives. The file names the owner. The
data directory is locked as well: it stays locked if the file is deleted.
"""

import datetime
import errno
import fcntl
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflows.atomic import parse_json
from workflows.engines.process_start import is_alive_since, start_of
from workflows.errors import (
    OTHER_DATA,
    StoreBusy,
    StoreError,
    StoreUnwritable,
    unwritable,
)
from workflows.records.held_directory import hold, leads_away, leads_to, path_of
from workflows.vasp.file_kinds import odd_kind

ORPHAN_SECONDS = 20.0
"""Time that the workers of a killed owner need to end, VASP's processes included."""
RETRY_SECONDS = 0.1
"""Between attempts to take the lock; each is one system call."""

NO_LOCKS = frozenset({errno.EBADF, errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL})
"""What a file system says that cannot lock a directory."""


class OwnershipLost(StoreBusy):
    """The lock file or the data directory is no longer the one that was locked."""


@dataclass(frozen=True)
class Ownership:
    """The locks of one owner.

    Attributes
    ----------
    path
        Lock file, in the data directory.
    descriptors
        Open files that workers inherit: the lock file and the data directory.
    directory_locked
        Whether the file system could lock the directory; some network ones cannot.
    named
        The data directory as the project names it, perhaps a link.
    """

    path: Path
    descriptors: tuple[int, int]
    directory_locked: bool
    named: Path | None = None

    @property
    def directory_is_ours(self) -> bool:
        """Whether no other process can own the data directory at its path."""
        return self.directory_locked and leads_to(self.path.parent, self.descriptors[1])

    def problem(self) -> str:
        """Return why this process must assign no more work; empty if it may."""
        file, directory = self.descriptors
        place = self.path.parent
        if not leads_to(place, directory):
            now = path_of(directory)
            return (
                f"{place} was moved, deleted or replaced while this run owned it; its "
                "steps are ended. Nothing is lost: "
                + (
                    f"run again with the data directory in its place, it is now {now}"
                    if now
                    else "finished steps are where the directory is now"
                )
            )
        if not leads_to(self.path, file):
            return (
                f"{self.path} was deleted or replaced while this run owned it; no more "
                "steps are started. Nothing is lost: what has finished is recorded in "
                "its directory; run again"
            )
        return leads_away(self.named, directory)

    def check(self) -> None:
        """Make sure that this process still owns the data directory.

        Raises
        ------
        OwnershipLost
            With :meth:`problem`.
        """
        if problem := self.problem():
            raise OwnershipLost(problem)

    def release(self) -> None:
        """Close the files; the locks live on in workers that inherited them."""
        for descriptor in self.descriptors:
            os.close(descriptor)


def lock(path: Path, waiting: Callable[[str], None]) -> Ownership:
    """Take the lock; wait for the workers of a killed owner.

    Parameters
    ----------
    path
        Lock file; created if missing, signed with our pid.
    waiting
        Called once, with a message, if there is something to wait for.

    Raises
    ------
    StoreBusy
        A living process holds it, or the workers of a dead one do not end.
    StoreError
        The file cannot be written, or is not a regular file.
    """
    deadline = time.monotonic() + ORPHAN_SECONDS
    announced = False
    while True:
        file, directory = _open(path)
        taken = _try_lock(file) and leads_to(path, file)
        locked = _try_directory(directory) if taken else None
        if taken and locked is not None:
            break
        owner = _locker(directory) if taken else _owner(file) or _locker(file)
        os.close(file)
        os.close(directory)
        if owner.get("pid") and _alive(owner) is not False:
            raise StoreBusy(_busy(path, owner))
        if time.monotonic() > deadline:
            raise StoreBusy(_still_locked(path, owner))
        if not announced:
            waiting(
                "waiting for the workers of an interrupted run to end"
                if owner
                else "waiting for what has the data directory to end"
            )
            announced = True
        time.sleep(RETRY_SECONDS)
    _sign(path, file)
    for descriptor in (file, directory):
        os.set_inheritable(descriptor, True)
    return Ownership(path, (file, directory), locked)


def is_owned(path: Path) -> bool:
    """Return whether a living process, or a worker of one, holds a lock file.

    Changes nothing. True if it cannot be determined.
    """
    try:
        if _directory_locked(path.parent):
            return True
        if not path.is_file():
            return False
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def _directory_locked(place: Path) -> bool:
    """Try its lock: not every owner is in /proc/locks, as one of another container."""
    descriptor = hold(place)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError as error:
        if error.errno in NO_LOCKS:
            return False
        raise
    finally:
        os.close(descriptor)
    return False


def _open(path: Path) -> tuple[int, int]:
    """Open lock file and data directory."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if kind := odd_kind(path):
            raise StoreError(
                f"{path}: is {kind}, and no lock file; it holds nothing: remove it, "
                "and type this again"
            )
        flags = os.O_RDWR | os.O_CREAT | os.O_NONBLOCK
        file = os.open(path, flags, 0o644)
    except OSError as error:
        raise _unwritable(path, error) from None
    try:
        return file, hold(path.parent)
    except OSError as error:
        os.close(file)
        raise StoreError(
            f"{path.parent}: cannot be read ({error.strerror}); chmod u+rwX, or choose "
            "another data directory with LNMO_ROOT"
        ) from None


def _unwritable(path: Path, error: OSError) -> StoreUnwritable:
    return StoreUnwritable(unwritable(path, error, OTHER_DATA), error.errno)


def _busy(path: Path, owner: dict[str, Any]) -> str:
    since = f" since {owner['since']}" if owner.get("since") else ""
    removed = "" if since else f", although its {path.name} was deleted or replaced"
    return (
        f"{path.parent}: process {owner['pid']} has been running this campaign{since}"
        f"{removed}; wait for it, or stop it, and run again. Reading (status, results, "
        "report) works meanwhile"
    )


def _still_locked(path: Path, owner: dict[str, Any]) -> str:
    if owner:
        return (
            f"{path.parent}: workers of the killed process {owner['pid']} are still "
            f"alive after {ORPHAN_SECONDS:g} s; stop them and run again"
        )
    return (
        f"{path.parent}: a process that cannot be seen here (of another user, another "
        "container or machine, or a worker of a killed run) has this data directory, "
        f"also after {ORPHAN_SECONDS:g} s; wait for it, or stop it where it runs, and "
        "run again. "
        "Reading (status, results, report) works meanwhile"
    )


def _try_directory(descriptor: int) -> bool | None:
    """Lock a directory; None if another has it, False if it cannot be locked."""
    try:
        return True if _try_lock(descriptor) else None
    except OSError as error:
        if error.errno in NO_LOCKS:
            return False
        raise


def _locker(descriptor: int) -> dict[str, Any]:
    """Return the process that locked a file, as Linux lists it; empty if unknown.

    Whoever only looks whether it is locked (:func:`is_owned`) does not count.
    """
    try:
        own = _as_listed(descriptor)
        lines = Path("/proc/locks").read_text("utf-8").splitlines()
    except OSError:
        return {}
    for line in lines:
        words = line.split()
        if {"FLOCK", "WRITE"} <= {*words} and words[-3] == own:
            started = start_of(int(words[-4]))
            return (
                {} if started is None else {"pid": int(words[-4]), "started": started}
            )
    return {}


def _as_listed(descriptor: int) -> str:
    """Return a file as /proc/locks has it: the device of its mount, and its inode.

    Where a file system has many devices, as btrfs has, ``fstat`` gives another one.
    """
    found = os.fstat(descriptor)
    major, minor = os.major(found.st_dev), os.minor(found.st_dev)
    about = Path(f"/proc/self/fdinfo/{descriptor}").read_text("utf-8").split()
    mount = about[about.index("mnt_id:") + 1] if "mnt_id:" in about else ""
    for line in Path("/proc/self/mountinfo").read_text("utf-8").splitlines():
        number, _, device, *_ = line.split()
        if number == mount:
            major, minor = map(int, device.split(":"))
    return f"{major:02x}:{minor:02x}:{found.st_ino}"


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sign(path: Path, descriptor: int) -> None:
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    owner = {"pid": os.getpid(), "started": start_of(os.getpid()), "since": now}
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(owner).encode(), 0)
    except OSError as error:
        raise _unwritable(path, error) from None


def _owner(descriptor: int) -> dict[str, Any]:
    try:
        found = parse_json(os.pread(descriptor, 4096, 0))
        return {"pid": int(found["pid"]), "started": found["started"]} | {
            "since": str(found.get("since", ""))
        }
    except (ValueError, LookupError, TypeError, AttributeError):
        return {}


def _alive(owner: dict[str, Any]) -> bool | None:
    """Distinguish the process that signed from a later one with the same pid.

    None if it is in another container: the lock says that it lives, or its workers.
    """
    return is_alive_since(owner["pid"], owner["started"])
