"""Uniform sampling over symmetry-distinct orderings, at any size.

A uniformly random *subset* hits an ordering in proportion to its degeneracy. Here an
operation is drawn first, in proportion to the number of subsets that it leaves as they
are, then one of those subsets [1]_. Every ordering is met by exactly as many pairs of
operation and subset as the group has operations, hence all are equally likely. Nothing
is rejected, and the exact integers of Burnside's lemma are all that is needed, so that
C(48, 8) or 64 sites are as easy as 8. Forbidden pairs change only what is counted.

References
----------
.. [1] J. D. Dixon and H. S. Wilf, J. Algorithms 4, 205 (1983).
"""

from bisect import bisect_right
from itertools import accumulate
from math import comb
from random import Random
from typing import Protocol

import numpy as np

from structures.burnside import cycle_lengths, cycle_type, fixed_subsets
from structures.canonical import BoolArray, canonical_forms
from structures.cell import IntArray
from structures.clashes import FreeFixedSubsets
from structures.errors import CompositionError
from structures.host import SpinelHost
from structures.independent_sets import random_index
from structures.orderings import Ordering, count_orderings, distinct_orderings
from structures.pool import Pool, candidate_pool
from structures.values import whole

_ENUMERABLE = 1_000_000
"""Most raw subsets to be listed when more than half of the orderings are wanted."""


def sample_orderings(
    host: SpinelHost,
    role: str,
    k: int,
    n: int,
    seed: int,
    *,
    exclude_closer_than: float | None = None,
) -> list[Ordering]:
    """Draw different orderings, each distinct ordering with equal probability.

    Parameters
    ----------
    host, role, k, exclude_closer_than
        As for `distinct_orderings`.
    n
        Number of orderings to draw, without repetition.
    seed
        Seed; the same seed draws the same orderings.

    Returns
    -------
    list of Ordering
        Orderings in canonical form with their degeneracies, in lexicographic order of
        `occupied`.

    Raises
    ------
    CompositionError
        If there are fewer than `n` distinct orderings, or the role has no k sites.
    TooManyOrderings
        If forbidden pairs make the counting itself too long.
    """
    distinct = count_orderings(host, role, k, exclude_closer_than=exclude_closer_than)
    n = whole(n, "n")
    if n > distinct:
        raise CompositionError(
            f"sample of {n}: role {role}, k = {k} has {distinct} distinct orderings; "
            f"ask for 0 to {distinct}"
        )
    pool = candidate_pool(host, role)
    random = Random(seed)
    if 2 * n > distinct and comb(len(pool.sites), k) <= _ENUMERABLE:
        found = distinct_orderings(
            host, role, k, exclude_closer_than=exclude_closer_than
        )
        return sorted(random.sample(found, n), key=lambda each: each.occupied)
    return _draw(pool, k, n, random, pool.clashes(exclude_closer_than))


def _draw(
    pool: Pool, k: int, n: int, random: Random, clashes: BoolArray | None
) -> list[Ordering]:
    """Draw until n different orderings have been met."""
    kept = [_kept_by(each, k, clashes) for each in pool.permutations]
    weights = list(accumulate(subsets.number for subsets in kept))
    met: dict[tuple[int, ...], int] = {}
    while len(met) < n:
        places = [random.randrange(weights[-1]) for _ in range(n)]
        drawn = [kept[bisect_right(weights, place)].draw(random) for place in places]
        forms = canonical_forms(pool.permutations, np.array(drawn).reshape(n, k))
        for members, degeneracy in zip(*forms, strict=True):
            if len(met) < n:
                met[tuple(members.tolist())] = int(degeneracy)
    return [
        Ordering(pool.host, pool.role, members, met[members]) for members in sorted(met)
    ]


class _KeptSubsets(Protocol):
    """Subsets of k sites that one operation leaves as they are."""

    number: int

    def draw(self, random: Random) -> list[int]:
        """Draw one of them, all with equal probability."""


def _kept_by(permutation: IntArray, k: int, clashes: BoolArray | None) -> _KeptSubsets:
    """Choose the counting that fits: with forbidden pairs or without."""
    if clashes is None:
        return _AnySubsets(permutation, k)
    return _FreeSubsets(permutation, k, clashes)


class _AnySubsets:
    """Unions of cycles, k sites in all."""

    def __init__(self, permutation: IntArray, k: int) -> None:
        self._k = k
        self._permutation = permutation
        self._lengths = cycle_lengths(permutation[None, :])[0]
        self._kind = cycle_type(self._lengths)
        self._counts = fixed_subsets(self._kind, k)
        self.number = self._counts[-1][k]

    def draw(self, random: Random) -> list[int]:
        """Draw the number of cycles of each length, then the cycles."""
        chosen: list[int] = []
        left = self._k
        for i, (length, number) in reversed(list(enumerate(self._kind))):
            ways = [
                comb(number, taken) * self._counts[i][left - taken * length]
                for taken in range(min(number, left // length) + 1)
            ]
            taken = random_index(ways, random)
            for cycle in random.sample(self._cycles(length), taken):
                chosen += cycle
            left -= taken * length
        return chosen

    def _cycles(self, length: int) -> list[list[int]]:
        """Cycles of one length."""
        rows = [np.flatnonzero(self._lengths == length)]
        for _ in range(length - 1):
            rows.append(self._permutation[rows[-1]])
        cycles = np.stack(rows, axis=1)
        first = cycles[:, 0] == cycles.min(axis=1)
        return [[int(site) for site in cycle] for cycle in cycles[first]]


class _FreeSubsets:
    """Unions of cycles without a forbidden pair, k sites in all."""

    def __init__(self, permutation: IntArray, k: int, clashes: BoolArray) -> None:
        self._k = k
        self._subsets = FreeFixedSubsets(permutation, clashes, k)
        self.number = self._subsets.counts()[k]

    def draw(self, random: Random) -> list[int]:
        """Draw one of them."""
        return self._subsets.draw(self._k, random)
