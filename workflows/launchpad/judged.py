"""What the records say of the steps that a LaunchPad calls COMPLETED.

Tables read the records. So a step whose record is gone, or is refused, is not finished,
whatever the LaunchPad holds.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflows.errors import one_line
from workflows.launchpad.copies import Copies, is_copied
from workflows.records.aside import free_name
from workflows.records.database import Database
from workflows.records.file_store import FileResults
from workflows.records.identity import CURE, problem_of_directory
from workflows.records.run_file import collected_from
from workflows.records.unreadable import (
    AGAIN,
    COLLECT_AGAIN,
    DOCUMENT_FILE,
    collect_command,
)

FINISHED = "COMPLETED"


@dataclass(frozen=True)
class Judgement:
    """A step that is COMPLETED in the LaunchPad only.

    Attributes
    ----------
    state
        FIZZLED: its record has no usable result. READY: it has no record, so that the
        next run takes it again; in a MongoDB, where no run does, FIZZLED as well.
    reason
        Why, one line.
    cure
        The command.
    lost
        Whether there is no record of an end to keep.
    """

    state: str
    reason: str
    cure: str
    lost: bool = False


def judgements(
    database: Database,
    steps: Iterable[Mapping[str, Any]],
    copies: Copies | None = None,
) -> dict[int, Judgement]:
    """Return, by fw_id, the COMPLETED steps whose records have no usable result.

    Parameters
    ----------
    database
        Its data directory has the records. Of a MongoDB, calculations that ran on
        another machine have no directory here: only their copies are looked for.
    steps
        As ``workflows.launchpad.steps.steps_of`` returns them.
    copies
        What a MongoDB holds of the records, where the tables read it; see ``copies``.
    """
    results = FileResults(database.root)
    found = {}
    for step in steps:
        if step["state"] != FINISHED:
            continue
        directory = results.directory(str(step["calculation_id"]), str(step["step"]))
        own = None
        if database.embedded or directory.parent.is_dir():
            own = _judged(results, step, directory, database)
        if own is None and copies is not None:
            own = _uncopied(results, step, directory, copies, database)
        if own is not None:
            found[step["fw_id"]] = own
    return found


def _uncopied(
    results: FileResults,
    step: Mapping[str, Any],
    directory: Path,
    copies: Copies,
    database: Database,
) -> Judgement | None:
    """Judge a finished step by the copy of its record, which the tables read."""
    key = str(step["calculation_id"]), str(step["step"])
    summary = results.summary(*key)
    if summary is None and key not in copies:
        return Judgement(
            "FIZZLED",
            f"{FINISHED} in the LaunchPad, but the database has no record of it, and "
            f"this machine has no {directory}",
            "lnmo reconcile --fix on the machine that has this directory; or take the "
            f"step again: lnmo rerun --fw-id {step['fw_id']}",
            lost=True,
        )
    if summary is None or is_copied(summary.document, copies):
        return None
    lost = "has another record of it" if key in copies else "has no record of it"
    return Judgement(
        "FIZZLED",
        f"{FINISHED} in the LaunchPad, but the database {lost}; the one in {directory} "
        "is whole",
        "lnmo reconcile --fix copies it again",
    )


def _judged(
    results: FileResults, step: Mapping[str, Any], directory: Path, database: Database
) -> Judgement | None:
    embedded = database.embedded
    again = "lnmo run" if embedded else f"lnmo rerun --fw-id {step['fw_id']}"
    summary = results.summary(str(step["calculation_id"]), str(step["step"]))
    if summary is None:
        lost = "its directory" if not directory.exists() else DOCUMENT_FILE
        return Judgement(
            "READY" if embedded else "FIZZLED",
            f"{FINISHED} in the LaunchPad, but its record is gone ({lost} is missing: "
            f"{directory})",
            f"put it back from a backup, or take the step again from what is left: "
            f"{again}",
            lost=True,
        )
    document = summary.document
    if document.state.usable:
        return None
    if document.state.goes_on:
        return Judgement(
            "READY" if embedded else "FIZZLED",
            f"{FINISHED} in the LaunchPad, but its record is {document.state}, as "
            f"if it had not ended: {directory}",
            f"take the step again from what is left: {again}",
            lost=True,
        )
    reason = one_line(f"its record is {document.state}: {document.reason}")
    return Judgement("FIZZLED", reason, _cure(step, directory, document.reason, again))


def _cure(step: Mapping[str, Any], directory: Path, reason: str, again: str) -> str:
    """Return the command that sets aside what is wrong and takes the step again."""
    own = str(step["calculation_id"]), str(step["step"])
    if problem_of_directory(directory, *own, None):
        return f"{_aside(directory)}, then: {again}"
    if COLLECT_AGAIN in reason:
        collect = collect_command(collected_from(directory))
        return f"{_aside(directory / DOCUMENT_FILE)}, then: {collect}"
    if AGAIN in reason or CURE in reason or not reason:
        return f"{_aside(directory / DOCUMENT_FILE)}, then: {again}"
    return "correct that, then: lnmo status"


def _aside(path: Path) -> str:
    """Return the command that renames to a name that no table reads."""
    to = free_name(path, "wrong")
    return f"mv {shlex.quote(str(path))} {shlex.quote(str(to))}"
