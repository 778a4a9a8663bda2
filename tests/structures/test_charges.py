"""Formal charges: neutral always, Ni before Mn, and the moments that go with them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from structures import ChargeError, distinct_orderings, formal_charges, spinel_host
from structures.charge_ordering import spin_only_moment
from structures.charges import oxidation_states


@given(st.integers(0, 16))
def test_nickel_is_oxidised_below_and_manganese_reduced_above_one(n_li: int) -> None:
    x = n_li / 8
    lithium = f"Li{n_li}" if n_li else ""
    charges = formal_charges(f"{lithium}Ni4Mn12O32")
    assert charges["Ni"] == pytest.approx(4 - 2 * x if x <= 1 else 2)
    assert charges["Mn"] == pytest.approx(4 if x <= 1 else (14 - 2 * x) / 3)


@pytest.mark.parametrize(
    ("formula", "charges"),
    [
        ("LiMn2O4", {"Mn": 3.5}),
        ("LiCoMnO4", {"Co": 3, "Mn": 4}),
        ("LiFe0.5Mn1.5O4", {"Fe": 3, "Mn": 11 / 3}),
        ("LiTi2O4", {"Ti": 3.5}),
        ("LiV2O4", {"V": 3.5}),
        ("LiMg0.5Mn1.5O4", {"Mg": 2, "Mn": 4}),
        ("MgCr2S4", {"Mg": 2, "Cr": 3}),
    ],
)
def test_known_spinels_have_their_textbook_valences(
    formula: str, charges: dict[str, float]
) -> None:
    found = formal_charges(formula)
    for element, charge in charges.items():
        assert found[element] == pytest.approx(charge)


@pytest.mark.parametrize(
    ("formula", "reason"), [("LiW2O4", "no states known for W"), ("Mn2O8", "left over")]
)
def test_what_cannot_be_balanced_is_refused(formula: str, reason: str) -> None:
    with pytest.raises(ChargeError, match=reason):
        formal_charges(formula)


@pytest.mark.parametrize(
    ("element", "state", "moment"),
    [
        ("Mn", 2, 5), ("Mn", 3, 4), ("Mn", 4, 3), ("Ni", 2, 2), ("Ni", 4, 0),
        ("Co", 3, 0), ("Fe", 3, 5), ("Ti", 4, 0), ("Li", 1, 0), ("O", -2, 0),
    ],
)  # fmt: skip
def test_moments_are_those_of_hund(element: str, state: int, moment: float) -> None:
    assert spin_only_moment(element, state) == moment


def test_charge_orders_tell_neighbouring_states_apart() -> None:
    assert oxidation_states("Mn") == (3, 4)
    with pytest.raises(ChargeError, match="no couple"):
        oxidation_states("Sc")


def test_half_of_the_manganese_is_reduced_in_the_manganate() -> None:
    host = spinel_host("LiMn2O4", "none", primitive=True)
    found = distinct_orderings(host, "Mn", 2)
    assert found
    for ordering in found:
        properties = ordering.structure.site_properties
        assert sum(properties["oxidation_state"]) == 0
        assert sum(properties["magmom"]) == 2 * 4 + 2 * 3
