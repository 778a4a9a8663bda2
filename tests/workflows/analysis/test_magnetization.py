"""Mean moments of an element: Figure 2e of the paper plots |m|, whatever the sign."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.places import DATA
from workflows import parse_run
from workflows.analysis.magnetization import element_moments

MOMENTS = st.lists(st.floats(-5, 5), min_size=1, max_size=16)


def test_the_mean_takes_the_size_of_each_moment_and_keeps_the_sign_apart() -> None:
    found = element_moments(["Ni"] * 4, [-1.7, -1.7, -1.7, -1.7], "Ni")
    assert found is not None
    assert (found.absolute, found.signed, found.std) == pytest.approx((1.7, -1.7, 0))
    assert not found.mixed_sign


def test_only_sites_of_the_element_count() -> None:
    found = element_moments(["Li", "Ni", "Mn", "Mn"], [9.0, -2.0, 3.0, 4.0], "Mn")
    assert found is not None
    assert (found.absolute, found.std) == pytest.approx((3.5, 0.5))


def test_eight_mn3_and_four_mn4_give_the_moment_of_the_paper_at_x_2() -> None:
    found = element_moments(["Mn"] * 12, [3.95] * 8 + [3.2] * 4, "Mn")
    assert found is not None
    assert found.absolute == pytest.approx(3.70)


def test_moments_of_both_signs_are_told() -> None:
    found = element_moments(["Mn"] * 4, [3.8, 3.8, -3.8, -3.8], "Mn")
    assert found is not None
    assert found.mixed_sign
    assert (found.absolute, found.signed) == pytest.approx((3.8, 0))


def test_an_element_that_the_cell_lacks_has_no_moment() -> None:
    assert element_moments(["Mn"], [3.2], "Ni") is None


def test_a_moment_too_few_is_an_error() -> None:
    with pytest.raises(ValueError, match="argument"):
        element_moments(["Mn", "Mn"], [3.2], "Mn")


@given(MOMENTS)
def test_turning_all_spins_over_changes_nothing_but_the_sign(
    moments: list[float],
) -> None:
    species = ["Mn"] * len(moments)
    one = element_moments(species, moments, "Mn")
    other = element_moments(species, [-m for m in moments], "Mn")
    assert one is not None
    assert other is not None
    assert (one.absolute, one.std) == (other.absolute, other.std)
    assert one.signed == -other.signed
    assert one.mixed_sign == other.mixed_sign


@given(MOMENTS)
def test_the_signed_mean_never_exceeds_the_mean_size(moments: list[float]) -> None:
    found = element_moments(["Mn"] * len(moments), moments, "Mn")
    assert found is not None
    assert abs(found.signed) <= found.absolute + 1e-12


def test_manganese_of_a_real_antiferromagnet() -> None:
    document = parse_run(DATA / "MgMn2O4_static_antiferromagnetic")
    assert document.structure is not None
    assert document.magnetization is not None
    species = [site.specie.symbol for site in document.structure]
    found = element_moments(species, document.magnetization, "Mn")
    assert found is not None
    assert (found.absolute, found.signed) == pytest.approx((3.806, 0), abs=1e-9)
    assert found.mixed_sign
