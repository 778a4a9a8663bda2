"""Octahedra of ideal and of real spinels, by their six nearest oxygens."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Lattice, Structure

from structures import spinel_host
from tests.places import DATA
from workflows import parse_run
from workflows.analysis.cubic_axes import cubic_axes, parent_supercell
from workflows.analysis.lattice import pseudo_cubic
from workflows.analysis.octahedra import NoOctahedron, octahedra, octahedron

BOND = st.floats(1.8, 2.4)


def alone(*ends: tuple[float, float, float]) -> Structure:
    """One Mn with oxygens about it, in a cell too large for neighbours."""
    cell = Structure(Lattice.cubic(20), ["Mn"], [[0.5, 0.5, 0.5]])
    for end in ends:
        position = np.add([10, 10, 10], end)
        cell.append("O", position, coords_are_cartesian=True)
    return cell


def straight(l_x: float, l_y: float, l_z: float) -> Structure:
    ends = np.diag([l_x, l_y, l_z])
    return alone(*(tuple(end) for end in (*ends, *-ends)))


@pytest.fixture(scope="module")
def mgmn2o4() -> Structure:
    """A real Jahn-Teller oxide; its cell is primitive and turned."""
    document = parse_run(DATA / "MgMn2O4_static_antiferromagnetic")
    assert document.structure is not None
    return document.structure


def test_an_elongated_octahedron_by_hand() -> None:
    # bonds 1.9 x 4 and 2.2 x 2: mean 2.0; Baur (4*0.1 + 2*0.2)/6/2.0 = 0.066667
    # V = 4/3 * 1.9 * 1.9 * 2.2 = 10.589333; l_0 = (1.9*1.9*2.2)^(1/3) = 1.995155
    # lambda = (4 * 3.61 + 2 * 4.84)/6/1.995155^2 = 4.02/3.980643 = 1.009887
    found = octahedron(straight(1.9, 1.9, 2.2), 0)
    assert found.bonds == pytest.approx((1.9,) * 4 + (2.2,) * 2)
    assert (found.l_x, found.l_y, found.l_z) == pytest.approx((1.9, 1.9, 2.2))
    assert found.elongation == pytest.approx(2.2 / 1.9)
    assert found.unique_axis == "z"
    assert found.baur == pytest.approx(0.066667, abs=1e-6)
    assert found.volume == pytest.approx(10.589333, abs=1e-6)
    assert found.quadratic_elongation == pytest.approx(1.009887, abs=1e-6)
    assert found.angle_variance == pytest.approx(0, abs=1e-9)
    assert found.axis_angle == pytest.approx(0, abs=1e-5)
    assert found.modes.mode == "z elongated"


def test_a_compressed_octahedron_has_an_elongation_above_1_too() -> None:
    # 2.1/((2.1 + 1.9)/2) = 1.05; what tells it is Q3 < 0.
    found = octahedron(straight(2.1, 2.1, 1.9), 0)
    assert found.elongation == pytest.approx(1.05)
    assert found.modes.q3 < 0
    assert found.modes.mode == "z compressed"


def test_opposite_bonds_are_averaged() -> None:
    ends = [(1.9, 0, 0), (-2.0, 0, 0), (0, 1.95, 0), (0, -1.95, 0)]
    found = octahedron(alone(*ends, (0, 0, 2.1), (0, 0, -2.3)), 0)
    assert (found.l_x, found.l_y, found.l_z) == pytest.approx((1.95, 1.95, 2.2))


@given(BOND, BOND, BOND)
def test_the_volume_of_orthogonal_bonds_is_four_thirds_of_their_product(
    l_x: float, l_y: float, l_z: float
) -> None:
    found = octahedron(straight(l_x, l_y, l_z), 0)
    assert found.volume == pytest.approx(4 / 3 * l_x * l_y * l_z)
    assert found.quadratic_elongation >= 1 - 1e-12


def test_an_undistorted_spinel_is_trigonal_and_not_jahn_teller_distorted() -> None:
    # u = 0.2625: d(16d-O) = 0.238157 a = 1.9457 A; the pairs lie 4.257 degrees off.
    found = octahedra(spinel_host(a=8.17, u=0.2625).structure)
    assert len(found) == 16
    for one in found.values():
        assert one.bonds == pytest.approx((1.94574,) * 6, abs=1e-4)
        assert one.modes.rho == pytest.approx(0, abs=1e-9)
        assert one.baur == pytest.approx(0, abs=1e-9)
        assert one.axis_angle == pytest.approx(4.257, abs=1e-3)
        assert one.quadratic_elongation == pytest.approx(1.01095, abs=1e-5)
        assert one.angle_variance == pytest.approx(41.50, abs=1e-2)


def test_too_few_too_many_and_bent_are_told() -> None:
    ends = [(2, 0, 0), (-2, 0, 0), (0, 2, 0), (0, -2, 0), (0, 0, 2)]
    with pytest.raises(NoOctahedron, match="fewer than 6 oxygens"):
        octahedron(alone(*ends, (0, 0, -2.7)), 0)
    with pytest.raises(NoOctahedron, match="more than 6"):
        octahedron(alone(*ends, (0, 0, -2.0), (1.4, 1.4, 1.4)), 0)
    bent = (2 * math.sin(math.radians(35)), 0, -2 * math.cos(math.radians(35)))
    with pytest.raises(NoOctahedron, match="145 degrees"):
        octahedron(alone(*ends, bent), 0)
    assert octahedra(alone(*ends)) == {}


def test_real_mgmn2o4_shows_its_three_bond_lengths(mgmn2o4: Structure) -> None:
    found = octahedra(mgmn2o4, axes=cubic_axes(mgmn2o4))
    assert len(found) == 4
    for one in found.values():
        pairs = sorted((one.l_x, one.l_y, one.l_z))
        assert pairs == pytest.approx([1.93, 1.94, 2.27], abs=0.005)
        assert one.modes.activity == "active"
        assert one.modes.mode == "z elongated"
        assert one.axis_angle < 5


def test_its_own_cubic_axes_give_it_the_c_to_a_of_a_tetragonal_spinel(
    mgmn2o4: Structure,
) -> None:
    shape = pseudo_cubic(mgmn2o4, parent_supercell(mgmn2o4).tolist())
    assert shape.c_ratio == pytest.approx(1.140, abs=1e-3)
    assert shape.shape == "tetragonal, elongated along c"
    # two formula units of AB2O4 in the cell, eight in the cubic one
    assert shape.volume == pytest.approx(4 * mgmn2o4.volume)


def test_the_axes_of_an_ideal_spinel_are_those_it_was_built_in() -> None:
    host = spinel_host()
    assert cubic_axes(host.structure) == pytest.approx(np.eye(3), abs=1e-9)
    assert parent_supercell(host.structure) == pytest.approx(np.eye(3))


@settings(max_examples=15)
@given(st.integers(0, 2**32 - 1))
def test_turning_the_crystal_turns_the_axes_and_changes_no_length(seed: int) -> None:
    turn, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    turn *= np.sign(np.linalg.det(turn))
    host = spinel_host(a=8.2).structure
    host.apply_strain([0, 0, 0.06])
    turned = Structure(
        Lattice(host.lattice.matrix @ turn), host.species, host.frac_coords
    )
    axes = cubic_axes(turned)
    assert axes @ axes.T == pytest.approx(np.eye(3), abs=1e-9)
    assert np.linalg.det(axes) == pytest.approx(1)
    before, after = octahedra(host)[8], octahedra(turned, axes=axes)[8]
    assert after.modes.rho == pytest.approx(before.modes.rho)
    assert sorted((after.l_x, after.l_y, after.l_z)) == pytest.approx(
        sorted((before.l_x, before.l_y, before.l_z))
    )
    assert after.axis_angle == pytest.approx(before.axis_angle, abs=1e-3)
    shape = pseudo_cubic(turned, parent_supercell(turned).tolist())
    assert shape.c_unique == pytest.approx(1.06)


@pytest.mark.parametrize("size", [(2, 1, 1), (1, 2, 3)])
def test_a_supercell_is_recognised(size: tuple[int, int, int]) -> None:
    host = spinel_host(supercell=size)
    found = parent_supercell(host.structure)
    assert found == pytest.approx(np.array(host.supercell, dtype=float))


def test_without_octahedra_there_are_no_axes() -> None:
    with pytest.raises(NoOctahedron, match="no octahedron"):
        cubic_axes(Structure(Lattice.cubic(3.44), ["Li"], [[0, 0, 0]]))


RATIOS = (0.86, 0.95, 1.0, 1.07, 1.16)


@pytest.mark.parametrize("repeats", [(1, 1, 1), (1, 1, 3), (3, 1, 1), (2, 2, 1)])
@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("primitive", [False, True])
def test_a_distorted_supercell_knows_its_cubic_cell(
    repeats: tuple[int, int, int], ratio: float, primitive: bool
) -> None:
    host = spinel_host("LiMn2O4", "none", supercell=repeats, primitive=primitive)
    cell = host.structure.copy()
    # c longer by the ratio, in a crystal of the same volume
    stretch = np.diag([ratio ** (-1 / 3), ratio ** (-1 / 3), ratio ** (2 / 3)])
    cell.lattice = Lattice(cell.lattice.matrix @ stretch)
    matrix = parent_supercell(cell)
    assert abs(np.linalg.det(matrix)) == pytest.approx(len(cell) / 56)
    shape = pseudo_cubic(cell, matrix)
    assert shape.c_ratio == pytest.approx(ratio)
    assert shape.volume == pytest.approx(host.a**3)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("seed", range(4))
def test_it_does_not_matter_which_vectors_span_the_cell(axis: int, seed: int) -> None:
    """A skewed primitive cell of a spinel with c/a = 1.13, long axis anywhere."""
    cell = spinel_host("LiMn2O4", "none", primitive=True).structure.copy()
    stretch = np.diag([1.13 if i == axis else 1.0 for i in range(3)])
    rng = np.random.default_rng(seed)
    skew = np.eye(3, dtype=int)
    for _ in range(2):
        i, j = rng.choice(3, 2, replace=False)
        skew[i] += rng.choice([-1, 1]) * skew[j]
    cell.lattice = Lattice(cell.lattice.matrix @ stretch)
    cell.make_supercell(skew)
    shape = pseudo_cubic(cell, parent_supercell(cell))
    assert shape.unique_axis == "abc"[axis]
    assert shape.c_unique == pytest.approx(1.13)


def test_a_cell_of_another_structure_is_refused() -> None:
    rock_salt = Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(4.2), ["Mn", "O"], [[0, 0, 0], [0.5, 0.5, 0.5]]
    )
    with pytest.raises(NoOctahedron, match="neither a supercell"):
        parent_supercell(rock_salt.get_primitive_structure())
