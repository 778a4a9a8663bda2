"""The end of a launch, saved in a file until the database has it.

A worker writes the file before it reports and removes it afterwards. If it is killed in
between, or the database is away, the file stays, and ``lnmo reconcile --fix`` sends it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fireworks import FWAction, LaunchPad

from workflows.atomic import read_json, write_atomically
from workflows.engines.claim import Superseded
from workflows.errors import StoreError
from workflows.firetasks import copy_if_current, is_current, new_detours

UNSENT_FILE = "unsent.json"


@dataclass(frozen=True)
class LaunchEnd:
    """How a launch ended.

    Attributes
    ----------
    fw_id, launch_id
        The Firework and its launch.
    state
        COMPLETED or FIZZLED.
    action
        FireWorks' FWAction as plain values.
    spec
        calculation_id and step, by which the task document is found.
    """

    fw_id: int
    launch_id: int
    state: str
    action: Mapping[str, Any]
    spec: Mapping[str, Any]


def write_unsent(directory: Path, end: LaunchEnd) -> Path:
    """Write the file, atomically."""
    path = directory / UNSENT_FILE
    write_atomically(path, json.dumps(vars(end), default=str, indent=1))
    return path


def read_unsent(path: Path) -> LaunchEnd:
    """Read the file.

    Raises
    ------
    StoreError
        It is not readable.
    """
    try:
        return LaunchEnd(**read_json(path))
    except (OSError, ValueError, TypeError) as error:
        raise StoreError(
            f"{path}: not a readable result ({type(error).__name__}); rename it and "
            "run lnmo reconcile --fix: the step is then read from its files again"
        ) from None


def send(launchpad: Any, end: LaunchEnd, root: Path | None) -> None:
    """Record the end: first the task document, then the launch.

    ``root`` is the data directory; None if it was lost, and there is no document.

    The end of a launch that was given up, and has a successor, is not recorded. A
    document that cannot be read, or is that of another calculation, ends the launch as
    FIZZLED with the reason.

    Raises
    ------
    pymongo.errors.PyMongoError
        The database does not answer.
    """
    if not is_current(launchpad, end.fw_id, end.launch_id):
        return
    action, state = FWAction.from_dict(dict(end.action)), end.state
    try:
        if root is not None:
            copy_if_current(
                launchpad, root, end.spec, fw_id=end.fw_id, launch_id=end.launch_id
            )
    except Superseded:
        return
    except StoreError as error:
        if state == "COMPLETED":
            state, action = "FIZZLED", FWAction(exit=True)
            action.stored_data = {"_message": str(error)}
    action.detours = new_detours(launchpad, action.detours)
    LaunchPad.complete_launch(launchpad, end.launch_id, action, state)
