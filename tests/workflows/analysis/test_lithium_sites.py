"""An arrangement of lithium is named after the model whose sites it is found on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.analysis.lithium_sites import model_of_sites
from workflows.campaign.calculation import Calculation


@pytest.mark.parametrize(
    ("counts", "name"),
    [
        ({}, "none"),
        ({"8a": 4}, "none"),
        ({"8a": 8}, "none"),
        ({"8a": 8, "8b": 1}, "tet_8b"),
        ({"8a": 8, "16c": 2}, "oct_16c"),
        ({"8a": 8, "48f": 8}, "tet_48f"),
        ({"16c": 16}, "oct_16c_rocksalt"),
        ({"16c": 10}, "oct_16c_rocksalt"),
        ({"8a": 7, "16c": 2}, "relaxed_8a16c"),  # a hop and its displaced neighbour
        ({"8a": 3, "16c": 8, "48f": 5}, "8 16c + 5 48f + 3 8a"),  # CHGNet, x = 2
        ({"8a": 8, "off-site": 1}, "8 8a + 1 off-site"),
        ({"8a": 8, "8b": 1, "16c": 0}, "tet_8b"),
    ],
)
def test_sites_name_the_model(counts: dict[str, int], name: str) -> None:
    assert model_of_sites(counts, 8) == name


def test_what_was_planned_is_named_after_its_own_model(
    calculations: tuple[Calculation, ...],
) -> None:
    for c in calculations:
        roles = [
            role
            for role, site in zip(
                c.structure.site_properties["role"], c.structure, strict=True
            )
            if site.specie.symbol == "Li"
        ]
        counts = {role: roles.count(role) for role in roles}
        assert model_of_sites(counts, 8) == c.insertion


@given(
    st.dictionaries(
        st.sampled_from(["8a", "8b", "16c", "48f", "off-site"]), st.integers(0, 16)
    )
)
def test_every_arrangement_has_a_name(counts: dict[str, int]) -> None:
    assert model_of_sites(counts, 8)
