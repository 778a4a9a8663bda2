"""What a run was told of its answer: density, moment, occupations, field, pressure.

Such a run converges to what its input imposes. That may be the question, but the number
is not that of the ground state, and no check on the imposed quantity can fail.
"""

from __future__ import annotations

from collections.abc import Iterator

from workflows.checks.applied_tags import (
    number_applied,
    numbers_applied,
    switched_on,
)
from workflows.checks.run_result import warn
from workflows.records.document import Finding
from workflows.vasp.numbers import VaspNumbers

FIXED_DENSITY = 10
"""ICHARG from which the charge density is read and kept."""
FROM_INPUT = -2
"""ISMEAR of occupations that FERWE and FERDO give, or WAVECAR."""
SHIFTS = 3
"""LDAUTYPE of a linear response."""
FIELDS = ("EFIELD", "EFIELD_PEAD", "BEXT")
"""Tags of a static field, electric or magnetic."""


def imposed_findings(
    numbers: VaspNumbers, *, for_states: bool = False
) -> Iterator[Finding]:
    """Report what the input of a run fixed of its result.

    Parameters
    ----------
    numbers
        Of the run.
    for_states
        It is the density of states of a plan, whose energy and moments are not used.
    """
    yield from _density(numbers, for_states=for_states)
    yield from _moment(numbers)
    yield from _penalty(numbers)
    if number_applied(numbers, "ISMEAR", 1) == FROM_INPUT:
        yield warn(
            "imposed_occupations",
            f"ISMEAR = {FROM_INPUT}: the occupations are those of the input (FERWE, "
            "FERDO), not of the ground state; so are energy, moments and gap",
        )
    yield from _field(numbers)
    yield from _shift(numbers)
    if pressure := number_applied(numbers, "PSTRESS"):
        yield warn(
            "imposed_pressure",
            f"PSTRESS = {pressure:g} kbar: a relaxation of the cell ends at that "
            "pressure, not at the lattice of zero pressure, and the pressure shown is "
            "what differs from it",
        )


def _density(numbers: VaspNumbers, *, for_states: bool) -> Iterator[Finding]:
    icharg = number_applied(numbers, "ICHARG", 2)
    if icharg < FIXED_DENSITY or numbers.many_body:
        return
    message = (
        f"ICHARG = {icharg:g}: the charge density was read and kept, so that energy, "
        "forces and moments are not self-consistent; take them from the run that made "
        "the density"
    )
    yield warn("fixed_density", message, "info" if for_states else "warning")


def _moment(numbers: VaspNumbers) -> Iterator[Finding]:
    imposed = number_applied(numbers, "NUPDOWN", -1)
    collinear = number_applied(numbers, "ISPIN", 1) == 2 and not numbers.noncollinear
    if imposed >= 0 and collinear:
        yield warn(
            "imposed_moment",
            f"NUPDOWN = {imposed:g}: the total moment of {imposed:g} muB is imposed, "
            "with a Fermi level for each spin; that it is an integer shows no "
            "insulator, and the energy is of this moment; without NUPDOWN the run "
            "shows whether it is the ground state",
        )


def _penalty(numbers: VaspNumbers) -> Iterator[Finding]:
    if constrained := int(number_applied(numbers, "I_CONSTRAINED_M")):
        strength = number_applied(numbers, "LAMBDA")
        yield warn(
            "imposed_moment",
            f"I_CONSTRAINED_M = {constrained} (LAMBDA = {strength:g}): moments are "
            "held near M_CONSTR, and the energy contains the penalty for what is left; "
            "see E_p in OSZICAR, and compare no energy with a run without it",
        )


def _shift(numbers: VaspNumbers) -> Iterator[Finding]:
    head = numbers.outcar.header if numbers.outcar is not None else None
    printed = head is not None and head.ldautype == SHIFTS  # only where +U is on
    asked = switched_on(numbers, "LDAU")
    if printed or (asked and number_applied(numbers, "LDAUTYPE") == SHIFTS):
        yield warn(
            "external_field",
            f"LDAUTYPE = {SHIFTS}: LDAUU and LDAUJ are shifts of the potential of a "
            "shell, for a U by linear response; energy and moments are of the shifted "
            "potential",
        )


def _field(numbers: VaspNumbers) -> Iterator[Finding]:
    found = [
        f"{tag} = {' '.join(f'{v:g}' for v in values)}"
        for tag in FIELDS
        if any(values := numbers_applied(numbers, tag))
    ]
    if switched_on(numbers, "LCALCEPS"):
        found.append("LCALCEPS = .TRUE.")
    if found:
        yield warn(
            "external_field",
            f"{', '.join(found)}: in a field; the last energy, forces and moments are "
            "those in the field, not of the crystal alone",
        )
