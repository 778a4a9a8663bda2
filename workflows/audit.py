"""Did VASP run what was intended? Inputs as run against inputs as planned.

Error handlers change inputs to rescue a run. Some changes cost only time; others
change the physics, and then the number belongs to another calculation.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from workflows.taskdoc import Finding

HARMLESS = frozenset(
    {
        *("ALGO", "NELM", "NELMIN", "NELMDL", "POTIM", "IBRION", "NBANDS", "SYMPREC"),
        *("NCORE", "KPAR", "NPAR", "AMIN", "AMIX", "BMIX", "AMIX_MAG", "BMIX_MAG"),
        *("IMIX", "MAXMIX", "TIME", "LPLANE", "NSIM", "LWAVE", "ISTART", "SYSTEM"),
        "ISEARCH",
    }
)
"""Tags that decide how a solution is found, not which: recorded, never judged."""


def audit(directory: Path, planned: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Compare INCAR, KPOINTS and POSCAR as run with the planned ones.

    Parameters
    ----------
    directory
        A finished run.
    planned
        The ``inputs`` record of its run file; empty for a directory not ours.

    Returns
    -------
    tuple of Finding
        ``info`` for harmless changes, ``warning`` where a person must look,
        ``error`` where the result is not the one asked for.
    """
    from pymatgen.io.vasp import Incar, Kpoints

    if not planned:
        return ()
    findings = []
    as_run = Incar.from_file(directory / "INCAR")
    intended = Incar(dict(planned["incar"]))
    for tag in sorted(set(as_run) | set(intended)):
        old, new = intended.get(tag), as_run.get(tag)
        if not same_value(old, new):
            findings.append(_changed(tag, old, new))
    mesh = tuple(Kpoints.from_file(directory / "KPOINTS").kpts[0])
    if mesh != tuple(planned["kpoints"]):
        findings.append(_finding("warning", "KPOINTS", tuple(planned["kpoints"]), mesh))
    if _edited_poscar(directory):
        findings.append(
            _finding("warning", "POSCAR", "as planned", "edited by custodian")
        )
    return tuple(findings)


def _changed(tag: str, old: Any, new: Any) -> Finding:
    if tag == "ICHARG" and old == 11:
        return _finding("error", tag, old, new)
    harmless = (
        tag in HARMLESS
        or (tag == "LREAL" and new is False)
        or (tag == "ISYM" and new == 0)
        or (tag == "EDIFF" and new is not None and old is not None and new < old)
    )
    return _finding("info" if harmless else "warning", tag, old, new)


def _finding(severity: Any, what: str, old: Any, new: Any) -> Finding:
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


def same_value(old: Any, new: Any) -> bool:
    """Tell whether two values of one INCAR tag mean the same to VASP."""
    if isinstance(old, str) and isinstance(new, str):
        return old.strip().upper() == new.strip().upper()
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and bool(np.allclose(old, new, atol=1e-3))
    if isinstance(old, float) or isinstance(new, float):
        return old is not None and new is not None and bool(np.isclose(old, new))
    return bool(old == new)


def _edited_poscar(directory: Path) -> bool:
    """Tell whether a handler edited POSCAR; a restart from CONTCAR is no edit."""
    try:
        log = json.loads((directory / "custodian.json").read_text("utf-8"))
        corrections = [c for job in log for c in job["corrections"]]
        actions = [a for c in corrections for a in c["actions"] or ()]
        return any(action.get("dict") == "POSCAR" for action in actions)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
