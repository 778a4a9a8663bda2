"""The shared LaunchPad and this site's queue, opened together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from fireworks import LaunchPad

from workflows.cluster.profile import Profile, profile_if_any
from workflows.launchpad.damaged import refuse_damaged
from workflows.launchpad.lease import lease
from workflows.launchpad.mongodb import connected, set_up
from workflows.launchpad.opening import refuse_embedded
from workflows.records.database import Database
from workflows.records.file_store import CALCULATIONS
from workflows.records.opened_data import opened_data
from workflows.records.project import refuse_anothers

NO_QUEUE = "no queue"
"""Name of the lease of all sites without one."""


@dataclass(frozen=True)
class LockedQueue:
    """A queue that no other launcher or reconcile changes meanwhile.

    Attributes
    ----------
    launchpad
        FireWorks' LaunchPad on a MongoDB.
    profile
        Settings of the site; None if it has no queue, as where only ``lnmo run`` is.
    confirm_lease
        To call before each change; raises StoreBusy if the lease is lost, StoreError if
        the data directory is no longer the one that was opened.
    """

    launchpad: LaunchPad
    profile: Profile | None
    confirm_lease: Callable[[], None]


@contextmanager
def locked_queue(database: Database, instead: str) -> Iterator[LockedQueue]:
    """Connect to the LaunchPad and hold the lease of this site's queue.

    A site without a profile has no queue: its steps run under ``lnmo run``, and a job
    that another site submitted is in a queue that is not asked. ``instead`` says what
    does the same on the embedded LaunchPad.

    Raises
    ------
    StoreError
        The LaunchPad is embedded, does not answer, belongs to another data directory,
        or a document of it is damaged.
    StoreBusy
        Another process holds the lease.
    MachineError
        The site profile is wrong, or half of it is missing.
    """
    refuse_embedded(database, instead)
    profile = profile_if_any(database)
    queue = NO_QUEUE if profile is None else f"queue {profile.name}"
    with (
        connected(database) as launchpad,
        lease(launchpad, queue) as confirm_lease,
    ):
        refuse_anothers(launchpad.db, database)
        refuse_damaged(launchpad)
        set_up(launchpad, database.root / CALCULATIONS)
        with opened_data(database.root) as data:

            def confirm() -> None:
                confirm_lease()
                data.check()

            yield LockedQueue(launchpad, profile, confirm)
