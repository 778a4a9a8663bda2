"""Which of its configurations a run is shown by, where that is no minimum.

The last ionic step is the result of a relaxation. Of dynamics it is a snapshot, of a
dimer or a chain of images a saddle point, and phonons displace the crystal on purpose.
"""

from __future__ import annotations

from collections.abc import Iterator

from workflows.checks.applied_tags import number_applied
from workflows.counts import count_of
from workflows.records.document import Finding
from workflows.vasp.numbers import VaspNumbers

MOVED = {
    0: "molecular dynamics",
    11: "positions given from outside",
    12: "positions given from outside",
}
"""IBRION of runs whose ionic steps lead to no minimum -> what moves the ions."""
SADDLES = {40: "an intrinsic reaction path", 44: "the dimer method"}
"""IBRION of runs on the way to, or from, a saddle point."""
MINIMISERS = (1, 2, 3)
"""IBRION of relaxations."""


def configuration_findings(numbers: VaspNumbers) -> Iterator[Finding]:
    """Report runs whose last configuration is not at a minimum by what they are for."""
    ibrion = int(numbers.parameters.get("IBRION", -1))
    steps = len(numbers.electronic)
    if numbers.undisplaced is not None:
        yield Finding(
            id="finite_differences",
            severity="info",
            message=f"IBRION = {ibrion}: phonons by finite differences; energy, "
            "structure, moments, forces and stress are of the undisplaced crystal, the "
            f"first of {count_of(steps, 'configuration')}; the gap, which VASP gives "
            "of the last one, is left out",
        )
    moves = number_applied(numbers, "NSW") > 1
    if moves and ibrion in MOVED:
        yield Finding(
            id="snapshot",
            severity="warning",
            message=f"IBRION = {ibrion}: {MOVED[ibrion]}; energy, structure and "
            f"moments are of the last of {count_of(steps, 'configuration')}, which is "
            "no minimum; for an energy to compare, relax it (IBRION = 2)",
        )
    images = int(number_applied(numbers, "IMAGES"))
    if images or (moves and ibrion in SADDLES):
        how = f"IMAGES = {images}: a chain of images"
        if not images:
            how = f"IBRION = {ibrion}: {SADDLES[ibrion]}"
        yield Finding(
            id="saddle_point",
            severity="warning",
            message=f"{how}; energy and structure are of a path over a saddle point, "
            "not of a minimum",
        )
    if moves and ibrion in MINIMISERS and (held := _held(numbers)):
        yield Finding(
            id="held_atoms",
            severity="warning",
            message=f"{held} of {count_of(_atoms(numbers), 'atom')} held by selective "
            "dynamics, along one axis or all: relaxed only as far as that allows; "
            "remove the flags from POSCAR for the minimum",
        )


def _atoms(numbers: VaspNumbers) -> int:
    return 0 if numbers.structure is None else len(numbers.structure)


def _held(numbers: VaspNumbers) -> int:
    """Return how many atoms may not move along some axis."""
    for structure in (numbers.initial, numbers.structure):
        if structure is None:
            continue
        flags = structure.site_properties.get("selective_dynamics")
        if flags is not None:
            return sum(not all(row) for row in flags)
    return 0
