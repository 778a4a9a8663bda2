"""Cells: exact integers, and the way back to the cubic axes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from structures import CellError, spinel_host
from structures.cell import make_cell
from structures.sites import SITES_PER_CELL, site_numerators


@st.composite
def supercells(draw: st.DrawFn) -> list[list[int]]:
    """A right-handed integer matrix of determinant 1 to 8, rows in any cyclic order."""
    a, b, c = (draw(st.integers(1, 2)) for _ in range(3))
    d, e, f = (draw(st.integers(-2, 2)) for _ in range(3))
    turn = draw(st.integers(0, 2))
    rows = [[a, 0, 0], [d, b, 0], [e, f, c]]
    return rows[turn:] + rows[:turn]


@settings(max_examples=40, deadline=None)
@given(supercells())
def test_any_supercell_has_its_share_of_every_site(rows: list[list[int]]) -> None:
    determinant = round(float(np.linalg.det(np.array(rows))))
    cell = make_cell(rows)
    assert cell.formula_units == 8 * determinant
    for role, number in SITES_PER_CELL.items():
        assert len(site_numerators(cell, role)) == number * determinant


@settings(max_examples=40, deadline=None)
@given(supercells())
def test_cell_vectors_lead_back_to_the_cubic_axes(rows: list[list[int]]) -> None:
    cell = make_cell(rows)
    found = cell.conventional_matrix @ cell.matrix
    np.testing.assert_allclose(found, np.eye(3), atol=1e-9)


def test_the_primitive_cell_has_fourteen_atoms() -> None:
    host = spinel_host("LiMn2O4", "none", primitive=True)
    assert host.structure.composition.formula == "Li2 Mn4 O8"
    assert (
        spinel_host(ordering="R-3m", primitive=True).structure.formula
        == "Li2 Mn3 Ni1 O8"
    )


def test_a_supercell_of_the_primitive_cell_may_be_the_cubic_cell() -> None:
    matrix = [[-1, 1, 1], [1, -1, 1], [1, 1, -1]]
    host = spinel_host("LiMn2O4", "none", primitive=True, supercell=matrix)
    assert host.cell == make_cell()


@pytest.mark.parametrize("ordering", ["P4_332", "P4_132", "disordered"])
def test_an_order_with_a_longer_period_has_no_primitive_cell(ordering: str) -> None:
    with pytest.raises(CellError, match="primitive in a larger cell"):
        spinel_host(ordering=ordering, primitive=True)


@pytest.mark.parametrize(
    ("supercell", "reason"),
    [
        ((0, 1, 1), "determinant 0"),
        (((0, 1, 0), (1, 0, 0), (0, 0, 1)), "determinant -1"),
        ((1.5, 1, 1), "not whole"),
        ((1, 1), "shape"),
        ("2x2x2", "not a matrix"),
    ],
)
def test_what_is_no_supercell_is_refused(supercell: object, reason: str) -> None:
    with pytest.raises(CellError, match=reason):
        make_cell(supercell)  # type: ignore[arg-type]
