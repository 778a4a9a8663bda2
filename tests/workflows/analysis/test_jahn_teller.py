"""Q2, Q3, rho and phi of an octahedron, and how alike several are."""

from __future__ import annotations

import math
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.analysis import jahn_teller_modes
from workflows.analysis.jahn_teller import cooperative_order

LENGTH = st.floats(1.8, 2.4)


def test_the_octahedron_of_real_mgmn2o4() -> None:
    # Q2 = 1.41421 * (1.94 - 1.93) = 0.014142
    # Q3 = 0.816497 * (2 * 2.27 - 1.94 - 1.93) = 0.816497 * 0.67 = 0.547053
    # rho = sqrt(0.0002 + 0.299267) = 0.547236; phi = atan(0.014142/0.547053) = 1.4809
    found = jahn_teller_modes(1.94, 1.93, 2.27)
    assert found.q2 == pytest.approx(0.014142, abs=1e-6)
    assert found.q3 == pytest.approx(0.547053, abs=1e-6)
    assert found.rho == pytest.approx(0.547236, abs=1e-6)
    assert found.phi == pytest.approx(1.4809, abs=1e-3)
    assert (found.activity, found.mode) == ("active", "z elongated")


@pytest.mark.parametrize(
    ("lengths", "phi", "mode"),
    [
        ((1.9, 1.9, 2.2), 0, "z elongated"),
        ((2.2, 1.9, 1.9), 120, "x elongated"),
        ((1.9, 2.2, 1.9), -120, "y elongated"),
        ((2.1, 2.1, 1.9), 180, "z compressed"),
        ((1.9, 2.1, 2.1), -60, "x compressed"),
        ((2.1, 1.9, 2.1), 60, "y compressed"),
    ],
)
def test_phi_names_the_axis(
    lengths: tuple[float, float, float], phi: float, mode: str
) -> None:
    found = jahn_teller_modes(*lengths)
    assert found.phi == pytest.approx(phi, abs=1e-9)
    assert found.mode == mode


def test_a_compression_is_plus_180_whatever_the_sign_of_zero() -> None:
    assert jahn_teller_modes(2.1, 2.1 + 1e-17, 1.9).phi == 180


@pytest.mark.parametrize(
    ("stretch", "activity"), [(0.0, "inactive"), (0.06, "mixed"), (0.1, "active")]
)
def test_rho_tells_mn3_from_mn4(stretch: float, activity: str) -> None:
    # For (l, l, l + s) rho is (2/sqrt6)(2 s) = 1.63299 s: 0, 0.098 and 0.163 A
    # against the limits 0.06 and 0.15 A.
    found = jahn_teller_modes(1.95, 1.95, 1.95 + stretch)
    assert found.rho == pytest.approx(1.632993 * stretch, abs=1e-6)
    assert found.activity == activity
    assert (found.mode == "none") == (activity == "inactive")


@given(LENGTH, LENGTH, LENGTH)
def test_rho_is_the_same_whatever_the_axes_are_called(
    l_x: float, l_y: float, l_z: float
) -> None:
    rho = jahn_teller_modes(l_x, l_y, l_z).rho
    for lengths in permutations((l_x, l_y, l_z)):
        assert jahn_teller_modes(*lengths).rho == pytest.approx(rho, abs=1e-9)


@given(LENGTH, LENGTH, LENGTH, st.floats(-0.3, 0.3))
def test_breathing_is_no_distortion(
    l_x: float, l_y: float, l_z: float, more: float
) -> None:
    one = jahn_teller_modes(l_x, l_y, l_z)
    other = jahn_teller_modes(l_x + more, l_y + more, l_z + more)
    assert (other.q2, other.q3) == pytest.approx((one.q2, one.q3), abs=1e-9)


@given(LENGTH, LENGTH, LENGTH)
def test_turning_the_axes_cyclically_turns_phi_by_120_degrees(
    l_x: float, l_y: float, l_z: float
) -> None:
    one, other = jahn_teller_modes(l_x, l_y, l_z), jahn_teller_modes(l_z, l_x, l_y)
    turned = math.radians(one.phi + 120)
    assert other.rho * math.cos(math.radians(other.phi)) == pytest.approx(
        one.rho * math.cos(turned), abs=1e-9
    )
    assert other.q2 == pytest.approx(one.rho * math.sin(turned), abs=1e-9)


@pytest.mark.parametrize(
    ("phases", "order"),
    [
        ([7.0], 1),
        ([120.0] * 8, 1),
        ([180.0, -180.0], 1),
        ([120, -120], 0.5),  # |(-1/2 + i s) + (-1/2 - i s)|/2 = 1/2
        ([0, 120, -120], 0),
        ([0, 180], 0),
    ],
)
def test_cooperative_order(phases: list[float], order: float) -> None:
    found = cooperative_order(phases)
    assert found.order == pytest.approx(order, abs=1e-9)
    assert math.isnan(found.phi) == (order == 0)


def test_x_and_y_alternating_leave_a_compression_of_z_on_average() -> None:
    assert abs(cooperative_order([120, -120]).phi) == pytest.approx(180)


def test_no_site_has_no_order() -> None:
    with pytest.raises(ValueError, match="no Jahn-Teller active site"):
        cooperative_order([])
