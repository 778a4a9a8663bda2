"""``lnmo parse``: what any directory with VASP files holds, one document per run.

A run that cannot be read gives a document as well, FAILED with its cause and cure; it
hides no other.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from workflows.engines import parse_run
from workflows.engines.protocol import read_run_file
from workflows.engines.vasp.parse import parse_files
from workflows.engines.vasp.to_document import describe
from workflows.engines.vasp.unreadable import unreadable
from workflows.errors import LnmoError, StoreError
from workflows.records.document import State, TaskDocument
from workflows.vasp.read_directory import folders
from workflows.vasp.run_files import VaspFiles, run_files


def parse_all(path: str | Path) -> tuple[TaskDocument, ...]:
    """Read every run at a path.

    Parameters
    ----------
    path
        A step's directory as ``lnmo`` makes it: one document, a chain of relaxations
        by its last member. Any other directory: one for each suffix (``OUTCAR.relax1``,
        ``OUTCAR.relax2``), in order, then all runs below it, but none in directories
        whose names begin with a dot; logs alone do not count as a run if there is one
        below. A place is read once, whatever links lead
        to it. One of a run's files: that run.

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
    return found or (parse_run(place),)  # raises: there is none


def each_once(documents: Iterable[TaskDocument]) -> Iterator[TaskDocument]:
    """Yield documents of several places, each run once, whatever links lead to it."""
    seen: set[tuple[str, str]] = set()
    for document in documents:
        if (key := run_place(document)) not in seen:
            seen.add(key)
            yield document


def run_place(document: TaskDocument) -> tuple[str, str]:
    """Return where a run is, links resolved, and its label if there are several."""
    label = document.task_label
    named = label == Path(document.dir_name).name  # without a suffix, by its directory
    return os.path.realpath(document.dir_name), "" if named else label


def parse_suffix(directory: Path, suffix: str) -> TaskDocument:
    """Read one run of a directory by the suffix of its files.

    Parameters
    ----------
    directory
        Where it is.
    suffix
        As :class:`workflows.vasp.run_files.VaspFiles` has it; empty if it has none.

    Returns
    -------
    TaskDocument
        FAILED with the reason if it cannot be read.
    """
    files = next(
        (found for found in run_files(directory) if found.suffix == suffix),
        VaspFiles(directory, suffix, {}),
    )
    return _guarded(files, partial(parse_files, files))


def _places(top: Path) -> list[Path]:
    """List the directories of runs, and those that cannot be looked into."""
    if read_run_file(top) is not None:
        return [top]
    denied: list[Path] = []
    seen = folders(top, denied=lambda error: denied.append(Path(error.filename)))
    below = sorted([*seen, *denied])
    runs = [
        place
        for place in dict.fromkeys((top, *below))
        # A chain of ours reports its own members.
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
    """Return whether a directory above runs has a vasp.out or custodian.json alone."""
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
    return TaskDocument(state=State.FAILED, reason=reading_error(error), **common)


def reading_error(error: Exception) -> str:
    """Return one line on why a run cannot be read, and what to do."""
    words = " ".join(str(error).split())
    if isinstance(error, LnmoError):
        return words
    if isinstance(error, PermissionError):
        return f"{error.filename}: permission denied: chmod u+rX, or ask its owner"
    if isinstance(error, OSError):
        return f"cannot be read ({words}): check the disk, or copy it again"
    return unreadable(error)
