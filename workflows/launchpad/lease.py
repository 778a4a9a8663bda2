"""A lock in the database that expires, so that a killed process cannot keep it.

A thread renews it as long as its process lives, however long that waits for a slow
scheduler, a database or a campaign of a thousand Workflows. A process that was stopped
(Ctrl-Z, a sleeping laptop) for longer than the lease has lost it, and gets an error
before its next change.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pymongo.errors import DuplicateKeyError, PyMongoError

from workflows.errors import StoreBusy

LOCKS = "lnmo_locks"
LEASE_SECONDS = 60.0
"""Four renewals: a process that misses all of them is dead or stopped."""
LONGEST = 366 * 86400.0
"""Further ahead than any clock that is wrong: what is no time in seconds is damaged."""
BEAT_SECONDS = 15.0
"""Interval of renewals."""
RETRY_SECONDS = 0.3
"""Between attempts to take a lease: short beside the seconds that a launch holds it."""


@contextmanager
def lease(
    launchpad: Any, name: str, *, patience: float = LEASE_SECONDS + 5
) -> Iterator[Callable[[], None]]:
    """Hold a named lock.

    Parameters
    ----------
    launchpad
        On a MongoDB.
    name
        What is locked, such as ``queue`` and the worker's name.
    patience
        Seconds to wait for another holder; that of a killed one expires in 60.

    Yields
    ------
    Callable
        Confirms that the lease is still held; to call before each change.

    Raises
    ------
    StoreBusy
        A living process holds it; from the callable: another process took over.
    """
    locks = launchpad.db[LOCKS]
    mine = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"

    def update(condition: dict[str, Any]) -> bool:
        held = {"$set": {"owner": mine, "until": time.time() + LEASE_SECONDS}}
        return locks.find_one_and_update({"_id": name, **condition}, held) is not None

    def take() -> bool:
        now = time.time()  # what is no time, or missing, has expired too
        return update({"until": {"$not": {"$gte": now, "$lt": now + LONGEST}}})

    def renew() -> bool:
        return update({"owner": mine})

    def confirm() -> None:
        if not renew():
            raise StoreBusy(f"{name}: another process took over; stopped")

    _create(locks, name)
    end = time.monotonic() + patience
    while not take():
        if time.monotonic() > end:
            raise _busy(locks, name)
        time.sleep(RETRY_SECONDS)
    try:
        with _repeated(renew):
            yield confirm
    finally:
        free = {"$set": {"until": 0.0, "owner": ""}}
        locks.update_one({"_id": name, "owner": mine}, free)


def _busy(locks: Any, name: str) -> StoreBusy:
    owner = (locks.find_one({"_id": name}) or {}).get("owner", "?")
    host, pid, _ = f"{owner}::".split(":", 2)
    return StoreBusy(
        f"{name}: locked by process {pid} on {host}; nothing was done. Wait for it, "
        "then run the command again"
    )


@contextmanager
def _repeated(renew: Callable[[], bool]) -> Iterator[None]:
    """Renew in the background until it fails."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(BEAT_SECONDS):
            try:
                if not renew():
                    return
            except PyMongoError:
                continue  # the owner meets the same error and reports it

    thread = threading.Thread(target=beat, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _create(locks: Any, name: str) -> None:
    if locks.find_one({"_id": name}) is None:
        try:
            locks.insert_one({"_id": name, "until": 0.0, "owner": ""})
        except DuplicateKeyError:
            return  # another process created it in between
