"""Joint orderings of metals and ions."""

from math import comb

import pytest

from structures import count_joint_orderings, joint_orderings


@pytest.mark.parametrize(("role", "k"), [("8a", 0), ("8a", 3), ("8a", 4), ("16c", 2)])
def test_lists_agree_with_the_count_over_pairs(role: str, k: int) -> None:
    found = joint_orderings(role, k)
    assert len(found) == count_joint_orderings(role, k)
    sites = {"8a": 8, "16c": 16}[role]
    assert sum(each.degeneracy for each in found) == comb(16, 4) * comb(sites, k)


def test_without_ions_to_choose_only_the_metals_are_left() -> None:
    assert count_joint_orderings("8a", 8) == 22


def test_every_joint_ordering_has_the_composition_asked_for() -> None:
    formulas = {each.structure.formula for each in joint_orderings("8a", 6)}
    assert formulas == {"Li6 Mn12 Ni4 O32"}
