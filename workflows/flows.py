"""Calculations -> FireWorks Workflows: one Workflow each, one Firework a step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fireworks import Firework, LaunchPad, Workflow

from workflows.calculation import Calculation
from workflows.firetasks import RecordTaskDocument, RunStep
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
    fireworks: list[Firework] = []
    for step in calculation.steps:
        fireworks.append(
            Firework(
                [RunStep(), RecordTaskDocument()],
                spec=_spec(calculation, step, category or calculation.engine),
                name=f"{calculation.label} {step}",
                parents=fireworks[-1:] or None,
            )
        )
    return Workflow(
        fireworks,
        name=f"{calculation.campaign} {calculation.label} {calculation.engine}",
        metadata={
            "calculation_id": calculation.id,
            "campaign": calculation.campaign,
            "engine": calculation.engine,
            "x": calculation.x,
            "insertion": calculation.insertion,
            "variant": calculation.variant,
        },
    )


def _spec(calculation: Calculation, step: str, category: str) -> dict[str, object]:
    return {
        "calculation": calculation.as_dict(),
        "calculation_id": calculation.id,
        "step": step,
        # The longest first: what is left at the end is short. Lithium-rich cells
        # take several times as long as the others.
        "_priority": calculation.n_li,
        "_category": category,
        "_add_launchpad_and_fw_id": True,
    }


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
    wanted = list(calculations)
    known = _known(launchpad, wanted)
    added, present = [], []
    with at_once(launchpad):
        for calculation in wanted:
            if calculation.id in known:
                present.append(calculation)
            else:
                launchpad.add_wf(workflow(calculation, category))
                known.add(calculation.id)
                added.append(calculation)
    return Submission(tuple(added), tuple(present))


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
    specs = launchpad.fireworks.find({}, {"_id": 0, "spec.calculation": 1})
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
    """Return fw_id, calculation_id, engine, step, state, name, reason; by x.

    The reason is that of a FIZZLED Firework's last launch, else empty.

    Parameters
    ----------
    launchpad
        Where they are.
    calculations
        Whose; all if None.
    """
    wanted = {} if calculations is None else _of(calculations)
    fields = {
        "_id": 0,
        "fw_id": 1,
        "state": 1,
        "name": 1,
        "launches": 1,
        "spec.calculation_id": 1,
        "spec.calculation.engine": 1,
        "spec.calculation.x": 1,
        "spec.calculation.insertion": 1,
        "spec.step": 1,
    }
    return [
        {
            "fw_id": found["fw_id"],
            "calculation_id": found["spec"]["calculation_id"],
            "engine": found["spec"]["calculation"]["engine"],
            "step": found["spec"]["step"],
            "state": found["state"],
            "name": found["name"],
            "reason": _reason(launchpad, found),
        }
        for found in sorted(launchpad.fireworks.find(wanted, fields), key=_place)
    ]


def _place(firework: Mapping[str, Any]) -> tuple[Any, ...]:
    """Sort by x and model, references last, the steps of one in their order."""
    spec = firework["spec"]
    own = spec["calculation"]
    x = float("inf") if own["x"] is None else own["x"]
    step = STEPS.index(spec["step"])
    return x, own["insertion"], spec["calculation_id"], step


def _reason(launchpad: LaunchPad, firework: Mapping[str, Any]) -> str:
    if firework["state"] != "FIZZLED" or not firework["launches"]:
        return ""
    last = {"launch_id": firework["launches"][-1]}
    launch = launchpad.launches.find_one(last, {"action": 1}) or {}
    stored = (launch.get("action") or {}).get("stored_data", {})
    return str(stored.get("_message", ""))


def _of(calculations: Iterable[Calculation]) -> dict[str, object]:
    return {"spec.calculation_id": {"$in": [c.id for c in calculations]}}
