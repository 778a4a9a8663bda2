"""Operations as permutations of sites: a group, true to the crystal, independent."""

import numpy as np
import pytest

from structures import CellError, SpinelHost, spinel_host
from structures.distances import image_distances
from structures.sites import site_numerators
from structures.symmetry import find_operations, site_permutations

ROLES = ("8a", "8b", "16c", "16d", "48f", "32e")


@pytest.mark.parametrize("role", ROLES)
def test_permutations_form_a_group(host: SpinelHost, role: str) -> None:
    permutations = host.permutations(role)
    rows = {tuple(row) for row in permutations}
    np.testing.assert_array_equal(permutations[0], np.arange(permutations.shape[1]))
    assert {tuple(a[b]) for a in permutations for b in permutations} == rows


@pytest.mark.parametrize("role", [role for role in ROLES if role != "16d"])
def test_every_operation_keeps_distances_to_metals_of_each_kind(
    host: SpinelHost, role: str
) -> None:
    joint = host.permutations("16d", role)
    kinds = np.array([metal == "Ni" for metal in host.metals])
    coords = np.concatenate([host.frac_coords("16d"), host.frac_coords(role)])
    nearest = np.min(
        list(image_distances(host.lattice.matrix, coords, coords, 6.0)), axis=0
    )
    for permutation in joint:
        np.testing.assert_array_equal(kinds[permutation[:16]], kinds)
        moved = nearest[np.ix_(permutation, permutation)]
        np.testing.assert_allclose(moved, nearest, atol=1e-9)


@pytest.mark.parametrize(
    ("host_of", "supercell", "operations"),
    [
        ("P4_332", None, 24),
        ("P4_332", (2, 1, 1), 8 * 2),
        ("P4_332", (2, 2, 2), 24 * 8),
        ("none", None, 192),
        ("none", (2, 2, 2), 192 * 8),
    ],
)
def test_supercells_keep_the_operations_that_fit_and_gain_translations(
    host_of: str, supercell: tuple[int, int, int] | None, operations: int
) -> None:
    formula = "LiMn2O4" if host_of == "none" else "LiNi0.5Mn1.5O4"
    host = spinel_host(formula, host_of, supercell=supercell)
    assert len(host.permutations("32e")) == operations


def test_taking_all_metals_as_alike_gives_the_parent_group(host: SpinelHost) -> None:
    assert len(host.permutations("16d", parent=True)) == 192


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_the_atoms_changes_nothing(host: SpinelHost, seed: int) -> None:
    structure = host.structure
    shuffled = np.random.default_rng(seed).permutation(len(structure))
    numerators = site_numerators(host.cell, "48f")
    both = [
        site_permutations(
            find_operations(
                structure.lattice.matrix,
                structure.frac_coords[order],
                [structure.atomic_numbers[i] for i in order],
            ),
            numerators,
            host.cell.denominator,
        )
        for order in (np.arange(len(structure)), shuffled)
    ]
    np.testing.assert_array_equal(*both)
    np.testing.assert_array_equal(both[0], host.permutations("48f"))


@pytest.mark.parametrize("u", [0.25, 0.2625, 0.275])
def test_the_oxygen_parameter_changes_no_permutation(u: float) -> None:
    np.testing.assert_array_equal(
        spinel_host(u=u).permutations("48f"), spinel_host().permutations("48f")
    )


def test_an_operation_that_leaves_the_sites_is_refused(host: SpinelHost) -> None:
    numerators = site_numerators(host.cell, "8a")
    half_way = np.eye(3, dtype=int)[None], np.array([[0.5, 0.0, 0.0]])
    with pytest.raises(CellError, match="leaves the list"):
        site_permutations(half_way, numerators, host.cell.denominator)
    with pytest.raises(CellError, match="ideal sites"):
        site_permutations(
            (half_way[0], half_way[1] / 50), numerators, host.cell.denominator
        )


def test_overlapping_atoms_are_refused() -> None:
    with pytest.raises(CellError, match="overlap"):
        find_operations(np.eye(3) * 4, np.zeros((2, 3)), [1, 1])
