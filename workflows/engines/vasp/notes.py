"""Notes on the files of a run; none of them changes its state."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from workflows.engines.vasp.custodian_log import in_words
from workflows.engines.vasp.state import not_self_consistent, without_limit
from workflows.records.document import Finding
from workflows.records.run_file import RUN_FILE, read_run_file
from workflows.vasp.custodian_json import LOG_FILE, read_jobs
from workflows.vasp.file_ends import Ends
from workflows.vasp.numbers import VaspNumbers
from workflows.vasp.run_files import NUMBERS, VaspFiles

UNPROVEN = ("INCAR", "KPOINTS", "POSCAR", LOG_FILE)
"""Files of a run that it can be read without."""


def one_of_two(files: VaspFiles) -> Iterator[Finding]:
    """Report what cannot be known without the other of OUTCAR and vasprun.xml."""
    lost = {
        "OUTCAR": "site moments are missing; U, potentials and convergence are what "
        "vasprun.xml repeats from the input, not what VASP applied",
        "vasprun.xml": "eigenvalues are missing; structures have only the digits of "
        "OUTCAR or CONTCAR",
    }
    absent = [name for name in NUMBERS if files.find(name) is None]
    if len(absent) == 1:
        name = absent[0]
        yield Finding(
            id=f"no_{name.partition('.')[0].lower()}",
            severity="info",
            message=f"there is no {name}: {lost[name]}",
        )


def odd_inputs(files: VaspFiles) -> Iterator[Finding]:
    """Report inputs that are no files, so that nothing is compared with them.

    A link to a POTCAR that is not on this machine is common, and only a note.
    """
    for severity, names in (("warning", UNPROVEN), ("info", ("POTCAR",))):
        for name, what in files.odd(*names).items():
            yield Finding(
                id="unreadable_file", severity=severity, message=f"{name} {what}"
            )


def silent_files(files: VaspFiles, ends: Ends) -> Iterator[Finding]:
    """Report files without content, or that may not be read; no number needs them."""
    for message in ends.silent:
        yield Finding(id="empty_file", severity="info", message=message)
    if ends.unknown:
        yield Finding(
            id="unknown_form",
            severity="info",
            message=f"{', '.join(ends.unknown)}: in a form that is not known here, so "
            "whether it is whole is unknown; no number is taken from it",
        )
    denied = [
        path.name
        for name in UNPROVEN
        if (path := files.find(name)) is not None and not os.access(path, os.R_OK)
    ]
    if denied:
        yield Finding(
            id="unreadable_file",
            severity="warning",
            message=f"{', '.join(denied)}: permission denied, so not looked at: chmod "
            "u+r, or ask the owner",
        )


def lost_plan(files: VaspFiles) -> Iterator[Finding]:
    """Report a run file that is there and is none: what was asked for is unknown."""
    own = files.directory / RUN_FILE
    if os.path.lexists(own) and read_run_file(files.directory) is None:
        yield Finding(
            id="unreadable_file",
            severity="warning",
            message=f"{RUN_FILE} cannot be read as that of a calculation: the run is "
            "judged as one that is not ours, without its plan; put back a copy of it",
        )


def without_convergence(numbers: VaspNumbers) -> Iterator[Finding]:
    """Say what a run at its end does not prove, by what it was asked for."""
    if numbers.many_body:
        yield Finding(
            id="many_body",
            severity="warning",
            message=f"ALGO = {numbers.many_body}: a run above the ground state, which "
            "has no total energy; what it computes is not read here, and its "
            "convergence is not judged",
        )
    elif asked := not_self_consistent(numbers):
        yield Finding(
            id="fixed_orbitals",
            severity="warning",
            message=f"ALGO = {asked}: orbitals are taken as they were given, or "
            "diagonalised once, and no cycle converges energy or moments; take them "
            "from the run that made the orbitals",
        )
    if numbers.learned:
        yield Finding(
            id="learned_force_field",
            severity="warning",
            message="a learned force field (ML_LMLFF) gave the last energy and forces: "
            "they are not DFT; compare them with a run without it",
        )
    if without_limit(numbers):
        yield Finding(
            id="no_ionic_limit",
            severity="warning",
            message=f"EDIFFG = 0 switches the limit off: NSW = "
            f"{numbers.parameters.get('NSW')} steps were asked for and taken, and "
            "nothing says that the structure is relaxed; look at its largest force",
        )
    if numbers.noncollinear and numbers.vectors is None and numbers.outcar is not None:
        yield Finding(
            id="noncollinear_moments",
            severity="warning",
            message="a noncollinear run, and OUTCAR has not all three tables of "
            "moments, (x), (y) and (z): no site moments are taken from it",
        )
    elif numbers.vectors is not None:
        yield Finding(
            id="noncollinear_moments",
            severity="info",
            message="a noncollinear run: magnetization holds the length of each "
            "moment, moment_vectors its components",
        )


def corrections_of(files: VaspFiles) -> Iterator[dict[str, Any]]:
    """Read what custodian did in this run; its log holds one job for each suffix."""
    run = files.label or files.directory.name
    for job in read_jobs(files):
        if job.suffix == files.suffix:
            yield from (in_words(correction, run) for correction in job.corrections)


def completed_at(files: VaspFiles) -> str | None:
    """Return when OUTCAR, or vasprun.xml, was last written, ISO 8601 in UTC."""
    paths = [p for name in NUMBERS if (p := files.find(name)) is not None]
    if not paths:
        return None
    stamp = paths[0].stat().st_mtime
    return datetime.fromtimestamp(stamp, UTC).isoformat(timespec="seconds")


def made_by_the_fake() -> Finding:
    """Mark every number of the stand-in for VASP."""
    return Finding(
        id="fake_vasp",
        severity="warning",
        message="made by the fake VASP (lnmo-fake-vasp): every number is synthetic "
        "(formal valences and a linear lattice), none is a calculation",
    )
