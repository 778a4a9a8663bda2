"""Charge-order seeds: which atoms of a metal start reduced, and the bonds they stretch.

Where charge balance leaves a metal between two states (Mn3+ and Mn4+ above x = 1, Ni2+
and Ni4+ below), a calculation has to choose. A seed makes one choice: moments and bond
lengths of the start. Only the relaxed moments show whether they survived.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, comb, floor, nan

import numpy as np
from pymatgen.core.structure import Structure

from structures.canonical import canonical_forms, canonical_subsets
from structures.cell import FloatArray, IntArray
from structures.charges import REDOX_LADDER, formal_charges
from structures.formula import ANION_CHARGES
from structures.starts import symmetry_broken_start
from structures.symmetry import find_operations
from structures.unit_charges import unit_charge_matrix

STRETCH = 0.1
"""A, added to each bond along z of a reduced ion that elongates."""
ELONGATES = {("Mn", 3), ("Cr", 2), ("Fe", 4), ("Ni", 3), ("Cu", 2)}
"""Ions with one electron, or one hole, in eg: Jahn-Teller active, long axis z."""

_MOST_RAW = 200_000
_SAMPLE = 2_000
_REACH = 3.2
"""A; as far as the six anions of an octahedron are looked for."""
_DECIMALS = 6


@dataclass(frozen=True)
class ChargeOrder:
    """A metal in two oxidation states, each atom in one of them.

    Attributes
    ----------
    metal
        Symbol of the metal.
    lower, upper
        The two oxidation states, e.
    reduced
        Sorted positions, in the structure, of the atoms in the lower state.
    degeneracy
        Number of equivalent orders, this one included.
    ewald_energy
        Of formal charges, eV per cell, rounded to 1e-6.
    """

    metal: str
    lower: int
    upper: int
    reduced: tuple[int, ...]
    degeneracy: int
    ewald_energy: float


def mixed_valence(structure: Structure) -> tuple[str, int, int, int] | None:
    """Find the metal that charge balance leaves between two oxidation states.

    Parameters
    ----------
    structure
        An oxide whose Li sites are filled in any way.

    Returns
    -------
    tuple or None
        Metal, lower and upper state (e), and number of atoms in the lower one: (Mn, 3,
        4, 8) at x = 2, (Ni, 2, 4, 1) at x = 0.25. None if each metal has one state.
    """
    amounts = structure.composition.get_el_amt_dict()
    charges = formal_charges(structure.composition)
    for metal, charge in charges.items():
        couples = [(u, low) for e, u, low in REDOX_LADDER if e == metal]
        couples.append((ceil(charge), floor(charge)))  # an odd electron: Ni3+
        for upper, lower in couples:
            if lower < charge < upper:
                number = amounts[metal] * (upper - charge) / (upper - lower)
                if abs(number - round(number)) < 1e-6:
                    return metal, lower, upper, round(number)
    return None


def drawn_order(structure: Structure, seed: int) -> ChargeOrder | None:
    """Draw a charge order of any structure at random; None where there is none.

    Its ``ewald_energy`` is not a number, its ``degeneracy`` 1.
    """
    found = mixed_valence(structure)
    if found is None:
        return None
    metal, lower, upper, number = found
    places = _places(structure, metal)
    drawn = np.random.default_rng(seed).choice(places, size=number, replace=False)
    return ChargeOrder(metal, lower, upper, tuple(sorted(drawn.tolist())), 1, nan)


def charge_orders(
    structure: Structure, keep: int, *, seed: int = 0
) -> tuple[ChargeOrder, ...]:
    """Rank the symmetry-distinct charge orders of a structure by their Ewald energy.

    Parameters
    ----------
    structure
        On ideal sites; its Li sites may be filled partly.
    keep
        Number of orders to return, lowest energy first.
    seed
        Of the sample that is ranked where there are too many orders for a list.

    Returns
    -------
    tuple of ChargeOrder
        Empty where no metal is between two states.
    """
    found = mixed_valence(structure)
    if found is None or keep < 1:
        return ()
    metal, lower, upper, number = found
    places = np.array(_places(structure, metal))
    permutations = _permutations(structure, places)
    if comb(len(places), number) <= _MOST_RAW:
        members, weights = canonical_subsets(permutations, number)
    else:
        rng = np.random.default_rng(seed)
        drawn = [
            np.sort(rng.choice(len(places), number, replace=False))
            for _ in range(_SAMPLE)
        ]
        forms = canonical_forms(permutations, np.array(drawn))
        members, first = np.unique(forms.members, axis=0, return_index=True)
        weights = forms.degeneracies[first]
    energies = _energies(structure, places, members, (metal, lower, upper))
    ranked = sorted(
        zip(energies.round(_DECIMALS).tolist(), members.tolist(), weights, strict=True),
        key=lambda each: (each[0], each[1]),
    )
    return tuple(
        ChargeOrder(
            metal, lower, upper, tuple(places[own].tolist()), int(weight), energy
        )
        for energy, own, weight in ranked[:keep]
    )


def seeded_start(
    structure: Structure,
    order: ChargeOrder,
    *,
    displacement: float = 0.02,
    seed: int,
    before: Sequence[int] = (),
) -> Structure:
    """Displace all atoms a little and stretch the bonds of the reduced ones.

    An ion that elongates gets 0.1 A more on its two bonds along z, any other (Ni2+
    beside Ni4+) 0.05 A on all six. Along its bonds an anion of the metal moves with
    it, so that the random displacements change no bond length of the metal.

    Parameters
    ----------
    structure
        Pseudo-cubic axes along x, y, z; it is left as it is.
    order
        Which atoms are reduced, from :func:`charge_orders`.
    displacement
        As of :func:`structures.starts.symmetry_broken_start`.
    seed
        Seed of the random displacements.
    before
        Atoms of the metal that the structure has stretched already; they are let go.

    Returns
    -------
    Structure
        New structure, cell unchanged; order of the atoms and properties are kept.
    """
    moved = symmetry_broken_start(structure, displacement=displacement, seed=seed)
    moves = moved.cart_coords - structure.cart_coords
    z_only = (order.metal, order.lower) in ELONGATES
    stretch = np.array([0.0, 0.0, STRETCH]) if z_only else np.full(3, STRETCH / 2)
    reduced, old = set(order.reduced), set(before)
    for i in _places(structure, order.metal):
        longer = (i in reduced) - (i in old)
        for j, bond in _bonds(structure, i):
            axis = int(np.argmax(np.abs(bond)))
            more = longer * np.sign(bond[axis]) * stretch[axis]
            moves[j, axis] = moves[i, axis] + more
    coords = structure.frac_coords + moves @ np.linalg.inv(structure.lattice.matrix)
    return Structure(
        structure.lattice,
        structure.species_and_occu,
        coords,
        site_properties=structure.site_properties,
    )


def _places(structure: Structure, metal: str) -> list[int]:
    return [i for i, site in enumerate(structure) if site.specie.symbol == metal]


def _permutations(structure: Structure, places: IntArray) -> IntArray:
    """Symmetry of the structure, Li included, as permutations of one metal's sites."""
    kinds = [site.specie.Z for site in structure]
    rotations, translations = find_operations(
        structure.lattice.matrix, structure.frac_coords, kinds
    )
    coords = structure.frac_coords[places]
    images = np.einsum("gij,nj->gni", rotations, coords) + translations[:, None, :]
    apart = images[:, :, None, :] - coords[None, None, :, :]
    apart -= np.round(apart)
    nearest = (apart**2).sum(axis=3).argmin(axis=2)
    return np.unique(nearest, axis=0).astype(np.int64)


def _energies(
    structure: Structure,
    places: IntArray,
    members: IntArray,
    states: tuple[str, int, int],
) -> FloatArray:
    """Ewald energy of every order, eV per cell; the sum is quadratic in the charges."""
    _, lower, upper = states
    formal = formal_charges(structure.composition)
    charges = np.array([formal[site.specie.symbol] for site in structure])
    charges[places] = upper
    matrix = unit_charge_matrix(structure.lattice.matrix, structure.frac_coords)
    taken = np.zeros((len(members), len(places)))
    np.put_along_axis(taken, members, 1.0, axis=1)
    step = lower - upper
    field = 2 * step * (matrix @ charges)[places]
    pairs = step**2 * matrix[np.ix_(places, places)]
    base = charges @ matrix @ charges
    return np.asarray(base + taken @ field + ((taken @ pairs) * taken).sum(axis=1))


def _bonds(structure: Structure, index: int) -> Sequence[tuple[int, FloatArray]]:
    """Find the six nearest anions of an ion, and the vectors to them, A."""
    _, points, images, distances = structure.get_neighbor_list(
        _REACH, sites=[structure[index]], exclude_self=True
    )
    here = structure[index].frac_coords
    found = [
        (
            float(distance),
            int(j),
            structure.lattice.get_cartesian_coords(
                structure[int(j)].frac_coords + image - here
            ),
        )
        for distance, j, image in zip(distances, points, images, strict=True)
        if structure[int(j)].specie.symbol in ANION_CHARGES
    ]
    found.sort(key=lambda each: each[0])
    return [(j, bond) for _, j, bond in found[:6]]
