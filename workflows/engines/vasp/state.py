"""What the files of a VASP run prove about it.

==============  ==============================================================
PLANNED         inputs of ours, and nothing that a started VASP leaves
NEVER_STARTED   inputs of ours, and a launcher that ended, and of VASP neither a
                file here nor a line on its output
RUNNING         not at its end, and a VASP of ours is alive in the directory
TRUNCATED       a file stops before its end; the reason has the error that VASP
                or custodian gave for it
FAILED          at its end, but OUTCAR and vasprun.xml contradict each other,
                cannot be read or have no number where one must be, or the
                result is not what was asked for
UNCONVERGED     it came to its end, but an electronic cycle or the relaxation
                did not converge, or vasprun.xml alone does not prove it
NEEDS_REVIEW    converged, but an input is not what it should be (review.py)
DONE            converged, at its end, and everything agrees
==============  ==============================================================

A run with one of OUTCAR and vasprun.xml is DONE if that one proves all of this; a
finding says what cannot be known without the other. A directory of ours must have both.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from workflows.atomic import read_regular
from workflows.checks.not_numbers import lost_numbers
from workflows.checks.several_vasps import several_vasps
from workflows.counts import count_of
from workflows.engines.orphans import is_alive
from workflows.engines.vasp.launcher_output import (
    ELSEWHERE,
    LEFT_BEHIND,
    NEVER_STARTED,
    NO_POTCAR,
    STARTED,
    WROTE_NOTHING,
    began,
)
from workflows.engines.vasp.process import ERROR_FILE
from workflows.errors import StoreError, printable
from workflows.records.document import State
from workflows.vasp.file_ends import Ends
from workflows.vasp.log_text import Log, read_log
from workflows.vasp.numbers import VaspNumbers
from workflows.vasp.one_run import of_heads
from workflows.vasp.own_output import Streams
from workflows.vasp.run_files import NUMBERS, VaspFiles, holds
from workflows.vasp.standard_output import steps_printed

RELAXATIONS = (1, 2, 3, 40, 44)
"""IBRION of runs that end by EDIFFG: relaxations, reaction paths (40), dimers (44)."""
MOLECULAR_DYNAMICS = 0
WITHOUT_LIMIT = (-1, 5, 6, 7, 8, 11, 12)
"""IBRION of runs that EDIFFG does not end: ions at rest, phonons, positions from
outside (11, 12). See vasp.at/wiki IBRION."""
SINGLE = ("EXACT", "EIGENVAL", "NONE", "NOTHING", "SUBROT")
SINGLE_NUMBERS = (2, 3, 4, 90)
EXACT = ("EXACT", "(IALGO 90)")
"""ALGO, and IALGO, of runs that take orbitals as they are, or diagonalise once."""
NEEDS_OUTCAR = "only OUTCAR can prove it: copy it here, or go on from CONTCAR"
READ_POTCAR = {
    "OUTCAR": re.compile(b"TITEL"),
    "vasprun.xml": re.compile(b"<atominfo>"),
    "OSZICAR": re.compile(b"dE"),
}
"""File -> what it holds once VASP has read a POTCAR."""
ITERATED = {
    "OUTCAR": re.compile(b"Iteration +[0-9]"),
    "vasprun.xml": re.compile(b"<scstep>"),
}
"""File -> what it holds once VASP has begun an electronic step."""
LOGS = ("vasp.out", "std_err.txt")
"""Standard output and error of VASP, as custodian names them."""
MOST_CHARACTERS = 800
"""Of a reason that custodian left."""


def unfinished(files: VaspFiles, ends: Ends, *, ours: bool) -> tuple[State, str] | None:
    """Return state and reason of a run that did not come to its end, else None."""
    problem = ends.problem if ends.odd else missing(files, ours=ours) or ends.problem
    if not problem:
        return None
    directory = files.directory
    if ours and is_alive(directory):
        return State.RUNNING, "VASP is running here"
    given_up = _given_up(directory)
    if given_up.startswith(NEVER_STARTED):
        return State.NEVER_STARTED, given_up
    if given_up.startswith(WROTE_NOTHING):
        return State.TRUNCATED if began(directory) else State.NEVER_STARTED, given_up
    if given_up.startswith((ELSEWHERE, LEFT_BEHIND)):
        return State.TRUNCATED, given_up
    if given_up:
        problem += f"; custodian: {given_up}"
    elif error := vasp_error(files):
        problem += f"; VASP said: {error}"
    problem += "".join(f"; {found.message}" for found in several_vasps(files))
    return State.TRUNCATED, problem + _no_potcar(files)


def _given_up(directory: Path) -> str:
    """Return why custodian gave up; empty if files came that it says are not there."""
    reason = _line(directory / ERROR_FILE)
    absent = (NEVER_STARTED, WROTE_NOTHING, ELSEWHERE)
    late = any((directory / name).exists() for name in STARTED)
    return "" if late and reason.startswith(absent) else reason


def missing(files: VaspFiles, *, ours: bool) -> str:
    """Return which output is not there, and what the other files show of the run.

    Empty if nothing is missing that must be there.
    """
    absent = [name for name in NUMBERS if files.find(name) is None]
    if not absent or not (ours or len(absent) == len(NUMBERS)):
        return ""
    if shown := _ran_on(files):
        return (
            f"no {absent[0]}, although VASP came further: {shown}; it was removed, or "
            "not copied with the others: copy it from where VASP ran, or run again"
        )
    return f"no {absent[0]}: VASP stopped before it wrote one"


def _ran_on(files: VaspFiles) -> str:
    """Say what shows that VASP computed something; empty if nothing does."""
    for name in ("OSZICAR", "vasp.out"):
        path, log = files.find(name), Log("")
        with suppress(OSError, StoreError):
            log = read_log(path) if path is not None else log
        if path is not None and (printed := steps_printed(log.text)):
            return f"{path.name} has {'over ' if log.left_out else ''}{printed}"
    for name, mark in ITERATED.items():
        path = files.find(name)
        if path is not None and holds(path, mark):
            return f"{path.name} has electronic steps"
    return ""


def _no_potcar(files: VaspFiles) -> str:
    """Return the likely cause if VASP stopped before it had read a POTCAR."""
    place = files.directory
    if any(holds(files.find(name), mark) for name, mark in READ_POTCAR.items()):
        return ""
    if (place / "POTCAR.spec").exists() and not (place / "POTCAR").exists():
        return f"; {NO_POTCAR}: set PMG_VASP_PSP_DIR for a real VASP"
    return ""


def converged(numbers: VaspNumbers) -> tuple[State, str]:
    """Judge a run at its end: DONE, UNCONVERGED, or FAILED if its files disagree."""
    if numbers.many_body:  # what it converges is not read here; a finding says so
        structure = numbers.structure if "vasprun.xml" in numbers.sources else None
        atoms = None if structure is None else len(structure)
        problem = of_heads(numbers.outcar, atoms)
        return (State.FAILED, problem) if problem else (State.DONE, "")
    if lost := lost_numbers(numbers):
        return State.FAILED, lost
    for problem in (electronic_problem(numbers), ionic_problem(numbers)):
        if problem:
            return State.UNCONVERGED, problem
    if numbers.contradiction:
        return State.FAILED, numbers.contradiction
    if problem := unknown_ibrion(numbers):
        return State.NEEDS_REVIEW, problem
    return State.DONE, ""


def electronic_problem(numbers: VaspNumbers) -> str:
    """Return which electronic cycle did not converge; empty if all did."""
    total = len(numbers.electronic)
    if not total:
        return "no ionic step is complete"
    if _once(numbers):
        return ""
    for number, (_, reached) in enumerate(numbers.electronic, start=1):
        where = f"ionic step {number} of {total}"
        if problem := _open_cycle(numbers, number, where):
            return problem
        if reached is None and numbers.outcar is None:
            return f"{where} does not show that it reached EDIFF, and {NEEDS_OUTCAR}"
    return ""


def _open_cycle(numbers: VaspNumbers, number: int, where: str) -> str:
    """Say that the cycle of one ionic step certainly did not converge, else empty."""
    nelm = int(numbers.parameters.get("NELM", 60))
    steps, reached = numbers.electronic[number - 1]
    if steps > nelm or (steps == nelm and not reached):
        return (
            f"{where} reached NELM = {nelm}{_last_change(numbers, number)}: its "
            "energy and moments are not converged"
        )
    if reached is False:
        return (
            f"{where} ended its electronic cycle before EDIFF: its energy and "
            "moments are not converged"
        )
    return ""


def settled_already(numbers: VaspNumbers) -> str:
    """Return what is certain of a run that was cut: it did not converge, and where.

    A complete ionic step that reached NELM stays what it is, whatever came after; so
    does a relaxation whose OUTCAR is whole. Empty if the rest could still have been
    a converged run.
    """
    if numbers.many_body:
        return ""
    body = numbers.outcar
    if body is not None and len(body.steps) > len(numbers.electronic):
        numbers = replace(
            numbers,
            electronic=tuple(
                (0, True) if s.learned else (s.electronic_steps, s.converged)
                for s in body.steps
            ),
            last_changes=tuple(s.change for s in body.steps),
        )
    at_its_end = body is not None and body.seconds is not None
    if not _once(numbers) and ("NELM" in numbers.parameters or at_its_end):
        for number in range(1, len(numbers.electronic) + 1):
            if problem := _open_cycle(numbers, number, f"ionic step {number}"):
                return problem
    if at_its_end and numbers.electronic and "NSW" in numbers.parameters:
        return ionic_problem(numbers)
    return ""


def _once(numbers: VaspNumbers) -> bool:
    """Return whether a run was asked for one electronic step, which nothing limits."""
    only = int(numbers.parameters.get("NELM", 60)) == 1
    return only and bool(one_diagonalisation(numbers))


def not_self_consistent(numbers: VaspNumbers) -> str:
    """Return ALGO of a run whose electrons follow no new density; empty for others.

    Exact diagonalises in a cycle as others do, unless NELM = 1 asks for one step.
    """
    asked = one_diagonalisation(numbers)
    exact = asked.upper() in EXACT
    return asked if asked and (not exact or _once(numbers)) else ""


def one_diagonalisation(numbers: VaspNumbers) -> str:
    """Return ALGO, or IALGO, of a run asked for one diagonalisation, or for none.

    Empty for any other run.
    """
    header = numbers.outcar.header if numbers.outcar is not None else None
    asked = numbers.incar.get("ALGO") or (header.incar.get("ALGO") if header else None)
    number = numbers.parameters.get("IALGO") or (
        header.tags.get("IALGO") if header else None
    )
    name = str(asked or "").strip()
    if name.upper() in SINGLE:
        return name
    return f"(IALGO {number})" if str(number) in map(str, SINGLE_NUMBERS) else ""


def _last_change(numbers: VaspNumbers, number: int) -> str:
    """Say by how much the energy still changed, against EDIFF, both in eV."""
    changes = numbers.last_changes
    change = changes[number - 1] if len(changes) >= number else None
    if change is None:
        return ""
    ediff = numbers.parameters.get("EDIFF")
    return f" (last change {change:.1e} eV, EDIFF {ediff:.0e})" if ediff else ""


def ionic_problem(numbers: VaspNumbers) -> str:
    """Return why the ions did not come to their end; empty if they did."""
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
    # A learned force field may print only some of its steps (ML_OUTBLOCK).
    thinned = any(steps == 0 for steps, _ in numbers.electronic)
    if ibrion == MOLECULAR_DYNAMICS and taken < nsw and not thinned:
        return f"ended after {taken} of NSW = {nsw} steps of molecular dynamics"
    if ibrion not in RELAXATIONS or (taken >= nsw and without_limit(numbers)):
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


def without_limit(numbers: VaspNumbers) -> bool:
    """Return whether EDIFFG is 0: then a relaxation takes exactly NSW steps."""
    header = numbers.outcar.header if numbers.outcar is not None else None
    limits = (numbers.parameters.get("EDIFFG"), header.ediffg if header else None)
    given = [limit for limit in limits if limit is not None]
    moves = int(numbers.parameters.get("NSW", 0)) > 1
    relaxes = int(numbers.parameters.get("IBRION", -1)) in RELAXATIONS
    return moves and relaxes and bool(given) and not any(given)


def unknown_ibrion(numbers: VaspNumbers) -> str:
    """Return what is unknown about a run with an unknown IBRION; empty for others."""
    ibrion = int(numbers.parameters.get("IBRION", -1))
    known = (*RELAXATIONS, MOLECULAR_DYNAMICS, *WITHOUT_LIMIT)
    reached = numbers.outcar is not None and numbers.outcar.reached
    if int(numbers.parameters.get("NSW", 0)) <= 1 or ibrion in known or reached:
        return ""
    return (
        f"lnmo does not know IBRION = {ibrion}: check by hand whether its "
        f"{count_of(len(numbers.electronic), 'ionic step')} did what was asked"
    )


def vasp_error(files: VaspFiles) -> str:
    """Return the error that VASP printed, by custodian's name for it; empty if none.

    custodian keeps the texts of VASP's errors; the last one printed is the one that
    ended it.
    """
    from custodian.vasp.handlers import VaspErrorHandler

    found: tuple[int, str] = (-1, "")
    output, errors = (_printed(files.find(log)) for log in LOGS)
    streams = Streams(output, errors)
    for text in (streams.own_output, streams.own_errors):
        for name, messages in VaspErrorHandler.error_msgs.items():
            for message in messages:
                place = text.rfind(str(message))
                found = max(found, (place, f"{name} ({_short(message)})"))
    return found[1] if found[0] >= 0 else ""


def _printed(path: Path | None) -> str:
    """Return a log; empty if it cannot be read: other files may still tell."""
    with suppress(OSError, StoreError):
        return read_log(path).text if path is not None else ""
    return ""


def _short(message: Any) -> str:
    return " ".join(str(message).split())[:80]


def _line(path: Path) -> str:
    try:
        words = read_regular(path, "replace").split()
    except OSError:
        return ""
    return printable(" ".join(words))[:MOST_CHARACTERS]
