"""Calculations -> FireWorks Workflows: one Workflow each, one Firework a step."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from fireworks import LaunchPad, Workflow

from workflows.campaign.calculation import Calculation
from workflows.firetasks import chain, slim
from workflows.launchpad.embedded import in_one_save
from workflows.launchpad.halves import (
    Half,
    refuse_unknown_launches,
    remove_halves,
)
from workflows.launchpad.launch_owner import UNENDED
from workflows.launchpad.lease import lease
from workflows.records.calculations import keep, missing
from workflows.records.database import Database


@dataclass(frozen=True)
class Submission:
    """What a submission added, or would add.

    Attributes
    ----------
    added, present
        Calculations that are new to the LaunchPad, and those it held before.
    removed
        What was left of Workflows, of any campaign, and was removed.
    left
        What may still be computed of them, and stays: nothing else of it runs.
    """

    added: tuple[Calculation, ...]
    present: tuple[Calculation, ...]
    removed: tuple[Half, ...] = ()
    left: tuple[Half, ...] = ()

    @property
    def to_submit_again(self) -> tuple[str, ...]:
        """Names of campaigns that lost steps in this way and were not added now."""
        now = {each.campaign for each in self.added}
        return tuple(sorted({half.campaign for half in self.removed} - now))


def workflow(calculation: Calculation, category: str | None = None) -> Workflow:
    """Return the Workflow of one calculation, its steps chained.

    ``category`` says which workers accept it; the engine's name if None.
    """
    return Workflow(
        chain(calculation, category or calculation.engine),
        name=f"{calculation.campaign} {calculation.label} {calculation.engine}",
        metadata={
            "calculation_id": calculation.id,
            "campaign": calculation.campaign,
            "campaigns": [calculation.campaign],
            "engine": calculation.engine,
            "x": calculation.x,
            "insertion": calculation.insertion,
            "variant": calculation.variant,
        },
    )


def submit(
    launchpad: LaunchPad,
    calculations: Iterable[Calculation],
    *,
    category: str | None = None,
    confirm: Callable[[], None] = lambda: None,
) -> Submission:
    """Add the calculations that the LaunchPad does not hold yet; safe to repeat.

    Parameters
    ----------
    launchpad
        Opened for changing, under :func:`submission_lock`.
    calculations
        All of a campaign, say.
    category
        Says which workers accept them; each engine's name if None.
    confirm
        Of the lock, called before each addition. What it raises leaves what was added.

    Raises
    ------
    StoreBusy
        A process that lives computes a step that the LaunchPad has lost.
    """
    with in_one_save(launchpad):
        refuse_unknown_launches(launchpad)
        confirm()
        halves = remove_halves(launchpad)
        found = planned_submission(launchpad, calculations)
        _note_campaign(launchpad, found.present)
        lost = missing(launchpad.db, (each.id for each in found.present))
        keep(launchpad.db, (c.as_dict() for c in found.present if c.id in lost))
        for calculation in found.added:
            new = workflow(calculation, category)
            slim(launchpad, new)
            confirm()
            launchpad.add_wf(new)
    removed = tuple(half for half in halves if not half.busy)
    left = tuple(half for half in halves if half.busy)
    return replace(found, removed=removed, left=left)


def planned_submission(
    launchpad: LaunchPad, calculations: Iterable[Calculation]
) -> Submission:
    """Return what a submission would add and what is present; changes nothing."""
    wanted = list({c.id: c for c in calculations}.values())
    known = _known(launchpad, wanted)
    return Submission(
        tuple(c for c in wanted if c.id not in known),
        tuple(c for c in wanted if c.id in known),
    )


def _note_campaign(launchpad: LaunchPad, calculations: Iterable[Calculation]) -> None:
    """Record that a campaign has calculations which another one submitted."""
    by_campaign: dict[str, list[str]] = {}
    for each in calculations:
        by_campaign.setdefault(each.campaign, []).append(each.id)
    for campaign, ids in by_campaign.items():
        theirs = {
            "metadata.calculation_id": {"$in": ids},
            "metadata.campaigns": {"$ne": campaign},
        }
        change = {"$push": {"metadata.campaigns": campaign}}
        launchpad.workflows.update_many(theirs, change)


def _known(launchpad: LaunchPad, calculations: Iterable[Calculation]) -> set[str]:
    """Return the ids that have a Workflow, by one query."""
    asked = {"metadata.calculation_id": {"$in": [c.id for c in calculations]}}
    found = launchpad.workflows.find(asked, {"_id": 0, "metadata.calculation_id": 1})
    known = {each["metadata"]["calculation_id"] for each in found}
    return known | _still_computed(launchpad, {c.id for c in calculations} - known)


def _still_computed(launchpad: LaunchPad, ids: Collection[str]) -> set[str]:
    """Return the ids whose Workflow is lost, and of which a step may run."""
    running = {
        "spec.calculation_id": {"$in": list(ids)},
        "state": {"$in": list(UNENDED)},
    }
    found = launchpad.fireworks.find(running, {"_id": 0, "spec.calculation_id": 1})
    return {each["spec"]["calculation_id"] for each in found}


@contextmanager
def submission_lock(
    database: Database, launchpad: LaunchPad
) -> Iterator[Callable[[], None]]:
    """Let one process at a time submit; the embedded LaunchPad has one owner anyway.

    Of two at the same time each would take what the other is adding for the rest of a
    killed submission, and remove it.

    Yields
    ------
    Callable
        Confirms that the lock is still held.

    Raises
    ------
    StoreBusy
        Another process has been submitting for longer than a minute.
    """
    if database.embedded:
        yield lambda: None
        return
    with lease(launchpad, "submit") as confirm:
        yield confirm
