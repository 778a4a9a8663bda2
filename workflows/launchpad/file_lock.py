"""The lock of the embedded LaunchPad: held by its owner and the owner's workers.

``flock`` belongs to an open file, which child processes share: the lock is held as long
as the owner or the last worker that inherited it lives. The file names the owner.
"""

import datetime
import fcntl
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from workflows.errors import StoreBusy, StoreError

ORPHAN_SECONDS = 20.0
"""Time that the workers of a killed owner need to end, VASP's processes included."""
RETRY_SECONDS = 0.1
"""Between attempts to take the lock; each is one system call."""


def lock(path: Path, waiting: Callable[[str], None]) -> int:
    """Take the lock; wait for the workers of a killed owner.

    Parameters
    ----------
    path
        Lock file; created if missing, signed with our pid.
    waiting
        Called once, with a message, if there is something to wait for.

    Returns
    -------
    int
        A file descriptor that child processes may inherit; closing it frees the lock.

    Raises
    ------
    StoreBusy
        A living process holds it, or the workers of a dead one do not end.
    StoreError
        The file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise StoreError(
            f"{path}: cannot be written ({error.strerror}); choose another data "
            "directory with LNMO_ROOT"
        ) from None
    deadline = time.monotonic() + ORPHAN_SECONDS
    announced = False
    while not _try_lock(descriptor):
        owner = _owner(descriptor)
        if owner.get("pid") and _alive(owner):
            os.close(descriptor)
            raise StoreBusy(
                f"{path.parent}: process {owner['pid']} has been running this campaign "
                f"since {owner['since']}; wait for it, or stop it, and run again. "
                "Reading (status, results, report) works meanwhile"
            )
        if time.monotonic() > deadline:
            os.close(descriptor)
            raise StoreBusy(
                f"{path.parent}: workers of the killed process {owner.get('pid')} are "
                f"still alive after {ORPHAN_SECONDS:g} s; stop them and run again"
            )
        if not announced:
            waiting("waiting for the workers of an interrupted run to end")
            announced = True
        time.sleep(RETRY_SECONDS)
    _sign(descriptor)
    os.set_inheritable(descriptor, True)
    return descriptor


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sign(descriptor: int) -> None:
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    owner = {"pid": os.getpid(), "started": _started(os.getpid()), "since": now}
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(owner).encode(), 0)


def _owner(descriptor: int) -> dict[str, Any]:
    try:
        owner: dict[str, Any] = json.loads(os.pread(descriptor, 4096, 0))
    except ValueError:
        return {}
    return owner


def _alive(owner: dict[str, Any]) -> bool:
    """Distinguish the process that signed from a later one with the same pid."""
    started = _started(owner["pid"])
    return started is not None and abs(started - owner["started"]) < 2.0


def _started(pid: int) -> float | None:
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return float(process.create_time())
    except psutil.NoSuchProcess:
        return None
