"""``lnmo parse``: what any directory with VASP files holds, one document per run.

A run that cannot be read gives a document as well, FAILED with its cause and cure; it
hides no other.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from workflows.engines import parse_run
from workflows.engines.base import read_run_file
from workflows.engines.vasp.document import describe
from workflows.engines.vasp.files import VaspFiles, run_files
from workflows.engines.vasp.parse import parse_files, unreadable
from workflows.errors import LnmoError, StoreError
from workflows.taskdoc import State, TaskDocument

WRITTEN = ("OUTCAR", "OSZICAR", "vasprun.xml")
"""What a VASP that runs writes all the time."""
RECENT = 3600.0
"""Seconds since the last output after which a VASP elsewhere is taken for ended."""
AT_ONCE = 60.0


def parse_all(path: str | Path) -> tuple[TaskDocument, ...]:
    """Read every run at a path.

    Parameters
    ----------
    path
        A step's directory as ``lnmo`` makes it: one document, a chain of relaxations
        by its last member. Any other directory: one for each suffix (``OUTCAR.relax1``,
        ``OUTCAR.relax2``), in order, then all runs below it; logs alone are no run
        if there is one below. One of a run's files: that run.

    Returns
    -------
    tuple of TaskDocument
        In order of place. What cannot be read is FAILED, with the reason.

    Raises
    ------
    StoreError
        There is nothing there that VASP left.
    """
    place = Path(path)
    if not place.exists():
        raise StoreError(f"{place}: no such file or directory")
    if place.is_file():
        return (parse_run(place),)
    found = tuple(document for one in _places(place) for document in _here(one))
    return found or (parse_run(place),)  # which says that there is none


def _places(top: Path) -> list[Path]:
    """List the directories of runs, and those that cannot be looked into."""
    if read_run_file(top) is not None:
        return [top]
    below = sorted(Path(at, name) for at, names, _ in os.walk(top) for name in names)
    runs = [
        place
        for place in (top, *below)
        # The members of a chain of ours are told by the chain.
        if _is_run(place) and (place == top or read_run_file(place.parent) is None)
    ]
    return [
        place
        for place in runs
        if not _only_logs(place) or not any(place in other.parents for other in runs)
    ]


def _is_run(directory: Path) -> bool:
    try:
        return read_run_file(directory) is not None or bool(run_files(directory))
    except OSError:
        return True


def _only_logs(directory: Path) -> bool:
    """Tell a vasp.out or custodian.json that lies above runs from a run."""
    try:
        (files,) = run_files(directory)
    except (OSError, ValueError):
        return False
    return not files.outputs and files.find("OSZICAR") is None


def _here(directory: Path) -> list[TaskDocument]:
    whole = VaspFiles(directory, "", {})
    if read_run_file(directory) is not None:
        return [_guarded(whole, partial(parse_run, directory))]
    try:
        runs = run_files(directory)
    except OSError as error:
        return [_failed(whole, error)]
    return [_guarded(files, partial(parse_files, files)) for files in runs]


def _guarded(files: VaspFiles, read: Callable[[], TaskDocument]) -> TaskDocument:
    try:
        return read()
    except Exception as error:  # one run that breaks a parser hides no other
        return _failed(files, error)


def _failed(files: VaspFiles, error: Exception) -> TaskDocument:
    common = describe(files, None, files.label or files.directory.name)
    return TaskDocument(state=State.FAILED, reason=_told(error), **common)


def _told(error: Exception) -> str:
    """Say in one line why a run could not be read, and what to do."""
    words = " ".join(str(error).split())
    if isinstance(error, LnmoError):
        return words
    if isinstance(error, PermissionError):
        return f"{error.filename}: permission denied: chmod u+rX, or ask its owner"
    if isinstance(error, OSError):
        return f"cannot be read ({words}): look after the disk, or copy it anew"
    return unreadable(error)


def parse_verb(paths: Iterable[Path], *, as_json: bool) -> int:
    """Print what is at each path; 1 if any is not DONE. A bad one stops no other."""
    found: list[dict[str, Any]] = []
    for path in paths:
        try:
            found += [_record(document) for document in parse_all(path)]
        except Exception as error:
            reason = _told(error)
            found.append({"dir_name": str(path), "state": "FAILED", "reason": reason})
    if as_json:
        print(json.dumps(found, indent=1, allow_nan=False))
    else:
        for document in found:
            print("\n".join(_lines(document)))
    return 0 if all(document["state"] == "DONE" for document in found) else 1


def _record(document: TaskDocument) -> dict[str, Any]:
    """Return what is printed of a run."""
    record = document.plain()
    if document.state is State.TRUNCATED and not _by_suffix(record):
        written = _last_written(Path(document.dir_name))
        record["reason"] += may_run(time.time() - written)
    return record


def _last_written(directory: Path) -> float:
    """Return when a run, or a chain's last member, was written to; 0 for never.

    A copy, written all at once with its INCAR, does not count.
    """
    places = (directory, *directory.glob("relax-*"))
    stamps = [(_stamp(p, "INCAR"), _stamp(p, *WRITTEN)) for p in places]
    return max(out if 0 < asked < out - AT_ONCE else 0.0 for asked, out in stamps)


def _stamp(directory: Path, *names: str) -> float:
    paths = [directory / name for name in names]
    return max((path.stat().st_mtime for path in paths if path.is_file()), default=0.0)


def may_run(seconds: float) -> str:
    """Say that a VASP we cannot see may be at work, by the age of its output."""
    if abs(seconds) > RECENT:
        return ""
    minutes = max(0, round(seconds / 60))
    return f"; last written {minutes} min ago: it may still run on another machine"


def _by_suffix(document: dict[str, Any]) -> bool:
    """Tell one of several runs of a directory by its label."""
    label = document.get("task_label", "")
    named = label and label != Path(document["dir_name"]).name
    return bool(named and not document.get("calculation_id"))


def _lines(document: dict[str, Any]) -> Iterator[str]:
    name = document["dir_name"]
    label = f" ({document['task_label']})" if _by_suffix(document) else ""
    parts = [f"{name}{label}", document["state"]]
    energy = document.get("energy")
    if energy is not None:
        at_end = State(document["state"]).at_its_end
        parts.append(f"{'' if at_end else 'last whole step '}{energy:.5f} eV/cell")
    if document["reason"]:
        parts.append(document["reason"])
    yield "  ".join(parts)
    for finding in document.get("findings", ()):
        told = finding["message"]
        if finding["severity"] != "info" and told != document["reason"]:
            yield f"    {finding['severity']} {finding['id']}: {told}"
