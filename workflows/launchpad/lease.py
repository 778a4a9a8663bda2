"""A lock in the database that a killed process cannot keep: it runs out.

A thread renews it as long as its process lives, whatever that waits for: a slow
scheduler, a database, a campaign of a thousand Workflows. A process that was stopped
(Ctrl-Z, a sleeping laptop) for longer than the lease finds it gone, and is told so
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

from workflows.errors import StoreBusy

LOCKS = "lnmo_locks"
LEASE_SECONDS = 60.0
BEAT_SECONDS = 15.0
"""How often its owner renews it."""


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
        What is locked, such as ``launch`` and the worker's name.
    patience
        Seconds to wait for whoever holds it; a killed holder's runs out in 60.

    Yields
    ------
    Callable
        Makes sure that the lease still holds; for calling before each change.

    Raises
    ------
    StoreBusy
        A living process holds it; or, of the callable, another has taken over.
    """
    locks = launchpad.db[LOCKS]
    mine = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    _make(locks, name)
    end = time.monotonic() + patience

    def take(held_by: str | None) -> bool:
        free = (
            {"until": {"$lt": time.time()}} if held_by is None else {"owner": held_by}
        )
        taken = {"$set": {"owner": mine, "until": time.time() + LEASE_SECONDS}}
        return locks.find_one_and_update({"_id": name, **free}, taken) is not None

    while not take(None):
        if time.monotonic() > end:
            owner = (locks.find_one({"_id": name}) or {}).get("owner", "?")
            host, pid, _ = f"{owner}::".split(":", 2)
            raise StoreBusy(
                f"{name}: process {pid} on {host} is at it; nothing was done. Let it "
                "end, then say this again"
            )
        time.sleep(0.3)

    def renew() -> None:
        if not take(mine):
            raise StoreBusy(f"{name}: another process took over; stopped")

    try:
        with _repeated(lambda: take(mine)):
            yield renew
    finally:
        given = {"$set": {"until": 0.0, "owner": ""}}
        locks.update_one({"_id": name, "owner": mine}, given)


@contextmanager
def _repeated(renewed: Callable[[], bool]) -> Iterator[None]:
    """Renew in the background, until it fails."""
    from pymongo.errors import PyMongoError

    over = threading.Event()

    def beat() -> None:
        while not over.wait(BEAT_SECONDS):
            try:
                if not renewed():
                    return
            except PyMongoError:
                continue  # the owner meets the same error, and tells it

    thread = threading.Thread(target=beat, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _make(locks: Any, name: str) -> None:
    from pymongo.errors import DuplicateKeyError

    if locks.find_one({"_id": name}) is None:
        try:
            locks.insert_one({"_id": name, "until": 0.0, "owner": ""})
        except DuplicateKeyError:
            return  # another process made it in between
