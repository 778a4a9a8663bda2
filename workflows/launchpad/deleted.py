"""What ``lnmo delete`` has moved aside: to whom it belongs, and how it comes back.

Each deletion has a directory of its own there, and in it one for each calculation that
was submitted, by its id. Below that, all has the path that it had in the data
directory, so that whoever finds it can put it back: a deletion may be killed.
"""

from __future__ import annotations

import os
import re
import shutil
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fireworks import LaunchPad

from workflows.counts import count_of
from workflows.errors import StoreBusy, StoreError
from workflows.firetasks import OURS
from workflows.launchpad.file_lock import is_owned
from workflows.launchpad.lease import LEASE_SECONDS, LOCKS, lease
from workflows.launchpad.opening import LOCK_FILE
from workflows.launchpad.steps import QUEUE_DIRECTORY
from workflows.records.database import Database
from workflows.records.file_store import CALCULATIONS

BIN = "deleted"
"""Directory for what is deleted, until it is gone."""
DELETION = "delete"
"""Name of the lease of whoever deletes."""
RECONCILE = "lnmo reconcile --fix"
"""Cure of what can be put back, on a MongoDB."""
WAIT = "wait a minute, then lnmo status"
"""While a process deletes, or has just been killed."""
MOVED = (CALCULATIONS, QUEUE_DIRECTORY)
"""What a deletion moves lies in one of these, by a name of its own."""
_GONE = "removed-"
"""Begins the name of what is being removed, and never put back."""
_EARLIER = re.compile(r"\d+-(?:(?P<id>[0-9a-f]{12})|(?P<fw>\d+))")
"""Name in the bin until now: a number, then that of the directory."""


@dataclass(frozen=True)
class Aside:
    """A directory in the bin.

    Attributes
    ----------
    path
        Where it lies.
    place
        Where it was.
    owner
        Id of the submitted calculation; empty if only ``fw_id`` is known.
    fw_id
        Firework of a directory of queue jobs; None of any other.
    """

    path: Path
    place: Path
    owner: str
    fw_id: int | None = None


def in_bin(root: Path) -> list[Aside]:
    """Return what lies in the bin of a data directory; only the disk is asked."""
    found = []
    for entry in _inside(root / BIN):
        if earlier := _EARLIER.fullmatch(entry.name):
            found.append(_of_earlier(root, entry, earlier))
            continue
        if entry.name.startswith(_GONE):
            continue
        for own in _inside(entry):
            for kind in MOVED:
                for path in _inside(own / kind):
                    place = root / kind / path.name
                    found.append(Aside(path, place, own.name))
    return found


def _of_earlier(root: Path, path: Path, name: re.Match[str]) -> Aside:
    if name["id"]:
        return Aside(path, root / CALCULATIONS / name["id"], name["id"])
    number = int(name["fw"])
    return Aside(path, root / QUEUE_DIRECTORY / name["fw"], "", number)


def _inside(place: Path) -> list[Path]:
    """Return what a directory contains; nothing of a link, or of what is none."""
    if place.is_symlink() or not place.is_dir():
        return []
    return sorted(place.iterdir())


def held(launchpad: LaunchPad, asides: Collection[Aside]) -> list[Aside]:
    """Return what belongs to a calculation, or a step, that the LaunchPad has."""
    if not asides:
        return []
    ids = sorted({each.owner for each in asides if each.owner})
    numbers = sorted({each.fw_id for each in asides if each.fw_id is not None})
    flows = launchpad.workflows.find(
        {"metadata.calculation_id": {"$in": ids}}, {"_id": 0, "metadata": 1}
    )
    known: set[Any] = {each["metadata"]["calculation_id"] for each in flows}
    steps = {"_id": 0, "fw_id": 1, "spec.calculation_id": 1}
    own = {**OURS, "spec.calculation_id": {"$in": ids}}
    for each in launchpad.fireworks.find(own, steps):
        known.add(each["spec"]["calculation_id"])
    if numbers:
        theirs = {"fw_id": {"$in": numbers}}
        known |= {each["fw_id"] for each in launchpad.fireworks.find(theirs, steps)}
    return [each for each in asides if (each.owner or each.fw_id) in known]


@contextmanager
def deletion_lock(
    database: Database, launchpad: LaunchPad, *, patience: float = LEASE_SECONDS + 5
) -> Iterator[Callable[[], None]]:
    """Let one process at a time delete; the embedded LaunchPad has one owner anyway.

    Yields
    ------
    Callable
        Confirms that the lock is still held; to call before each change.

    Raises
    ------
    StoreBusy
        Another process has it for longer than ``patience`` (s); from the callable:
        this one was stopped for so long that another took over.
    """
    if database.embedded:
        yield lambda: None
        return
    with lease(launchpad, DELETION, patience=patience) as confirm:
        yield confirm


def put_back(
    database: Database,
    launchpad: LaunchPad,
    *,
    also: Collection[str] = (),
    patience: float = 1.0,
) -> list[Aside]:
    """Put back what an interrupted deletion moved aside of what the LaunchPad has.

    Nothing is replaced: where something lies in its place, it stays in the bin.

    Parameters
    ----------
    also
        Ids of calculations that are about to be submitted again.
    patience
        Seconds to wait for a living deletion, whose directories stay with it.

    Raises
    ------
    StoreBusy
        A process is deleting what is in ``also``, and would be computed beside it.
    StoreError
        A directory cannot be moved.
    """
    there = in_bin(database.root)
    if not there:
        return []
    needed = any(each.owner in also for each in there)
    try:
        seconds = LEASE_SECONDS + 5 if needed else patience
        with deletion_lock(database, launchpad, patience=seconds) as confirm:
            return returned(launchpad, database.root, confirm, also=also)
    except StoreBusy:
        if needed:
            raise
        return []


def returned(
    launchpad: LaunchPad,
    root: Path,
    confirm: Callable[[], None],
    *,
    also: Collection[str] = (),
) -> list[Aside]:
    """Do as :func:`put_back`, under the lock that the caller has."""
    there = in_bin(root)
    ours = held(launchpad, there)
    ours += [each for each in there if each.owner in also and each not in ours]
    done = []
    for each in ours:
        confirm()
        try:
            if bring_back(each.path, each.place):
                done.append(each)
        except OSError as error:
            raise StoreError(
                f"{each.path}: lnmo delete was interrupted, and this cannot go back to "
                f"{each.place} ({error.strerror}): chmod u+rwX, or ask its owner, then "
                "type this again"
            ) from None
    without_empty(root)
    return done


def bring_back(path: Path, place: Path) -> bool:
    """Move a directory to where it was, unless something lies there."""
    if os.path.lexists(place) or not os.path.lexists(path):
        return False
    place.parent.mkdir(exist_ok=True)
    path.rename(place)
    return True


def told(done: Sequence[Aside]) -> str:
    """Return a line on what came back; empty if nothing did."""
    ids = sorted({each.owner for each in done if each.owner})
    if not done:
        return ""
    return (
        "lnmo delete was interrupted: "
        + count_of(
            len(done),
            "directory is back in its place",
            "directories are back in their places",
        )
        + f", with results (calculation {', '.join(ids[:3])}"
        f"{', ...' if ids[3:] else ''}). Steps that it withheld are DEFUSED: lnmo "
        "rerun; to delete after all: lnmo delete"
    )


@dataclass(frozen=True)
class Left:
    """What lies in the bin of one calculation, and what to do about it."""

    fw_id: int
    name: str
    why: str
    cure: str


def left_in_bin(database: Database, launchpad: LaunchPad) -> list[Left]:
    """Return what a deletion left; the LaunchPad is asked only if there is any."""
    there = in_bin(database.root)
    if not there or (database.embedded and is_owned(database.root / LOCK_FILE)):
        return []
    ours = held(launchpad, there)
    found = [
        _left(database, launchpad, each, known=each in ours)
        for each in _one_of_each(there)
    ]
    if database.embedded or not _is_deleting(launchpad):
        return found
    why = "lnmo delete has moved its directories aside, or was killed within a minute"
    return [replace(each, why=why, cure=WAIT) for each in found]


def _one_of_each(there: Sequence[Aside]) -> list[Aside]:
    """Return one directory of each calculation; one that cannot go back, if any is."""
    found: dict[tuple[str, int | None], Aside] = {}
    for each in there:
        key = each.owner, each.fw_id
        if key not in found or os.path.lexists(each.place):
            found[key] = each
    return list(found.values())


def _left(database: Database, launchpad: LaunchPad, one: Aside, *, known: bool) -> Left:
    query = {"metadata.calculation_id": one.owner}
    flow = launchpad.workflows.find_one(query, {"_id": 0, "nodes": 1, "name": 1}) or {}
    fw_id = min(flow.get("nodes") or [one.fw_id or 0])
    name = str(flow.get("name") or f"calculation {one.owner or one.path.name}")
    why = f"lnmo delete was interrupted, and what it moved aside lies in {one.path}"
    if known and os.path.lexists(one.place):
        why += f"; {one.place} is there again, so it was not put back"
        cure = "compare the two directories, and remove or rename one of them by hand"
    elif known:
        cure = "lnmo run" if database.embedded else RECONCILE
    else:
        why += "; the LaunchPad has this calculation no more"
        cure = (
            "submit its campaign again to have it back; the next lnmo delete CAMPAIGN "
            "--yes removes it, whatever that campaign is"
        )
    return Left(fw_id, name, why, cure)


def _is_deleting(launchpad: LaunchPad) -> bool:
    """Return whether a process that lives may be deleting now."""
    lock: Mapping[str, Any] = launchpad.db[LOCKS].find_one({"_id": DELETION}) or {}
    until = lock.get("until")
    return isinstance(until, int | float) and until > time.time()


class Bin:
    """The directory of one deletion."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._own = root / BIN / f"deletion-{uuid.uuid4().hex[:12]}"

    @contextmanager
    def moved_aside(
        self, places: Mapping[Path, str], confirm: Callable[[], None]
    ) -> Iterator[None]:
        """Move directories here; back again if what follows fails.

        ``places`` has the id of the submitted calculation of each.
        """
        moved: list[tuple[Path, Path]] = []
        try:
            self._move(places, confirm, moved)
            yield
        except BaseException:
            for aside, path in reversed(moved):
                bring_back(aside, path)
            without_empty(self._root)
            raise

    def _move(
        self,
        places: Mapping[Path, str],
        confirm: Callable[[], None],
        moved: list[tuple[Path, Path]],
    ) -> None:
        try:
            for path, owner in places.items():
                confirm()
                checked(path, self._root)
                checked(self._root / BIN, self._root)
                aside = self._own / owner / path.parent.name / path.name
                aside.parent.mkdir(parents=True, exist_ok=True)
                moved.append((aside, path))
                path.rename(aside)
        except OSError as error:
            raise StoreError(
                f"{error.filename}: cannot be moved ({error.strerror}); nothing was "
                "deleted: chmod u+rwX, or ask its owner"
            ) from None

    def empty(self) -> None:
        """Remove what this deletion has moved here; the database has forgotten it."""
        _remove(self._own, self._root)
        without_empty(self._root)


def empty_of_unheld(launchpad: LaunchPad, root: Path) -> None:
    """Remove what earlier deletions left, unless the LaunchPad has it."""
    for entry in _inside(root / BIN):
        if entry.name.startswith(_GONE):
            _remove(entry, root)
    there = in_bin(root)
    ours = held(launchpad, there)
    for each in there:
        if each not in ours:
            _remove(each.path, root)
    without_empty(root)


def _remove(place: Path, root: Path) -> None:
    """Remove a directory of the bin, under a name by which no half of it comes back."""
    if not os.path.lexists(place):
        return
    gone = root / BIN / f"{_GONE}{uuid.uuid4().hex[:12]}"
    try:
        place.rename(gone)
        shutil.rmtree(gone)
    except FileNotFoundError:
        return
    except OSError as error:
        where = gone if gone.exists() else place
        raise StoreError(
            f"{where}: what was deleted lies there, and cannot be removed "
            f"({error.filename}: {error.strerror}): chmod -R u+rwX, or ask its owner, "
            "then remove it"
        ) from None


def without_empty(root: Path) -> None:
    """Remove the directories of the bin that hold nothing."""
    top = root / BIN
    for entry in _inside(top):
        if _EARLIER.fullmatch(entry.name) or entry.name.startswith(_GONE):
            continue
        for own in _inside(entry):
            for kind in MOVED:
                _rmdir(own / kind)
            _rmdir(own)
        _rmdir(entry)
    if not top.is_symlink():
        _rmdir(top)


def _rmdir(place: Path) -> None:
    with suppress(OSError):
        place.rmdir()


def checked(path: Path, root: Path) -> Path:
    """Return the path; reject one that is, or leads, outside the data directory."""
    top = root.resolve()
    if path.is_symlink() or not path.resolve().is_relative_to(top) or path == top:
        raise StoreError(
            f"{path}: leads outside the data directory {top}; nothing was deleted. "
            "Remove the link by hand if you want to"
        )
    return path
