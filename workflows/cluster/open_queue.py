"""The shared LaunchPad and this site's queue, opened together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from fireworks import LaunchPad

from workflows.cluster.profile import Profile, read_profile
from workflows.launchpad.lease import lease
from workflows.launchpad.mongodb import connected
from workflows.launchpad.opening import refuse_embedded
from workflows.records.database import Database
from workflows.records.project import refuse_anothers


@dataclass(frozen=True)
class LockedQueue:
    """A queue that no other launcher or reconcile changes meanwhile.

    Attributes
    ----------
    launchpad
        FireWorks' LaunchPad on a MongoDB.
    profile
        Settings of the site.
    confirm_lease
        To call before each change; raises StoreBusy if the lease is lost.
    """

    launchpad: LaunchPad
    profile: Profile
    confirm_lease: Callable[[], None]


@contextmanager
def locked_queue(database: Database, instead: str) -> Iterator[LockedQueue]:
    """Connect to the LaunchPad and hold the lease of this site's queue.

    ``instead`` says what does the same on the embedded LaunchPad.

    Raises
    ------
    StoreError
        The LaunchPad is embedded, does not answer, or belongs to another data
        directory.
    StoreBusy
        Another process holds the lease.
    MachineError
        The site profile is missing or wrong.
    """
    refuse_embedded(database, instead)
    profile = read_profile(database)
    with (
        connected(database) as launchpad,
        lease(launchpad, f"queue {profile.name}") as confirm_lease,
    ):
        refuse_anothers(launchpad.db, database)
        yield LockedQueue(launchpad, profile, confirm_lease)
