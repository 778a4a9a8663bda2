"""Fireworks without their Workflow, and Workflows without all of their Fireworks.

FireWorks adds the Fireworks first, so a killed submission leaves Fireworks alone. A
collection that was dropped, or is of another dump than the rest, leaves either. Neither
goes on: FireWorks takes no step from a half, and says nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fireworks import LaunchPad

from workflows.errors import StoreBusy
from workflows.firetasks import OURS
from workflows.launchpad.embedded import EmbeddedLaunchPad
from workflows.launchpad.launch_owner import UNENDED, owner_of

LOOK_AGAIN_SECONDS = 2.0
"""Another process that adds or deletes a Workflow leaves a half for milliseconds."""


@dataclass(frozen=True)
class Half:
    """What is left of a Workflow.

    Attributes
    ----------
    fw_id
        Of the Firework; of a Workflow, the first of those that it names.
    fw_ids
        The Fireworks that are left.
    headless
        Whether the Workflow is what is missing.
    campaign
        Where its calculation comes from.
    busy
        Whether something may still compute a step of it.
    """

    fw_id: int
    fw_ids: tuple[int, ...]
    headless: bool
    campaign: str
    busy: bool

    @property
    def name(self) -> str:
        """Return what is missing, as the name of a report."""
        return "no workflow" if self.headless else "no firework"

    @property
    def why(self) -> str:
        """Return what happened, and how the step comes back."""
        what = (
            "no Workflow holds this step"
            if self.headless
            else "this Workflow has lost steps"
        )
        return (
            f"{what}: a submission was killed half-way, or a collection was lost; "
            f"then submit {self.campaign} again"
        )

    @property
    def cure(self) -> str:
        """Return the command that removes it."""
        if not self.busy:
            return "lnmo reconcile --fix"
        if self.headless:
            command = f"db.fireworks.deleteOne({{fw_id: {self.fw_id}}})"
        else:
            command = f"db.workflows.deleteOne({{nodes: {self.fw_id}}})"
        return (
            "stop what computes it, then lnmo reconcile --fix; if the LaunchPad still "
            f"has it running: {command}"
        )


def halves(launchpad: LaunchPad) -> list[Half]:
    """Return all halves of this project, but for what another process changes now."""
    found = _found(launchpad)
    if not found or isinstance(launchpad, EmbeddedLaunchPad):
        return found
    time.sleep(LOOK_AGAIN_SECONDS)
    before = {(half.headless, half.fw_id) for half in found}
    return [h for h in _found(launchpad) if (h.headless, h.fw_id) in before]


def remove_halves(launchpad: LaunchPad) -> list[Half]:
    """Remove the halves that nothing computes; returns all that there were.

    Their calculations can be submitted again. Their directories and records stay, so
    nothing that has ended is computed twice.
    """
    found = halves(launchpad)
    for half in found:
        if half.busy:
            continue
        if not half.headless:
            launchpad.workflows.delete_one({"nodes": half.fw_id})
        launchpad.fireworks.delete_many({"fw_id": {"$in": list(half.fw_ids)}})
    return found


def refuse_unknown_launches(launchpad: LaunchPad) -> None:
    """Refuse while a process that is known to live computes a lost Firework.

    Which calculation it computes is not known any more, so any new one may be it.

    Raises
    ------
    StoreBusy
        Names the process.
    """
    running = list(launchpad.launches.find({"state": "RUNNING"}))
    alive = {one["fw_id"]: one for one in running if owner_of(one).alive}
    asked = {"fw_id": {"$in": list(alive)}}
    there = {each["fw_id"] for each in launchpad.fireworks.find(asked, {"fw_id": 1})}
    holding = launchpad.workflows.find({"nodes": {"$in": list(alive)}}, {"nodes": 1})
    there |= {number for workflow in holding for number in workflow["nodes"]}
    for fw_id in sorted(set(alive) - there):
        raise StoreBusy(
            f"{owner_of(alive[fw_id])} computes Firework {fw_id}, which the LaunchPad "
            "has lost: a submission might compute the same step beside it. Wait until "
            "it ends, or end it, then type this again"
        )


def _found(launchpad: LaunchPad) -> list[Half]:
    fields = {
        "_id": 0,
        "fw_id": 1,
        "state": 1,
        "spec.calculation_id": 1,
        "spec.calculation.campaign": 1,
    }
    steps = {each["fw_id"]: each for each in launchpad.fireworks.find(OURS, fields)}
    held: set[int] = set()
    found = []
    ours = {"metadata.calculation_id": {"$exists": True}}
    fields = {"_id": 0, "nodes": 1, "metadata.campaign": 1}
    own = list(launchpad.workflows.find(ours, fields))
    for workflow in own:
        nodes = list(workflow["nodes"])
        held.update(nodes)
        left = [n for n in nodes if n in steps]
        if len(left) < len(nodes):
            campaign = str(workflow["metadata"].get("campaign", ""))
            found.append((min(nodes), left, nodes, False, campaign))
    alone = {fw_id: step for fw_id, step in steps.items() if fw_id not in held}
    for fw_id, step in alone.items():
        own = step["spec"]["calculation_id"]
        together = [n for n, s in alone.items() if s["spec"]["calculation_id"] == own]
        plain = step["spec"].get("calculation") or {}
        campaign = str(plain.get("campaign", ""))
        found.append((fw_id, [fw_id], together, True, campaign))
    if not found:
        return []
    busy = _busy(launchpad, steps.values())
    return [
        Half(fw_id, tuple(left), headless, campaign, not busy.isdisjoint(nodes))
        for fw_id, left, nodes, headless, campaign in sorted(found)
    ]


def _busy(launchpad: LaunchPad, steps: Iterable[Mapping[str, Any]]) -> set[int]:
    """Return the Fireworks that may still be computed."""
    fields = {"_id": 0, "fw_id": 1, "fworker": 1, "host": 1, "state": 1}
    launches = list(launchpad.launches.find({"state": {"$in": list(UNENDED)}}, fields))
    alive = {one["fw_id"] for one in launches if owner_of(one).alive is not False}
    claimed = [s["fw_id"] for s in steps if s["state"] in UNENDED]
    asked = {"fw_id": {"$in": claimed}}
    known = {one["fw_id"] for one in launchpad.launches.find(asked, {"fw_id": 1})}
    return alive | (set(claimed) - known)
