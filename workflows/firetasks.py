"""The Firetasks. Their module path and names are stored in every LaunchPad.

``{{workflows.firetasks.RunStep}}`` and ``{{workflows.firetasks.RecordTaskDocument}}``
are a wire format: never rename or move them.
"""

import logging
import os
from pathlib import Path
from typing import Any

from fireworks import FiretaskBase, FWAction, explicit_serialize

from workflows.engines.base import Machine
from workflows.errors import MachineError
from workflows.execution import run_step
from workflows.plan import Calculation
from workflows.store import COLLECTION, FileResults, MongoResults

PROGRESS = logging.getLogger("lnmo.progress")


@explicit_serialize
class RunStep(FiretaskBase):  # type: ignore[misc]
    """Run one step of the calculation in the spec."""

    def run_task(self, fw_spec: dict[str, Any]) -> FWAction:
        """Run the step; its document's state goes into the launch."""
        calculation = Calculation.from_dict(fw_spec["calculation"])
        document = run_step(
            calculation,
            fw_spec["step"],
            root=data_directory(fw_spec),
            machine=machine(fw_spec),
            report=PROGRESS.info,
        )
        return FWAction(
            stored_data={"state": str(document.state), "directory": document.dir_name}
        )


@explicit_serialize
class RecordTaskDocument(FiretaskBase):  # type: ignore[misc]
    """Copy the document from the run directory into MongoDB, where there is one."""

    def run_task(self, fw_spec: dict[str, Any]) -> None:
        """Record; with the embedded LaunchPad the file itself is the record."""
        launchpad = getattr(self, "launchpad", None)
        if launchpad is None:
            return
        files = FileResults(data_directory(fw_spec))
        document = files.get(fw_spec["calculation_id"], fw_spec["step"])
        if document is not None:
            MongoResults(launchpad.db[COLLECTION]).put(document)


def data_directory(fw_spec: dict[str, Any]) -> Path:
    """Return the data directory that the FWorker's env or the environment names."""
    root = fw_spec.get("_fw_env", {}).get("root") or os.environ.get("LNMO_ROOT")
    if not root:
        raise MachineError(
            "no data directory: set root in the FWorker's env, or LNMO_ROOT"
        )
    return Path(root)


def machine(fw_spec: dict[str, Any]) -> Machine:
    """Return what the FWorker's env, or else the environment, says of this machine."""
    env = fw_spec.get("_fw_env", {})
    return Machine(
        vasp_cmd=env.get("vasp_cmd") or os.environ.get("LNMO_VASP_CMD"),
        incar=env.get("incar") or {},
        poll_seconds=float(
            env.get("poll_seconds") or os.environ.get("LNMO_POLL_SECONDS", "10")
        ),
    )
