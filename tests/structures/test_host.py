"""Hosts: symmetry, surroundings, labels, and the structures they build."""

from collections import Counter
from itertools import groupby
from typing import Any

import numpy as np
import pytest
from pymatgen.core.structure import Structure

from structures import (
    CellError,
    FormulaError,
    RoleError,
    SpinelHost,
    arranged_host,
    metal_neighbours,
    orbits,
    spinel_host,
)
from structures.symmetry import symmetry_dataset


def _dataset(structure: Structure) -> Any:
    return symmetry_dataset(
        structure.lattice.matrix, structure.frac_coords, structure.atomic_numbers
    )


@pytest.mark.parametrize(
    ("ordering", "number", "operations"),
    [("P4_332", 212, 24), ("P4_132", 213, 24), ("R-3m", 166, 48), ("Pmna", 53, 16)],
)
def test_a_named_order_has_its_space_group(
    ordering: str, number: int, operations: int
) -> None:
    dataset = _dataset(spinel_host(ordering=ordering).structure)
    assert (dataset.number, len(dataset.rotations)) == (number, operations)


def test_the_ordered_host_is_chiral(host: SpinelHost) -> None:
    rotations = _dataset(host.structure).rotations
    assert {round(float(np.linalg.det(r))) for r in rotations} == {1}


def test_equivalent_atoms_of_the_ordered_host_number_8_4_12_8_24(
    host: SpinelHost,
) -> None:
    structure = host.structure
    classes = _dataset(structure).equivalent_atoms
    sizes = Counter(zip([s.specie.symbol for s in structure], classes, strict=True))
    assert sorted((name, n) for (name, _), n in sizes.items()) == [
        ("Li", 8), ("Mn", 12), ("Ni", 4), ("O", 8), ("O", 24),
    ]  # fmt: skip


def test_every_8b_tetrahedron_of_metals_holds_one_nickel(host: SpinelHost) -> None:
    assert set(map(_pairs, metal_neighbours(host, "8b"))) == {(1, 3)}


def test_nickel_has_manganese_neighbours_only(host: SpinelHost) -> None:
    around = zip(host.metals, metal_neighbours(host, "16d"), strict=True)
    assert {(metal, _pairs(n)) for metal, n in around} == {
        ("Ni", (0, 6)),
        ("Mn", (2, 4)),
    }


def test_every_lithium_sees_three_nickel_and_nine_manganese(host: SpinelHost) -> None:
    assert set(map(_pairs, metal_neighbours(host, "8a"))) == {(3, 9)}


def test_the_two_kinds_of_16c_differ_in_their_nickel_neighbours(
    host: SpinelHost,
) -> None:
    around = metal_neighbours(host, "16c")
    found = {
        len(orbit): {_pairs(around[i]) for i in orbit} for orbit in orbits(host, "16c")
    }
    assert found == {4: {(3, 3)}, 12: {(1, 5)}}


def test_the_two_kinds_of_48f_lie_on_nickel_or_between_manganese(
    host: SpinelHost,
) -> None:
    around = metal_neighbours(host, "48f")
    found = [(len(orbit), _pairs(around[orbit[0]])) for orbit in orbits(host, "48f")]
    assert sorted(found) == [(24, (0, 2)), (24, (1, 1))]


def test_all_tetrahedral_lithium_sites_are_equivalent(host: SpinelHost) -> None:
    assert [len(orbits(host, role)) for role in ("8a", "8b")] == [1, 1]


def test_nickel_takes_the_published_positions(host: SpinelHost) -> None:
    nickel = [
        host.sites("16d")[i].frac_coords for i, m in enumerate(host.metals) if m == "Ni"
    ]
    assert sorted(nickel) == [
        (0.0, 0.75, 0.25), (0.25, 0.0, 0.75), (0.5, 0.5, 0.5), (0.75, 0.25, 0.0),
    ]  # fmt: skip


def test_the_density_at_the_measured_lattice_parameter(host: SpinelHost) -> None:
    assert float(host.structure.density) == pytest.approx(4.450, abs=5e-4)


def test_labels_are_unique_and_name_species_role_and_site(host: SpinelHost) -> None:
    labels = host.structure.site_properties["label"]
    assert len(set(labels)) == 56
    assert {"Li8a-1", "Ni16d-4", "Mn16d-1", "O32e-32"} <= set(labels)
    for label, site in zip(labels, host.structure, strict=True):
        assert label.startswith(site.specie.symbol + site.properties["role"] + "-")


def test_labels_survive_sorting_and_a_round_trip_through_json(host: SpinelHost) -> None:
    back = Structure.from_dict(host.structure.get_sorted_structure().as_dict())
    places = {
        s.label: s.frac_coords
        for role in ("8a", "16d", "32e")
        for s in host.sites(role)
    }
    for site in back:
        np.testing.assert_allclose(site.frac_coords, places[site.properties["label"]])


@pytest.mark.parametrize(
    ("formula", "ordering", "blocks"),
    [
        ("LiNi0.5Mn1.5O4", "P4_332", ["Li8", "Ni4", "Mn12", "O32"]),
        ("LiMn1.5Ni0.5O4", "P4_332", ["Li8", "Mn12", "Ni4", "O32"]),
        ("LiFe0.5Mn1.5O4", "disordered", ["Li8", "Fe4", "Mn12", "O32"]),
        ("LiCoMnO4", "disordered", ["Li8", "Co8", "Mn8", "O32"]),
        ("LiTi2O4", "none", ["Li8", "Ti16", "O32"]),
    ],
)
def test_species_form_one_block_each_in_the_order_of_the_formula(
    formula: str, ordering: str, blocks: list[str]
) -> None:
    structure = spinel_host(formula, ordering).structure
    symbols = [site.specie.symbol for site in structure]
    assert [f"{key}{len(list(g))}" for key, g in groupby(symbols)] == blocks


def test_the_minority_metal_is_ordered_whatever_the_order_of_the_formula() -> None:
    one, other = spinel_host("LiNi0.5Mn1.5O4"), spinel_host("LiMn1.5Ni0.5O4")
    assert one.metals == other.metals


def test_octahedra_and_tetrahedra_of_oxygen_are_complete(host: SpinelHost) -> None:
    structure = host.structure
    near = structure.get_all_neighbors(2.3)
    coordination = {
        (site.properties["role"], len([n for n in around if n.specie.symbol == "O"]))
        for site, around in zip(structure, near, strict=True)
        if site.specie.symbol != "O"
    }
    assert coordination == {("8a", 4), ("16d", 6)}


def test_filling_other_sites_gives_the_rock_salt_and_the_empty_framework(
    host: SpinelHost,
) -> None:
    assert host.filled().structure.formula == "Mn12 Ni4 O32"
    rock_salt = host.filled("16c").structure
    assert rock_salt.formula == "Li16 Mn12 Ni4 O32"
    assert set(rock_salt.site_properties["role"]) == {"16c", "16d", "32e"}


def test_an_arrangement_may_be_given_site_by_site(host: SpinelHost) -> None:
    places = tuple(i for i, metal in enumerate(host.metals) if metal == "Ni")
    assert arranged_host(places).structure == host.structure


@pytest.mark.parametrize(
    ("arguments", "error", "reason"),
    [
        ({"ordering": "P4332"}, CellError, "did you mean 'P4_332'"),
        ({"formula": "LiMn2O4"}, FormulaError, "ordering='none'"),
        ({"ordering": "none"}, FormulaError, "one metal on 16d"),
        ({"formula": "LiCoMnO4"}, FormulaError, "one to three"),
        ({"formula": "LiNi0.4Mn1.6O4"}, FormulaError, "whole number"),
        ({"formula": "LiNi0.5Mn1TiO4"}, FormulaError, "not a spinel"),
        ({"formula": "LiNi0.5MnTi0.5O4"}, FormulaError, "2 metals, not 3"),
        ({"a": -1.0}, CellError, "a = -1 is outside 6..13"),
        ({"a": 1e308}, CellError, "outside 6..13"),
        ({"a": 1e-300}, CellError, "outside 6..13"),
        ({"u": 0.375}, CellError, "u = 0.375 is outside 0.2..0.3"),
        ({"supercell": [True, 1, 1]}, CellError, "not a matrix"),
        ({"supercell": ["2", "1", "1"]}, CellError, "not a matrix"),
        ({"supercell": [50, 50, 50]}, CellError, "more than 10 times"),
        ({"supercell": [1e9, 1, 1]}, CellError, "more than 10 times"),
        ({"supercell": [10**6] * 3}, CellError, "more than 10 times"),
        ({"supercell": [10**400, 1, 1]}, CellError, "not a matrix"),
        ({"supercell": [[1, 10**8, 0], [0, 1, 0], [0, 0, 1]]}, CellError, "10 times"),
        ({"formula": "Li\u0661Mn2O4"}, FormulaError, "without blanks"),
        ({"formula": "Li\nMn2O4"}, FormulaError, "without blanks"),
        ({"formula": None}, FormulaError, "formula None cannot be read"),
    ],
)
def test_a_host_that_cannot_be_is_refused(
    arguments: dict[str, object], error: type[Exception], reason: str
) -> None:
    with pytest.raises(error, match=reason):
        spinel_host(**arguments)  # type: ignore[arg-type]


def test_an_arrangement_of_the_wrong_number_of_sites_is_refused() -> None:
    with pytest.raises(CellError, match="needs 4 different"):
        arranged_host((0, 1, 2))
    for wrong in ([[0], [1], [2], [3]], 5, [True, 2, 3, 4], "0123", None):
        with pytest.raises(CellError, match="needs 4 different 16d sites"):
            arranged_host(wrong)  # type: ignore[arg-type]


def test_an_unknown_role_is_refused_with_the_known_ones(host: SpinelHost) -> None:
    with pytest.raises(RoleError, match="16c"):
        host.sites("16e")
    with pytest.raises(RoleError, match="holds no ion"):
        host.filled("16d")


def _pairs(counts: Counter[str]) -> tuple[int, int]:
    return counts["Ni"], counts["Mn"]
