"""Whether custodian changed the science of a run that nobody here planned.

custodian keeps the inputs that it was given, ``INCAR.orig`` and so on. Beside its log
they stand for the plan that a directory of somebody else does not have. What its log
says was meant, a job's own settings for a second relaxation, is no change.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from workflows.checks.incar_as_run import APPLIED, PRINTED
from workflows.checks.kpoints_as_run import mesh_difference
from workflows.checks.planned_inputs import audit, changed_tag, finding
from workflows.records.document import Finding
from workflows.vasp.equality import same_value
from workflows.vasp.input_files import UNREADABLE, incar_from, read_input
from workflows.vasp.numbers import VaspNumbers
from workflows.vasp.run_files import VaspFiles, read_text

JUDGED = frozenset(APPLIED) | {"LDAUL", "LDAUU", "LDAUJ", "KSPACING", "LREAL", "ISYM"}
"""Tags that are compared even if the log does not name them."""


@dataclass(frozen=True)
class Log:
    """What custodian's log says of a run and of those before it, by file and tag."""

    meant: set[tuple[str, str]] = field(default_factory=set)
    corrected: set[tuple[str, str]] = field(default_factory=set)


def changed_inputs(
    files: VaspFiles, numbers: VaspNumbers, planned: Mapping[str, Any]
) -> tuple[Finding, ...]:
    """Compare the inputs that ran with the plan, or with what custodian was given.

    Parameters
    ----------
    files, numbers
        Of a run at its end.
    planned
        The ``inputs`` record of its run file. If it is empty, for a directory not
        ours, custodian's copies stand for it; without its log nothing is judged, for
        they may be older than the run.

    Returns
    -------
    tuple of Finding
        As :func:`workflows.audit.audit` gives them.
    """
    if planned:
        return audit(files.directory, planned)
    log = _log(files)
    if log is None:
        return ()
    given = VaspFiles(files.directory, "", {})
    return (
        *_incar(files, given, numbers, log),
        *_kpoints(given, numbers, log),
        *_poscar(log),
    )


def _incar(
    files: VaspFiles, given: VaspFiles, numbers: VaspNumbers, log: Log
) -> Iterator[Finding]:
    intended = read_input(given, "INCAR.orig", incar_from)
    written = read_input(files, "INCAR", incar_from)
    if not intended or UNREADABLE in (intended, written):
        return
    as_run = numbers.incar or written or {}  # INCAR may have been edited since
    corrected = {tag for name, tag in log.corrected if name == "INCAR"}
    for tag in sorted(JUDGED | corrected) if as_run else ():
        old, new = intended.get(tag), as_run.get(tag)
        if tag not in JUDGED:  # such as NCORE, which vasprun.xml does not repeat
            new = (written or {}).get(tag, new)
        same = same_value(old, new, printed=PRINTED)
        if ("INCAR", tag) not in log.meant and not same:
            yield changed_tag(tag, old, new)


def _kpoints(given: VaspFiles, numbers: VaspNumbers, log: Log) -> Iterator[Finding]:
    from pymatgen.io.vasp import Kpoints

    intended = read_input(given, "KPOINTS.orig", Kpoints.from_str)
    meant = any(name == "KPOINTS" for name, _ in log.meant)
    if intended in (None, UNREADABLE) or numbers.kpoints is None or meant:
        return
    if told := mesh_difference(intended, numbers.kpoints, numbers.initial):
        yield Finding(
            id="inputs_changed",
            severity="warning",
            message=f"KPOINTS.orig, which custodian was given, {told}: this changes "
            "the science, compare it with the others before use",
        )


def _poscar(log: Log) -> Iterator[Finding]:
    if any(name == "POSCAR" for name, _ in log.corrected):
        yield finding("warning", "POSCAR", "as POSCAR.orig", "edited by custodian")


def _log(files: VaspFiles) -> Log | None:
    """Read the jobs up to this run; None without a log, or if it does not name it."""
    plain = VaspFiles(files.directory, "", {})
    path = files.find("custodian.json") or plain.find("custodian.json")
    log = Log()
    try:
        for entry in json.loads(read_text(path)) if path is not None else ():
            job = entry["job"]
            log.meant.update(_touched(job.get("settings_override") or ()))
            if job.get("copy_magmom"):
                log.meant.add(("INCAR", "MAGMOM"))
            for correction in entry["corrections"]:
                log.corrected.update(_touched(correction["actions"] or ()))
            if job.get("suffix", "") == files.suffix:
                return log
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return None


def _touched(actions: Any) -> Iterator[tuple[str, str]]:
    """Yield the file and the tag that each of custodian's actions sets or removes."""
    for action in actions:
        for verb, what in action.get("action", {}).items():
            if verb in {"_set", "_unset"} and "dict" in action:
                yield from ((action["dict"], tag) for tag in what)
