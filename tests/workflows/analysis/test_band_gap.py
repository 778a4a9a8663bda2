"""Gaps and half-metals from eigenvalues, on made-up bands and on real runs."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from tests.places import DATA
from workflows.analysis.band_gap import band_gap

# Two k points, two bands: (energy, occupation).
INSULATOR = [[[-1.0, 1.0], [2.0, 0.0]], [[-0.5, 1.0], [1.5, 0.0]]]
NARROW = [[[-1.0, 1.0], [0.4, 0.0]], [[-0.2, 1.0], [0.3, 0.0]]]
CROSSING = [[[-1.0, 1.0], [0.2, 0.0]], [[-0.8, 1.0], [-0.1, 1.0]]]


def eigenvalues(directory: str) -> Any:
    from pymatgen.io.vasp import Vasprun

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run = Vasprun(str(DATA / directory / "vasprun.xml.gz"), parse_potcar_file=False)
    return run.eigenvalues


def shifted(levels: Any, energy: float) -> Any:
    return np.add(levels, [energy, 0.0])


def test_the_gap_is_between_the_edges_of_both_spins() -> None:
    # up: 1.5 - (-0.5) = 2.0; down: 0.3 - (-0.2) = 0.5;
    # both: min(1.5, 0.3) - max(-0.5, -0.2) = 0.3 + 0.2 = 0.5
    found = band_gap({"up": INSULATOR, "down": NARROW})
    assert (found.gap_up, found.gap_down, found.gap) == pytest.approx((2.0, 0.5, 0.5))
    assert (found.vbm, found.cbm) == pytest.approx((-0.2, 0.3))
    assert not found.half_metal


def test_the_gap_of_both_spins_may_be_smaller_than_either() -> None:
    # down shifted by 1.3: VBM 1.1, CBM 1.6; up: VBM -0.5, CBM 1.5; both 1.5 - 1.1.
    found = band_gap({"up": INSULATOR, "down": shifted(NARROW, 1.3)})
    assert found.gap == pytest.approx(0.4)
    # and by 2 the valence band of one lies above the other's conduction band
    assert band_gap({"up": INSULATOR, "down": shifted(NARROW, 2)}).gap == 0


def test_a_band_that_crosses_the_fermi_level_leaves_no_gap() -> None:
    found = band_gap({"up": CROSSING})
    assert (found.gap, found.gap_up, found.gap_down) == (0, 0, 0)


def test_a_half_metal_has_one_metallic_channel() -> None:
    one, other = (
        band_gap({"up": CROSSING, "down": INSULATOR}),
        band_gap({"up": INSULATOR, "down": CROSSING}),
    )
    assert one.half_metal
    assert other.half_metal
    assert (one.gap, one.gap_up, one.gap_down) == pytest.approx((0, 0, 2))
    assert not band_gap({"up": CROSSING, "down": CROSSING}).half_metal


def test_a_gap_too_small_makes_no_half_metal() -> None:
    tiny = [[[-0.05, 1.0], [0.04, 0.0]]] * 2
    assert not band_gap({"up": CROSSING, "down": tiny}).half_metal


def test_shifting_all_levels_moves_the_edges_and_no_gap() -> None:
    one = band_gap({"up": INSULATOR})
    other = band_gap({"up": shifted(INSULATOR, 3)})
    assert other.gap == pytest.approx(one.gap)
    assert other.vbm == pytest.approx(one.vbm + 3)


@pytest.mark.parametrize(
    ("occupations", "gap"),
    [
        ((1.0, 0.0), 0.5),
        ((0.96, 0.04), 0.5),
        ((0.94, 0.06), 0.0),  # at the Fermi level, within the smearing
        ((0.6, 0.4), 0.0),
        ((1.0, 0.06), 0.0),
    ],
)
def test_partly_occupied_levels_leave_no_gap(
    occupations: tuple[float, float], gap: float
) -> None:
    one = [[[-0.2, occupations[0]], [0.3, occupations[1]]]]
    found = band_gap({"up": one})
    assert (found.gap, found.gap_up) == pytest.approx((gap, gap))
    assert found.between == pytest.approx(0.5)
    assert bool(found.partly) is (gap == 0)
    both = band_gap({"up": one, "down": INSULATOR[:1]})
    assert both.gap == pytest.approx(gap)
    assert both.gap_down == pytest.approx(3.0)


def test_the_bands_are_complete_up_to_the_lowest_point_of_the_highest() -> None:
    # highest band: up 2.0 and 1.5, down 0.4 and 0.3
    assert band_gap({"up": INSULATOR}).reach == pytest.approx(1.5)
    assert band_gap({"up": INSULATOR, "down": NARROW}).reach == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({}, "spin channels"),
        ({"left": INSULATOR}, "left"),
        ({"up": [[1.0, 1.0]]}, r"shape \(1, 2\)"),
    ],
)
def test_other_arrays_are_refused(wrong: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        band_gap(wrong)


def test_real_antiferromagnetic_mgmn2o4_has_its_gap_in_both_spins() -> None:
    found = band_gap(eigenvalues("MgMn2O4_static_antiferromagnetic"))
    assert found.gap == pytest.approx(1.4774, abs=1e-4)  # pymatgen: 1.4774
    assert found.gap_up == pytest.approx(found.gap_down, abs=1e-3)


def test_real_lithium_is_a_metal() -> None:
    found = band_gap(eigenvalues("Li_metal_vasp5"))
    assert (found.gap, found.half_metal) == (0, False)
