"""Numbers and lists of orderings: every published count, and what must always hold."""

from collections import Counter
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.analysis.structure_matcher import StructureMatcher

from structures import (
    CompositionError,
    RoleError,
    SpinelHost,
    TooManyOrderings,
    arranged_host,
    count_orderings,
    distinct_orderings,
    insertion_sites,
    one_per_tetrahedron,
    orbits,
    spinel_host,
)
from structures.orderings import count_raw

REMOVAL = [1, 1, 3, 3, 7, 3, 3, 1, 1]
ON_16C = [1, 2, 9, 32, 95, 203, 373, 515, 584, 515, 373, 203, 95, 32, 9, 2, 1]
ON_48F = [1, 2, 56, 726, 8214, 71346, 512112, 3067878, 15726876]
ON_8B_48F = [1, 3, 75, 1161, 15461, 159165, 1354131, 9663327, 59195005]
ON_8A_16C = [948, 716, 459, 227, 99, 33, 9, 2, 1]  # 8 + k ions, none face to face
ON_MN = [1, 1, 5, 13, 27, 38, 48, 38, 27, 13, 5, 1, 1]
MULTIPLICITIES = {2: [4, 12, 12], 3: [8, 24, 24], 4: [2, 6, 6, 8, 12, 12, 24]}


@pytest.mark.parametrize(
    ("role", "numbers"),
    [
        ("8a", REMOVAL),
        ("8b", REMOVAL),
        ("16c", ON_16C),
        ("48f", ON_48F),
        ("8b+48f", ON_8B_48F),
        ("Mn", ON_MN),
    ],
)
def test_counts_are_the_published_ones(
    host: SpinelHost, role: str, numbers: list[int]
) -> None:
    assert [count_orderings(host, role, k) for k in range(len(numbers))] == numbers


def test_counts_without_face_sharing_pairs_are_the_published_ones(
    host: SpinelHost,
) -> None:
    found = [
        count_orderings(host, "8a+16c", 8 + k, exclude_closer_than=2.0)
        for k in range(9)
    ]
    assert found == ON_8A_16C


@pytest.mark.parametrize(
    ("role", "k", "number"),
    [
        *[("8a", k, n) for k, n in enumerate(REMOVAL)],
        *[("8b", k, n) for k, n in enumerate(REMOVAL)],
        *[("16c", k, n) for k, n in enumerate(ON_16C)],
        *[("48f", k, n) for k, n in enumerate(ON_48F[:5])],
        *[("8b+48f", k, n) for k, n in enumerate(ON_8B_48F[:5])],
        *[("Mn", k, n) for k, n in enumerate(ON_MN)],
    ],
)
def test_lists_are_as_long_as_the_published_counts(
    host: SpinelHost, role: str, k: int, number: int
) -> None:
    found = distinct_orderings(host, role, k)
    assert len(found) == number
    assert sum(each.degeneracy for each in found) == count_raw(host, role, k)


@pytest.mark.parametrize(("k", "number"), list(enumerate(ON_8A_16C, start=8)))
def test_lists_without_face_sharing_pairs_are_as_long_as_the_counts(
    host: SpinelHost, k: int, number: int
) -> None:
    found = distinct_orderings(host, "8a+16c", k, exclude_closer_than=2.0)
    assert len(found) == number
    raw = count_raw(host, "8a+16c", k, exclude_closer_than=2.0)
    assert sum(each.degeneracy for each in found) == raw


@pytest.mark.parametrize("role", ["8a", "8b"])
@pytest.mark.parametrize(("k", "multiplicities"), MULTIPLICITIES.items())
def test_degeneracies_are_the_published_ones(
    host: SpinelHost, role: str, k: int, multiplicities: list[int]
) -> None:
    found = distinct_orderings(host, role, k)
    assert sorted(each.degeneracy for each in found) == multiplicities


def test_the_four_to_twelve_order_of_the_metals_has_22_forms(host: SpinelHost) -> None:
    found = distinct_orderings(host, "16d", 4)
    assert len(found) == count_orderings(host, "16d", 4) == 22
    assert {each.structure.formula for each in found} == {"Li8 Mn12 Ni4 O32"}


@pytest.mark.parametrize("role", ["8a", "16c", "48f", "Mn", "8b+48f"])
def test_occupied_and_empty_sites_count_alike(host: SpinelHost, role: str) -> None:
    n = {"8a": 8, "16c": 16, "48f": 48, "Mn": 12, "8b+48f": 56}[role]
    for k in range(n // 2 + 1):
        assert count_orderings(host, role, k) == count_orderings(host, role, n - k)


def test_canonical_orderings_are_the_smallest_of_their_images(host: SpinelHost) -> None:
    permutations = host.permutations("16c")
    expected = {
        min(tuple(sorted(p[list(subset)].tolist())) for p in permutations)
        for subset in combinations(range(16), 3)
    }
    assert [o.occupied for o in distinct_orderings(host, "16c", 3)] == sorted(expected)


@pytest.mark.parametrize("k", [2, 3])
def test_a_structure_matcher_finds_the_same_orderings(host: SpinelHost, k: int) -> None:
    sites = host.sites("8a")
    raw = [host.build({"8a": subset}) for subset in combinations(range(len(sites)), k)]
    for structure in raw:
        structure.remove_species(["O"])
    matcher = StructureMatcher(primitive_cell=False, scale=False)
    groups = matcher.group_structures(raw)
    assert sorted(map(len, groups)) == MULTIPLICITIES[k]


@pytest.mark.parametrize("number", [212, 213])
def test_any_chiral_placement_of_nickel_gives_the_same(number: int) -> None:
    for arrangement in one_per_tetrahedron()[number]:
        host = arranged_host(arrangement)
        assert [count_orderings(host, "16c", k) for k in range(17)] == ON_16C
        assert count_orderings(host, "48f", 8) == ON_48F[8]
        found = Counter(each.degeneracy for each in distinct_orderings(host, "16c", 8))
        reference = distinct_orderings(spinel_host(), "16c", 8)
        assert found == Counter(each.degeneracy for each in reference)


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(["8a", "8b", "16c", "48f", "8a+16c"]), st.integers(0, 3))
def test_every_ordering_has_the_composition_asked_for(role: str, k: int) -> None:
    host = spinel_host().filled()
    found = distinct_orderings(host, role, k)[:20]
    assert found
    for ordering in found:
        structure = ordering.structure
        amounts = structure.composition.get_el_amt_dict()
        assert amounts.get("Li", 0) == k
        assert (amounts["Ni"], amounts["Mn"], amounts["O"]) == (4, 12, 32)
        roles = Counter(structure.site_properties["role"])
        assert sum(roles[part] for part in role.split("+")) == k
        assert len(set(structure.site_properties["label"])) == len(structure)


def test_inserted_ions_join_the_block_of_the_others(host: SpinelHost) -> None:
    structure = distinct_orderings(host, "8b", 3)[0].structure
    symbols = [site.specie.symbol for site in structure]
    assert symbols == ["Li"] * 11 + ["Ni"] * 4 + ["Mn"] * 12 + ["O"] * 32
    assert structure.site_properties["role"][:11] == ["8a"] * 8 + ["8b"] * 3


def test_the_rest_of_the_host_is_left_as_it_is(host: SpinelHost) -> None:
    before = {label: tuple(x) for label, x in _by_label(host.structure).items()}
    found = distinct_orderings(host, "16c", 2)
    assert found
    for ordering in found:
        after = {label: tuple(x) for label, x in _by_label(ordering.structure).items()}
        assert before.items() <= after.items()
        added = {host.sites("16c")[i].label for i in ordering.occupied}
        assert after.keys() - before.keys() == added


def test_one_metal_alone_leaves_vacancies_on_16d(manganate: SpinelHost) -> None:
    (ordering,) = distinct_orderings(manganate, "16d", 15)
    assert ordering.structure.formula == "Li8 Mn15 O32"


def test_charge_orderings_mark_the_reduced_metal_and_seed_its_moment(
    host: SpinelHost,
) -> None:
    full = host.filled("8a", "8b")
    found = distinct_orderings(full, "Mn", 8)
    assert len(found) == 27
    for ordering in found:
        structure = ordering.structure
        states = structure.site_properties["oxidation_state"]
        assert sum(states) == pytest.approx(0)
        seeds = Counter(
            (site.specie.symbol, state, moment)
            for site, state, moment in zip(
                structure, states, structure.site_properties["magmom"], strict=True
            )
        )
        assert seeds == {
            ("Li", 1, 0): 16, ("Ni", 2, -2): 4, ("Mn", 3, 4): 8, ("Mn", 4, 3): 4,
            ("O", -2, 0): 32,
        }  # fmt: skip


def test_the_parent_spinel_has_192_operations_and_fewer_orderings(
    manganate: SpinelHost,
) -> None:
    assert count_orderings(manganate, "16d", 4) == 22
    assert [count_orderings(manganate, "8a", k) for k in range(9)] == [
        1, 1, 2, 2, 4, 2, 2, 1, 1,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "supercell", [(2, 1, 1), (2, 2, 1), [[1, 1, 0], [-1, 1, 0], [0, 0, 1]]]
)
def test_lists_agree_with_counts_in_any_supercell(supercell: object) -> None:
    host = spinel_host(supercell=supercell)  # type: ignore[arg-type]
    for role, k in (("8a", 3), ("16c", 2), ("48f", 2), ("8b+48f", 2), ("Mn", 2)):
        found = distinct_orderings(host, role, k)
        assert len(found) == count_orderings(host, role, k)
        assert sum(each.degeneracy for each in found) == count_raw(host, role, k)


def test_sixty_four_sites_are_counted_exactly() -> None:
    host = spinel_host(supercell=(2, 2, 2))
    number = count_orderings(host, "8a", 32)
    assert number == 9544917497980172
    assert 0 < number * 192 - comb(64, 32) < comb(64, 32) // 10**6


def test_integers_grow_to_any_length() -> None:
    host = spinel_host(supercell=(3, 3, 3))
    assert len(str(count_orderings(host, "8a", 108))) == 61


def test_primitive_cells_are_ordered_too() -> None:
    host = spinel_host("LiMn2O4", "none", primitive=True)
    assert [count_orderings(host, "8a", k) for k in range(3)] == [1, 1, 1]
    assert [len(distinct_orderings(host, "16c", k)) for k in range(5)] == [
        1,
        1,
        1,
        1,
        1,
    ]


def test_results_come_in_the_same_order_every_time(host: SpinelHost) -> None:
    found = [each.occupied for each in distinct_orderings(host, "16c", 6)]
    assert found == sorted(found)
    assert found == [e.occupied for e in distinct_orderings(spinel_host(), "16c", 6)]


@pytest.mark.parametrize(
    "role", ["48g", "8a+16d", "O", "", "8a+8a", ["8a"], {"8a": 1}, None, 8, b"8a"]
)
def test_roles_that_do_not_exist_are_refused(host: SpinelHost, role: Any) -> None:
    for ask in (
        lambda: count_orderings(host, role, 1),
        lambda: distinct_orderings(host, role, 1),
        lambda: insertion_sites(host, role),
        lambda: orbits(host, role),
        lambda: host.sites(role),
    ):
        with pytest.raises(RoleError):
            ask()


@pytest.mark.parametrize("k", [-1, 9, 2.5])
def test_numbers_that_do_not_fit_are_refused_with_the_limit(
    host: SpinelHost, k: float
) -> None:
    with pytest.raises(CompositionError, match="from 0 to 8"):
        distinct_orderings(host, "8b", k)  # type: ignore[arg-type]


def test_overlapping_sites_are_refused_with_the_largest_number(
    host: SpinelHost,
) -> None:
    assert count_orderings(host, "8a+16c", 17, exclude_closer_than=2.0) == 0
    with pytest.raises(CompositionError, match="at most 16 are possible"):
        distinct_orderings(host, "8a+16c", 17, exclude_closer_than=2.0)


def test_an_endless_list_is_refused_with_the_counts_and_the_cure(
    host: SpinelHost,
) -> None:
    with pytest.raises(TooManyOrderings, match=r"377348994 .*15726876 .*sample_order"):
        distinct_orderings(host, "48f", 8)


def _by_label(
    structure: object,
) -> dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    return {
        site.properties["label"]: site.frac_coords
        for site in structure  # type: ignore[attr-defined]
    }
