"""What a referee would ask about a finished run, answered by its numbers.

Each check is a named finding with the number, its limit and what to do. Findings do
not change the state: the number is what was computed for these inputs, and a person
has to judge whether a collapsed moment is a failed start or the physics. Limits of
LixNi0.5Mn1.5O4 are applied to no other compound.
"""

from __future__ import annotations

from collections.abc import Iterator

from workflows.analysis.band_gap import NO_GAP
from workflows.analysis.lnmo import INSULATORS, METALS, SHORTEST, lnmo_x
from workflows.checks.bands import band_findings
from workflows.checks.moments import (
    collapsed,
    flipped,
    large_on_oxygen,
    lnmo_moments,
    unbalanced,
)
from workflows.checks.orbitals import orbital_findings
from workflows.checks.run_result import REMEDY, RunResult, warn
from workflows.checks.total_moment import INTEGER, total_findings
from workflows.records.document import Finding, TaskDocument

PRESSURE, PRESSURE_LARGE = 3.0, 10.0
"""kbar, of a relaxed cell, in the step whose numbers count: above the first a warning,
above the second an error. Choice: with a bulk modulus near 1 Mbar, 0.1 % and 0.3 % of
a."""
FORCES_LEFT = 0.1
"""eV/A; above, the atoms are not at their minimum. Choice: twice the largest limit that
counts, since a static run with its own basis finds other forces."""
STATIC_DIFFERENCE = 1.0
"""meV per atom between the static and the last relaxation step. Choice: energies of
neighbouring x are compared to about 1 meV per atom."""


def physics_findings(result: RunResult) -> tuple[Finding, ...]:
    """Check a finished run; the limits of LNMO only where the composition is its."""
    found = [
        *_energy(result),
        *_forces(result),
        *_pressure(result),
        *band_findings(result),
        *total_findings(result),
        *orbital_findings(result),
    ]
    x = lnmo_x(result.structure)
    if x is not None:
        found += [*_distances(result), *_insulator(result, x)]
    if result.magnetization is None or not result.signed:
        return tuple(found)
    if x is not None:
        return (*found, *flipped(result), *lnmo_moments(result, x))
    others = (*flipped(result), *collapsed(result), *unbalanced(result))
    return (*found, *others, *large_on_oxygen(result, "warning"))


def static_matches_relaxation(
    relaxed: TaskDocument, static: TaskDocument
) -> tuple[Finding, ...]:
    """Compare the energy of the static with the last step of the relaxation."""
    before, after = relaxed.energy_per_atom, static.energy_per_atom
    if before is None or after is None:
        return ()
    difference = 1000 * (after - before)
    if abs(difference) <= STATIC_DIFFERENCE:
        return ()
    return (
        warn(
            "relax_static_mismatch",
            f"the static is {difference:+.2f} meV/atom from the last relaxation step "
            f"(limit {STATIC_DIFFERENCE:g}): another state or basis; compare "
            "the moments of both, and relax again from CONTCAR",
        ),
    )


def _energy(result: RunResult) -> Iterator[Finding]:
    if result.energy is not None and result.energy > 0:
        yield warn(
            "positive_energy",
            f"the energy is {result.energy:+.3f} eV, above that of free atoms: the "
            "electrons are in a wrong state, or atoms overlap",
        )


def _forces(result: RunResult) -> Iterator[Finding]:
    if result.max_force is not None and result.max_force > FORCES_LEFT:
        yield warn(
            "forces_left",
            f"the largest force is {result.max_force:.2f} eV/A (limit "
            f"{FORCES_LEFT:g}): the atoms are not at a minimum; relax them before this "
            "energy is compared with that of another structure",
            "info",
        )


def _pressure(result: RunResult) -> Iterator[Finding]:
    pressure = result.pressure_kbar
    if result.cell_relaxed and pressure is not None and abs(pressure) > PRESSURE:
        yield warn(
            "pressure",
            f"{pressure:+.1f} kbar left in a relaxed cell (warning above {PRESSURE:g}, "
            f"error above {PRESSURE_LARGE:g}): relax it again",
            "error" if abs(pressure) > PRESSURE_LARGE else "warning",
        )


def _insulator(result: RunResult, x: float) -> Iterator[Finding]:
    total = result.total_magnetization
    broken = total is not None and abs(total - round(total)) > INTEGER
    metal = result.bandgap is not None and result.bandgap <= NO_GAP
    if x in INSULATORS and metal:
        yield warn(
            "metallic",
            f"no gap at x = {x:g}, where an insulator is expected"
            + (f", and {total:.2f} muB per cell are not an integer" if broken else "")
            + f": a collapsed or symmetrised state until proven otherwise; {REMEDY}",
        )


def _distances(result: RunResult) -> Iterator[Finding]:
    import numpy as np

    structure = result.structure
    species = np.array([site.specie.symbol for site in structure])
    away = structure.distance_matrix + 1e9 * np.eye(len(structure))
    lithium, oxygen = species == "Li", species == "O"
    metal = np.isin(species, METALS)
    pairs = {
        "Li-metal": (lithium, metal),
        "Li-Li": (lithium, lithium),
        "metal-O": (metal, oxygen),
    }
    for name, (first, second) in pairs.items():
        between = away[np.ix_(first, second)]
        if between.size and between.min() < SHORTEST[name]:
            yield warn(
                "short_distance",
                f"the shortest {name} distance is {between.min():.2f} A (limit "
                f"{SHORTEST[name]:g}): look at the structure before using the row",
            )
