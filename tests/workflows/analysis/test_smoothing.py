"""Adjacent averaging: three windows, cut off at the ends, linear in the curve."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.analysis import adjacent_average
from workflows.analysis.smoothing import MODES, Mode, half_step

N = st.integers(1, 15)
MODE = st.sampled_from(MODES)
VALUES = st.lists(st.floats(-100, 100), min_size=1, max_size=40)


def test_the_window_of_origin_has_11_points_for_n_10() -> None:
    # A peak of 11 at i = 15 spreads evenly over i = 10..20.
    y = np.zeros(31)
    y[15] = 11
    expected = np.zeros(31)
    expected[10:21] = 1
    assert adjacent_average(y, n=10, mode="origin") == pytest.approx(expected)
    assert adjacent_average(y) == pytest.approx(expected)


def test_the_strict_window_has_10_points() -> None:
    # Points i with 15 in i-5..i+4: i = 11..20.
    y = np.zeros(31)
    y[15] = 10
    expected = np.zeros(31)
    expected[11:21] = 1
    assert adjacent_average(y, mode="strict") == pytest.approx(expected)


def test_the_centred_window_gives_half_weight_to_its_ends() -> None:
    # Weights 1/2, nine ones, 1/2: sum 10.
    y = np.zeros(31)
    y[15] = 10
    expected = np.zeros(31)
    expected[11:20] = 1
    expected[[10, 20]] = 0.5
    assert adjacent_average(y, mode="centred") == pytest.approx(expected)


def test_at_the_ends_the_window_is_cut_off() -> None:
    # n = 4, i-2..i+2: first (1+2+3)/3, second (1+2+3+4)/4, third (1+..+5)/5.
    found = adjacent_average([1, 2, 3, 4, 5, 6], n=4)
    assert found == pytest.approx([2, 2.5, 3, 4, 4.5, 5])
    # strict, i-2..i+1: (1+2)/2, (1+2+3)/3, (1+2+3+4)/4, ...
    found = adjacent_average([1, 2, 3, 4, 5, 6], n=4, mode="strict")
    assert found == pytest.approx([1.5, 2, 2.5, 3.5, 4.5, 5])
    # centred: first (1 + 2 + 3/2)/2.5 = 1.8
    found = adjacent_average([1, 2, 3, 4, 5, 6], n=4, mode="centred")
    assert found[0] == pytest.approx(1.8)


@pytest.mark.parametrize("n", [1, 3, 5])
def test_an_odd_window_is_the_same_in_all_modes(n: int) -> None:
    y = np.random.default_rng(1).normal(size=20)
    one, *others = (adjacent_average(y, n, mode) for mode in MODES)
    for other in others:
        assert other == pytest.approx(one)


@given(st.floats(-1e6, 1e6), st.integers(1, 40), N, MODE)
def test_a_constant_is_kept_everywhere(
    constant: float, points: int, n: int, mode: Mode
) -> None:
    found = adjacent_average([constant] * points, n, mode)
    assert found == pytest.approx([constant] * points)


@given(
    st.floats(-10, 10), st.floats(-10, 10), N, st.sampled_from(["origin", "centred"])
)
def test_a_ramp_is_kept_away_from_the_ends(
    start: float, slope: float, n: int, mode: Mode
) -> None:
    y = start + slope * np.arange(50)
    inner = slice(n, 50 - n)
    found = adjacent_average(y, n, mode)[inner]
    assert found == pytest.approx(y[inner], abs=1e-9)


@given(st.floats(-10, 10), st.sampled_from([2, 4, 10]))
def test_strict_keeps_a_ramp_on_the_grid_shifted_by_half_a_step(
    slope: float, n: int
) -> None:
    grid = np.linspace(-10, 10, 201)
    found = adjacent_average(slope * grid, n, "strict")
    shifted = grid - half_step(grid, n, "strict")
    assert half_step(grid, n, "strict") == pytest.approx(0.05)
    assert found[n:-n] == pytest.approx(slope * shifted[n:-n], abs=1e-9)


def test_only_an_even_strict_window_shifts() -> None:
    grid = np.linspace(0, 1, 11)
    assert half_step(grid, 10, "origin") == half_step(grid, 10, "centred") == 0
    assert half_step(grid, 5, "strict") == 0


@given(st.integers(1, 6), N, MODE, st.integers(0, 2**32 - 1))
def test_summing_and_smoothing_commute(
    orbitals: int, n: int, mode: Mode, seed: int
) -> None:
    curves = np.random.default_rng(seed).normal(size=(orbitals, 30))
    summed = adjacent_average(curves.sum(axis=0), n, mode)
    smoothed = adjacent_average(curves, n, mode)
    assert smoothed.shape == curves.shape
    assert smoothed.sum(axis=0) == pytest.approx(summed)


@given(VALUES, N, MODE)
def test_no_average_leaves_the_range_of_the_values(
    values: list[float], n: int, mode: Mode
) -> None:
    found = adjacent_average(values, n, mode)
    assert found.min() >= min(values) - 1e-9
    assert found.max() <= max(values) + 1e-9


@given(VALUES, st.integers(1, 7))
def test_centred_and_origin_know_no_direction(values: list[float], n: int) -> None:
    for mode in ("origin", "centred"):
        forth = adjacent_average(values, n, mode)
        back = adjacent_average(values[::-1], n, mode)
        assert back == pytest.approx(forth[::-1], abs=1e-9)


def test_what_is_no_window_is_refused() -> None:
    with pytest.raises(ValueError, match="n >= 1"):
        adjacent_average([1, 2], n=0)
    with pytest.raises(ValueError, match="one of origin, strict, centred"):
        adjacent_average([1, 2], mode="savgol")  # type: ignore[arg-type]


def test_nothing_averages_to_nothing() -> None:
    assert adjacent_average([]).shape == (0,)
