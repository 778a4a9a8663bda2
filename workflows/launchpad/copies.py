"""The copies of the records in a MongoDB: which are lost, and how they are made again.

The record is the file in the run directory. Its copy can be lost alone: a collection
that was dropped, a document that was deleted, a dump that is older.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from fireworks import LaunchPad

from workflows.engines.claim import Superseded
from workflows.errors import StoreError
from workflows.firetasks import copy_document
from workflows.launchpad.embedded import EmbeddedLaunchPad
from workflows.records.document import TaskDocument
from workflows.records.file_store import FileResults
from workflows.records.mongo_store import COLLECTION, MongoResults

Copies = Mapping[tuple[str, str], tuple[Any, Any]]
"""State and energy by calculation and step, as ``MongoResults.ends``."""


def copies_in(launchpad: LaunchPad) -> Copies | None:
    """Return what a MongoDB holds of the records; None where files are all there is."""
    if isinstance(launchpad, EmbeddedLaunchPad):
        return None
    return MongoResults(launchpad.db[COLLECTION]).ends()


def is_copied(document: TaskDocument, copies: Copies) -> bool:
    """Return whether a copy has the state and the energy of its record."""
    key = str(document.calculation_id), document.task_label
    return copies.get(key) == (str(document.state), document.energy)


def lost_copies(
    launchpad: LaunchPad, root: Path, steps: Iterable[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Return the steps that have ended, are recorded here, and have lost their copy.

    Parameters
    ----------
    launchpad
        Of either kind; the embedded one has no copies.
    root
        Data directory.
    steps
        As ``workflows.launchpad.steps.steps_of`` returns them.
    """
    copies = copies_in(launchpad)
    if copies is None:
        return []
    results = FileResults(root)
    return [step for step in steps if _is_lost(results, step, copies)]


def copy_again(launchpad: LaunchPad, root: Path, step: Mapping[str, Any]) -> bool:
    """Copy the record of a step that has lost its copy; False if it goes on again."""

    def confirm() -> None:
        same = {"fw_id": step["fw_id"], "state": step["state"]}
        if launchpad.fireworks.find_one(same, {"fw_id": 1}) is None:
            raise Superseded(f"step {step['fw_id']} was taken up again")

    with suppress(StoreError, Superseded):  # the next run, and status, say why
        copy_document(launchpad, root, step, confirm=confirm)
        return True
    return False


def _is_lost(results: FileResults, step: Mapping[str, Any], copies: Copies) -> bool:
    if step["state"] not in {"COMPLETED", "FIZZLED"}:
        return False
    own = str(step["calculation_id"]), str(step["step"])
    summary = results.summary(*own)
    if summary is None or is_copied(summary.document, copies):
        return False
    try:
        document = results.get(*own)
    except StoreError:
        return False  # nothing to copy: status says what is wrong with it
    if document is None or document.state.goes_on:
        return False
    completed: bool = step["state"] == "COMPLETED"
    return document.state.usable is completed
