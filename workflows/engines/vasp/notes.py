"""Notes on the files of a run; none of them changes its state."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from workflows.engines.vasp.custodian_log import in_words
from workflows.records.document import Finding
from workflows.vasp.custodian_json import LOG_FILE, read_jobs
from workflows.vasp.file_ends import without_projections, without_states
from workflows.vasp.run_files import NUMBERS, VaspFiles

UNPROVEN = ("INCAR", "KPOINTS", "POSCAR", LOG_FILE)
"""Files of a run that it can be read without."""


def one_of_two(files: VaspFiles) -> Iterator[Finding]:
    """Report what cannot be known without the other of OUTCAR and vasprun.xml."""
    lost = {
        "OUTCAR": "no site moments, and U, potentials and convergence as vasprun.xml "
        "repeats them, not as applied",
        "vasprun.xml": "no eigenvalues, and structures to the digits of OUTCAR or "
        "CONTCAR",
    }
    absent = [name for name in NUMBERS if files.find(name) is None]
    if len(absent) == 1:
        name = absent[0]
        yield Finding(
            id=f"no_{name.partition('.')[0].lower()}",
            severity="info",
            message=f"there is no {name}: {lost[name]}",
        )


def silent_files(files: VaspFiles) -> Iterator[Finding]:
    """Report files without content, or that may not be read; no number needs them."""
    if without_projections(files):
        yield Finding(
            id="empty_file",
            severity="info",
            message="PROCAR: empty, as VASP leaves it without LORBIT",
        )
    if without_states(files):
        yield Finding(
            id="empty_file",
            severity="info",
            message="DOSCAR: its head alone, no density of states",
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
    """Mark every number of the tests' stand-in for VASP."""
    return Finding(
        id="fake_vasp",
        severity="warning",
        message="made by the fake VASP of the test suite: every number is synthetic "
        "(formal valences and a linear lattice), none is a calculation",
    )
