"""Reading documents; one that cannot be read gets a FAILED row with reason and cure.

So an unreadable document hides no other result of a table.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from workflows.atomic import read_json
from workflows.errors import StoreError, printable
from workflows.records.contradiction import contradiction
from workflows.records.document import State, TaskDocument
from workflows.records.run_file import collected_from, identity, read_run_file
from workflows.records.seal import BROKEN, is_broken
from workflows.vasp.file_kinds import in_the_way

DOCUMENT_FILE = "task_document.json"
"""In the run directory of a finished step."""

AGAIN = "Rename it: the next lnmo run reads the step again from its files"
COLLECT_AGAIN = "Rename it, then record it again"

OF_THE_PLAN = (
    "campaign",
    "reference",
    "x",
    "n_li",
    "formula",
    "formula_units",
    "insertion",
    "ordering",
    "steps",
    "supercell",
    "engine",
)
"""Fields that give a document its place in a table; kept where readable."""


def read_document(path: Path) -> TaskDocument:
    """Read a document's file.

    Raises
    ------
    StoreError
        It cannot be read; the message says why, in one line, and what to do.
    """
    try:
        content = read_json(path)
        document = TaskDocument.model_validate(content)
        if problem := contradiction(document):
            raise StoreError(
                f"{path}: {problem}: it was edited or damaged. {again(path)}"
            )
        if is_broken(content):
            raise StoreError(f"{path}: {BROKEN}. {again(path)}")
        return document
    except (OSError, ValueError, RecursionError) as error:
        raise StoreError(f"{path}: {what_is_wrong(error, path)}") from None


def again(path: Path | None) -> str:
    """Return how to have a document made again: from the files that it was read of."""
    if path is not None and (origin := collected_from(path.parent)):
        return f"{COLLECT_AGAIN}: {collect_command(origin)}"
    return AGAIN


def collect_command(origin: str) -> str:
    """Return the command that records a run made elsewhere."""
    return (
        f"lnmo collect {shlex.quote(origin)} and the runs before it, -c CAMPAIGN "
        "--record"
    )


def what_is_wrong(error: Exception, path: Path | None = None) -> str:
    """Return why a document cannot be read, and what to do.

    ``path`` is its file; None for one in a database.
    """
    if isinstance(error, ValidationError) and (newer := _unknown(error)):
        return (
            f"a task document of another version of lnmo ({newer}); read it with the "
            "version that recorded it, or update lnmo"
        )
    if isinstance(error, PermissionError):
        return "permission denied: chmod u+rX, or ask its owner"
    if isinstance(error, OSError) and (obstacle := in_the_way(error)):
        return f"not a readable task document ({obstacle})"
    if isinstance(error, OSError):
        return f"not a readable task document ({error.strerror}); rename it"
    return (
        f"not a readable task document ({type(error).__name__}); it was not changed. "
        f"{again(path)}"
    )


def _unknown(error: ValidationError) -> str:
    """Return the fields and states that are unknown to this version."""
    found = [
        f"unknown {'state' if each['type'] == 'enum' else 'field'} "
        f"{each['input'] if each['type'] == 'enum' else each['loc'][-1]}"
        for each in error.errors(include_url=False)
        if each["type"] in {"extra_forbidden", "enum"}
    ]
    return printable(", ".join(found[:3]))[:120]


def failed_row(
    content: Mapping[str, Any] | None,
    calculation_id: str,
    step: str,
    reason: str,
    dir_name: str,
) -> TaskDocument:
    """Return a FAILED document in the place of one that cannot be used.

    ``content`` is what could be read of it, or of its plan; None for nothing.
    """
    known: dict[str, Any] = {"formula": "unknown", "engine": "unknown"}
    common = {
        "calculation_id": printable(calculation_id),
        "task_label": printable(step),
        "state": State.FAILED,
        "reason": printable(reason),
        "dir_name": printable(dir_name),
    }
    for name in OF_THE_PLAN:
        if content is None or name not in content:
            continue
        try:
            TaskDocument(**{**known, name: content[name]}, **common)
        except (ValidationError, TypeError, ValueError):
            continue
        known[name] = content[name]
    return TaskDocument(**known, **common)


def plan_of(directory: Path, calculation_id: str) -> Mapping[str, Any] | None:
    """Return the fields that place a step in a table, from run file or document."""
    found = read_run_file(directory)
    if found is not None:
        calculation, step, _ = found
        return identity(calculation, step) if calculation.id == calculation_id else None
    try:
        content = read_json(directory / DOCUMENT_FILE)
    except (OSError, ValueError, RecursionError):
        return None
    ours = isinstance(content, dict) and content.get("calculation_id") == calculation_id
    return content if ours else None
