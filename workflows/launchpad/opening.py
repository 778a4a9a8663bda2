"""Opens the LaunchPad: embedded (one file, one writer) or MongoDB.

FireWorks' own serverless mode writes its file once, when the interpreter ends,
without a lock: two processes, or a shell that only reads, lose finished work. So
the embedded LaunchPad here is owned by one process under a lock, saved
atomically after every change of state, and read by everybody else from the file.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from fireworks import LaunchPad

from workflows.errors import StoreError
from workflows.launchpad.embedded import LAUNCHPAD_FILE, EmbeddedLaunchPad
from workflows.launchpad.file_lock import lock
from workflows.records.database import Database

if TYPE_CHECKING:
    from fireworks import LaunchPad

LOCK_FILE = "launchpad.lock"


@contextmanager
def owned(
    database: Database, *, waiting: Callable[[str], None] = lambda _: None
) -> Iterator[tuple[LaunchPad, tuple[int, ...]]]:
    """Open the LaunchPad for changing it.

    Parameters
    ----------
    database
        Where it is.
    waiting
        Told, once, if the workers of a killed owner still have to end.

    Yields
    ------
    LaunchPad
        Embedded under its lock, or MongoDB.
    tuple
        File descriptors a worker process must inherit: the lock lives as long
        as the last of them, so a killed owner's workers keep it.

    Raises
    ------
    StoreBusy
        Another process owns the embedded LaunchPad.
    StoreError
        It cannot be read or written.
    """
    if not database.embedded:
        with connected(database) as launchpad:
            _set_up(launchpad)
            yield launchpad, ()
        return
    held = lock(database.root / LOCK_FILE, waiting)
    try:
        yield EmbeddedLaunchPad(database.root / LAUNCHPAD_FILE, writable=True), (held,)
    finally:
        os.close(held)


def _set_up(launchpad: LaunchPad) -> None:
    """Give a new MongoDB its counters and indices, as ``lpad reset`` would.

    Two processes may do so at once: the counters are made once.
    """
    if launchpad.fw_id_assigner.find_one({}) is None:
        launchpad.tuneup()
        launchpad.workflows.create_index("metadata.calculation_id")
        first = {"$setOnInsert": {"next_fw_id": 1, "next_launch_id": 1}}
        launchpad.fw_id_assigner.update_one({"_id": -1}, first, upsert=True)


@contextmanager
def reading(database: Database) -> Iterator[LaunchPad]:
    """Open the LaunchPad for reading: a snapshot of the file, or MongoDB."""
    if database.embedded:
        yield EmbeddedLaunchPad(database.root / LAUNCHPAD_FILE, writable=False)
        return
    with connected(database) as launchpad:
        yield launchpad


@contextmanager
def connected(database: Database) -> Iterator[LaunchPad]:
    """Connect to MongoDB, and let go of it.

    Raises
    ------
    StoreError
        No server answers, now or later; the message shows no user and no password.
    """
    from pymongo.errors import PyMongoError

    launchpad = connect(database)
    try:
        yield launchpad
    except PyMongoError as error:
        raise database.unreachable(error) from None
    finally:
        launchpad.connection.close()


def connect(database: Database, kind: type[LaunchPad] = LaunchPad) -> LaunchPad:
    """Connect to MongoDB.

    Parameters
    ----------
    database
        Where it is.
    kind
        FireWorks' LaunchPad, or a class made from it.

    Raises
    ------
    StoreError
        No server answers, or pymongo refuses a setting; the message shows no user and
        no password.
    """
    from pymongo.errors import (
        ConfigurationError,
        InvalidName,
        InvalidURI,
        PyMongoError,
    )

    settings = dict(database.launchpad)
    settings.setdefault("strm_lvl", "ERROR")
    settings["mongoclient_kwargs"] = database.client_options
    database.check_client_options()
    logging.getLogger("pymongo").setLevel(logging.ERROR)
    with ExitStack() as undo:
        try:
            launchpad = kind(**settings)
            undo.callback(launchpad.connection.close)
            launchpad.connection.admin.command("ping")
        except (ConfigurationError, InvalidName, InvalidURI) as error:
            raise database.bad_client(error) from None
        except PyMongoError as error:
            raise database.unreachable(error) from None
        except (OSError, TypeError, ValueError) as error:
            raise database.bad_client(error) from None
        undo.pop_all()
    return launchpad


def refuse_embedded(database: Database) -> None:
    """Refuse a queue on the embedded LaunchPad.

    Raises
    ------
    StoreError
        It is embedded.
    """
    if database.embedded:
        raise StoreError(
            f"{database.path}: host: embedded is a file with one writer on one "
            "machine; a batch queue, or more than one machine, needs a real MongoDB: "
            "same code, other launchpad.yaml. Move this one away; lnmo init --queue "
            "slurm writes one. On this machine alone: lnmo run"
        )


@contextmanager
def queue_launchpad(database: Database) -> Iterator[LaunchPad]:
    """Connect to the MongoDB, and let go of it.

    Raises
    ------
    StoreError
        It is embedded, or does not answer, now or later.
    """
    refuse_embedded(database)
    with connected(database) as launchpad:
        yield launchpad
