"""L3/L2, the lithium excess and the planes (111), and the x that they mean."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.analysis.eels_and_ndp import (
    LITHIUM_EXCESS,
    l3_l2_of_valence,
    l3_l2_of_x,
    spacing_111,
    valence_of_l3_l2,
    x_of_excess,
    x_of_mn_valence,
)


@pytest.mark.parametrize(
    ("ratio", "valence", "x"),
    [
        (2.0, 4.0, 1.0),
        (2.4, 10 / 3, 2.00),  # 3 + (2.6 - 2.4)/0.6; (14 - 10)/2
        (2.6, 3.0, 2.5),
        (2.9, 2.76, 2.86),  # 3 - (2.9 - 2.6)/1.25; (14 - 8.28)/2
        (3.85, 2.0, 4.0),
    ],
)
def test_a_ratio_of_the_paper_means_a_valence_and_an_x(
    ratio: float, valence: float, x: float
) -> None:
    assert valence_of_l3_l2(ratio) == pytest.approx(valence)
    assert l3_l2_of_valence(valence) == pytest.approx(ratio)
    assert x_of_mn_valence(valence_of_l3_l2(ratio)) == pytest.approx(x)


def test_the_excess_of_ndp_is_three_percent_of_lithium() -> None:
    x = x_of_excess(LITHIUM_EXCESS)
    assert x == pytest.approx(1.0273, abs=1e-4)  # 4.00e20/1.467e22 = 2.73 %
    assert round(x, 3) == 1.027
    assert round(l3_l2_of_x(x), 2) == 2.01


@given(st.floats(2, 4))
def test_ratio_and_valence_are_each_others_inverse(valence: float) -> None:
    assert valence_of_l3_l2(l3_l2_of_valence(valence)) == pytest.approx(valence)


@given(st.floats(1, 2))
def test_x_and_valence_are_each_others_inverse(x: float) -> None:
    assert x_of_mn_valence(valence_of_l3_l2(l3_l2_of_x(x))) == pytest.approx(x)


@pytest.mark.parametrize("x", [0, 0.5, 1])
def test_up_to_x_1_manganese_is_4_plus(x: float) -> None:
    assert l3_l2_of_x(x) == pytest.approx(2.0)


@pytest.mark.parametrize("ratio", [1.99, 3.86, math.nan])
def test_a_ratio_beyond_the_references_is_refused(ratio: float) -> None:
    with pytest.raises(ValueError, match=r"outside 2 to 3\.85"):
        valence_of_l3_l2(ratio)


@pytest.mark.parametrize("valence", [1.99, 4.01])
def test_a_valence_beyond_the_references_is_refused(valence: float) -> None:
    with pytest.raises(ValueError, match="outside 2 to 4"):
        l3_l2_of_valence(valence)


def test_planes_111_of_a_cube_are_a_over_root_three_apart() -> None:
    assert spacing_111(8.17, 8.17, 8.17) == pytest.approx(8.17 / math.sqrt(3))
    # 1/sqrt(2/8^2 + 1/9^2)
    assert spacing_111(8, 8, 9) == pytest.approx(1 / math.sqrt(2 / 64 + 1 / 81))
