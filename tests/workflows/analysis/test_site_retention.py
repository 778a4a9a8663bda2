"""Site retention, on the 56-atom cell of LixNi0.5Mn1.5O4 and on supercells of it."""

import numpy as np
import pytest
from pymatgen.core.structure import Structure

from structures.cell import Supercell, make_cell
from structures.sites import site_coords
from workflows.analysis.site_retention import Hop, site_retention

A = 8.17  # Å
NI = np.array([[4, 4, 4], [2, 0, 6], [0, 6, 2], [6, 2, 0]]) / 8  # P4_332


def spinel(*ion_roles: str, supercell: Supercell | None = None) -> Structure:
    """The ideal host with all sites of `ion_roles` filled; labels such as Li8b-3."""
    cell = make_cell(supercell)
    species, coords, roles, labels = [], [], [], []
    for role in (*ion_roles, "16d", "32e"):
        for index, point in enumerate(site_coords(cell, role, 0.2625)):
            cubic = np.mod(point @ cell.matrix + 1e-9, 1)
            nickel = np.isclose(cubic, NI, atol=1e-6).all(axis=1).any()
            metal = "Ni" if nickel else "Mn"
            name = {"16d": metal, "32e": "O"}.get(role, "Li")
            species.append(name)
            coords.append(point)
            roles.append(role)
            labels.append(f"{name}{role}-{index + 1}")
    properties = {"role": roles, "label": labels}
    return Structure(A * cell.matrix, species, coords, site_properties=properties)


def indices(structure: Structure, role: str) -> list[int]:
    return [i for i, r in enumerate(structure.site_properties["role"]) if r == role]


def put(structure: Structure, moves: dict[int, np.ndarray]) -> Structure:
    """A copy with some atoms at other fractional coordinates."""
    moved = structure.copy()
    for index, point in moves.items():
        moved[index].frac_coords = point
    return moved


def nearest(structure: Structure, index: int, role: str) -> np.ndarray:
    """The site of `role` in the cubic cell that is nearest to an atom."""
    sites = site_coords(make_cell(), role)
    distances = structure.lattice.get_all_distances(structure[index].frac_coords, sites)
    return np.asarray(sites[distances.argmin()])


@pytest.fixture
def overlithiated() -> Structure:
    """x = 2 with 8a and 8b filled."""
    return spinel("8a", "8b")


@pytest.mark.parametrize("ions", [(), ("8a",), ("8a", "8b"), ("16c",), ("8a", "48f")])
def test_an_unmoved_structure_keeps_every_site(ions: tuple[str, ...]) -> None:
    structure = spinel(*ions)
    found = site_retention(structure, structure)
    assert found.retained
    assert found.initial == found.final
    assert max(found.distance) < 1e-9


def test_every_cation_and_no_oxygen_is_looked_at(overlithiated: Structure) -> None:
    found = site_retention(overlithiated, overlithiated)
    assert found.counts_initial == {
        "Li": {"8a": 8, "8b": 8},
        "Ni": {"16d": 4},
        "Mn": {"16d": 12},
    }
    assert found.counts_final == found.counts_initial
    assert found.indices == tuple(range(32))


def test_a_retained_structure_says_so_in_one_line(overlithiated: Structure) -> None:
    summary = site_retention(overlithiated, overlithiated).summary()
    assert summary == "every cation kept its site (16 Li, 12 Mn, 4 Ni)"


@pytest.mark.parametrize(
    "shift", [(0.03, -0.02, 0.01), (0.5, 0.5, 0.5), (0.25, 0.0, -0.25), (7.9, 0.1, -3)]
)
def test_a_rigid_translation_changes_nothing(
    overlithiated: Structure, shift: tuple[float, float, float]
) -> None:
    everything = list(range(len(overlithiated)))
    moved = overlithiated.copy().translate_sites(everything, shift, to_unit_cell=True)
    found = site_retention(overlithiated, moved)
    assert found.retained
    assert max(found.distance) < 1e-9


def test_a_strain_with_shear_changes_nothing(overlithiated: Structure) -> None:
    strained = overlithiated.copy()
    strain = np.array([[1.05, 0.02, 0], [0.02, 0.97, -0.03], [0, -0.03, 1.05]])
    strained.lattice = overlithiated.lattice.matrix @ strain
    assert site_retention(overlithiated, strained).retained


def test_displacements_of_a_relaxed_crystal_change_nothing(
    overlithiated: Structure,
) -> None:
    rng = np.random.default_rng(3)
    start, end = overlithiated.copy(), overlithiated.copy()
    start.perturb(0.05, seed=1)
    for site in end:
        site.coords = site.coords + rng.uniform(-0.2, 0.2, 3)
    assert site_retention(start, end).retained


def test_one_li_from_8b_to_16c_is_reported_as_exactly_that_hop(
    overlithiated: Structure,
) -> None:
    index = indices(overlithiated, "8b")[2]
    target = nearest(overlithiated, index, "16c")
    found = site_retention(overlithiated, put(overlithiated, {index: target}))
    (hop,) = found.hops
    assert hop == Hop(
        index, "Li8b-3", "Li", "8b", "16c", pytest.approx(3.3871, abs=1e-4)
    )
    assert found.counts_final["Li"] == {"8a": 8, "8b": 7, "16c": 1}
    assert (found.li_left, found.tm_left, found.retained) == (1, 0, False)
    assert found.summary() == "1 Li left 8b (1 to 16c)"


@pytest.mark.parametrize("drift", [(0.0, 0.0, 0.0), (0.48, -0.02, 0.51)])
def test_hopping_metals_do_not_carry_the_others_along(
    overlithiated: Structure, drift: tuple[float, float, float]
) -> None:
    # All four along +x: the mean of the 16 metals moves by 0.77 Å, the median not.
    hop = np.array([3 / 8, 0, 0])
    metals = indices(overlithiated, "16d")[:4]
    end = put(overlithiated, {i: overlithiated[i].frac_coords + hop for i in metals})
    end.translate_sites(list(range(len(end))), drift)
    found = site_retention(overlithiated, end)
    assert [h.index for h in found.hops] == metals
    assert (found.li_left, found.tm_left) == (0, 4)


def test_hops_are_summed_up_by_species_origin_and_destination(
    overlithiated: Structure,
) -> None:
    lithium = indices(overlithiated, "8b")
    manganese = [
        i
        for i in indices(overlithiated, "16d")
        if overlithiated[i].specie.symbol == "Mn"
    ]
    sites = {role: iter(site_coords(make_cell(), role)) for role in ("16c", "48f")}
    roles = ["16c"] * 5 + ["48f"] * 3
    moves = {i: next(sites[r]) for i, r in zip(lithium, roles, strict=True)}
    moves |= {i: next(sites["16c"]) for i in manganese[:4]}
    found = site_retention(overlithiated, put(overlithiated, moves))
    assert found.summary() == (
        "8 Li left 8b (5 to 16c, 3 to 48f); 4 Mn left 16d (4 to 16c)"
    )


def test_a_cation_between_sites_is_off_site(overlithiated: Structure) -> None:
    index = indices(overlithiated, "8a")[0]
    here, there = overlithiated[index].frac_coords, nearest(overlithiated, index, "16c")
    between = put(overlithiated, {index: here + (there - here) / 2})
    found = site_retention(overlithiated, between)
    assert found.final[index] == "off-site"
    assert found.distance[index] == pytest.approx(np.sqrt(3) / 16 * A)
    assert found.summary() == "1 Li left 8a (1 off-site)"


def test_the_distance_that_makes_off_site_is_measured_in_the_final_cell(
    overlithiated: Structure,
) -> None:
    index = indices(overlithiated, "8a")[0]
    point = np.add(overlithiated[index].frac_coords, [0.06, 0, 0])
    end = put(overlithiated, {index: point})
    assert site_retention(overlithiated, end).retained  # 0.490 Å
    end.lattice = end.lattice.matrix * 1.05
    assert not site_retention(overlithiated, end).retained  # 0.515 Å


def test_a_move_to_another_site_of_the_same_role_is_a_hop() -> None:
    half = spinel("8a")
    gone, hopping = indices(half, "8a")[:2]
    vacancy = half[gone].frac_coords
    half.remove_sites([gone])
    end = put(half, {hopping - 1: vacancy})
    found = site_retention(half, end)
    assert found.counts_final == found.counts_initial
    assert found.summary() == "1 Li left 8a (1 to another 8a)"


@pytest.mark.parametrize("supercell", [(2, 1, 1), [[1, 1, 0], [-1, 1, 0], [0, 0, 1]]])
def test_a_supercell_is_compared_with_the_sites_of_that_supercell(
    supercell: Supercell,
) -> None:
    start = spinel("8a", "8b", supercell=supercell)
    found = site_retention(start, start, supercell=supercell)
    assert found.retained
    assert len(found.indices) == 64

    index = indices(start, "8b")[5]
    there = site_coords(make_cell(supercell), "16c")[0]
    found = site_retention(start, put(start, {index: there}), supercell=supercell)
    assert found.summary() == "1 Li left 8b (1 to 16c)"


def test_structures_in_another_order_are_refused(overlithiated: Structure) -> None:
    with pytest.raises(ValueError, match="same atoms in the same order"):
        site_retention(overlithiated, overlithiated.get_sorted_structure())


def test_a_start_without_roles_is_refused(overlithiated: Structure) -> None:
    bare = overlithiated.copy()
    bare.remove_site_property("role")
    with pytest.raises(ValueError, match="site property 'role'"):
        site_retention(bare, overlithiated)
