"""Open the LaunchPad of either kind: embedded (one file, one writer) or MongoDB.

FireWorks' own serverless mode writes its file once, when the interpreter ends, and
without a lock: two processes, or one that only reads, lose finished work. Here the
embedded LaunchPad is owned by one process under a lock and saved atomically after every
change of state; all other processes read it from the file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from fireworks import LaunchPad

from workflows.errors import StoreBusy, StoreError
from workflows.launchpad.damaged import refuse_damaged
from workflows.launchpad.embedded import LAUNCHPAD_FILE, EmbeddedLaunchPad
from workflows.launchpad.file_lock import Ownership, is_owned, lock
from workflows.launchpad.mongodb import connected, set_up
from workflows.launchpad.owned_mongodb import OwnedMongo
from workflows.records.database import Database
from workflows.records.file_store import CALCULATIONS
from workflows.records.opened_data import opened_data
from workflows.records.project import (
    claim,
    refuse_anothers,
    refuse_anothers_to_read,
    refuse_of_a_database,
)

LOCK_FILE = "launchpad.lock"


@contextmanager
def owned(
    database: Database, *, waiting: Callable[[str], None] = lambda _: None
) -> Iterator[tuple[LaunchPad, tuple[int, ...]]]:
    """Open the LaunchPad for changing it.

    Parameters
    ----------
    database
        Address of the LaunchPad.
    waiting
        Called once, with a message, if the workers of a killed owner must end first.

    Yields
    ------
    LaunchPad
        Embedded under its lock, or MongoDB.
    tuple
        File descriptors that a worker process must inherit: the lock is held until
        the last of them is closed, so the workers of a killed owner keep it.

    Raises
    ------
    StoreBusy
        Another process owns the embedded LaunchPad.
    StoreError
        It cannot be read or written, belongs to another data directory, or a document
        of it is damaged.
    """
    if not database.embedded:
        with connected(database, OwnedMongo) as launchpad:
            refuse_anothers(launchpad.db, database)
            refuse_damaged(launchpad)
            set_up(launchpad, database.root / CALCULATIONS)
            _refuse_owned(database)
            claim(launchpad.db, database, confirm=lambda: _refuse_owned(database))
            with opened_data(database.root, database.named) as launchpad.owner:
                yield launchpad, ()
        return
    with locked(database, waiting=waiting) as held:
        path = database.root / LAUNCHPAD_FILE
        yield EmbeddedLaunchPad(path, writable=True, owner=held), held.descriptors


@contextmanager
def locked(
    database: Database, *, waiting: Callable[[str], None] = lambda _: None
) -> Iterator[Ownership]:
    """Hold the lock of an embedded LaunchPad.

    A MongoDB that takes the directory at the same time is found once the lock is held;
    it looks for the lock once its id is written.

    Raises
    ------
    StoreBusy
        Another process has it.
    StoreError
        It cannot be written, or belongs to a MongoDB.
    """
    refuse_of_a_database(database)
    held = lock(database.root / LOCK_FILE, waiting)
    held = replace(held, named=database.named)
    try:
        refuse_of_a_database(database)
        yield held
    finally:
        held.release()


@contextmanager
def reading(database: Database) -> Iterator[LaunchPad]:
    """Open the LaunchPad for reading: a snapshot of the file, or MongoDB.

    Raises
    ------
    StoreError
        It cannot be read, belongs to another data directory, or a document of it is
        damaged.
    """
    if database.embedded:
        yield EmbeddedLaunchPad(database.root / LAUNCHPAD_FILE, writable=False)
        return
    with connected(database) as launchpad:
        refuse_anothers_to_read(launchpad.db, database)
        refuse_damaged(launchpad)
        yield launchpad


def _refuse_owned(database: Database) -> None:
    """Refuse a MongoDB while an embedded LaunchPad has the data directory."""
    if is_owned(database.root / LOCK_FILE):
        raise StoreBusy(
            f"{database.root}: a process with host: embedded has this data directory; "
            "wait for it, or stop it, then type this again"
        )


def refuse_embedded(database: Database, instead: str = "lnmo run") -> None:
    """Reject a batch queue on the embedded LaunchPad.

    Parameters
    ----------
    database
        Address of the LaunchPad.
    instead
        What does the same on one machine.

    Raises
    ------
    StoreError
        The LaunchPad is embedded.
    """
    if not database.embedded:
        return
    there = os.path.lexists(database.path)
    none = "" if there else "there is none, which stands for host: embedded. "
    first = f"Rename this {database.path.name}; " if there else ""
    raise StoreError(
        f"{database.path}: {none}host: embedded is a file with one writer on one "
        f"machine; a batch queue, or more than one machine, needs a MongoDB. {first}"
        "lnmo init --queue slurm writes one for a MongoDB. On this machine alone: "
        f"{instead}"
    )
