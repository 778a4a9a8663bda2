"""The occupied eg orbitals of a finished run: which, and whether the bonds fit them."""

from __future__ import annotations

from collections.abc import Iterator

from workflows.analysis.cubic_axes import axes_of_cell
from workflows.analysis.orbital_order import (
    CUBIC,
    against_the_bonds,
    counted,
    eg_orbitals,
)
from workflows.checks.run_result import RunResult, warn
from workflows.records.document import Finding

SHOWN = 4
"""Ions that a message names."""


def orbital_findings(result: RunResult) -> Iterator[Finding]:
    """Report the orbital order, and ions whose bonds favour another orbital.

    A static run whose electrons fell into another minimum than those of the relaxation
    has orbitals that do not fit its bonds: its energy belongs to another state.
    """
    structure = result.structure
    if not result.occupations:
        return
    axes = axes_of_cell(structure, result.supercell)
    orbitals = eg_orbitals(structure, result.occupations, axes)
    if order := counted(structure, orbitals):
        yield warn("orbital_order", order, "info")
    against = against_the_bonds(structure, orbitals, axes)
    if against:
        sites = [
            f"{structure[i].specie.symbol} #{i} {o.orbital} "
            f"{'along' if o.orbital == 'dz2' else 'normal to'} {CUBIC[o.axis]}, bonds "
            f"{shape.modes.mode}"
            for i, (o, shape) in list(against.items())[:SHOWN]
        ]
        more = f" and {len(against) - SHOWN} more" if len(against) > SHOWN else ""
        yield warn(
            "orbital_mismatch",
            f"{'; '.join(sites)}{more}: the electrons are in another state than the "
            "one the bonds were relaxed for; start from the WAVECAR of the relaxation, "
            "or relax again",
        )
