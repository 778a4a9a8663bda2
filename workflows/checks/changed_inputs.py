"""Did VASP run what was asked? The inputs of a plan, or of custodian, against the run.

Error handlers change inputs to rescue a run. Some changes cost only time; others
change the physics, and then the number belongs to another calculation. What was asked
is in the run file of a step of ours, and in custodian's copies, ``INCAR.orig`` and so
on, of a run that nobody here planned. Files that were edited after the run are the
subject of :mod:`workflows.checks.files_agree`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from workflows.campaign.calculation import structure_from_dict
from workflows.checks.incar_as_run import APPLIED
from workflows.checks.kpoints_as_run import mesh_difference
from workflows.records.document import Finding
from workflows.vasp.custodian_json import InputChanges, input_changes
from workflows.vasp.equality import same_structure, same_value
from workflows.vasp.incar_text import incar_as_text, read_incar
from workflows.vasp.input_files import UNREADABLE, incar_from, poscar_from, read_input
from workflows.vasp.known_tags import is_harmless
from workflows.vasp.kpoints import read_kpoints
from workflows.vasp.numbers import VaspNumbers
from workflows.vasp.precision import VASPRUN_REAL
from workflows.vasp.run_files import VaspFiles

if TYPE_CHECKING:
    from pymatgen.core import Structure

SAME_PLACE = 1e-3
"""A; POSCAR and the plan have more digits than that."""
READERS = {"INCAR": incar_from, "KPOINTS": read_kpoints, "POSCAR": poscar_from}
JUDGED = frozenset(APPLIED) | {"LDAUL", "LDAUU", "LDAUJ", "KSPACING", "LREAL", "ISYM"}
"""Tags that are compared with custodian's copy even if its log does not name them."""
CONSEQUENCES = {
    "info": "harmless, recorded",
    "warning": "this changes the physics: check it against the other runs before use",
    "error": "not the calculation asked for: rerun it",
}


def changed_inputs(
    files: VaspFiles, numbers: VaspNumbers, planned: Mapping[str, Any]
) -> tuple[Finding, ...]:
    """Compare the inputs that ran with the plan, or with what custodian was given.

    `planned` is the ``inputs`` record of a run file; empty for a directory that is not
    ours. Then custodian's copies are the plan, but only beside a log of this run:
    without one they may be older than the run. Findings are ``info`` for harmless
    changes, ``warning`` where a person must look, ``error`` where the result is not
    the one asked for.
    """
    changes = input_changes(files)
    if planned:
        return tuple(_from_plan(files, numbers, planned, changes or InputChanges()))
    if changes is None:
        return ()
    return tuple(_from_copies(files, numbers, changes))


def _from_plan(
    files: VaspFiles,
    numbers: VaspNumbers,
    planned: Mapping[str, Any],
    changes: InputChanges,
) -> Iterator[Finding]:
    ran = {name: read_input(files, name, reader) for name, reader in READERS.items()}
    for name in READERS:
        if ran[name] is None or ran[name] is UNREADABLE:
            del ran[name]
            yield _finding(
                "warning", name, "as planned", "a file that is gone or unreadable"
            )
    if "INCAR" in ran:
        # Read as the file beside it is: both lose the same where a reader is coarse.
        intended = read_incar(incar_as_text(planned["incar"])).values()
        tags = intended.keys() | ran["INCAR"].keys()
        yield from _tags(
            intended, ran["INCAR"], tags - _edited_since(intended, numbers)
        )
    if "KPOINTS" in ran:
        yield from _mesh(tuple(planned["kpoints"]), ran["KPOINTS"])
    if "POSCAR" in ran:
        start = structure_from_dict(planned["structure"])
        yield from _start(start, ran["POSCAR"], changes)


def _edited_since(intended: Mapping[str, Any], numbers: VaspNumbers) -> set[str]:
    """Return the tags that ran as planned by vasprun.xml, whatever INCAR says now."""
    ran = numbers.incar
    return {
        tag
        for tag in intended
        if tag in ran and same_value(intended[tag], ran[tag], printed=VASPRUN_REAL)
    }


def _from_copies(
    files: VaspFiles, numbers: VaspNumbers, changes: InputChanges
) -> Iterator[Finding]:
    yield from _incar_copy(files, numbers, changes)
    yield from _kpoints_copy(files, numbers, changes)
    if "POSCAR" in changes.edited:
        yield _finding("warning", "POSCAR", "as POSCAR.orig", "edited by custodian")


def _incar_copy(
    files: VaspFiles, numbers: VaspNumbers, changes: InputChanges
) -> Iterator[Finding]:
    asked = read_input(VaspFiles(files.directory, "", {}), "INCAR.orig", incar_from)
    written = read_input(files, "INCAR", incar_from) or {}
    ran = numbers.incar or written  # INCAR may have been edited since
    if not asked or not ran or UNREADABLE in (asked, written):
        return
    corrected = {tag for name, tag in changes.corrected if name == "INCAR"}
    meant = {tag for name, tag in changes.meant if name == "INCAR"}
    # vasprun.xml does not repeat all tags, such as NCORE.
    beside = {tag: written[tag] for tag in corrected - JUDGED if tag in written}
    tags = (JUDGED | corrected) - meant
    yield from _tags(asked, {**ran, **beside}, tags, printed=VASPRUN_REAL)


def _kpoints_copy(
    files: VaspFiles, numbers: VaspNumbers, changes: InputChanges
) -> Iterator[Finding]:
    given = VaspFiles(files.directory, "", {})
    asked = read_input(given, "KPOINTS.orig", read_kpoints)
    meant = any(name == "KPOINTS" for name, _ in changes.meant)
    if asked in (None, UNREADABLE) or numbers.kpoints is None or meant:
        return
    if difference := mesh_difference(asked, numbers.kpoints, numbers.initial):
        yield Finding(
            id="inputs_changed",
            severity="warning",
            message=f"KPOINTS.orig, which custodian was given, {difference}: this "
            "changes the physics, check it against the other runs before use",
        )


def _tags(
    asked: Mapping[str, Any],
    ran: Mapping[str, Any],
    tags: Iterable[str],
    *,
    printed: float = 0.0,
) -> Iterator[Finding]:
    """Judge each tag that ran otherwise than asked; None is unset."""
    for tag in sorted(tags):
        old, new = asked.get(tag), ran.get(tag)
        if not same_value(old, new, printed=printed):
            yield _finding(_severity(tag, old, new), tag, old, new)


def _severity(tag: str, old: Any, new: Any) -> str:
    if tag == "ICHARG" and old == 11:
        return "error"
    harmless = (
        is_harmless(tag, new)
        or (tag == "LREAL" and new is False)
        or (tag == "ISYM" and new == 0)
        or (tag == "EDIFF" and new is not None and old is not None and new < old)
    )
    return "info" if harmless else "warning"


def _mesh(asked: tuple[int, ...], ran: Any) -> Iterator[Finding]:
    found = tuple(ran.kpts[0])
    if found != asked or len(ran.kpts) != 1:
        yield _finding("warning", "KPOINTS", asked, found)
    elif ran.style.name != "Gamma":
        yield _finding("warning", "KPOINTS", "centred at Gamma", ran.style.name)
    elif any(ran.kpts_shift):
        yield _finding("warning", "KPOINTS", "not shifted", tuple(ran.kpts_shift))


def _start(
    planned: Structure, ran: Structure, changes: InputChanges
) -> Iterator[Finding]:
    """Compare the start itself: custodian's log may be gone, its edit is not."""
    severity = "warning"
    if "POSCAR" in changes.edited:
        became = "edited by custodian"
    elif same_structure(planned, ran, tolerance=SAME_PLACE):
        return
    elif "CONTCAR" in changes.copied:
        severity, became = "info", "the CONTCAR of a restart"
    else:
        became = _strain(planned, ran) or "another structure"
    yield _finding(severity, "POSCAR", "as planned", became)


def _strain(planned: Structure, ran: Structure) -> str:
    """Describe a start that differs by its scale alone; empty for any other."""
    scaled = ran.copy()
    scaled.scale_lattice(planned.volume)
    if not same_structure(planned, scaled, tolerance=SAME_PLACE):
        return ""
    percent = 100 * ((ran.volume / planned.volume) ** (1 / 3) - 1)
    return (
        f"strained by {percent:+.1f} % along every axis (custodian's cure for ZPOTRF?)"
    )


def _finding(severity: Any, what: str, old: Any, new: Any) -> Finding:
    return Finding(
        id="inputs_changed",
        severity=severity,
        message=f"{what} was {old}, ran as {new} ({CONSEQUENCES[severity]})",
    )
