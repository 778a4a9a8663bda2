"""Updates of a Workflow that a killed process left half done, and their end.

FireWorks writes the Fireworks first, one after the other, and then the Workflow, which
remembers a state of each. A process that is killed in between leaves a Workflow that
does not know of an end: what comes after it waits for ever.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from fireworks import Firework, LaunchPad, Workflow

from workflows.launchpad.embedded import EmbeddedLaunchPad
from workflows.launchpad.workflow_lock import is_left

LOOK_AGAIN_SECONDS = 2.0
"""Another process that updates a Workflow leaves it so for milliseconds."""
ENDED = frozenset({"COMPLETED", "FIZZLED"})
WHY = "a process was killed while it told the end of a step: what comes after it waits"


def untold(
    told: Mapping[int, str], states: Mapping[int, str], launch: Callable[[int], str]
) -> list[int]:
    """Return the Fireworks whose end the Workflow does not know.

    Parameters
    ----------
    told, states
        By fw_id, what the Workflow remembers, and what the Fireworks say.
    launch
        Told a Firework; returns the state of the launch that decides its own. One that
        says otherwise did not end the Firework: a person, or a lost launch, did.
    """
    return [
        fw_id
        for fw_id, state in sorted(states.items())
        if state in ENDED and told.get(fw_id) != state and launch(fw_id) == state
    ]


def held_up(
    parents: Mapping[int, Iterable[int]], states: Mapping[int, str]
) -> list[int]:
    """Return the Fireworks that wait for nothing: all of their parents are COMPLETED.

    Parameters
    ----------
    parents
        By fw_id; one that has none may be left out.
    states
        Of the Fireworks, by fw_id.
    """
    return [
        fw_id
        for fw_id, state in sorted(states.items())
        if state == "WAITING"
        and all(states.get(parent) == "COMPLETED" for parent in parents.get(fw_id, ()))
    ]


def refreshed(workflow: Workflow, told: Mapping[int, str], fw_id: int) -> set[int]:
    """Refresh a Firework in memory, and first what an earlier update left undone.

    Parameters
    ----------
    workflow
        Its ``fw_states`` are those of the Fireworks.
    told
        By fw_id, the states that the Workflow remembers.
    fw_id
        Of the Firework.

    Returns
    -------
    set[int]
        The Fireworks that have changed.
    """
    updated: set[int] = set()

    def launch(each: int) -> str:
        found = workflow._get_representative_launch(workflow.id_fw[each])
        return str(found.state) if found else ""

    for each in untold(told, workflow.fw_states, launch):
        workflow.id_fw[each].state = "RUNNING"  # so that its action is applied
        updated = set(workflow.refresh(each, updated))
    for each in held_up(workflow.links.parent_links, workflow.fw_states):
        updated = set(workflow.refresh(each, updated))
    return set(workflow.refresh(fw_id, updated))


def unfinished_updates(launchpad: LaunchPad) -> list[int]:
    """Return one Firework of each Workflow of this project that an update left so.

    Workflows that another process changes now, or has locked, are left out.
    """
    if isinstance(launchpad, EmbeddedLaunchPad):
        return []  # one save holds all of an update
    found = _found(launchpad)
    if not found:
        return []
    time.sleep(LOOK_AGAIN_SECONDS)
    return sorted(set(found) & set(_found(launchpad)))


def finish_updates(launchpad: LaunchPad) -> list[int]:
    """Finish what :func:`unfinished_updates` returns, and return it."""
    found = unfinished_updates(launchpad)
    for fw_id in found:
        launchpad._refresh_wf(fw_id)
    return found


def _found(launchpad: LaunchPad) -> list[int]:
    ours = {"metadata.calculation_id": {"$exists": True}}
    fields = {"_id": 0, "nodes": 1, "fw_states": 1, "links": 1, "locked": 1}
    workflows = [
        each
        for each in launchpad.workflows.find(ours, fields)
        if "locked" not in each or is_left(each["locked"])
    ]
    asked = {"fw_id": {"$in": [node for each in workflows for node in each["nodes"]]}}
    fields = {"_id": 0, "fw_id": 1, "state": 1, "launches": 1}
    fireworks = {f["fw_id"]: f for f in launchpad.fireworks.find(asked, fields)}
    ends: dict[int, list[int]] = {}  # by the Workflow that may not know them
    waiting: set[int] = set()
    for workflow in workflows:
        nodes = workflow["nodes"]
        states = {n: fireworks[n]["state"] for n in nodes if n in fireworks}
        if len(states) < len(nodes):
            continue  # it has lost steps, which is told elsewhere
        told = _by_number(workflow.get("fw_states"))
        if later := untold(told, states, states.__getitem__):
            ends[min(nodes)] = later
        if held_up(_parents(_by_number(workflow["links"])), states):
            waiting.add(min(nodes))
    later = [fw_id for own in ends.values() for fw_id in own]
    decided = _decided(launchpad, [fireworks[fw_id] for fw_id in later])
    known = {
        fw_id
        for fw_id, own in ends.items()
        if any(decided.get(each) == fireworks[each]["state"] for each in own)
    }
    return sorted(waiting | known)


def _decided(
    launchpad: LaunchPad, fireworks: Sequence[Mapping[str, Any]]
) -> dict[int, str]:
    """Return, by fw_id, the state of the launch that decides that of its Firework."""
    if not fireworks:
        return {}
    numbers = [number for each in fireworks for number in each["launches"]]
    asked, fields = {"launch_id": {"$in": numbers}}, {"launch_id": 1, "state": 1}
    states = {
        one["launch_id"]: one["state"] for one in launchpad.launches.find(asked, fields)
    }
    found = {}
    for each in fireworks:
        own = [states[number] for number in each["launches"] if number in states]
        if own:
            found[each["fw_id"]] = max(own, key=Firework.STATE_RANKS.__getitem__)
    return found


def _parents(links: Mapping[int, Iterable[int]]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for parent, children in links.items():
        for child in children:
            found.setdefault(child, []).append(parent)
    return found


def _by_number(stored: Mapping[str, Any] | None) -> dict[int, Any]:
    return {int(key): value for key, value in (stored or {}).items()}
