"""The occupied eg orbitals of a cell, and whether the bonds agree with them.

The elongation of Mn3+ octahedra along one axis is the electron in dz2 along it: the
argument of Shimizu et al. 2022 for the tetragonal cell at x > 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from workflows.analysis.d_orbitals import EgOrbital, OnsiteOccupation, eg_orbital
from workflows.analysis.ions import METALS
from workflows.analysis.octahedra import (
    NoOctahedron,
    Octahedron,
    octahedra,
    octahedron_axes,
)

if TYPE_CHECKING:
    from pymatgen.core import Structure

CUBIC = {"x": "a", "y": "b", "z": "c", "": ""}
"""Axis of an octahedron -> the axis of the cubic cell that it is nearest to."""
AGAINST = 60.0
"""Degrees between the phase of an orbital and that of the bonds: beyond, another
orbital would fit the bonds better."""


def eg_orbitals(
    structure: Structure,
    occupations: Iterable[OnsiteOccupation],
    axes: ArrayLike | None = None,
) -> dict[int, EgOrbital]:
    """Find the eg orbital of every ion that has a d shell and an octahedron.

    Parameters
    ----------
    structure
        The cell of the run.
    occupations
        Of its ions, from any engine; `site` counts in the order of the structure.
    axes
        Rows: directions of the cubic a, b, c, Cartesian; the coordinate axes if None.

    Returns
    -------
    dict
        Position of the ion -> its orbital, in the axes of its own octahedron.
    """
    found = {}
    for own in occupations:
        there = own.site < len(structure)
        if not there or structure[own.site].specie.symbol not in METALS:
            continue
        try:
            local = octahedron_axes(structure, own.site, axes=axes)
        except NoOctahedron:
            continue
        if (orbital := eg_orbital(own, local)) is not None:
            found[own.site] = orbital
    return found


def counted(structure: Structure, orbitals: Mapping[int, EgOrbital]) -> str:
    """Say how many ions of each element have which eg orbital occupied.

    Parameters
    ----------
    structure, orbitals
        As :func:`eg_orbitals` takes and gives them.

    Returns
    -------
    str
        Such as ``dz2 along c on 8 of 12 Mn``; empty if no ion prefers an orbital.
    """
    if not orbitals:
        return ""
    shown = []
    for element in dict.fromkeys(site.specie.symbol for site in structure):
        own = [o for i, o in orbitals.items() if structure[i].specie.symbol == element]
        kinds = [(o.orbital, CUBIC[o.axis]) for o in own if o.orbital]
        for kind in sorted(set(kinds), key=lambda k: (-kinds.count(k), k)):
            orbital, axis = kind
            where = f"along {axis}" if orbital == "dz2" else f"normal to {axis}"
            shown.append(
                f"{orbital} {where} on {kinds.count(kind)} of {len(own)} {element}"
            )
    return ", ".join(shown)


def against_the_bonds(
    structure: Structure,
    orbitals: Mapping[int, EgOrbital],
    axes: ArrayLike | None = None,
) -> dict[int, tuple[EgOrbital, Octahedron]]:
    """Return the ions whose occupied orbital is not the one that their bonds favour.

    Ions without a clear orbital, or without a clear distortion, cannot be.

    Parameters
    ----------
    structure, orbitals, axes
        As :func:`eg_orbitals` takes and gives them.
    """
    clear = {i: o for i, o in orbitals.items() if o.orbital}
    shapes = octahedra(structure, axes=axes) if clear else {}
    return {
        i: (orbital, shapes[i])
        for i, orbital in clear.items()
        if shapes[i].modes.activity == "active"
        and _apart(orbital.phase, shapes[i].modes.phi) > AGAINST
    }


def _apart(one: float, other: float) -> float:
    """Return the angle between two phases, degrees, 0 to 180."""
    return abs((one - other + 180) % 360 - 180)
