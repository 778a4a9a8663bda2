"""Delete one campaign, and nothing outside the data directory.

FireWorks' ``delete_wflows --ldirs`` removes the directory a launch ran in, whatever it
is: it may be the project itself. Here only directories named by ids are removed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fireworks import LaunchPad
from pymongo.errors import PyMongoError

from workflows.engines.claim import HOLDER, refuse_held_for_life
from workflows.engines.orphans import engine_processes
from workflows.errors import StoreError
from workflows.firetasks import is_current
from workflows.launchpad.deleted import Bin, checked, empty_of_unheld
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
TAKEN_UP = (*NOT_BEGUN, *UNENDED)
"""States of a step that is withheld no more."""


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
        "directories": [checked(p, root) for p in places if p.exists()],
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


def delete(
    launchpad: LaunchPad,
    database: Database,
    found: Mapping[str, Any],
    confirm: Callable[[], None] = lambda: None,
) -> None:
    """Delete what :func:`deletable` returned: all of it, or nothing.

    No step can be checked out any more; then the directories are moved aside, and the
    database forgets them; last the files go. If the database does not forget them, the
    directories come back. What earlier deletions left goes too, unless the LaunchPad
    has it.

    Parameters
    ----------
    confirm
        That of :func:`workflows.launchpad.deleted.deletion_lock`.

    Raises
    ------
    StoreError
        A step was taken up meanwhile, a directory cannot be moved, or the LaunchPad
        cannot be changed, and no result was deleted; or what was moved aside cannot be
        removed, and only that is left.
    """
    own = Bin(database.root)
    with (
        # an embedded LaunchPad has one owner, who is here
        nullcontext() if database.embedded else _withheld(launchpad, found["fw_ids"]),
        own.moved_aside(_with_owners(launchpad, found), confirm),
    ):
        _forget(launchpad, database, found, confirm)
    own.empty()
    empty_of_unheld(launchpad, database.root)
    for calculation_id in found["calculations"]:
        for summary in (database.root / SUMMARIES).glob(f"{calculation_id}-*"):
            with suppress(OSError):  # a cache, and of what is gone never read
                summary.unlink()


def _with_owners(launchpad: LaunchPad, found: Mapping[str, Any]) -> dict[Path, str]:
    """Return the directories with the id of the submitted calculation of each.

    That of a re-seed, or of a queue job, is the one in whose Workflow it is.
    """
    wanted = {"metadata.calculation_id": {"$in": list(found["calculations"])}}
    fields = {"_id": 0, "metadata.calculation_id": 1, "nodes": 1}
    owners: dict[str, str] = {}
    for flow in launchpad.workflows.find(wanted, fields):
        own = str(flow["metadata"]["calculation_id"])
        owners |= dict.fromkeys(map(str, flow["nodes"]), own)
    steps = {"fw_id": {"$in": list(found["fw_ids"])}}
    fields = {"_id": 0, "fw_id": 1, "spec.calculation_id": 1}
    for step in launchpad.fireworks.find(steps, fields):
        if (number := str(step["fw_id"])) in owners:
            owners[str(step["spec"]["calculation_id"])] = owners[number]
    return {path: owners.get(path.name, path.name) for path in found["directories"]}


def _forget(
    launchpad: LaunchPad,
    database: Database,
    found: Mapping[str, Any],
    confirm: Callable[[], None],
) -> None:
    """Remove all that the database has; last the Workflows, by which it is found.

    Once the Fireworks are gone nobody can take a step up, so that is asked before.
    """
    fw_ids, ids = list(found["fw_ids"]), list(found["calculations"])
    before: list[Mapping[str, Any]] = []
    if not database.embedded:
        _confirm_idle(launchpad, fw_ids, confirm)
        documents = launchpad.db[COLLECTION]
        documents.delete_many({"calculation_id": {"$in": ids}})
        before = list(launchpad.fireworks.find({"fw_id": {"$in": fw_ids}}))
    try:
        with in_one_save(launchpad):
            if database.embedded:
                launchpad.fireworks.delete_many({"fw_id": {"$in": fw_ids}})
            else:
                _confirm_idle(launchpad, fw_ids, confirm)
                _remove_idle(launchpad, fw_ids)
            confirm()
            own = {"metadata.calculation_id": {"$in": ids}}
            # not what was submitted again while this process was stopped
            these = [{"nodes": {"$in": fw_ids}}, {"nodes": []}]
            launchpad.workflows.delete_many({**own, "$or": these})
            confirm()
            launchpad.launches.delete_many({"fw_id": {"$in": fw_ids}})
            confirm()
            forget(launchpad.db, ids)
            _leave_campaign(launchpad, found["shared"], found["campaign"])
    except BaseException:
        with suppress(PyMongoError):  # one that is away is asked again by reconcile
            _insert_again(launchpad, before)
        raise


def _confirm_idle(
    launchpad: LaunchPad, fw_ids: Sequence[int], confirm: Callable[[], None]
) -> None:
    """Ask again: this process may have been stopped for an hour."""
    confirm()
    _refuse_busy(launchpad, fw_ids)
    _refuse_taken(launchpad, fw_ids)


def _remove_idle(launchpad: LaunchPad, fw_ids: Sequence[int]) -> None:
    """Remove the Fireworks that nobody has taken up, and refuse if one stays."""
    idle = {"fw_id": {"$in": list(fw_ids)}, "state": {"$nin": list(TAKEN_UP)}}
    launchpad.fireworks.delete_many(idle)
    _refuse_taken(launchpad, fw_ids)


def _refuse_taken(launchpad: LaunchPad, fw_ids: Sequence[int]) -> None:
    """Refuse if a step is not withheld any more: somebody wants it run."""
    taken = {"fw_id": {"$in": list(fw_ids)}, "state": {"$in": list(TAKEN_UP)}}
    step = launchpad.fireworks.find_one(taken, {"_id": 0, "name": 1, "state": 1})
    if step is not None:
        raise StoreError(
            f"{step['name']} is {step['state']}: it was taken up again while this "
            "deletion went on (lnmo rerun), so it was stopped; what was moved aside is "
            "back, or lnmo status says where it lies. No result was deleted"
        )


def _insert_again(launchpad: LaunchPad, before: Sequence[Mapping[str, Any]]) -> None:
    """Insert the Fireworks that are gone while their Workflow is still there."""
    numbers = [each["fw_id"] for each in before]
    flows = launchpad.workflows.find({"nodes": {"$in": numbers}}, {"nodes": 1})
    wanted = {n for flow in flows for n in flow["nodes"]}
    there = launchpad.fireworks.find({"fw_id": {"$in": numbers}}, {"fw_id": 1})
    wanted -= {each["fw_id"] for each in there}
    if again := [each for each in before if each["fw_id"] in wanted]:
        launchpad.fireworks.insert_many(again)


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


def _leave_campaign(launchpad: LaunchPad, shared: Sequence[str], campaign: str) -> None:
    if shared:
        launchpad.workflows.update_many(
            {"metadata.calculation_id": {"$in": list(shared)}},
            {"$pull": {"metadata.campaigns": campaign}},
        )
