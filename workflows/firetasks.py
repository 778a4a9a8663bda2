"""The Firetasks. Their module path and names are stored in every LaunchPad.

``{{workflows.firetasks.RunStep}}`` and ``{{workflows.firetasks.RecordTaskDocument}}``
are a wire format: never rename or move them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from fireworks import (
    FiretaskBase,
    Firework,
    FWAction,
    LaunchPad,
    Workflow,
    explicit_serialize,
)

from workflows.campaign.calculation import Calculation
from workflows.engines.claim import Superseded, Turn
from workflows.engines.machine import data_directory, machine
from workflows.engines.reseed import to_reseed
from workflows.engines.step import run_step
from workflows.errors import MachineError, StepFailed
from workflows.records.calculations import fetch, header, is_whole, keep
from workflows.records.file_store import FileResults
from workflows.records.mongo_store import COLLECTION, MongoResults
from workflows.records.recordable import check_size

BEGUN = 100_000
"""Priority of a step whose chain has begun; above the Li of any cell."""

OURS = {"spec.calculation_id": {"$exists": True}}
"""Query on the fireworks collection: other projects may use the same database."""

TURN = "_lnmo_turn"
"""Key of a spec in memory: epoch and number of the launch, see `engines/claim.py`."""

PROGRESS = logging.getLogger("lnmo.progress")


@explicit_serialize
class RunStep(FiretaskBase):  # type: ignore[misc]
    """Run one step of the calculation in the spec."""

    def run_task(self, fw_spec: dict[str, Any]) -> FWAction:
        """Run the step; its document's state goes into the launch.

        A result in a wrong electronic state has its re-seed as a detour, as often as
        the campaign allows: what comes after this step waits for it.
        """
        calculation = Calculation.from_dict(_whole(self, fw_spec))
        try:
            document = run_step(
                calculation,
                fw_spec["step"],
                root=data_directory(fw_spec),
                machine=machine(fw_spec),
                report=PROGRESS.info,
                turn=_turn(fw_spec),
            )
        except StepFailed:
            _record(self, fw_spec)  # the next Firetask never comes
            raise
        stored = {"state": str(document.state), "directory": document.dir_name}
        again = to_reseed(calculation, document)
        if again is None:
            return FWAction(stored_data=stored)
        _record(self, fw_spec)  # FireWorks skips the next Firetask after a detour
        detour = Workflow(chain(again, fw_spec.get("_category", again.engine)))
        launchpad = getattr(self, "launchpad", None)
        detours = new_detours(launchpad, [detour]) if launchpad else [detour]
        return FWAction(stored_data={**stored, "reseed": again.id}, detours=detours)


@explicit_serialize
class RecordTaskDocument(FiretaskBase):  # type: ignore[misc]
    """Copies only: `engines/step.py` makes the record, in the run directory.

    The copy goes into MongoDB, where there is one.
    """

    def run_task(self, fw_spec: dict[str, Any]) -> None:
        """Record; with the embedded LaunchPad the file itself is the record."""
        _record(self, fw_spec)


def chain(calculation: Calculation, category: str) -> list[Firework]:
    """Make the Fireworks of one calculation, each the parent of the next.

    ``category`` says which workers accept them.
    """
    plain = calculation.as_dict()
    check_size(plain, f"calculation {calculation.label}")
    fireworks: list[Firework] = []
    for step in calculation.steps:
        fireworks.append(
            Firework(
                [RunStep(), RecordTaskDocument()],
                spec=_spec(calculation, plain, step, category),
                name=f"{calculation.label} {step}",
                parents=fireworks[-1:] or None,
            )
        )
    return fireworks


def _spec(
    calculation: Calculation, plain: dict[str, Any], step: str, category: str
) -> dict[str, object]:
    spec: dict[str, object] = {
        "calculation": plain,
        "calculation_id": calculation.id,
        "step": step,
        # A chain that has begun goes before one that has not: its WAVECAR waits on the
        # disk. Then the longest first, so that what is left at the end is short;
        # lithium-rich cells take several times as long as the others.
        "_priority": calculation.n_li + BEGUN * min(1, calculation.steps.index(step)),
        "_category": category,
        "_add_launchpad_and_fw_id": True,
    }
    if "reseed_of" in calculation.ordering:
        spec["reseed_of"] = calculation.ordering["reseed_of"]
    return spec


def _record(task: FiretaskBase, fw_spec: Mapping[str, Any]) -> None:
    launchpad = getattr(task, "launchpad", None)
    if launchpad is not None:
        copy_document(launchpad, data_directory(fw_spec), fw_spec)


def copy_document(
    launchpad: LaunchPad,
    root: Path,
    fw_spec: Mapping[str, Any],
    *,
    confirm: Callable[[], None] = lambda: None,
) -> None:
    """Copy the document of a Firework's step, if it has one, beside the LaunchPad.

    ``confirm`` is called right before; what it raises leaves everything as it was.

    Raises
    ------
    StoreError
        It cannot be read, or is that of another calculation; nothing was copied.
    """
    document = FileResults(root).get(fw_spec["calculation_id"], fw_spec["step"])
    if document is not None:
        MongoResults(launchpad.db[COLLECTION]).put(document, confirm=confirm)


def copy_if_current(
    launchpad: LaunchPad,
    root: Path,
    fw_spec: Mapping[str, Any],
    *,
    fw_id: int,
    launch_id: int,
) -> None:
    """Copy as :func:`copy_document`, unless the launch is abandoned by then.

    Raises
    ------
    Superseded
        Another launch took the step over; nothing was copied.
    StoreError
        As :func:`copy_document`.
    """

    def confirm() -> None:
        if not is_current(launchpad, fw_id, launch_id):
            raise Superseded(f"another launch took step {fw_id} over; not recorded")

    confirm()
    copy_document(launchpad, root, fw_spec, confirm=confirm)


def is_current(launchpad: LaunchPad, fw_id: int, launch_id: int) -> bool:
    """Return whether a launch is its Firework's current one, not an abandoned one."""
    query = {"fw_id": fw_id, "launches": launch_id}
    return launchpad.fireworks.find_one(query, {"fw_id": 1}) is not None


def new_detours(launchpad: LaunchPad, detours: Iterable[Workflow]) -> list[Workflow]:
    """Leave out the detours that the LaunchPad holds: a step that is run again.

    A Firework without a Workflow does not count: a kill left it during an addition.
    """
    new = [each for each in detours if not _is_present(launchpad, each)]
    for each in new:
        slim(launchpad, each)
    return new


def slim(launchpad: LaunchPad, workflow: Workflow) -> None:
    """Keep the calculations of a Workflow beside the LaunchPad, headers in its specs.

    To be called before the Workflow is added.
    """
    ours = [each for each in workflow.fws if "calculation" in each.spec]
    plain = {each.spec["calculation_id"]: each.spec["calculation"] for each in ours}
    keep(launchpad.db, (each for each in plain.values() if is_whole(each)))
    for each in ours:
        each.spec["calculation"] = header(each.spec["calculation"])


def _turn(fw_spec: Mapping[str, Any]) -> Turn | None:
    """Return the turn of a launch; None of one that a plain rlaunch began."""
    found = fw_spec.get(TURN)
    return None if found is None else Turn(str(found[0]), int(found[1]))


def _whole(task: FiretaskBase, fw_spec: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the calculation of a spec, from the LaunchPad if only its header is there.

    A worker of the local run has no LaunchPad: its owner sends the whole calculation.
    """
    plain: Mapping[str, Any] = fw_spec["calculation"]
    if is_whole(plain):
        return plain
    launchpad = getattr(task, "launchpad", None)
    if launchpad is None:
        raise MachineError(
            f"calculation {plain['id']}: only its header is in the spec, and there is "
            "no LaunchPad to ask; offline mode of FireWorks is not supported"
        )
    return fetch(launchpad.db, plain)


def _is_present(launchpad: LaunchPad, detour: Workflow) -> bool:
    ids = [f.spec["calculation_id"] for f in detour.fws if "reseed_of" in f.spec]
    query = {"spec.calculation_id": {"$in": ids}}
    found = launchpad.fireworks.find(query, {"_id": 0, "fw_id": 1})
    nodes = [each["fw_id"] for each in found]
    return launchpad.workflows.find_one({"nodes": {"$in": nodes}}) is not None
