"""Exact numbers of symmetry-distinct subsets, by Burnside's lemma.

The number of orbits is the mean, over the group, of the number of subsets that an
operation leaves as they are; such a subset is a union of cycles of the permutation.
The integers are Python's, hence exact at any length: 64 sites of a 2x2x2 supercell
cost no more than 8.
"""

from collections import Counter
from collections.abc import Iterable
from math import comb

import numpy as np

from structures.cell import IntArray

CycleType = tuple[tuple[int, int], ...]
"""Pairs (length, number of cycles of this length), by rising length."""


def cycle_lengths(permutations: IntArray) -> IntArray:
    """Return the length of the cycle of each site, shape (m, n), of m permutations."""
    sites = np.arange(permutations.shape[1])
    lengths = np.zeros_like(permutations)
    power, step = permutations, 1
    while not lengths.all():
        lengths[(power == sites) & (lengths == 0)] = step
        power = np.take_along_axis(permutations, power, axis=1)
        step += 1
    return lengths


def cycle_types(permutations: IntArray) -> Counter[CycleType]:
    """Count the operations, rows of shape (m, n), by cycle type: the cycle index."""
    return Counter(cycle_type(row) for row in cycle_lengths(permutations))


def cycle_type(lengths: IntArray) -> CycleType:
    """Cycle type of one operation from the cycle length of each site, shape (n,)."""
    values, sites = np.unique(lengths, return_counts=True)
    return tuple(
        (int(length), int(number) // int(length))
        for length, number in zip(values, sites, strict=True)
    )


def fixed_subsets(kind: CycleType, k: int) -> list[list[int]]:
    """Count the subsets that an operation leaves as they are, up to size k.

    Entry ``[i][j]`` is the number of unions of the first i kinds of cycles with j sites
    in all; ``[-1][k]`` is the number of fixed subsets of size k.
    """
    rows = [[1] + [0] * k]
    for length, number in kind:
        row = [0] * (k + 1)
        for taken in range(min(number, k // length) + 1):
            ways = comb(number, taken)
            for size in range(k - taken * length + 1):
                row[size + taken * length] += ways * rows[-1][size]
        rows.append(row)
    return rows


def count_orbits(permutations: IntArray, k: int) -> int:
    """Count, exactly, the subsets of k sites that no operation maps on each other.

    The permutations are a group, one row per element, shape (m, n).
    """
    return mean_over_group(
        (fixed_subsets(kind, k)[-1][k], number)
        for kind, number in cycle_types(permutations).items()
    )


def mean_over_group(fixed: Iterable[tuple[int, int]]) -> int:
    """Apply Burnside's lemma to (fixed objects, number of operations) pairs."""
    total, order = 0, 0
    for objects, number in fixed:
        total += objects * number
        order += number
    orbits, rest = divmod(total, order)
    if rest:  # pragma: no cover - the rows were not a group
        raise ArithmeticError(f"{total} fixed objects of {order} operations: no group")
    return orbits
