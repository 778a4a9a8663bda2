"""The end of a launch, kept in a file until the database has it.

A worker writes the file before it reports and removes it after. Killed in between, or
with the database away, the file stays, and ``lnmo reconcile --fix`` sends it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflows.errors import StoreError

UNSENT_FILE = "unsent.json"


@dataclass(frozen=True)
class LaunchEnd:
    """How a launch ended.

    Attributes
    ----------
    fw_id, launch_id
        Whose end.
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


def write_unsent(directory: Path, ended: LaunchEnd) -> Path:
    """Write the file, atomically."""
    from workflows.records.atomic import write_atomically

    path = directory / UNSENT_FILE
    write_atomically(path, json.dumps(vars(ended), default=str, indent=1))
    return path


def read_unsent(path: Path) -> LaunchEnd:
    """Read the file.

    Raises
    ------
    StoreError
        It is not readable.
    """
    try:
        return LaunchEnd(**json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise StoreError(
            f"{path}: not a readable result ({type(error).__name__}); move it away and "
            "run lnmo reconcile --fix: the step is read anew from its files"
        ) from None


def send(launchpad: Any, ended: LaunchEnd, root: Path) -> None:
    """Record the end: first the task document, then the launch.

    Raises
    ------
    pymongo.errors.PyMongoError
        The database does not answer.
    """
    from fireworks import FWAction, LaunchPad

    from workflows.firetasks import copy_document, new_detours

    copy_document(launchpad, root, ended.spec)
    action = FWAction.from_dict(dict(ended.action))
    action.detours = new_detours(launchpad, action.detours)
    LaunchPad.complete_launch(launchpad, ended.launch_id, action, ended.state)
