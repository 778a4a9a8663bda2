"""U - J by block and by element from LDAUL, LDAUU and LDAUJ."""

from __future__ import annotations

import pytest

from workflows.vasp.hubbard import largest_u, u_by_block, u_by_element


def test_a_negative_shell_has_no_u() -> None:
    assert u_by_block([2, -1, 2], [3.9, 5.0, 6.2], [0, 0, 1]) == [3.9, 0.0, 5.2]


def test_each_block_of_an_element_keeps_its_own_u() -> None:
    found = u_by_element(["Fe", "O", "Fe"], ([2, -1, 2], [4.0, 0, 5.3], [0, 0, 0]))
    assert found == {"Fe": (4.0, 5.3), "O": (0.0,)}
    assert largest_u(found) == {"Fe": 5.3}


@pytest.mark.parametrize("column", [None, [], [0.0], [0.0, 0.0, 0.0]])
def test_a_column_that_does_not_fit_the_blocks_gives_nothing(
    column: list[float] | None,
) -> None:
    assert u_by_element(["Mn", "O"], ([2, -1], [3.9, 0.0], column)) is None
    assert u_by_element(["Mn", "O"], ([2, -1], [3.9, 0.0], [0.0, 0.0])) is not None
