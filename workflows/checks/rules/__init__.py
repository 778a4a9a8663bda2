"""Lint VASP directories, ours or not, before and after they are run.

>>> from workflows.checks.rules import check_directory
>>> [finding.id for finding in check_directory("LiVO3")]  # doctest: +SKIP
['u-on-non-metal', 'metal-without-u', 'moment-on-non-metal', ...]

Reading is at the edge (:mod:`workflows.vasp.read_directory`); each rule is a pure
function of what was read, with an id, a severity, a reason, a cure, and a section in
``docs/checks.md``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from workflows.checks.rules import (
    accuracy,
    asked_and_applied,
    files,
    final_moments,
    hubbard,
    kpoints,
    potentials,
    same_settings,
    species,
    starting_moments,
    unseen_tags,
)
from workflows.checks.rules.rule import DirectoryRule, LintFinding, SetRule
from workflows.errors import InputError
from workflows.paths import given_path
from workflows.vasp.directory import VaspDirectory
from workflows.vasp.read_directory import find_runs, read_run

__all__ = [
    "RULES",
    "SET_RULES",
    "LintFinding",
    "VaspDirectory",
    "check",
    "check_directory",
    "check_together",
    "find_runs",
    "read_run",
]

RULES: tuple[DirectoryRule, ...] = (
    *files.RULES,
    *species.RULES,
    *potentials.RULES,
    *hubbard.RULES,
    *starting_moments.RULES,
    *accuracy.RULES,
    *kpoints.RULES,
    *asked_and_applied.RULES,
    *unseen_tags.RULES,
    *final_moments.RULES,
)
"""Every rule on one run, in the order of reporting."""

SET_RULES: tuple[SetRule, ...] = same_settings.SET_RULES
"""Every rule across runs whose energies are compared."""


def check_directory(directory: str | Path) -> tuple[LintFinding, ...]:
    """Check the one run in a directory, errors first.

    Raises
    ------
    InputError
        There is no INCAR, OUTCAR or vasprun.xml in it, or it is no path.
    """
    path = given_path(directory, "directory", InputError)
    runs = [run for run in find_runs(path) if run.directory == path]
    if not runs:
        raise InputError(f"{path}: no VASP run here (no INCAR, OUTCAR or vasprun.xml)")
    return _sorted(found for run in runs for found in check(read_run(run)))


def check(run: VaspDirectory) -> tuple[LintFinding, ...]:
    """Check what was read of one run, errors first."""
    return _sorted(found for rule in RULES for found in rule(run))


def check_together(runs: Sequence[VaspDirectory]) -> tuple[LintFinding, ...]:
    """Check that runs may be compared, errors first."""
    return _sorted(found for rule in SET_RULES for found in rule(runs))


def _sorted(findings: Iterable[LintFinding]) -> tuple[LintFinding, ...]:
    return tuple(sorted(findings, key=lambda finding: finding.severity != "error"))
