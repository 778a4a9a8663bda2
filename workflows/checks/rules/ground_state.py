"""Runs whose answer is no ground state, in words: their energies need a judgement.

They may converge and agree in every setting: two snapshots of one dynamics do. What a
run is for is said by its inputs, and by the findings of a finished one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from workflows.checks.configurations import configuration_findings
from workflows.checks.imposed import imposed_findings
from workflows.vasp.directory import VaspDirectory
from workflows.vasp.numbers import VaspNumbers
from workflows.vasp.undisplaced import FINITE_DIFFERENCES

FIXED = "fixed_density"
UNDISPLACED = "finite_differences"
NO_GROUND_STATE = {
    "snapshot": "a snapshot, no minimum",
    "saddle_point": "on a path over a saddle point, no minimum",
    "imposed_moment": "held at an imposed moment",
    "imposed_occupations": "filled by imposed occupations",
    "imposed_pressure": "under an imposed pressure",
    "external_field": "in an external field or a shifted potential",
    "fixed_orbitals": "not self-consistent",
    "many_body": "above the ground state, without a total energy",
    "learned_force_field": "of a learned force field",
    "held_atoms": "relaxed with atoms held in place",
}
"""Id of a finding -> what its run is."""
NO_DYNAMICS = (-1, 0, 1)
"""NSW for which VASP's default of IBRION is -1; for others it is 0, dynamics."""

Ids = Mapping[str, Collection[str]]


def imposed_by_input(run: VaspDirectory) -> frozenset[str]:
    """Return the ids of the findings that a run will have for what its INCAR asks."""
    tags = dict(run.incar.tags)
    steps = run.incar.number("NSW", 0)
    ibrion = int(run.incar.number("IBRION", -1 if steps in NO_DYNAMICS else 0))
    numbers = VaspNumbers(
        parameters={"IBRION": ibrion}, incar=tags, noncollinear=not run.collinear
    )
    found = {f.id for f in configuration_findings(numbers)}
    found |= {f.id for f in imposed_findings(numbers)}
    return frozenset(found | ({UNDISPLACED} if ibrion in FINITE_DIFFERENCES else set()))


def what_runs_are(
    runs: Sequence[VaspDirectory], findings: Ids
) -> dict[str, frozenset[str]]:
    """Return the ids of the findings of each run, by name: of its inputs and its own.

    Parameters
    ----------
    runs
        What was read of each.
    findings
        Name of a run -> ids of the findings of its document; none for inputs.
    """
    return {
        run.name: imposed_by_input(run) | frozenset(findings.get(run.name, ()))
        for run in runs
    }


def not_of_the_ground_state(ids: Ids) -> str:
    """Say which runs are not at a ground state, and what they are; empty if all are."""
    return "; ".join(_in_words(ids, NO_GROUND_STATE))


def of_a_fixed_density(ids: Ids) -> list[str]:
    """Return the names of the runs that keep the charge density they read."""
    return [name for name, own in ids.items() if FIXED in own]


def shown_undisplaced(ids: Ids) -> str:
    """Name phonon runs, whose energy is that of their first configuration."""
    words = "shown by the undisplaced crystal of a phonon run"
    return "; ".join(_in_words(ids, {UNDISPLACED: words}))


def _in_words(ids: Ids, words: Mapping[str, str]) -> Iterator[str]:
    for finding, told in words.items():
        names = [name for name, own in ids.items() if finding in own]
        if names:
            yield f"{some(names, 'is', 'are')} {told}"


def some(names: Sequence[str], one: str = "", more: str = "") -> str:
    """Name the first of several runs and count the others, with a verb."""
    others = f" and {len(names) - 1} more" if len(names) > 1 else ""
    verb = one if len(names) == 1 else more
    return f"{names[0]}{others}{' ' if verb else ''}{verb}"
