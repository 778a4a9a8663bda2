"""Steps in a LaunchPad: the Fireworks of calculations and of their re-seeds.

A re-seed is added, as a detour, to the Workflow of the planned calculation. Its spec
has ``reseed_of``, the id of that calculation, so that a query by planned ids finds it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fireworks import LaunchPad

from workflows.campaign.calculation import Calculation
from workflows.campaign.presets import STEPS
from workflows.campaign.sections import same_x
from workflows.campaign.step_names import GEOMETRY
from workflows.firetasks import OURS
from workflows.records.calculations import calculation_of

QUEUE_DIRECTORY = "queue"
"""In the data directory: one directory for each launch, with script and job output."""


def with_reseeds(launchpad: LaunchPad, ids: Iterable[str]) -> list[str]:
    """Return ids of planned calculations, and of their re-seeds that are submitted."""
    planned = list(ids)
    fields = {"_id": 0, "spec.calculation_id": 1}
    asked = {**OURS, "spec.reseed_of": {"$in": planned}}
    found = launchpad.fireworks.find(asked, fields)
    reseeds = [each["spec"]["calculation_id"] for each in found]
    return list(dict.fromkeys([*planned, *reseeds]))


def submitted(
    launchpad: LaunchPad, *, engine: str | None = None, x: Iterable[float] = ()
) -> tuple[Calculation, ...] | None:
    """Return the submitted calculations of an engine and some x.

    None and empty choose all; if both do, the result is None. A reference belongs to
    every x.
    """
    wanted = tuple(x)
    if engine is None and not wanted:
        return None
    specs = launchpad.fireworks.find(OURS, {"_id": 0, "spec.calculation": 1})
    plain = (each["spec"]["calculation"] for each in specs)
    chosen = {
        own["id"]: own
        for own in plain
        if engine in {None, own["engine"]}
        and (not wanted or own["x"] is None or _is_among(own["x"], wanted))
    }
    return tuple(calculation_of(launchpad.db, own) for own in chosen.values())


def _is_among(x: float, wanted: Iterable[float]) -> bool:
    return any(same_x(x, each) for each in wanted)


def unfinished(launchpad: LaunchPad) -> tuple[Calculation, ...]:
    """Return the calculations of this project that have a step to do."""
    query = {**OURS, "state": {"$ne": "COMPLETED"}}
    specs = launchpad.fireworks.find(query, {"_id": 0, "spec.calculation": 1})
    plain = {own["id"]: own for own in (each["spec"]["calculation"] for each in specs)}
    return tuple(calculation_of(launchpad.db, own) for own in plain.values())


def fireworks_of(
    launchpad: LaunchPad, calculations: Iterable[Calculation] | None = None
) -> list[dict[str, object]]:
    """Return the steps of some calculations and their re-seeds, as :func:`steps_of`.

    All steps if ``calculations`` is None.
    """
    if calculations is None:
        return steps_of(launchpad, {})
    ids = with_reseeds(launchpad, (c.id for c in calculations))
    return steps_of(launchpad, {"spec.calculation_id": {"$in": ids}})


def steps_of(
    launchpad: LaunchPad, wanted: Mapping[str, Any]
) -> list[dict[str, object]]:
    """Return what there is of each step; by x.

    fw_id, calculation_id, campaigns, engine, x, insertion, step, state, name, reason,
    category. The reason is that of a FIZZLED Firework's last launch, else empty.
    ``wanted`` is a query on the fireworks collection; Fireworks of other projects are
    left out.
    """
    fields = {
        "_id": 0,
        "fw_id": 1,
        "state": 1,
        "name": 1,
        "launches": 1,
        "spec.calculation_id": 1,
        "spec.step": 1,
        "spec._category": 1,
        "spec.reseed_of": 1,
        "spec.calculation.engine": 1,
        "spec.calculation.x": 1,
        "spec.calculation.insertion": 1,
    }
    found = launchpad.fireworks.find({**OURS, **wanted}, fields)
    found = sorted(found, key=_by_x_and_step)
    reasons = _reasons(launchpad, found)
    campaigns = _campaigns(launchpad)
    return [
        {
            "fw_id": each["fw_id"],
            "calculation_id": each["spec"]["calculation_id"],
            "campaigns": campaigns.get(
                each["spec"].get("reseed_of") or each["spec"]["calculation_id"], []
            ),
            "engine": each["spec"]["calculation"]["engine"],
            "x": each["spec"]["calculation"]["x"],
            "insertion": each["spec"]["calculation"]["insertion"],
            "step": each["spec"]["step"],
            "state": each["state"],
            "name": each["name"],
            "reason": reasons.get(each["fw_id"], ""),
            "category": each["spec"].get("_category", ""),
        }
        for each in found
    ]


def _campaigns(launchpad: LaunchPad) -> dict[str, list[str]]:
    """Return the names of the campaigns of each planned calculation, by its id."""
    ours = {"metadata.calculation_id": {"$exists": True}}
    found = launchpad.workflows.find(ours, {"_id": 0, "metadata": 1})
    own = (workflow["metadata"] for workflow in found)
    return {each["calculation_id"]: list(each.get("campaigns", ())) for each in own}


def _by_x_and_step(firework: Mapping[str, Any]) -> tuple[Any, ...]:
    """Sort key: x, model, calculation, step; references last."""
    spec = firework["spec"]
    own = spec["calculation"]
    x = float("inf") if own["x"] is None else own["x"]
    step = (GEOMETRY, *STEPS).index(spec["step"])
    return x, own["insertion"], spec["calculation_id"], step


def _reasons(
    launchpad: LaunchPad, fireworks: Iterable[Mapping[str, Any]]
) -> dict[int, str]:
    """Return the reasons of the FIZZLED ones, by fw_id, from one query."""
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
