"""The Firetasks. Their module path and names are stored in every LaunchPad.

``{{workflows.firetasks.RunStep}}`` and ``{{workflows.firetasks.RecordTaskDocument}}``
are a wire format: never rename or move them.
"""

import logging
import os
from collections.abc import Mapping
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

from workflows.calculation import Calculation
from workflows.detours import not_there_yet
from workflows.engines.base import Machine
from workflows.errors import MachineError, StepFailed
from workflows.execution import run_step
from workflows.incar_tags import MACHINE_TAGS
from workflows.reseed import to_reseed
from workflows.size import check_size
from workflows.store import COLLECTION, FileResults, MongoResults

OURS = {"spec.calculation_id": {"$exists": True}}
"""Query on the fireworks collection: other projects may use the same database."""
PROGRESS = logging.getLogger("lnmo.progress")


@explicit_serialize
class RunStep(FiretaskBase):  # type: ignore[misc]
    """Run one step of the calculation in the spec."""

    def run_task(self, fw_spec: dict[str, Any]) -> FWAction:
        """Run the step; its document's state goes into the launch.

        A result in a wrong electronic state has its re-seed as a detour, as often as
        the campaign allows: what comes after this step waits for it.
        """
        calculation = Calculation.from_dict(fw_spec["calculation"])
        try:
            document = run_step(
                calculation,
                fw_spec["step"],
                root=data_directory(fw_spec),
                machine=machine(fw_spec),
                report=PROGRESS.info,
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
        detours = not_there_yet(launchpad, [detour]) if launchpad else [detour]
        return FWAction(stored_data={**stored, "reseed": again.id}, detours=detours)


@explicit_serialize
class RecordTaskDocument(FiretaskBase):  # type: ignore[misc]
    """Copy the document from the run directory into MongoDB, where there is one."""

    def run_task(self, fw_spec: dict[str, Any]) -> None:
        """Record; with the embedded LaunchPad the file itself is the record."""
        _record(self, fw_spec)


def chain(calculation: Calculation, category: str) -> list[Firework]:
    """Make the Fireworks of one calculation, each the parent of the next.

    Parameters
    ----------
    calculation
        What to compute.
    category
        Which workers may take it.
    """
    fireworks: list[Firework] = []
    for step in calculation.steps:
        fireworks.append(
            Firework(
                [RunStep(), RecordTaskDocument()],
                spec=_spec(calculation, step, category),
                name=f"{calculation.label} {step}",
                parents=fireworks[-1:] or None,
            )
        )
    return fireworks


def _spec(calculation: Calculation, step: str, category: str) -> dict[str, object]:
    spec: dict[str, object] = {
        "calculation": calculation.as_dict(),
        "calculation_id": calculation.id,
        "step": step,
        # The longest first: what is left at the end is short. Lithium-rich cells
        # take several times as long as the others.
        "_priority": calculation.n_li,
        "_category": category,
        "_add_launchpad_and_fw_id": True,
    }
    if "reseed_of" in calculation.ordering:
        spec["reseed_of"] = calculation.ordering["reseed_of"]
    check_size(spec, f"spec of {calculation.label} {step}")
    return spec


def _record(task: FiretaskBase, fw_spec: Mapping[str, Any]) -> None:
    launchpad = getattr(task, "launchpad", None)
    if launchpad is not None:
        copy_document(launchpad, data_directory(fw_spec), fw_spec)


def copy_document(launchpad: LaunchPad, root: Path, fw_spec: Mapping[str, Any]) -> None:
    """Copy the document of a Firework's step, if it has one, beside the LaunchPad."""
    document = FileResults(root).get(fw_spec["calculation_id"], fw_spec["step"])
    if document is not None:
        MongoResults(launchpad.db[COLLECTION]).put(document)


def data_directory(fw_spec: Mapping[str, Any]) -> Path:
    """Return the data directory that the FWorker's env or the environment names."""
    root = fw_spec.get("_fw_env", {}).get("root") or os.environ.get("LNMO_ROOT")
    if not root:
        raise MachineError(
            "no data directory: set root in the FWorker's env, or LNMO_ROOT"
        )
    return Path(root)


def machine(fw_spec: Mapping[str, Any]) -> Machine:
    """Return what the FWorker's env, or else the environment, says of this machine.

    Raises
    ------
    MachineError
        A number, such as ``LNMO_POLL_SECONDS``, is none.
    """
    env = fw_spec.get("_fw_env", {})
    deadline = number(env, "deadline", 0.0)
    return Machine(
        vasp_cmd=env.get("vasp_cmd") or os.environ.get("LNMO_VASP_CMD"),
        incar=env.get("incar") or _tags(os.environ.get("LNMO_VASP_INCAR", "")),
        poll_seconds=number(env, "poll_seconds", Machine.poll_seconds),
        deadline=deadline or None,
        stop_margin=number(env, "stop_margin", Machine.stop_margin),
        frozen_seconds=number(env, "frozen_seconds", Machine.frozen_seconds),
    )


def number(env: Mapping[str, Any], name: str, default: float) -> float:
    """Return what the FWorker's env, else ``LNMO_<NAME>``, says; a zero is one.

    Raises
    ------
    MachineError
        It is no number.
    """
    variable = f"LNMO_{name.upper()}"
    value = env.get(name)
    if value is None:
        value = os.environ.get(variable) or default
    try:
        return float(value)
    except ValueError:
        raise MachineError(f"{variable} = {value!r} is no number") from None


def _tags(text: str) -> dict[str, Any]:
    """Read the machine's INCAR tags from ``NCORE=4 KPAR=2``."""
    tags = {}
    for part in text.split():
        name, equals, value = part.partition("=")
        if not equals or not value or name not in MACHINE_TAGS:
            raise MachineError(
                f"LNMO_VASP_INCAR = {text!r}: {part!r} is no machine tag; write it as "
                f"'NCORE=4 KPAR=2', out of {', '.join(MACHINE_TAGS)}; what changes the "
                "science belongs into the campaign's vasp.incar"
            )
        tags[name] = int(value) if value.isdigit() else value
    return tags
