"""Spinel formulas: what is accepted, how it is normalised, what is refused."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from structures import FormulaError
from structures.formula import parse_formula


@pytest.mark.parametrize(
    "formula", ["LiNi0.5Mn1.5O4", "Li8Ni4Mn12O32", "Li2NiMn3O8", "Li1Ni0.5Mn1.5O4"]
)
def test_every_multiple_is_the_same_spinel(formula: str) -> None:
    assert str(parse_formula(formula)) == "LiNi0.5Mn1.5O4"


@given(st.integers(1, 40))
def test_a_cell_of_any_size_normalises_to_one_formula_unit(n: int) -> None:
    formula = parse_formula(f"Li{4 * n}Fe{2 * n}Mn{6 * n}O{16 * n}")
    assert formula.metals == (("Fe", Fraction(1, 2)), ("Mn", Fraction(3, 2)))


@pytest.mark.parametrize(
    ("formula", "species"),
    [
        ("LiMn2O4", ("Li", "Mn", "O")),
        ("LiCoMnO4", ("Li", "Co", "Mn", "O")),
        ("LiMn1.5Ni0.5O4", ("Li", "Mn", "Ni", "O")),
        ("LiTi2O4", ("Li", "Ti", "O")),
        ("MgCr2S4", ("Mg", "Cr", "S")),
    ],
)
def test_the_chemistry_and_its_order_are_those_of_the_formula(
    formula: str, species: tuple[str, ...]
) -> None:
    assert parse_formula(formula).species == species


def test_the_misprint_is_refused_with_the_whole_count() -> None:
    with pytest.raises(FormulaError) as error:
        parse_formula("Li8Ni4Mn24O32")
    message = str(error.value)
    for fact in ("28 metals", "16 octahedral 16d", "6 instead of 3", "+48", "misprint"):
        assert fact in message
    assert "Li8Ni4Mn12O32" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("formula", "reason"),
    [
        ("Li4Ti5O12", "5 metals"),
        ("Li2Ni0.5Mn1.5O4", "2 Li"),
        ("Ni0.5Mn1.5O4", "working ion"),
        ("LiO2", r"too few elements \(2\)"),
        ("LixNi0.5Mn1.5O4", "cannot be read"),
        ("", "cannot be read"),
    ],
)
def test_what_is_no_spinel_is_refused_with_the_reason(
    formula: str, reason: str
) -> None:
    with pytest.raises(FormulaError, match=reason):
        parse_formula(formula)


def test_a_cell_that_would_need_part_of_an_atom_is_refused() -> None:
    with pytest.raises(FormulaError, match=r"3\.2 Ni"):
        parse_formula("LiNi0.4Mn1.6O4").metals_in(8)
