"""What ``lnmo doctor`` says of LaunchPad, queue and disk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from shutil import disk_usage
from typing import TYPE_CHECKING

from workflows.cli.health import Check, Health
from workflows.counts import count_of
from workflows.errors import LnmoError, one_line

if TYPE_CHECKING:
    from workflows.cli.selection import Selection
    from workflows.records.database import Database

GIB = 2**30
LEAST_FREE = 1 * GIB
"""A VASP step of 56 atoms with its WAVECAR takes some hundred MB while it runs."""


def of_places(chosen: Selection) -> Iterator[Check]:
    """Yield the LaunchPad, the scheduler, and the disk of the data directory."""
    try:
        database = chosen.database()
    except LnmoError as error:
        yield Check("LaunchPad", Health.WRONG, one_line(error), "see docs/cluster.md")
        return
    yield launchpad_check(database)
    yield settings_check(database)
    yield scheduler_check(database)
    yield disk_check(database.root)


def launchpad_check(database: Database) -> Check:
    """Open the LaunchPad for reading, and count what is in it."""
    from workflows.launchpad.opening import reading
    from workflows.launchpad.steps import steps_of

    part = "LaunchPad" if database.embedded else "MongoDB"
    try:
        with reading(database) as pad:
            steps = steps_of(pad, {})
    except LnmoError as error:
        cure = f"do what it says; the settings are in {database.path}"
        return Check(part, Health.WRONG, one_line(error), cure)
    done = sum(step["state"] == "COMPLETED" for step in steps)
    where = f"embedded, in {database.root}" if database.embedded else "answers"
    return Check(
        part, Health.OK, f"{where}: {count_of(len(steps), 'step')}, {done} done"
    )


def settings_check(database: Database) -> Check:
    """Judge what LNMO_ variables and my_fworker.yaml give an engine."""
    from workflows.cluster.fworker_file import check_worker

    try:
        check_worker(database)
    except LnmoError as error:
        return Check("settings", Health.WRONG, one_line(error), "correct that value")
    return Check("settings", Health.OK, "every value is one that an engine takes")


def scheduler_check(database: Database) -> Check:
    """Ask the scheduler of the site profile for the user's jobs."""
    from workflows.cluster.profile import ADAPTER_FILE, read_profile

    path = database.path.with_name(ADAPTER_FILE)
    if not path.exists():
        cure = "for a batch queue: lnmo init --queue slurm"
        return Check("queue", Health.ABSENT, f"no {ADAPTER_FILE} here", cure)
    try:
        scheduler = read_profile(database).scheduler()
        jobs = scheduler.jobs()
    except LnmoError as error:
        return Check("queue", Health.WRONG, one_line(error), "do what it says")
    return Check(
        "queue",
        Health.OK,
        f"{scheduler.name} lists {count_of(len(jobs), 'job')} of yours",
    )


def disk_check(root: Path) -> Check:
    """Judge the free space where the data directory is, or will be."""
    place = root
    while not place.exists():
        place = place.parent
    free = disk_usage(place).free
    found = f"{free / GIB:.1f} GB free for {root}"
    if not os.access(place, os.W_OK):
        cure = "choose another data directory with LNMO_ROOT"
        return Check("disk", Health.WRONG, f"{place} cannot be written", cure)
    if free < LEAST_FREE:
        cure = "free some, or choose another data directory with LNMO_ROOT"
        return Check("disk", Health.WRONG, found, cure)
    return Check("disk", Health.OK, found)
