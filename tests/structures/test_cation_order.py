"""Orders of two metals on 16d: the census, the 22 arrangements, the best one."""

from math import comb

import pytest

from structures import disordered_hosts, one_per_tetrahedron, spinel_host
from structures.cation_order import PairCounts, pair_counts
from structures.symmetry import symmetry_dataset

MULTIPLICITIES = [4, 8, 8, 12, 12, 24, 24, 48, 48, *[96] * 9, *[192] * 4]


def test_24_placements_have_one_nickel_in_each_tetrahedron() -> None:
    census = {number: len(found) for number, found in one_per_tetrahedron().items()}
    assert census == {53: 12, 166: 4, 212: 4, 213: 4}


def test_the_mirror_images_are_inversions_of_each_other() -> None:
    right, left = (spinel_host(ordering=name) for name in ("P4_332", "P4_132"))
    position = {site.frac_coords: i for i, site in enumerate(right.sites("16d"))}
    for site, metal in zip(right.sites("16d"), right.metals, strict=True):
        x, y, z = (-c % 1.0 for c in site.frac_coords)
        assert left.metals[position[x, y, z]] == metal


def test_there_are_22_arrangements_of_one_to_three() -> None:
    found = disordered_hosts()
    assert sorted(each.multiplicity for each in found) == MULTIPLICITIES
    assert sum(each.multiplicity for each in found) == comb(16, 4)


def test_arrangements_of_one_to_one_fill_all_raw_placements() -> None:
    found = disordered_hosts("LiCoMnO4")
    assert sum(each.multiplicity for each in found) == comb(16, 8)
    assert {each.host.structure.formula for each in found} == {"Li8 Mn8 Co8 O32"}


def test_three_arrangements_come_nearest_to_a_random_alloy() -> None:
    best = [each for each in disordered_hosts() if each.pairs.score < 1.5]
    assert [each.pairs for each in best] == [PairCounts((2, 6, 4), 1.0)] * 3
    assert sorted(each.multiplicity for each in best) == [96, 96, 192]
    numbers = [_space_group(each.host.structure) for each in best]
    assert sorted(numbers) == [1, 5, 5]


def test_the_disordered_host_is_the_first_of_the_best() -> None:
    host = spinel_host(ordering="disordered")
    nickel = [
        site.frac_coords
        for site, metal in zip(host.sites("16d"), host.metals, strict=True)
        if metal == "Ni"
    ]
    assert nickel == [
        (0.0, 0.0, 0.5), (0.0, 0.25, 0.75), (0.25, 0.5, 0.25), (0.5, 0.25, 0.25),
    ]  # fmt: skip
    assert _space_group(host.structure) == 5


def test_perfect_order_is_far_from_random() -> None:
    ordered = tuple(i for i, m in enumerate(spinel_host().metals) if m == "Ni")
    assert pair_counts(ordered) == PairCounts((0, 12, 0), 9.0)


def test_pairs_average_to_the_placement_statistics() -> None:
    found = disordered_hosts()
    for shell, mean in ((0, 2.4), (1, 4.8)):
        total = sum(each.multiplicity * each.pairs.shells[shell] for each in found)
        assert total / comb(16, 4) == pytest.approx(mean)


def test_every_disordered_host_has_the_same_composition() -> None:
    assert {e.host.structure.formula for e in disordered_hosts()} == {
        "Li8 Mn12 Ni4 O32"
    }


def _space_group(structure: object) -> int:
    return int(
        symmetry_dataset(
            structure.lattice.matrix,  # type: ignore[attr-defined]
            structure.frac_coords,  # type: ignore[attr-defined]
            structure.atomic_numbers,  # type: ignore[attr-defined]
        ).number
    )
