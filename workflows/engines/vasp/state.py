"""What the files of a VASP run prove about it.

==============  ==============================================================
PLANNED         inputs of ours, and nothing that a started VASP leaves
RUNNING         not at its end, and a VASP of ours is alive in the directory
TRUNCATED       a file stops before its end; the reason has the error that VASP
                or custodian gave for it
FAILED          at its end, but OUTCAR and vasprun.xml contradict each other,
                cannot be read or have no number where one must be, or the
                result is not what was asked for
UNCONVERGED     it came to its end, but an electronic cycle or the relaxation
                did not converge, or vasprun.xml alone does not prove it
NEEDS_REVIEW    converged, but an input is not what it should be
DONE            converged, at its end, and everything agrees
==============  ==============================================================

A run with one of OUTCAR and vasprun.xml is DONE if that one proves all of this; a
finding says what cannot be known without the other. A directory of ours must have both.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from workflows.checks.not_numbers import lost_numbers
from workflows.engines.vasp.process import ERROR_FILE, MARK
from workflows.errors import StoreError
from workflows.records.document import State
from workflows.vasp.file_ends import cut_file
from workflows.vasp.numbers import VaspNumbers
from workflows.vasp.run_files import NUMBERS, VaspFiles, read_bytes, read_text

RELAXATIONS = (1, 2, 3)
"""IBRION of a relaxation; 0 is molecular dynamics, 5 to 8 are phonons."""
MOLECULAR_DYNAMICS = 0
NEEDS_OUTCAR = "only OUTCAR can prove it: copy it here, or go on from CONTCAR"
READ_POTCAR = {"OUTCAR": b"TITEL", "vasprun.xml": b"<atominfo>", "OSZICAR": b"dE"}
"""File -> what it holds once VASP has read a POTCAR."""
LOGS = ("vasp.out", "std_err.txt")
"""Standard output and error of VASP, as custodian names them."""


def unfinished(files: VaspFiles, *, ours: bool) -> tuple[State, str] | None:
    """Return state and reason of a run that did not come to its end, else None."""
    problem = _missing(files, ours=ours) or cut_file(files)
    if not problem:
        return None
    directory = files.directory
    if ours and is_alive(directory):
        return State.RUNNING, "VASP is running here"
    if given_up := _line(directory / ERROR_FILE):
        problem += f"; custodian: {given_up}"
    elif error := vasp_error(files):
        problem += f"; VASP said: {error}"
    return State.TRUNCATED, problem + _no_potcar(files)


def _missing(files: VaspFiles, *, ours: bool) -> str:
    absent = [name for name in NUMBERS if files.find(name) is None]
    if absent and (ours or len(absent) == len(NUMBERS)):
        return f"no {absent[0]}: VASP stopped before it wrote one"
    return ""


def _no_potcar(files: VaspFiles) -> str:
    """Return the likely cause if VASP stopped before it had read a POTCAR."""
    place = files.directory
    if any(_holds(files.find(name), mark) for name, mark in READ_POTCAR.items()):
        return ""
    if (place / "POTCAR.spec").exists() and not (place / "POTCAR").exists():
        return "; there is no POTCAR here: set PMG_VASP_PSP_DIR for a real VASP"
    return ""


def _holds(path: Path | None, mark: bytes) -> bool:
    return path is not None and mark in read_bytes(path)


def converged(numbers: VaspNumbers) -> tuple[State, str]:
    """Judge a run at its end: DONE, UNCONVERGED, or FAILED if its files disagree."""
    if lost := lost_numbers(numbers):
        return State.FAILED, lost
    for problem in (_electrons(numbers), _ions(numbers)):
        if problem:
            return State.UNCONVERGED, problem
    if numbers.contradiction:
        return State.FAILED, numbers.contradiction
    return State.DONE, ""


def _electrons(numbers: VaspNumbers) -> str:
    nelm = int(numbers.parameters.get("NELM", 60))
    total = len(numbers.electronic)
    if not total:
        return "no ionic step came to its energy"
    for number, (steps, reached) in enumerate(numbers.electronic, start=1):
        where = f"ionic step {number} of {total}"
        if steps > nelm or (steps == nelm and not reached):
            return (
                f"{where} reached NELM = {nelm}: its energy and moments are not "
                "converged"
            )
        if reached is False:
            return (
                f"{where} ended its electronic cycle before EDIFF: its energy and "
                "moments are not converged"
            )
        if reached is None and numbers.outcar is None:
            return f"{where} does not show that it reached EDIFF, and {NEEDS_OUTCAR}"
    return ""


def _ions(numbers: VaspNumbers) -> str:
    body, taken = numbers.outcar, len(numbers.electronic)
    nsw = int(numbers.parameters.get("NSW", 0))
    ibrion = int(numbers.parameters.get("IBRION", -1))
    reached = body is not None and body.reached and body.header.nsw in (None, nsw)
    # A soft stop comes between ionic steps: where nothing is left to move, it ends
    # what had come to its end.
    at_the_end = body is not None and body.stopped == "soft" and (nsw <= 1 or reached)
    if body is not None and body.stopped and not at_the_end:
        return "ended by STOPCAR before it had converged"
    if nsw <= 1:
        return ""
    if ibrion == MOLECULAR_DYNAMICS and taken < nsw:
        return f"ended after {taken} of NSW = {nsw} steps of molecular dynamics"
    if ibrion not in RELAXATIONS:
        return ""
    if taken >= nsw and not reached:
        return f"reached NSW = {nsw} ionic steps before EDIFFG"
    if body is not None and not body.reached:
        return (
            f"ended after {taken} of NSW = {nsw} ionic steps, and OUTCAR does not say "
            "that it reached EDIFFG"
        )
    if numbers.not_relaxed:
        return (
            f"ended after {taken} of NSW = {nsw} ionic steps, vasprun.xml "
            f"{numbers.not_relaxed}, and {NEEDS_OUTCAR}"
        )
    return ""


def is_alive(directory: Path) -> bool:
    """Return whether a VASP that carries our mark runs in this directory."""
    import psutil

    place = str(directory.resolve())
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == place:
                return process.status() != psutil.STATUS_ZOMBIE
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return False


def vasp_error(files: VaspFiles) -> str:
    """Return the error that VASP printed, by custodian's name for it; empty if none.

    custodian keeps the texts of VASP's errors; the last one printed is the one that
    ended it.
    """
    from custodian.vasp.handlers import VaspErrorHandler

    found: tuple[int, str] = (-1, "")
    for log in LOGS:
        path, text = files.find(log), ""
        with suppress(OSError, StoreError):  # other files may still give the error
            text = read_text(path) if path is not None else ""
        for name, messages in VaspErrorHandler.error_msgs.items():
            for message in messages:
                place = text.rfind(str(message))
                found = max(found, (place, f"{name} ({_short(message)})"))
    return found[1] if found[0] >= 0 else ""


def _short(message: Any) -> str:
    return " ".join(str(message).split())[:80]


def _line(path: Path) -> str:
    try:
        return " ".join(path.read_text("utf-8").split())[:200]
    except OSError:
        return ""
