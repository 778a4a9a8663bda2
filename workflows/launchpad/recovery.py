"""Fireworks back to READY: failed ones to retry, finished ones without a record."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from fireworks import LaunchPad

from workflows.engines import engine
from workflows.engines.claim import refuse_held_for_life
from workflows.engines.directory_check import refuse_foreign
from workflows.engines.gpaw import engine as gpaw
from workflows.engines.orphans import engine_processes, writers
from workflows.engines.vasp import engine as vasp
from workflows.engines.vasp.launcher_output import STARTED
from workflows.engines.vasp.wavecars import remove_wavecars, runs_of
from workflows.errors import LnmoError, StoreBusy, StoreError
from workflows.launchpad.embedded import in_one_save
from workflows.launchpad.guarded_rerun import rerun_if
from workflows.records.aside import free_name
from workflows.records.file_store import FileResults
from workflows.records.identity import problem_of_directory
from workflows.records.run_file import collected_from, read_run_file
from workflows.records.unreadable import DOCUMENT_FILE

WRITTEN = (*STARTED, "CONTCAR", "CHGCAR", "WAVECAR", "DOSCAR")
"""Outputs of VASP that a record, a table or a later step is made of."""


def retry_failed(
    launchpad: LaunchPad, root: Path, fireworks: Iterable[Mapping[str, Any]]
) -> int:
    """Make FIZZLED Fireworks READY again.

    Each directory is read as it is now, see :func:`retry_step`. One whose record has a
    result keeps it. One that another process has made READY, or runs, is left alone,
    directory and all: ``fireworks`` were read a while ago. Returns how many there were.

    Raises
    ------
    StoreBusy
        A process still writes the outputs of one of them, and nothing was changed; or
        another process has kept a Workflow locked for minutes.
    """
    failed = [found for found in fireworks if found["state"] == "FIZZLED"]
    _refuse_written(_step_directory(root, found) for found in failed)
    return sum(_retry(launchpad, root, found) for found in failed)


def _refuse_written(directories: Iterable[Path]) -> None:
    """Refuse while outputs are being copied; engines end processes of their own."""
    outputs = {place: _outputs(place) for place in directories}
    if not writers(*(path for paths in outputs.values() for path in paths)):
        return
    for place, paths in outputs.items():
        own = {pid for pids in engine_processes(place).values() for pid in pids}
        others = ", ".join(str(pid) for pid in writers(*paths) if pid not in own)
        if others:
            raise StoreBusy(
                f"{place}: process {others} still writes an output of VASP there: "
                f"wait until it ends, or: kill {others}; then type this again"
            )


def _outputs(directory: Path) -> list[Path]:
    named = (path / name for path in runs_of(directory) for name in WRITTEN)
    return [path for path in named if path.is_file()]


def _retry(launchpad: LaunchPad, root: Path, found: Mapping[str, Any]) -> bool:
    def may(state: str) -> bool:
        idle = state in {"WAITING", "READY", "COMPLETED"}
        return state == "FIZZLED" or (idle and _has_failed(root, found))

    def change() -> None:
        if not _has_not_failed(root, found):
            with suppress(OSError, LnmoError):  # the step says what is wrong there
                retry_step(_step_directory(root, found))

    return rerun_if(launchpad, found["fw_id"], may=may, change=change)


def retry_step(directory: Path) -> None:
    """Let a failed step run again from what its directory holds now.

    What is finished by its own files, because they came late or were not recorded, is
    recorded. A relaxation that was cut or ran out of steps continues from its last
    complete structure. Every other directory is set aside, and its step starts again.

    Raises
    ------
    StoreBusy
        A process outside of this LaunchPad is computing it; nothing was changed.
    """
    refuse_held_for_life(directory)
    if _is_own(directory) and (
        _is_finished(directory)
        or vasp.prepare_resume(directory)
        or gpaw.prepare_resume(directory)
    ):
        (directory / DOCUMENT_FILE).unlink(missing_ok=True)
    elif directory.exists():
        aside = free_name(directory, "failed")
        directory.rename(aside)
        if aside.is_dir():
            remove_wavecars(runs_of(aside))


def _is_own(directory: Path) -> bool:
    """Return whether all in it is of the step that it is named after, and ran here."""
    found = read_run_file(directory)
    if found is None or collected_from(directory):
        return False
    own = directory.parent.name, directory.name
    try:
        refuse_foreign(directory, found[0], found[1])
    except StoreError:
        return False
    return not problem_of_directory(directory, *own, None)


def _is_finished(directory: Path) -> bool:
    """Return whether the files prove a result, whatever was recorded of them."""
    found = read_run_file(directory)
    return found is not None and engine(found[0].engine).parse(directory).state.usable


def return_unrecorded(
    launchpad: LaunchPad, root: Path, fireworks: Iterable[Mapping[str, Any]]
) -> int:
    """Make Fireworks READY again whose end is not recorded in their directory.

    COMPLETED ones whose document is gone or says that the run goes on, and FIZZLED ones
    whose document says so (only its owner asks, so nothing runs) or has a result (a
    permission, say, that kept it from being read was given back). What is left in the
    directory is read again, so a finished run is not repeated. Returns how many.
    """
    gone = unrecorded(root, fireworks)
    if gone:
        with in_one_save(launchpad):
            for fw_id in gone:
                launchpad.rerun_fw(fw_id)
    return len(gone)


def return_recorded(
    launchpad: LaunchPad, root: Path, fireworks: Iterable[Mapping[str, Any]]
) -> int:
    """Make Fireworks of a MongoDB READY again that their record contradicts.

    FIZZLED ones whose record has a result (the LaunchPad is older, say, or a record
    could not be read for a while), and COMPLETED ones whose record says that the run
    goes on. Their directory is read first. Returns how many; one that another process
    has changed meanwhile is left alone.

    Raises
    ------
    StoreBusy
        Another process has kept a Workflow locked for minutes.
    """
    return sum(
        rerun_if(launchpad, each["fw_id"], may=str(each["state"]).__eq__)
        for each in contradicted(root, fireworks)
    )


def contradicted(
    root: Path, fireworks: Iterable[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Return what :func:`return_recorded` makes READY again."""
    results = FileResults(root)
    return [each for each in fireworks if _contradicted(results, each)]


def _contradicted(results: FileResults, step: Mapping[str, Any]) -> bool:
    if step["state"] not in {"FIZZLED", "COMPLETED"}:
        return False
    summary = results.summary(step["calculation_id"], step["step"])
    if summary is None:
        return False
    state = summary.document.state
    return state.usable if step["state"] == "FIZZLED" else state.goes_on


def unrecorded(root: Path, fireworks: Iterable[Mapping[str, Any]]) -> list[int]:
    """Return the numbers of what :func:`return_unrecorded` makes READY again."""
    return [
        found["fw_id"]
        for found in fireworks
        if (found["state"] == "COMPLETED" and not _has_end(root, found))
        or (found["state"] == "FIZZLED" and _has_not_failed(root, found))
    ]


def _has_document(root: Path, step: Mapping[str, Any]) -> bool:
    return os.path.lexists(_step_directory(root, step) / DOCUMENT_FILE)


def _has_end(root: Path, step: Mapping[str, Any]) -> bool:
    """Return whether there is a record, whatever it says but that the run goes on."""
    own = str(step["calculation_id"]), str(step["step"])
    if not _has_document(root, step):
        return False
    summary = FileResults(root).summary(*own)
    return summary is None or not summary.document.state.goes_on


def _has_failed(root: Path, step: Mapping[str, Any]) -> bool:
    """Return whether a failure is recorded, as ``lnmo rerun`` sets aside."""
    return _has_document(root, step) and not _has_not_failed(root, step)


def _has_not_failed(root: Path, step: Mapping[str, Any]) -> bool:
    try:
        document = FileResults(root).get(step["calculation_id"], step["step"])
    except StoreError:
        return False  # the step itself says what is wrong with it
    return document is not None and (document.state.usable or document.state.goes_on)


def _step_directory(root: Path, step: Mapping[str, Any]) -> Path:
    return FileResults(root).directory(step["calculation_id"], step["step"])
