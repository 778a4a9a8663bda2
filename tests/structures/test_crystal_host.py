"""Crystals in any cell, setting and origin get the roles of the ideal spinel."""

from __future__ import annotations

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from structures import SpinelHost, arrangements, count_orderings, spinel_host
from structures.crystal_host import ordered_own_host, own_host
from structures.errors import CellError, MappingError
from structures.symmetry import symmetry_dataset

SIZES = range(9)


def bare(structure: Structure) -> Structure:
    """The crystal as a file has it: no roles, no labels."""
    return Structure(structure.lattice, structure.species, structure.frac_coords)


def rotated(structure: Structure, seed: int) -> Structure:
    turn, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    turn *= np.sign(np.linalg.det(turn))
    vectors = structure.lattice.matrix @ turn
    return Structure(Lattice(vectors), structure.species, structure.frac_coords)


def shuffled(structure: Structure, seed: int) -> Structure:
    order = np.random.default_rng(seed).permutation(len(structure))
    return Structure.from_sites([structure[int(i)] for i in order])


@pytest.fixture(scope="module")
def crystal(host: SpinelHost) -> Structure:
    return bare(host.structure)


def energies(host: SpinelHost) -> list[float]:
    """Ewald energies of what the paper's grid needs; they know every site's role."""
    found = [arrangements(host, x).ranked[0].ewald_energy for x in (0.5, 1)]
    return [
        *found,
        arrangements(host, 2, insertion="oct_16c_rocksalt").ranked[0].ewald_energy,
    ]


def test_our_own_cell_comes_back_as_itself(
    host: SpinelHost, crystal: Structure
) -> None:
    own = own_host(crystal)
    assert (own.partial, own.x, own.ions) == (False, 1.0, {"8a": 8})
    assert own.largest < 1e-6
    assert own.host.metals == host.metals
    assert own.host.chemistry == host.chemistry
    same = own.host.structure
    assert np.allclose(same.frac_coords, host.structure.frac_coords, atol=1e-7)
    assert same.site_properties == host.structure.site_properties


@pytest.mark.parametrize(
    "origin", [(0.5, 0.5, 0.5), (0.375, 0.375, 0.375), (0.1, 0.27, 0.43)]
)
def test_another_origin_order_of_atoms_and_orientation_change_no_role(
    host: SpinelHost, crystal: Structure, origin: tuple[float, float, float]
) -> None:
    moved = crystal.copy()
    moved.translate_sites(range(len(moved)), origin)
    own = own_host(rotated(shuffled(moved, 3), 4)).host
    assert own.metals.count("Ni") == 4
    assert energies(own) == pytest.approx(energies(host), abs=1e-4)
    counts = [count_orderings(own, "8a", k) for k in SIZES]
    assert counts == [1, 1, 3, 3, 7, 3, 3, 1, 1]
    assert count_orderings(own, "16c", 8) == 584


def test_a_left_handed_cell_keeps_the_handedness_of_the_crystal(
    host: SpinelHost, crystal: Structure
) -> None:
    swap = [[0, 1, 0], [1, 0, 0], [0, 0, 1]]
    left = Structure(
        Lattice(np.array(swap) @ crystal.lattice.matrix),
        crystal.species,
        crystal.frac_coords @ np.array(swap),
    )
    for given, name in ((left, "P4_332"), (bare(mirrored(crystal)), "P4_132")):
        own = own_host(given).host
        assert chirality(own) == chirality(spinel_host(ordering=name))
    assert chirality(host) != chirality(spinel_host(ordering="P4_132"))


def mirrored(crystal: Structure) -> Structure:
    return Structure(crystal.lattice, crystal.species, -crystal.frac_coords)


def chirality(host: SpinelHost) -> int:
    """Space group number: 212 and 213 are mirror images."""
    metals = host.filled().structure
    kinds = [site.specie.Z for site in metals]
    lattice = metals.lattice.matrix
    return int(symmetry_dataset(lattice, metals.frac_coords, kinds).number)


def test_a_supercell_and_a_rotated_primitive_cell_are_cells_of_the_parent(
    crystal: Structure,
) -> None:
    double = crystal * (2, 1, 1)
    own = own_host(bare(double))
    assert (own.host.formula_units, own.ions) == (16, {"8a": 16})
    assert own.host.cell.rows == ((4, 0, 0), (0, 2, 0), (0, 0, 2))
    small = bare(spinel_host("LiMn2O4", "none", primitive=True).structure)
    own = own_host(rotated(small, 1))
    assert (own.host.formula_units, own.ions) == (2, {"8a": 2})
    counts = [count_orderings(own.host, "16c", k) for k in range(5)]
    reference = spinel_host("LiMn2O4", "none", primitive=True)
    assert counts == [count_orderings(reference, "16c", k) for k in range(5)]


@pytest.mark.parametrize(
    ("number", "places"),
    [
        ("Fd-3m:1", ((0, 0, 0), (5 / 8, 5 / 8, 5 / 8), (0.3875, 0.3875, 0.3875))),
        ("Fd-3m:2", ((1 / 8, 1 / 8, 1 / 8), (1 / 2, 1 / 2, 1 / 2), (0.2625,) * 3)),
    ],
)
def test_both_origin_choices_of_fd_3m_are_one_crystal(
    number: str, places: tuple[tuple[float, ...], ...], manganate: SpinelHost
) -> None:
    given = Structure.from_spacegroup(
        number, Lattice.cubic(8.17), ["Li", "Mn", "O"], places
    )
    own = own_host(given).host
    assert own.u == pytest.approx(0.2625, abs=1e-6)
    assert energies(own) == pytest.approx(energies(manganate), abs=1e-3)


def test_noise_of_a_relaxation_keeps_the_symmetry_and_the_atoms(
    crystal: Structure,
) -> None:
    noisy = crystal.copy().perturb(0.02)
    own = own_host(noisy)
    assert 0.01 < own.largest < 0.04
    assert [count_orderings(own.host, "8a", k) for k in (2, 4)] == [3, 7]
    back = own.host.structure
    assert sorted(np.round(back.distance_matrix.sum(axis=1), 5)) == pytest.approx(
        sorted(np.round(noisy.distance_matrix.sum(axis=1), 5)), abs=1e-4
    )


def test_a_distortion_takes_away_the_operations_that_it_breaks(
    manganate: SpinelHost,
) -> None:
    stretched = bare(manganate.structure)
    stretched = Structure(
        Lattice.tetragonal(8.1, 9.3), stretched.species, stretched.frac_coords
    )
    host = own_host(stretched).host
    assert np.allclose(host.lattice.abc, (8.1, 8.1, 9.3))
    assert host.a == pytest.approx((8.1 * 8.1 * 9.3) ** (1 / 3), abs=1e-5)
    assert len(host.permutations("8a")) * 3 == len(manganate.permutations("8a"))


def test_other_contents_of_the_ion_are_understood_and_said(host: SpinelHost) -> None:
    half = bare(host.build({"8a": range(4)}))
    own = own_host(half)
    assert (own.x, own.ions) == (0.5, {"8a": 4})
    assert "chosen anew" in own.summary()
    rock = own_host(bare(host.filled("16c").structure))
    assert (rock.x, rock.ions) == (2.0, {"16c": 16})
    assert rock.host.metals == host.metals
    empty = bare(host.filled().structure)
    with pytest.raises(MappingError, match="holds none of the ions Li, Na, Mg"):
        own_host(empty)
    assert own_host(empty, ion="Na").host.formula == "NaNi0.5Mn1.5O4"
    assert own_host(half, ion="Mg").replaced == "Li"


def test_shared_metal_sites_take_the_orders_of_our_hosts() -> None:
    shared = Structure.from_spacegroup(
        "Fd-3m:2",
        Lattice.cubic(8.2),
        [{"Li": 0.9}, {"Ni": 0.25, "Mn": 0.75}, {"O": 1}],
        [[0.125] * 3, [0.5] * 3, [0.2630] * 3],
    )
    own = own_host(shared)
    assert (own.partial, own.x) == (True, pytest.approx(0.9))
    for ordering in ("P4_332", "disordered"):
        ordered = ordered_own_host(own, ordering)
        ideal = spinel_host(ordering=ordering, a=8.2, u=0.2630)
        assert ordered.metals == ideal.metals
        assert energies(ordered) == pytest.approx(energies(ideal), abs=1e-3)
    with pytest.raises(CellError, match="name an order"):
        ordered_own_host(own, "own")


def layered() -> Structure:
    return Structure.from_spacegroup(
        "R-3m:H",
        Lattice.hexagonal(2.88, 14.2),
        ["Li", "Ni", "O"],
        [[0, 0, 0.5], [0, 0, 0], [0, 0, 0.2585]],
    )


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (layered(), "Li3Ni3O6: 3 metals and 6 anions in the cell are not a spinel"),
        (layered() * (2, 2, 1), "Ni #.* A from 16d.*another crystal"),
        (layered().get_primitive_structure() * (2, 2, 1), "over 0.6 A"),
    ],
    ids=["hexagonal", "supercell", "of 16 atoms"],
)
def test_a_layered_oxide_is_no_spinel(given: Structure, told: str) -> None:
    with pytest.raises(MappingError, match=told):
        own_host(bare(given))


@pytest.mark.parametrize(
    ("lengths", "told"),
    [
        ((1e5, 8.25, 8.25), "outside 6..13 A"),
        ((1e10, 8.25, 8.25), "outside 6..13 A"),
        ((1e5, 1e5, 1e5), "outside 6..13 A"),
        ((1e-3, 1e-3, 1e-3), "outside 6..13 A"),
        ((1500.0, 1.0, 0.5), "more than 1000 A"),
        ((600.0, 1.0, 1.0), "repeats after 1 A"),
    ],
)
def test_a_cell_of_absurd_lengths_is_refused_at_once(
    crystal: Structure, lengths: tuple[float, float, float], told: str
) -> None:
    lattice = Lattice.orthorhombic(*lengths)
    with pytest.raises(MappingError, match=told):
        own_host(Structure(lattice, crystal.species, crystal.frac_coords))


def strained(crystal: Structure, lattice: Lattice) -> Structure:
    return Structure(lattice, crystal.species, crystal.frac_coords)


@pytest.mark.parametrize(
    ("lattice", "factor"),
    [
        (Lattice.tetragonal(8.1, 8.1 * 1.45), "1.45"),
        (Lattice.tetragonal(8.1, 8.1 / 1.3), "1.30"),
        (Lattice.orthorhombic(7.5, 8.2, 9.5), "1.27"),
        (Lattice.from_parameters(8.1, 8.1, 8.1, 103.5, 90, 90), "1.27"),
    ],
    ids=["tetragonal", "flat", "orthorhombic", "sheared"],
)
@pytest.mark.parametrize("primitive", [False, True])
def test_a_strain_that_no_spinel_has_is_refused_with_its_factor(
    crystal: Structure, lattice: Lattice, factor: str, primitive: bool
) -> None:
    given = strained(crystal, lattice)
    if primitive:  # all metals alike have the 14-atom cell
        given = given.copy()
        given.replace_species({"Ni": "Mn"})
        given = given.get_primitive_structure()
        assert len(given) == 14
    told = rf"strained by a factor of {factor} .* \(limit 1.25"
    with pytest.raises(MappingError, match=told):
        own_host(given)


@pytest.mark.parametrize("ratio", [0.91, 1.16, 1.2])
def test_the_strain_of_a_tetragonal_spinel_is_kept(
    crystal: Structure, ratio: float
) -> None:
    own = own_host(strained(crystal, Lattice.tetragonal(8.1, 8.1 * ratio)))
    a, _, c = own.host.lattice.abc
    assert c / a == pytest.approx(ratio)
    assert own.largest < 1e-6


@pytest.mark.parametrize("ion", [["Li"], {"Li": 1}, 1, True, "Xx", ""])
def test_an_ion_that_is_none_is_refused(crystal: Structure, ion: object) -> None:
    with pytest.raises(MappingError, match=r"ion = .*: give one of Li, Na"):
        own_host(crystal, ion=ion)  # type: ignore[arg-type]
    with pytest.raises(MappingError, match="give a pymatgen Structure"):
        own_host(ion)  # type: ignore[arg-type]


def test_what_no_host_can_hold_is_refused_with_its_atoms(crystal: Structure) -> None:
    far = crystal.copy()
    far.translate_sites([20], (0.1, 0, 0))
    with pytest.raises(MappingError, match=r"1 of 56 atoms .*Mn #21 0\.7"):
        own_host(far)
    swapped = crystal.copy()
    swapped.replace(0, "Mn")
    swapped.replace(20, "Li")
    with pytest.raises(MappingError, match=r"Mn #1 .* from 16d"):
        own_host(swapped)
    mixed = Structure(crystal.lattice, crystal.species, crystal.frac_coords)
    mixed.replace(20, {"Mn": 0.9, "Li": 0.1})
    with pytest.raises(MappingError, match=r"site #21 holds 0\.9 Mn and 0\.1 Li"):
        own_host(mixed)
    vacant = crystal.copy()
    vacant.replace(20, {"Mn": 0.9})
    with pytest.raises(MappingError, match=r"site #21 \(Mn\) is occupied 0\.9 times"):
        own_host(vacant)


@pytest.mark.parametrize("size", [0.55, 0.65])
def test_the_limit_of_a_displacement_has_two_sides(
    crystal: Structure, size: float
) -> None:
    moved = crystal.copy()
    moved.translate_sites([2], moved.lattice.get_fractional_coords([size, 0, 0]))
    if size < 0.6:
        assert own_host(moved).largest == pytest.approx(size, abs=0.01)
    else:
        with pytest.raises(MappingError, match=r"Li #3 0\.65 A from"):
            own_host(moved)
