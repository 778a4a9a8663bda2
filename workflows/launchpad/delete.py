"""Delete one campaign, and nothing outside the data directory.

FireWorks' ``delete_wflows --ldirs`` removes the directory a launch ran in, whatever it
is: it may be the project itself. Here only directories named by ids are removed.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fireworks import LaunchPad

from workflows.engines.claim import HOLDER, refuse_held_for_life
from workflows.engines.orphans import engine_processes
from workflows.errors import StoreError
from workflows.firetasks import is_current
from workflows.launchpad.embedded import in_one_save
from workflows.launchpad.launch_owner import UNENDED, owner_of
from workflows.launchpad.steps import QUEUE_DIRECTORY, with_reseeds
from workflows.records.calculations import forget
from workflows.records.database import Database
from workflows.records.document import TaskDocument
from workflows.records.file_store import CALCULATIONS
from workflows.records.mongo_store import COLLECTION
from workflows.records.summary_cache import SUMMARIES

NOT_BEGUN = ("READY", "WAITING")
SAME = timedelta(seconds=2)
"""Results are recorded to the second; one of this LaunchPad is never older."""
BIN = "deleted"
"""Directory for what is deleted, until it is gone."""


def deletable(
    launchpad: LaunchPad,
    root: Path,
    campaign: str,
    recorded: Mapping[str, datetime] | None = None,
    planned: Collection[str] | None = None,
    *,
    alone: bool = False,
) -> dict[str, Any]:
    """Return what belongs to a campaign alone.

    Keys: campaign, calculations (ids), shared (ids), older (ids), unplanned (ids),
    needed (ids), fw_ids, directories (paths). Needed are the references that older or
    unplanned ones are compared with. Older ones were recorded before the LaunchPad had
    them, so that it cannot know who else shares them: an earlier LaunchPad was lost, or
    they were collected. Unplanned ones are of an earlier form of the campaign, or of
    another file with a campaign of this name.

    Parameters
    ----------
    recorded
        Id of a calculation, and when its first result was recorded (UTC); None to
        take no result as older.
    planned
        Ids that the campaign plans today; None to take what has its name.
    alone
        Nobody else can run a step of this LaunchPad: what is RUNNING there was killed.

    Raises
    ------
    StoreError
        A step is running or reserved, its last launch has not ended, or a process
        outside of this LaunchPad is computing it; or a directory is a link out of the
        root.
    """
    own: list[Mapping[str, Any]] = []
    shared, older, unplanned = [], [], []
    fields = {"_id": 0, "metadata": 1, "nodes": 1, "created_on": 1}
    for found in launchpad.workflows.find({"metadata.campaigns": campaign}, fields):
        calculation_id = found["metadata"]["calculation_id"]
        first = (recorded or {}).get(calculation_id)
        if len(found["metadata"]["campaigns"]) > 1:
            shared.append(calculation_id)
        elif planned is not None and calculation_id not in planned:
            unplanned.append(calculation_id)
        elif first is not None and first + SAME < utc(found["created_on"]):
            older.append(calculation_id)
        else:
            own.append(found)
    needed = _needed(launchpad, own, {*older, *unplanned})
    own = [each for each in own if each["metadata"]["calculation_id"] not in needed]
    fw_ids = sorted(n for found in own for n in found["nodes"])
    if not alone:
        _refuse_busy(launchpad, fw_ids)
    planned_ids = (found["metadata"]["calculation_id"] for found in own)
    ids = sorted(with_reseeds(launchpad, planned_ids))
    _refuse_processes(root / CALCULATIONS, ids)
    for each in ids:
        for holder in sorted((root / CALCULATIONS / each).glob(f".*{HOLDER}")):
            step = holder.name.removeprefix(".").removesuffix(HOLDER)
            refuse_held_for_life(holder.with_name(step))
    places = [
        *(root / CALCULATIONS / each for each in ids),
        *(root / QUEUE_DIRECTORY / str(each) for each in fw_ids),
    ]
    return {
        "campaign": campaign,
        "calculations": ids,
        "shared": sorted(shared),
        "older": sorted(older),
        "unplanned": sorted(unplanned),
        "needed": sorted(needed),
        "fw_ids": fw_ids,
        "directories": [_checked(p, root) for p in places if p.exists()],
    }


def _needed(
    launchpad: LaunchPad, own: Iterable[Mapping[str, Any]], staying: Collection[str]
) -> set[str]:
    """Return the references (those without an x) of an engine whose cells stay."""
    query = {"metadata.calculation_id": {"$in": sorted(staying)}}
    left = [each["metadata"] for each in launchpad.workflows.find(query)]
    engines = {each["engine"] for each in left if each["x"] is not None}
    metadata = [each["metadata"] for each in own]
    return {
        each["calculation_id"]
        for each in metadata
        if each["x"] is None and each["engine"] in engines
    }


def _refuse_busy(launchpad: LaunchPad, fw_ids: Sequence[int]) -> None:
    busy = {"fw_id": {"$in": list(fw_ids)}, "state": {"$in": list(UNENDED)}}
    launches = list(launchpad.launches.find(busy))
    outside = [launch for launch in launches if not _is_of_a_queue(launch)]
    for launch in outside:
        _refuse_unended(launchpad, launch)
    dead = {launch["fw_id"] for launch in outside}
    fields = {"name": 1, "state": 1, "fw_id": 1}
    for found in launchpad.fireworks.find(busy, fields):
        if found["fw_id"] not in dead:
            raise StoreError(
                f"{found['name']} is {found['state']}; first: lnmo cancel --fw-id "
                f"{found['fw_id']}, and lnmo reconcile --fix until nothing runs"
            )
    for launch in launches:
        _refuse_unended(launchpad, launch)


def _refuse_unended(launchpad: LaunchPad, launch: Mapping[str, Any]) -> None:
    """Refuse where a launch has not ended, whatever its Firework's state.

    One that was given up for another counts only if its process is known to live.
    """
    fw_id, owner = launch["fw_id"], owner_of(launch)
    given_up = not is_current(launchpad, fw_id, launch["launch_id"])
    if owner.alive is False or (given_up and not owner.alive):
        return
    found = launchpad.fireworks.find_one({"fw_id": fw_id}, {"name": 1, "state": 1})
    if found is None:
        return
    if launch["state"] == "RUNNING" and not _is_of_a_queue(launch):
        cancelled = found["state"] == "DEFUSED"
        how = f"{owner.computes}. {owner.end_of(fw_id, cancelled=cancelled)}"
    else:
        how = (
            "its queue job has not ended, as far as the LaunchPad knows. Type lnmo "
            "reconcile --fix where that queue is, until it lists this step no more"
        )
    raise StoreError(
        f"{found['name']} is {found['state']}, but {how}. Then type this again; "
        "nothing was deleted"
    )


def _refuse_processes(calculations: Path, ids: Collection[str]) -> None:
    """Refuse where an engine still runs on this machine, whoever started it."""
    for place, pids in engine_processes(*(calculations / each for each in ids)).items():
        numbers, together = ", ".join(map(str, pids)), " ".join(map(str, pids))
        raise StoreError(
            f"{place}: process {numbers} still computes there; nothing was "
            f"deleted. Wait until it ends, or: kill {together}; then type this again"
        )


def _is_of_a_queue(launch: Mapping[str, Any]) -> bool:
    return any("reservation_id" in entry for entry in launch.get("state_history") or ())


@contextmanager
def _withheld(launchpad: LaunchPad, fw_ids: Sequence[int]) -> Iterator[None]:
    """Let nobody check out a Firework meanwhile; if that fails, all is as it was.

    A check-out makes a Firework RESERVED in one step, so each of them is either seen
    here or finds nothing that is READY.
    """
    own = {"fw_id": {"$in": list(fw_ids)}, "state": {"$in": list(NOT_BEGUN)}}
    before = list(launchpad.fireworks.find(own, {"_id": 0, "fw_id": 1, "state": 1}))
    launchpad.fireworks.update_many(own, {"$set": {"state": "DEFUSED"}})
    try:
        _refuse_busy(launchpad, fw_ids)
        yield
    except BaseException:
        for state in NOT_BEGUN:
            ids = [each["fw_id"] for each in before if each["state"] == state]
            query = {"fw_id": {"$in": ids}, "state": "DEFUSED"}
            launchpad.fireworks.update_many(query, {"$set": {"state": state}})
        raise


def delete(launchpad: LaunchPad, database: Database, found: Mapping[str, Any]) -> None:
    """Delete what :func:`deletable` returned: all of it, or nothing.

    No step can be checked out any more; then the directories are moved aside, and the
    database forgets them; last the files go. If the database does not forget them, the
    directories come back.

    Raises
    ------
    StoreError
        A step was checked out meanwhile, a directory cannot be moved, or the LaunchPad
        cannot be changed, and no result was deleted; or what was moved aside cannot be
        removed, and only that is left.
    """
    bin_ = database.root / BIN
    with (
        # an embedded LaunchPad has one owner, who is here
        nullcontext() if database.embedded else _withheld(launchpad, found["fw_ids"]),
        _moved_aside(found["directories"], bin_, database.root),
    ):
        _forget(launchpad, database, found)
    _empty(bin_)
    for calculation_id in found["calculations"]:
        for summary in (database.root / SUMMARIES).glob(f"{calculation_id}-*"):
            with suppress(OSError):  # a cache, and of what is gone never read
                summary.unlink()


def _forget(launchpad: LaunchPad, database: Database, found: Mapping[str, Any]) -> None:
    """Remove all that the database has; last the Workflows, by which it is found."""
    fw_ids, ids = list(found["fw_ids"]), list(found["calculations"])
    if not database.embedded:
        documents = launchpad.db[COLLECTION]
        documents.delete_many({"calculation_id": {"$in": ids}})
    with in_one_save(launchpad):
        launchpad.fireworks.delete_many({"fw_id": {"$in": fw_ids}})
        launchpad.workflows.delete_many({"metadata.calculation_id": {"$in": ids}})
        launchpad.launches.delete_many({"fw_id": {"$in": fw_ids}})
        forget(launchpad.db, ids)
        _leave_campaign(launchpad, found["shared"], found["campaign"])


def submitted_kinds(launchpad: LaunchPad, campaign: str) -> dict[str, set[float]]:
    """Return the engines that a campaign was submitted with, and the x of each.

    Both may have been given on the command line, against the campaign's file.
    """
    kinds: dict[str, set[float]] = {}
    fields = {"_id": 0, "metadata": 1}
    for found in launchpad.workflows.find({"metadata.campaigns": campaign}, fields):
        own = kinds.setdefault(found["metadata"]["engine"], set())
        if found["metadata"]["x"] is not None:
            own.add(found["metadata"]["x"])
    return kinds


def first_recorded(documents: Iterable[TaskDocument]) -> dict[str, datetime]:
    """Return when the first result of each calculation was recorded, by its id."""
    first: dict[str, datetime] = {}
    for each in documents:
        if each.calculation_id is None or each.completed_at is None:
            continue
        try:
            at = utc(each.completed_at)
        except ValueError:
            continue
        first[each.calculation_id] = min(at, first.get(each.calculation_id, at))
    return first


def utc(moment: str | datetime) -> datetime:
    """Return a moment in UTC; one without a zone is in UTC."""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC)


@contextmanager
def _moved_aside(places: Sequence[Path], bin_: Path, root: Path) -> Iterator[None]:
    """Move directories into the bin; back again if what follows fails."""
    moved: list[tuple[Path, Path]] = []
    try:
        _move(places, bin_, root, moved)
        yield
    except BaseException:
        for aside, path in reversed(moved):
            aside.rename(path)
        with suppress(OSError):
            bin_.rmdir()
        raise


def _move(
    places: Sequence[Path], bin_: Path, root: Path, moved: list[tuple[Path, Path]]
) -> None:
    try:
        _empty(bin_)  # what an earlier deletion could not remove
        for number, path in enumerate(places):
            bin_.mkdir(exist_ok=True)
            aside = bin_ / f"{number}-{path.name}"
            _checked(path, root).rename(aside)
            moved.append((aside, path))
    except OSError as error:
        raise StoreError(
            f"{error.filename}: cannot be moved ({error.strerror}); nothing was "
            "deleted: chmod u+rwX, or ask its owner"
        ) from None


def _empty(bin_: Path) -> None:
    try:
        shutil.rmtree(bin_)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(
            f"{bin_}: what was deleted lies there, and cannot be removed "
            f"({error.filename}: {error.strerror}): chmod -R u+rwX, or ask its owner, "
            "then remove it"
        ) from None


def _leave_campaign(launchpad: LaunchPad, shared: Sequence[str], campaign: str) -> None:
    if shared:
        launchpad.workflows.update_many(
            {"metadata.calculation_id": {"$in": list(shared)}},
            {"$pull": {"metadata.campaigns": campaign}},
        )


def _checked(path: Path, root: Path) -> Path:
    """Return the path; reject one that is, or leads, outside the data directory."""
    top = root.resolve()
    if path.is_symlink() or not path.resolve().is_relative_to(top) or path == top:
        raise StoreError(
            f"{path}: leads outside the data directory {top}; nothing was deleted. "
            "Remove the link by hand if you want to"
        )
    return path
