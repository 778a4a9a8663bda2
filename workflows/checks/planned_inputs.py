"""Did VASP run what was intended? Inputs as run against inputs as planned.

Error handlers change inputs to rescue a run. Some changes cost only time; others
change the physics, and then the number belongs to another calculation.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monty.io import zopen

from workflows.campaign.calculation import structure_from_dict
from workflows.records.document import Finding
from workflows.vasp.equality import same_structure, same_value
from workflows.vasp.incar_tags import HARMLESS
from workflows.vasp.input_files import read_incar

if TYPE_CHECKING:
    from pymatgen.core import Structure
    from pymatgen.io.vasp import Incar

SAME_PLACE = 1e-3
"""A; POSCAR and the plan have more digits than that."""


def audit(directory: Path, planned: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Compare INCAR, KPOINTS and POSCAR as run with the planned ones.

    Parameters
    ----------
    directory
        A finished run; its files may be gzipped.
    planned
        The ``inputs`` record of its run file; empty for a directory not ours.

    Returns
    -------
    tuple of Finding
        ``info`` for harmless changes, ``warning`` where a person must look,
        ``error`` where the result is not the one asked for.
    """
    from pymatgen.io.vasp import Incar, Kpoints, Poscar

    if not planned:
        return ()
    readers = {
        "INCAR": _incar_file,
        "KPOINTS": Kpoints.from_file,
        "POSCAR": Poscar.from_file,
    }
    as_run = {name: _read(directory, name, reader) for name, reader in readers.items()}
    findings = [
        finding("warning", name, "as planned", "a file that is gone or unreadable")
        for name, content in as_run.items()
        if content is None
    ]
    if (incar := as_run["INCAR"]) is not None:
        findings += _incar(incar, Incar(dict(planned["incar"])))
    if (kpoints := as_run["KPOINTS"]) is not None:
        findings += _kpoints(kpoints, tuple(planned["kpoints"]))
    if (poscar := as_run["POSCAR"]) is not None:
        start = structure_from_dict(planned["structure"])
        findings += _poscar(directory, poscar.structure, start)
    return tuple(findings)


def _incar_file(path: Path) -> Incar:
    return read_incar(_text(path))


def _text(path: Path) -> str:
    with zopen(path, "rt", encoding="utf-8-sig") as file:
        return str(file.read())


def _read(directory: Path, name: str, reader: Any) -> Any:
    """Return what an input file says; None if it is gone or says nothing."""
    for path in (directory / name, directory / f"{name}.gz"):
        if path.is_file():
            try:
                return reader(path)
            except Exception:  # pymatgen raises whatever the broken file leads it to
                return None
    return None


def _incar(as_run: Mapping[str, Any], intended: Mapping[str, Any]) -> Iterator[Finding]:
    for tag in sorted(set(as_run) | set(intended)):
        old, new = intended.get(tag), as_run.get(tag)
        if not same_value(old, new):
            yield changed_tag(tag, old, new)


def _kpoints(as_run: Any, mesh: tuple[int, ...]) -> Iterator[Finding]:
    found = tuple(as_run.kpts[0])
    if found != mesh or len(as_run.kpts) != 1:
        yield finding("warning", "KPOINTS", mesh, found)
    elif as_run.style.name != "Gamma":
        yield finding("warning", "KPOINTS", "centred at Gamma", as_run.style.name)
    elif any(as_run.kpts_shift):
        yield finding("warning", "KPOINTS", "not shifted", tuple(as_run.kpts_shift))


def _poscar(
    directory: Path, as_run: Structure, planned: Structure
) -> Iterator[Finding]:
    """Compare the start itself: custodian's log may be gone, and its cure is not."""
    edited, restarted = _custodian_on_poscar(directory)
    if edited:
        yield finding("warning", "POSCAR", "as planned", "edited by custodian")
        return
    if same_structure(planned, as_run, tolerance=SAME_PLACE):
        return
    if restarted:
        yield finding("info", "POSCAR", "as planned", "the CONTCAR of a restart")
        return
    ratio = (as_run.volume / planned.volume) ** (1 / 3)
    scaled = as_run.copy()
    scaled.scale_lattice(planned.volume)
    if same_structure(planned, scaled, tolerance=SAME_PLACE):
        told = f"strained by {100 * (ratio - 1):+.1f} % along every axis"
        yield finding(
            "warning", "POSCAR", "as planned", f"{told} (custodian's cure for ZPOTRF?)"
        )
        return
    yield finding("warning", "POSCAR", "as planned", "another structure")


def changed_tag(tag: str, old: Any, new: Any) -> Finding:
    """Judge an INCAR tag that ran as `new` where `old` was intended; None is unset."""
    if tag == "ICHARG" and old == 11:
        return finding("error", tag, old, new)
    harmless = (
        tag in HARMLESS
        or (tag == "LREAL" and new is False)
        or (tag == "ISYM" and new == 0)
        or (tag == "EDIFF" and new is not None and old is not None and new < old)
    )
    return finding("info" if harmless else "warning", tag, old, new)


def finding(severity: Any, what: str, old: Any, new: Any) -> Finding:
    """Say that an input ran as `new` where `old` was intended, and what follows."""
    consequence = {
        "info": "harmless, recorded",
        "warning": "this changes the science: compare it with the others before use",
        "error": "not the calculation asked for: rerun it",
    }[severity]
    return Finding(
        id="inputs_changed",
        severity=severity,
        message=f"{what} was {old}, ran as {new} ({consequence})",
    )


def _custodian_on_poscar(directory: Path) -> tuple[bool, bool]:
    """Tell whether a handler edited POSCAR, and whether one restarted from CONTCAR."""
    try:
        log = _read(directory, "custodian.json", lambda path: json.loads(_text(path)))
        corrections = [c for job in log or () for c in job["corrections"]]
        actions = [a for c in corrections for a in c["actions"] or ()]
        edited = any(action.get("dict") == "POSCAR" for action in actions)
        copied = any(action.get("file") == "CONTCAR" for action in actions)
    except (KeyError, TypeError, AttributeError):
        return False, False
    return edited, copied
