"""The LaunchPad for a queue: MongoDB, for compute nodes cannot share a file's lock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from workflows.database import Database
from workflows.errors import StoreError

if TYPE_CHECKING:
    from fireworks import LaunchPad


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
    from workflows.launchpad import connected

    refuse_embedded(database)
    with connected(database) as launchpad:
        yield launchpad
