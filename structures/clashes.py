"""Orderings with forbidden pairs of sites: exact counts.

Occupied sites that must not touch form an independent set of the graph of clashing
pairs. Burnside's lemma needs, for every operation, the independent sets that it leaves
as they are: those are the independent sets of the quotient graph, whose vertices are
the cycles of the permutation.
"""

from random import Random

import numpy as np

from structures.burnside import mean_over_group
from structures.canonical import BoolArray
from structures.cell import FloatArray, IntArray
from structures.distances import SAME_SITE, image_distances
from structures.independent_sets import IndependentSets


def clash_matrix(
    lattice: FloatArray, frac_coords: FloatArray, distance: float
) -> BoolArray:
    """Find the pairs of sites that are too close, periodic images included.

    Parameters
    ----------
    lattice
        Lattice vectors as rows, Angstrom, shape (3, 3).
    frac_coords
        Fractional coordinates, shape (n, 3).
    distance
        Smallest distance allowed, Angstrom.

    Returns
    -------
    ndarray of bool
        Symmetric, shape (n, n). The diagonal marks sites too close to an image of
        themselves.
    """
    close = np.zeros((len(frac_coords), len(frac_coords)), dtype=bool)
    for lengths in image_distances(lattice, frac_coords, frac_coords, distance):
        close |= (lengths < distance) & (lengths > SAME_SITE)
    return close


def count_free_subsets(clashes: BoolArray, k: int) -> int:
    """Count the subsets of k sites without a forbidden pair, before symmetry.

    ``clashes`` is symmetric, shape (n, n).
    """
    return FreeFixedSubsets(np.arange(len(clashes)), clashes, k).counts()[k]


def largest_free_subset(clashes: BoolArray) -> int:
    """Return the largest number of sites without a forbidden pair, shape (n, n)."""
    n = len(clashes)
    return max(
        size
        for size, number in enumerate(
            FreeFixedSubsets(np.arange(n), clashes, n).counts()
        )
        if number
    )


def count_clash_free(permutations: IntArray, k: int, clashes: BoolArray) -> int:
    """Count the symmetry-distinct subsets without a forbidden pair.

    Parameters
    ----------
    permutations
        A permutation group that keeps `clashes`, shape (m, n).
    k
        Size of the subsets.
    clashes
        Forbidden pairs, symmetric, shape (n, n).

    Returns
    -------
    int
        Number of orbits, exact.

    Raises
    ------
    TooManyOrderings
        If the graph of forbidden pairs is too large to be counted.
    """
    return mean_over_group(
        (FreeFixedSubsets(permutation, clashes, k).counts()[k], 1)
        for permutation in permutations
    )


class FreeFixedSubsets:
    """Clash-free subsets that one operation leaves as they are.

    Parameters
    ----------
    permutation
        The operation, shape (n,).
    clashes
        Forbidden pairs, symmetric, shape (n, n).
    k
        Largest size of the subsets.
    """

    def __init__(self, permutation: IntArray, clashes: BoolArray, k: int) -> None:
        members = _cycles(permutation)
        touching = members.astype(np.int64) @ clashes @ members.T > 0
        usable = ~np.diag(touching)
        self._cycles = [np.flatnonzero(cycle).tolist() for cycle in members[usable]]
        neighbours = [
            sum(1 << int(other) for other in np.flatnonzero(row))
            for row in touching[np.ix_(usable, usable)]
        ]
        weights = [len(cycle) for cycle in self._cycles]
        self._sets = IndependentSets(neighbours, weights, k)

    def counts(self) -> list[int]:
        """Count the subsets of 0 to k sites."""
        return self._sets.counts()

    def draw(self, k: int, random: Random) -> list[int]:
        """Draw a subset of k sites, all with equal probability."""
        chosen = self._sets.draw(k, random)
        return [site for vertex in chosen for site in self._cycles[vertex]]


def _cycles(permutation: IntArray) -> BoolArray:
    """Members of each cycle of a permutation, shape (cycles, n)."""
    first = sites = np.arange(len(permutation))
    for _ in sites:
        smaller = np.minimum(first, first[permutation])
        if np.array_equal(smaller, first):
            break
        first = smaller
    return np.asarray(np.unique(first)[:, None] == first[None, :], dtype=np.bool_)
