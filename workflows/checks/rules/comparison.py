"""Findings across runs -> one sentence: may their energies be subtracted or not.

The sentence says "may" only where everything that decides it was seen: every run came
to its end and converged, every INCAR, POTCAR and mesh is known, and no rule is broken.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from workflows.checks.rules.rule import LintFinding
from workflows.vasp.directory import VaspDirectory

Answer = Literal["may", "must not", "not known"]
USABLE = frozenset({"DONE", "NEEDS_REVIEW"})
AGREE = "no setting that decides an energy differs"
NAMES = {"set-kpoints": "density of k-points"}
"""Rule -> what differs, where the message names no tag."""


@dataclass(frozen=True)
class Comparison:
    """Whether energies may be subtracted, and the sentence that says why."""

    answer: Answer
    sentence: str


def comparison(
    runs: Sequence[VaspDirectory],
    across: Sequence[LintFinding],
    own: Mapping[str, Sequence[LintFinding]],
    states: Mapping[str, str],
    fake: Collection[str] = (),
) -> Comparison:
    """Judge the energies of several runs together.

    Parameters
    ----------
    runs
        What was read of each.
    across
        What :func:`workflows.checks.rules.check_together` found.
    own
        Name of a run -> its own findings.
    states
        Name of a run -> its state; a run without one has no energy.
    fake
        Names of the runs of ``lnmo-fake-vasp``.
    """
    if not any(run.finished for run in runs):
        return _of_inputs(runs, across)
    many = f"these {len(runs)} energies"
    if differing := _differing(across, "error") or _makers(runs, fake):
        return Comparison("must not", f"{many} must not be subtracted: {differing}")
    wrong = [r.name for r in runs if any(f.severity == "error" for f in own[r.name])]
    if wrong:
        told = _some(wrong, "has errors of its own", "have errors of their own")
        return Comparison("must not", f"{many} must not be subtracted: {told}")
    unfinished = [r.name for r in runs if states.get(r.name) not in USABLE]
    if unfinished:
        told = f"{_some(unfinished, 'has', 'have')} no converged energy (lnmo parse)"
        return Comparison("must not", f"{many} must not be subtracted: {told}")
    if bands := [run.name for run in runs if run.fixed_density]:
        told = f"{_some(bands, 'is', 'are')} not self-consistent (ICHARG of 10 or more)"
        return Comparison("must not", f"{many} must not be subtracted: {told}")
    if differing := _differing(across, "warning"):
        told = f"{many} must not be subtracted before you have judged: {differing}"
        return Comparison("must not", told)
    if unknown := _unknown(runs):
        told = f"whether {many} may be subtracted is not known: {unknown}"
        return Comparison("not known", told)
    synthetic = " (synthetic, of lnmo-fake-vasp)" if fake else ""
    return Comparison(
        "may",
        f"{many} may be subtracted, in a balance of the same atoms{synthetic}: "
        "settings, potentials and k-point density agree, and every run converged",
    )


def _of_inputs(
    runs: Sequence[VaspDirectory], across: Sequence[LintFinding]
) -> Comparison:
    """Say what differs between inputs that nobody has run."""
    errors, warnings = (_differing(across, kind) for kind in ("error", "warning"))
    found = errors or warnings
    told = f"their energies will not be comparable: {found}" if found else AGREE
    answer: Answer = "must not" if errors else "not known"
    return Comparison(answer, f"none of these {len(runs)} has run; {told}")


def _differing(across: Sequence[LintFinding], severity: str) -> str:
    """Name what differs, each once, such as ``ENCUT, U of Mn differ``."""
    names = list(
        dict.fromkeys(
            NAMES.get(f.id, f.message.partition(":")[0])
            for f in across
            if f.severity == severity
        )
    )
    if not names:
        return ""
    return f"{', '.join(names)} {'differs' if len(names) == 1 else 'differ'}"


def _makers(runs: Sequence[VaspDirectory], fake: Collection[str]) -> str:
    """Say so where some outputs are of VASP and some of lnmo-fake-vasp."""
    synthetic = sum(run.name in fake for run in runs)
    if 0 < synthetic < len(runs):
        return f"{synthetic} of them are synthetic, of lnmo-fake-vasp"
    return ""


def _unknown(runs: Sequence[VaspDirectory]) -> str:
    missing = (
        ("INCAR", [r.name for r in runs if not r.asked]),
        ("POTCAR", [r.name for r in runs if not r.potentials]),
        ("k-points", [r.name for r in runs if not r.spacing]),
        ("what cannot be read", [r.name for r in runs if r.unreadable]),
    )
    return "; ".join(f"{what} of {_some(names)}" for what, names in missing if names)


def _some(names: Sequence[str], one: str = "", more: str = "") -> str:
    others = f" and {len(names) - 1} more" if len(names) > 1 else ""
    verb = one if len(names) == 1 else more
    return f"{names[0]}{others}{' ' if verb else ''}{verb}"
