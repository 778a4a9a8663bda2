"""The three pseudo-cubic lengths, and the one that is the odd one out."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pymatgen.core import Lattice, Structure

from structures import spinel_host
from workflows.analysis.lattice import (
    UNIQUE_LAST,
    lattice_ratios,
    permuted,
    pseudo_cubic,
    unique_axis_last,
)

IDENTITY = np.eye(3).tolist()
LENGTH = st.floats(7, 10)
ANGLE = st.floats(80, 100)


def test_the_ratio_is_c_against_the_mean_of_a_and_b() -> None:
    shape = lattice_ratios(8.0, 8.2, 8.505)
    assert shape.c_ratio == pytest.approx(8.505 / 8.1)
    assert (shape.a, shape.b, shape.c) == (8.0, 8.2, 8.505)


def test_the_measured_tetragonal_cell_at_x_2() -> None:
    # I4_1/amd with a_t = 5.74 and c = 8.69 is pseudo-cubic with a_c = sqrt2 a_t.
    shape = lattice_ratios(5.74 * 2**0.5, 5.74 * 2**0.5, 8.69)
    assert shape.c_ratio == pytest.approx(1.0705, abs=1e-4)
    assert shape.lattice_class == "tetragonal, elongated"
    assert shape.volume / 8.0**3 - 1 == pytest.approx(0.1184, abs=1e-4)


@pytest.mark.parametrize(
    ("lengths", "unique", "name"),
    [
        ((8.0, 8.0, 8.0), "c", "cubic"),
        ((8.0, 8.0, 8.0 * 1.0049), "c", "cubic"),
        ((8.0, 8.0, 8.0 * 1.0051), "c", "tetragonal, elongated"),
        ((8.0, 8.0, 8.5), "c", "tetragonal, elongated"),
        ((8.0, 8.0, 7.6), "c", "tetragonal, compressed"),
        ((8.5, 8.0, 8.0), "a", "tetragonal, elongated"),
        ((8.0, 7.6, 8.0), "b", "tetragonal, compressed"),
        ((8.0, 8.0 * 1.0099, 8.6), "c", "tetragonal, elongated"),
        ((8.0, 8.0 * 1.011, 8.6), "c", "orthorhombic"),
        ((8.0, 8.3, 8.6), "c", "orthorhombic"),
    ],
)
def test_a_cell_is_classified(
    lengths: tuple[float, float, float], unique: str, name: str
) -> None:
    shape = lattice_ratios(*lengths)
    assert (shape.unique_axis, shape.lattice_class) == (unique, name)


@pytest.mark.parametrize(
    ("lengths", "told"),
    [
        ((8.0, 8.0, 8.5), "tetragonal, elongated along c"),
        ((8.5, 8.0, 8.0), "tetragonal, elongated along a"),
        ((8.0, 7.6, 8.0), "tetragonal, compressed along b"),
        ((8.0, 8.0, 8.0), "cubic"),
        ((8.0, 8.3, 8.6), "orthorhombic"),
    ],
)
def test_a_shape_names_its_axis(lengths: tuple[float, float, float], told: str) -> None:
    assert lattice_ratios(*lengths).shape == told


def test_an_angle_off_90_degrees_by_more_than_one_is_sheared() -> None:
    cubic = (8.0, 8.0, 8.0)
    assert lattice_ratios(*cubic, angles=(90, 90.9, 90)).lattice_class == "cubic"
    sheared = lattice_ratios(*cubic, angles=(90, 91.1, 90))
    assert sheared.lattice_class == "cubic, sheared"


@given(st.tuples(LENGTH, LENGTH, LENGTH))
def test_the_unique_axis_is_the_same_length_whatever_the_axes_are_called(
    lengths: tuple[float, float, float],
) -> None:
    deviations = sorted(abs(3 * length - sum(lengths)) for length in lengths)
    assume(deviations[-1] - deviations[-2] > 1e-6)  # in a tie the longer one
    odd = max(lengths, key=lambda length: abs(3 * length - sum(lengths)))
    for renamed in permutations(lengths):
        shape = lattice_ratios(*renamed)
        assert getattr(shape, shape.unique_axis) == odd
        assert shape.c_unique == pytest.approx(2 * odd / (sum(lengths) - odd))


def test_of_two_axes_that_deviate_alike_the_longer_one_is_unique() -> None:
    # Turned round: the name used to decide, so that one crystal was elongated or
    # compressed by what its axes were called.
    assert lattice_ratios(8.0, 8.2, 8.4).unique_axis == "c"
    assert lattice_ratios(8.4, 8.2, 8.0).unique_axis == "a"
    assert lattice_ratios(8.0, 8.4, 8.2).unique_axis == "b"
    assert lattice_ratios(8.2, 8.2, 8.2).unique_axis == "c"


@given(LENGTH, LENGTH, LENGTH, st.floats(0.5, 2))
def test_scaling_changes_volume_and_no_ratio(
    a: float, b: float, c: float, factor: float
) -> None:
    one, other = (
        lattice_ratios(a, b, c),
        lattice_ratios(*(factor * v for v in (a, b, c))),
    )
    assert other.c_ratio == pytest.approx(one.c_ratio)
    assert other.volume == pytest.approx(one.volume * factor**3)


@given(st.tuples(LENGTH, LENGTH, LENGTH), st.tuples(ANGLE, ANGLE, ANGLE))
def test_the_volume_is_that_of_the_lattice(
    lengths: tuple[float, float, float], angles: tuple[float, float, float]
) -> None:
    lattice = Lattice.from_parameters(*lengths, *angles)
    shape = lattice_ratios(*lengths, angles=angles)
    assert shape.volume == pytest.approx(lattice.volume)


def test_the_conventional_cell_is_its_own_pseudo_cubic_cell() -> None:
    shape = pseudo_cubic(spinel_host(a=8.2).structure, IDENTITY)
    assert (shape.a, shape.b, shape.c) == pytest.approx((8.2, 8.2, 8.2))
    assert shape.volume == pytest.approx(8.2**3)


@pytest.mark.parametrize("size", [(2, 1, 1), (1, 2, 2)])
def test_a_supercell_gives_the_lengths_of_the_cell_it_repeats(
    size: tuple[int, int, int],
) -> None:
    host = spinel_host(supercell=size)
    strained = host.structure.copy()
    strained.apply_strain([0.0, 0.0, 0.02])
    shape = pseudo_cubic(strained, host.supercell)
    assert (shape.a, shape.b) == pytest.approx((8.17, 8.17))
    assert shape.c_ratio == pytest.approx(1.02)
    assert shape.volume == pytest.approx(1.02 * 8.17**3)


def test_the_primitive_cell_is_led_back_and_never_standardised() -> None:
    # The 14-atom cell of a tetragonal spinel: spglib would say a = 8.0/sqrt2.
    cell = Lattice.from_parameters(8.0, 8.0, 8.6, 90, 90, 90)
    primitive = 0.5 * np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]])
    structure = Structure(Lattice(primitive @ cell.matrix), ["Mn"], [[0, 0, 0]])
    shape = pseudo_cubic(structure, primitive.tolist())
    assert (shape.a, shape.b, shape.c) == pytest.approx((8.0, 8.0, 8.6))
    assert shape.unique_axis == "c"


def test_the_original_third_vector_stays_c_even_when_it_is_the_shortest() -> None:
    structure = Structure(Lattice.orthorhombic(8.6, 8.5, 8.0), ["Mn"], [[0, 0, 0]])
    shape = pseudo_cubic(structure, IDENTITY)
    assert shape.c == pytest.approx(8.0)
    assert shape.c_ratio < 1


@given(st.tuples(LENGTH, LENGTH, LENGTH))
def test_the_unique_axis_becomes_c_whatever_the_axes_were_called(
    lengths: tuple[float, float, float],
) -> None:
    shape = lattice_ratios(*lengths)
    turned = unique_axis_last(shape)
    assert turned[2] == getattr(shape, shape.unique_axis)
    assert sorted(turned) == sorted(lengths)
    ratio = lattice_ratios(*turned).c_ratio
    assert ratio == pytest.approx(shape.c_unique)


def test_turned_cells_that_are_one_another_have_the_same_axes() -> None:
    cells = [(8.1, 8.2, 8.6), (8.6, 8.1, 8.2), (8.2, 8.6, 8.1)]
    assert {unique_axis_last(lattice_ratios(*c)) for c in cells} == {(8.1, 8.2, 8.6)}


def test_a_permutation_is_a_rotation_and_no_mirror() -> None:
    for permutation in UNIQUE_LAST.values():
        assert np.linalg.det(permuted(np.eye(3), permutation)) == pytest.approx(1)


@pytest.mark.parametrize("permutation", sorted(UNIQUE_LAST.values()))
def test_the_ordered_host_is_the_same_crystal_after_it(permutation: str) -> None:
    # Its threefold axis: every site comes to lie on one of its own element.
    host = spinel_host().structure
    turned = permuted(host.frac_coords, permutation)
    distances = host.lattice.get_all_distances(turned, host.frac_coords)
    partner = distances.argmin(axis=1)
    assert distances.min(axis=1).max() < 1e-6
    assert [host[i].specie for i in partner] == [site.specie for site in host]
    assert sorted(partner) == list(range(len(host)))
