"""Calculations -> FireWorks Workflows: one Workflow each, one Firework a step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fireworks import LaunchPad, Workflow

from workflows.calculation import Calculation
from workflows.detours import with_reseeds
from workflows.firetasks import OURS, chain
from workflows.launchpad import at_once
from workflows.presets import STEPS


@dataclass(frozen=True)
class Submission:
    """What a submission did.

    Attributes
    ----------
    added, present
        Calculations that are new to the LaunchPad, and those it held already.
    """

    added: tuple[Calculation, ...]
    present: tuple[Calculation, ...]


def workflow(calculation: Calculation, category: str | None = None) -> Workflow:
    """Chain the steps of one calculation.

    Parameters
    ----------
    calculation
        What to compute.
    category
        Which workers may take it; the engine's name if None.
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
) -> Submission:
    """Add what the LaunchPad does not hold yet; harmless to repeat.

    Parameters
    ----------
    launchpad
        Where to.
    calculations
        What.
    category
        Which workers may take them; each engine's own if None.
    """
    with at_once(launchpad):
        remove_orphans(launchpad)
        found = submission(launchpad, calculations)
        _join(launchpad, found.present)
        for calculation in found.added:
            launchpad.add_wf(workflow(calculation, category))
    return found


def orphans(launchpad: LaunchPad) -> list[int]:
    """Return the Fireworks without a Workflow: FireWorks adds those first.

    A submission that was killed in between leaves them; whoever launched one would
    wait five minutes for the lock of a Workflow that is not there.
    """
    workflows = launchpad.workflows.find({}, {"_id": 0, "nodes": 1})
    known = {fw_id for found in workflows for fw_id in found["nodes"]}
    every = launchpad.fireworks.find(OURS, {"_id": 0, "fw_id": 1})
    return sorted(each["fw_id"] for each in every if each["fw_id"] not in known)


def remove_orphans(launchpad: LaunchPad) -> list[int]:
    """Remove the Fireworks of a killed submission; it is to be said again."""
    found = orphans(launchpad)
    if found:
        query = {"fw_id": {"$in": found}, "state": {"$in": ["READY", "WAITING"]}}
        launchpad.fireworks.delete_many(query)
    return found


def submission(launchpad: LaunchPad, calculations: Iterable[Calculation]) -> Submission:
    """Say what a submission would add and what is present; changes nothing."""
    wanted = list({c.id: c for c in calculations}.values())
    known = _known(launchpad, wanted)
    return Submission(
        tuple(c for c in wanted if c.id not in known),
        tuple(c for c in wanted if c.id in known),
    )


def _join(launchpad: LaunchPad, calculations: Iterable[Calculation]) -> None:
    """Note that a campaign has calculations which another one submitted."""
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
    return {each["metadata"]["calculation_id"] for each in found}


def submitted(
    launchpad: LaunchPad, *, engine: str | None = None, x: Iterable[float] = ()
) -> tuple[Calculation, ...] | None:
    """Return what the LaunchPad holds of an engine and some x; None for everything.

    Parameters
    ----------
    launchpad
        Where it is.
    engine, x
        None and empty choose all. A reference belongs to every x.
    """
    wanted = tuple(x)
    if engine is None and not wanted:
        return None
    specs = launchpad.fireworks.find(OURS, {"_id": 0, "spec.calculation": 1})
    found = (Calculation.from_dict(each["spec"]["calculation"]) for each in specs)
    return tuple(
        {
            c.id: c
            for c in found
            if engine in {None, c.engine}
            and (not wanted or c.x is None or any(abs(c.x - x) < 1e-9 for x in wanted))
        }.values()
    )


def fireworks_of(
    launchpad: LaunchPad, calculations: Iterable[Calculation] | None = None
) -> list[dict[str, object]]:
    """Return the steps of some calculations, as :func:`steps_of` does.

    Parameters
    ----------
    launchpad
        Where they are.
    calculations
        Whose, their re-seeds included; all if None.
    """
    if calculations is None:
        return steps_of(launchpad, {})
    ids = with_reseeds(launchpad, (c.id for c in calculations))
    return steps_of(launchpad, {"spec.calculation_id": {"$in": ids}})


def steps_of(
    launchpad: LaunchPad, wanted: Mapping[str, Any]
) -> list[dict[str, object]]:
    """Return fw_id, calculation_id, engine, step, state, name, reason, category; by x.

    The reason is that of a FIZZLED Firework's last launch, else empty.

    Parameters
    ----------
    launchpad
        Where they are.
    wanted
        Query on the fireworks collection; those of other projects are left out.
    """
    fields = {
        **{"_id": 0, "fw_id": 1, "state": 1, "name": 1, "launches": 1},
        **{"spec.calculation_id": 1, "spec.step": 1, "spec._category": 1},
        **{"spec.calculation.engine": 1, "spec.calculation.x": 1},
        "spec.calculation.insertion": 1,
    }
    found = sorted(launchpad.fireworks.find({**OURS, **wanted}, fields), key=_place)
    reasons = _reasons(launchpad, found)
    return [
        {
            "fw_id": each["fw_id"],
            "calculation_id": each["spec"]["calculation_id"],
            "engine": each["spec"]["calculation"]["engine"],
            "step": each["spec"]["step"],
            "state": each["state"],
            "name": each["name"],
            "reason": reasons.get(each["fw_id"], ""),
            "category": each["spec"].get("_category", ""),
        }
        for each in found
    ]


def _place(firework: Mapping[str, Any]) -> tuple[Any, ...]:
    """Sort by x and model, references last, the steps of one in their order."""
    spec = firework["spec"]
    own = spec["calculation"]
    x = float("inf") if own["x"] is None else own["x"]
    step = STEPS.index(spec["step"])
    return x, own["insertion"], spec["calculation_id"], step


def _reasons(
    launchpad: LaunchPad, fireworks: Iterable[Mapping[str, Any]]
) -> dict[int, str]:
    """Return why the FIZZLED ones failed, by fw_id; one query for all."""
    last = {
        each["launches"][-1]: each["fw_id"]
        for each in fireworks
        if each["state"] == "FIZZLED" and each["launches"]
    }
    if not last:
        return {}
    fields = {"launch_id": 1, "action.stored_data._message": 1}
    found = launchpad.launches.find({"launch_id": {"$in": list(last)}}, fields)
    return {
        last[each["launch_id"]]: str(
            ((each.get("action") or {}).get("stored_data") or {}).get("_message", "")
        )
        for each in found
    }
