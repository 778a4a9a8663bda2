"""Re-seeds in a LaunchPad: Fireworks added, as a detour, to the Workflow of the first.

Their spec has ``reseed_of``, the id of the calculation that was planned, by which
whoever asks for a plan's Fireworks finds them too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from fireworks import LaunchPad

from workflows.campaign.calculation import Calculation
from workflows.campaign.presets import STEPS
from workflows.firetasks import OURS

if TYPE_CHECKING:
    from fireworks import LaunchPad


def with_reseeds(launchpad: LaunchPad, ids: Iterable[str]) -> list[str]:
    """Return ids of calculations, and those of their re-seeds that are submitted.

    Parameters
    ----------
    launchpad
        Where they are.
    ids
        Of planned calculations.
    """
    planned = list(ids)
    fields = {"_id": 0, "spec.calculation_id": 1}
    found = launchpad.fireworks.find({"spec.reseed_of": {"$in": planned}}, fields)
    reseeds = [each["spec"]["calculation_id"] for each in found]
    return list(dict.fromkeys([*planned, *reseeds]))


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


QUEUE_DIRECTORY = "queue"
"""In the data directory: one directory for each launch, with script and job output."""
