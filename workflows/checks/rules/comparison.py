"""Findings across runs -> one sentence: may their energies be subtracted or not.

The sentence says "may" only where everything that decides it was seen: every run came
to its end and converged, every INCAR, POTCAR and mesh is known, no rule is broken, and
no run is for something else than the ground state. Where kinds of runs differ in what
may differ between them, it says that energies are subtracted within a kind.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from workflows.checks.rules.ground_state import (
    Ids,
    not_of_the_ground_state,
    of_a_fixed_density,
    shown_undisplaced,
    some,
    what_runs_are,
)
from workflows.checks.rules.kinds_of_run import (
    between_kinds,
    kinds_in_words,
    most_of_a_kind,
)
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
    findings: Ids | None = None,
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
    findings
        Name of a run -> ids of the findings of its document.
    """
    ids = what_runs_are(runs, findings or {})
    if not any(run.finished for run in runs):
        return _of_inputs(runs, across, ids)
    many = f"these {len(runs)} energies"
    if differing := _differing(across, "error") or _makers(runs, fake):
        return Comparison("must not", f"{many} must not be subtracted: {differing}")
    wrong = [r.name for r in runs if any(f.severity == "error" for f in own[r.name])]
    if wrong:
        told = some(wrong, "has errors of its own", "have errors of their own")
        return Comparison("must not", f"{many} must not be subtracted: {told}")
    unfinished = [r.name for r in runs if states.get(r.name) not in USABLE]
    if unfinished:
        told = f"{some(unfinished, 'has', 'have')} no converged energy (lnmo parse)"
        return Comparison("must not", f"{many} must not be subtracted: {told}")
    if bands := of_a_fixed_density(ids):
        told = f"{some(bands, 'is', 'are')} not self-consistent (ICHARG of 10 or more)"
        return Comparison("must not", f"{many} must not be subtracted: {told}")
    judge = (_differing(across, "warning"), not_of_the_ground_state(ids))
    if doubts := "; ".join(filter(None, judge)):
        told = f"{many} must not be subtracted before you have judged: {doubts}"
        return Comparison("must not", told)
    apart = _between_kinds(runs)
    if apart and most_of_a_kind(runs) < 2:
        return Comparison("must not", f"{many} must not be subtracted: {apart}")
    if unknown := _unknown(runs):
        told = f"whether {many} may be subtracted is not known: {unknown}"
        return Comparison("not known", told)
    synthetic = " (synthetic, of lnmo-fake-vasp)" if fake else ""
    return Comparison(
        "may",
        f"{many} may be subtracted, in a balance of the same atoms{synthetic}: "
        "settings, potentials and k-point density agree, and every run converged"
        + "".join(f"; {told}" for told in (apart, shown_undisplaced(ids)) if told),
    )


def _of_inputs(
    runs: Sequence[VaspDirectory], across: Sequence[LintFinding], ids: Ids
) -> Comparison:
    """Say what differs between inputs that nobody has run."""
    errors, warnings = (_differing(across, kind) for kind in ("error", "warning"))
    doubts = [
        told for told in (errors or warnings, not_of_the_ground_state(ids)) if told
    ]
    apart, bands = _between_kinds(runs), of_a_fixed_density(ids)
    told = [AGREE]
    if doubts:
        told = [f"their energies will not be comparable: {'; '.join(doubts)}"]
    elif apart:
        told = [apart]
    if bands:
        whose = some(bands, "has no energy of its own", "have no energy of their own")
        told.append(f"{whose} (ICHARG of 10 or more)")
    if undisplaced := shown_undisplaced(ids):
        told.append(undisplaced)
    answer: Answer = "must not" if errors else "not known"
    return Comparison(answer, f"none of these {len(runs)} has run; {'; '.join(told)}")


def _between_kinds(runs: Sequence[VaspDirectory]) -> str:
    """Say in what kinds of runs differ that is compared within each kind only."""
    if not (tags := between_kinds(runs)):
        return ""
    verb = "differs" if len(tags) == 1 else "differ"
    return (
        f"{', '.join(tags)} {verb} between {kinds_in_words(runs)}: subtract energies "
        "of one kind only"
    )


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
    return "; ".join(f"{what} of {some(names)}" for what, names in missing if names)
