"""custodian.json: what custodian was asked to change, and what it corrected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from workflows.atomic import parse_json
from workflows.vasp.run_files import VaspFiles, read_text

LOG_FILE = "custodian.json"


class Job(NamedTuple):
    """One run of VASP in the log: its suffix, its own settings, its corrections."""

    suffix: str
    settings: Mapping[str, Any]
    corrections: list[dict[str, Any]]


@dataclass(frozen=True)
class InputChanges:
    """The (file, tag) pairs that changed up to the end of one run, and by whose will.

    Attributes
    ----------
    meant
        Set by the settings of a job, such as a second relaxation.
    corrected
        Set or removed by an error handler.
    edited, copied
        Files that a handler changed in any way, or copied.
    """

    meant: set[tuple[str, str]] = field(default_factory=set)
    corrected: set[tuple[str, str]] = field(default_factory=set)
    edited: set[str] = field(default_factory=set)
    copied: set[str] = field(default_factory=set)


def read_jobs(files: VaspFiles) -> list[Job]:
    """Read the log of a directory; empty without one, or if it cannot be read."""
    path = files.find(LOG_FILE) or VaspFiles(files.directory, "", {}).find(LOG_FILE)
    try:
        entries = parse_json(read_text(path)) if path is not None else []
        return [_job(entry) for entry in entries]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []


def _job(entry: Mapping[str, Any]) -> Job:
    job = entry["job"]
    corrections = [dict(found) for found in entry["corrections"]]
    return Job(job.get("suffix", ""), job, corrections)


def input_changes(files: VaspFiles) -> InputChanges | None:
    """Return what changed up to this run; None if the log does not name it."""
    changes = InputChanges()
    try:
        for job in read_jobs(files):
            _add(changes, job)
            if job.suffix == files.suffix:
                return changes
    except (KeyError, TypeError, AttributeError):
        return None
    return None


def _add(changes: InputChanges, job: Job) -> None:
    changes.meant.update(_tags(job.settings.get("settings_override") or ()))
    if job.settings.get("copy_magmom"):
        changes.meant.add(("INCAR", "MAGMOM"))
    for correction in job.corrections:
        actions = correction["actions"] or ()
        changes.corrected.update(_tags(actions))
        changes.edited.update(a["dict"] for a in actions if "dict" in a)
        changes.copied.update(a["file"] for a in actions if "file" in a)


def _tags(actions: Any) -> Iterator[tuple[str, str]]:
    """Yield the file and the tag that each of custodian's actions sets or removes."""
    for action in actions:
        for verb, what in action.get("action", {}).items():
            if verb in {"_set", "_unset"} and "dict" in action:
                yield from ((action["dict"], tag) for tag in what)
