"""Site sets of Fd-3m: numbers, positions and distances, in every cell."""

import math

import numpy as np
import pytest
from pymatgen.core.structure import Structure

from structures import SpinelHost, neighbour_shells, spinel_host
from structures.cell import make_cell
from structures.sites import SITES_PER_CELL, site_coords

EIGHTHS = {
    "8a": "111 155 337 373 515 551 733 777",
    "8b": "115 151 333 377 511 555 737 773",
}
NEAREST = [  # centre, neighbour, (distance / a, number) of the first shells
    ("8a", "8a", [(math.sqrt(3) / 4, 4)]),
    ("8a", "8b", [(math.sqrt(3) / 4, 4), (1 / 2, 6)]),
    ("8a", "16c", [(math.sqrt(3) / 8, 4)]),
    ("8a", "48f", [(1 / 4, 6)]),
    ("8a", "16d", [(math.sqrt(11) / 8, 12)]),
    ("8b", "16d", [(math.sqrt(3) / 8, 4)]),
    ("8b", "48f", [(1 / 4, 6)]),
    ("8b", "8b", [(math.sqrt(3) / 4, 4)]),
    ("8b", "16c", [(math.sqrt(11) / 8, 12)]),
    ("48f", "16d", [(math.sqrt(3) / 8, 2)]),
    ("48f", "16c", [(math.sqrt(3) / 8, 2)]),
    ("48f", "8a", [(1 / 4, 1)]),
    ("48f", "8b", [(1 / 4, 1)]),
    ("48f", "48f", [(1 / 4, 4), (math.sqrt(2) / 4, 8)]),
    ("16c", "16c", [(math.sqrt(2) / 4, 6)]),
    ("16c", "16d", [(math.sqrt(2) / 4, 6)]),
    ("16d", "16d", [(math.sqrt(2) / 4, 6)]),
    ("8a", "32e", [(0.238157, 4)]),
    ("8b", "32e", [(0.194856, 4)]),
    ("48f", "32e", [(0.210283, 2), (0.224653, 2)]),
    ("16c", "32e", [(0.263095, 6)]),
    ("16d", "32e", [(0.238157, 6)]),
]
ANGSTROM = {  # the same at a = 8.17 A, as published
    ("8a", "8a"): 3.5377,
    ("8a", "16c"): 1.7689,
    ("8a", "48f"): 2.0425,
    ("8a", "16d"): 3.3871,
    ("16d", "16d"): 2.8885,
    ("8a", "32e"): 1.9457,
    ("8b", "32e"): 1.5920,
    ("48f", "32e"): 1.7180,
    ("16c", "32e"): 2.1495,
    ("16d", "32e"): 1.9457,
}


@pytest.mark.parametrize(("role", "number"), SITES_PER_CELL.items())
def test_the_cubic_cell_has_the_sites_of_its_roles(role: str, number: int) -> None:
    assert site_coords(make_cell(), role).shape == (number, 3)


@pytest.mark.parametrize(("role", "points"), EIGHTHS.items())
def test_tetrahedra_lie_at_the_published_coordinates(role: str, points: str) -> None:
    expected = [[int(digit) / 8 for digit in point] for point in points.split()]
    np.testing.assert_allclose(site_coords(make_cell(), role), expected)


@pytest.mark.parametrize(
    ("role", "representative"),
    [("16c", (0, 0, 0)), ("16d", (0.5, 0.5, 0.5)), ("48f", (0.375, 0.125, 0.125))],
)
def test_sites_are_the_orbit_that_pymatgen_builds(
    role: str, representative: tuple[float, ...]
) -> None:
    orbit = Structure.from_spacegroup("Fd-3m:2", np.eye(3), ["H"], [representative])
    own = site_coords(make_cell(), role)
    gaps = own[:, None] - orbit.frac_coords[None]
    gaps -= np.round(gaps)
    assert len(orbit) == len(own)
    assert np.abs(gaps).max(axis=-1).min(axis=1).max() < 1e-9


@pytest.mark.parametrize("u", [0.24, 0.25, 0.2625, 0.275])
def test_oxygen_is_the_orbit_of_u_u_u(u: float) -> None:
    orbit = Structure.from_spacegroup("Fd-3m:2", np.eye(3) * 8, ["O"], [[u, u, u]])
    gaps = site_coords(make_cell(), "32e", u)[:, None] - orbit.frac_coords[None]
    gaps -= np.round(gaps)
    assert np.abs(gaps).max(axis=-1).min(axis=1).max() < 1e-9


@pytest.mark.parametrize(("role", "other", "shells"), NEAREST)
def test_neighbours_are_where_the_table_of_distances_says(
    host: SpinelHost, role: str, other: str, shells: list[tuple[float, int]]
) -> None:
    found = neighbour_shells(host, role, other)[: len(shells)]
    assert [shell.count for shell in found] == [number for _, number in shells]
    for shell, (fraction, _) in zip(found, shells, strict=True):
        assert shell.distance == pytest.approx(fraction * host.a, abs=1e-4)


@pytest.mark.parametrize(("pair", "distance"), ANGSTROM.items())
def test_distances_in_angstrom_agree_with_the_published_ones(
    host: SpinelHost, pair: tuple[str, str], distance: float
) -> None:
    assert neighbour_shells(host, *pair)[0].distance == pytest.approx(
        distance, abs=1e-4
    )


def test_all_tetrahedra_form_one_simple_cubic_lattice(host: SpinelHost) -> None:
    points = np.concatenate([host.frac_coords(role) for role in ("8a", "8b", "48f")])
    steps = points * 4 - 0.5
    np.testing.assert_allclose(steps, np.round(steps), atol=1e-12)
    assert len(np.unique(np.round(steps), axis=0)) == 64


def test_all_octahedra_are_as_many_as_the_oxygens(host: SpinelHost) -> None:
    octahedra = len(host.frac_coords("16c")) + len(host.frac_coords("16d"))
    assert octahedra == len(host.frac_coords("32e"))


@pytest.mark.parametrize(
    "supercell", [(2, 1, 1), (2, 2, 2), [[1, 1, 0], [-1, 1, 0], [0, 0, 1]]]
)
def test_a_supercell_keeps_every_distance(supercell: object) -> None:
    small = spinel_host()
    large = spinel_host(supercell=supercell)  # type: ignore[arg-type]
    for role, other, shells in NEAREST[:6]:
        expected = neighbour_shells(small, role, other)[: len(shells)]
        found = neighbour_shells(large, role, other)[: len(shells)]
        assert [s.count for s in found] == [s.count for s in expected]
        assert found[0].distance == pytest.approx(expected[0].distance)


def test_the_order_of_oxygen_does_not_depend_on_u() -> None:
    low, high = (site_coords(make_cell(), "32e", u) for u in (0.245, 0.275))
    gaps = low - high
    assert np.abs(gaps - np.round(gaps)).max() == pytest.approx(0.03)
