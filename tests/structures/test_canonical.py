"""Canonical subsets against brute force, for arbitrary permutation groups."""

from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from structures.burnside import count_orbits, cycle_types
from structures.canonical import canonical_forms, canonical_subsets

Group = list[tuple[int, ...]]


@st.composite
def groups(draw: st.DrawFn) -> Group:
    """A permutation group on up to 7 points, closed under composition."""
    n = draw(st.integers(1, 7))
    generators = draw(st.lists(st.permutations(range(n)), min_size=1, max_size=2))
    group = {tuple(range(n))}
    frontier = set(group)
    while frontier:
        found = {tuple(g[i] for i in h) for h in frontier for g in generators}
        frontier = found - group
        group |= frontier
    return sorted(group)


def _orbits(group: Group, k: int) -> dict[tuple[int, ...], int]:
    found: dict[tuple[int, ...], int] = {}
    for subset in combinations(range(len(group[0])), k):
        first = min(tuple(sorted(g[i] for i in subset)) for g in group)
        found[first] = found.get(first, 0) + 1
    return found


@settings(max_examples=60, deadline=None)
@given(groups())
def test_lists_and_counts_agree_with_brute_force(group: Group) -> None:
    permutations = np.array(group)
    for k in range(permutations.shape[1] + 1):
        expected = _orbits(group, k)
        found = canonical_subsets(permutations, k)
        members = [tuple(row) for row in found.members.tolist()]
        assert dict(zip(members, found.degeneracies.tolist(), strict=True)) == expected
        assert members == sorted(members)
        assert count_orbits(permutations, k) == len(expected)


@settings(max_examples=40, deadline=None)
@given(groups(), st.randoms(use_true_random=False))
def test_every_image_has_the_same_canonical_form(group: Group, random: object) -> None:
    permutations = np.array(group)
    n = permutations.shape[1]
    k = random.randint(0, n)  # type: ignore[attr-defined]
    subset = np.array(random.sample(range(n), k), dtype=int)  # type: ignore[attr-defined]
    forms = canonical_forms(permutations, permutations[:, subset])
    assert len(np.unique(forms.members, axis=0)) == 1
    assert len(set(forms.degeneracies.tolist())) == 1


@settings(max_examples=30, deadline=None)
@given(groups())
def test_degeneracies_sum_to_all_subsets(group: Group) -> None:
    n = len(group[0])
    for k in range(n + 1):
        degeneracies = canonical_subsets(np.array(group), k).degeneracies
        assert degeneracies.sum() == comb(n, k)


@settings(max_examples=30, deadline=None)
@given(groups())
def test_cycle_types_cover_all_operations_and_sites(group: Group) -> None:
    types = cycle_types(np.array(group))
    assert sum(types.values()) == len(group)
    assert {sum(length * n for length, n in kind) for kind in types} == {len(group[0])}


@pytest.mark.parametrize("n", [63, 64, 65, 130])
def test_masks_of_any_number_of_words_are_compared_alike(n: int) -> None:
    turns = np.array([np.roll(np.arange(n), shift) for shift in range(n)])
    found = canonical_subsets(turns, 2)
    assert found.members.tolist() == [[0, i] for i in range(1, n // 2 + 1)]
    assert found.degeneracies.sum() == comb(n, 2)
    assert len(canonical_subsets(turns, n - 2).members) == n // 2
