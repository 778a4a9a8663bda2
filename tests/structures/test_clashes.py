"""Forbidden pairs: counts, lists and draws against brute force."""

from itertools import combinations
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from structures import TooManyOrderings, spinel_host
from structures.clashes import (
    FreeFixedSubsets,
    clash_matrix,
    count_clash_free,
    count_free_subsets,
    largest_free_subset,
)
from structures.independent_sets import IndependentSets

Clashes = np.ndarray[tuple[int, int], np.dtype[np.bool_]]


@st.composite
def symmetric_matrices(draw: st.DrawFn) -> Clashes:
    n = draw(st.integers(1, 8))
    bits = draw(st.lists(st.booleans(), min_size=n * n, max_size=n * n))
    upper = np.triu(np.array(bits).reshape(n, n))
    return np.asarray(upper | upper.T)


def _free(clashes: Clashes, k: int) -> list[tuple[int, ...]]:
    return [
        subset
        for subset in combinations(range(len(clashes)), k)
        if not clashes[np.ix_(subset, subset)].any()
    ]


@settings(max_examples=80, deadline=None)
@given(symmetric_matrices())
def test_subsets_without_a_forbidden_pair_are_counted_exactly(clashes: Clashes) -> None:
    expected = [len(_free(clashes, k)) for k in range(len(clashes) + 1)]
    assert [count_free_subsets(clashes, k) for k in range(len(expected))] == expected
    assert largest_free_subset(clashes) == max(k for k, n in enumerate(expected) if n)


@settings(max_examples=40, deadline=None)
@given(symmetric_matrices(), st.integers(0, 2**32))
def test_draws_hold_no_forbidden_pair(clashes: Clashes, seed: int) -> None:
    k = largest_free_subset(clashes)
    subsets = FreeFixedSubsets(np.arange(len(clashes)), clashes, k)
    assert tuple(sorted(subsets.draw(k, Random(seed)))) in _free(clashes, k)


def test_draws_from_a_path_of_five_are_uniform() -> None:
    path = np.eye(5, k=1, dtype=bool) | np.eye(5, k=-1, dtype=bool)
    subsets, random = FreeFixedSubsets(np.arange(5), path, 2), Random(1)
    drawn = [tuple(sorted(subsets.draw(2, random))) for _ in range(6000)]
    counts = [drawn.count(subset) for subset in _free(path, 2)]
    assert sum(counts) == 6000
    assert sum((n - 1000) ** 2 / 1000 for n in counts) < 25.7  # p = 1e-4, 5 degrees


def test_a_graph_that_is_too_large_is_refused() -> None:
    side = 20
    grid = np.arange(side**2).reshape(side, side)
    neighbours = [
        sum(
            1 << int(np.roll(grid, turn, axis)[i, j])
            for axis in (0, 1)
            for turn in (1, -1)
        )
        for i in range(side)
        for j in range(side)
    ]
    with pytest.raises(TooManyOrderings, match="smaller cell"):
        IndependentSets(neighbours, [1] * side**2, 4).counts()


def test_distances_count_periodic_images() -> None:
    lattice = np.diag([3.0, 4.0, 5.0])
    coords = np.array([[0.0, 0.0, 0.0], [0.9, 0.0, 0.0]])
    assert clash_matrix(lattice, coords, 1.0).tolist() == [[False, True], [True, False]]
    assert clash_matrix(lattice, coords, 0.2).any() == np.False_
    assert clash_matrix(lattice, coords, 3.1).all()


def test_a_group_reduces_free_subsets_as_it_reduces_all() -> None:
    host = spinel_host()
    permutations = host.permutations("8a")
    nothing = np.zeros((8, 8), dtype=bool)
    assert [count_clash_free(permutations, k, nothing) for k in range(9)] == [
        1, 1, 3, 3, 7, 3, 3, 1, 1,
    ]  # fmt: skip
