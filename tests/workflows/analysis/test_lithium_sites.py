"""An arrangement of lithium is named after the model whose sites it is found on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows import load_campaign, open_results, plan
from workflows.analysis.lithium_sites import model_at_the_end, model_of_sites
from workflows.campaign.calculation import Calculation
from workflows.records.document import TaskDocument


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


def planned_on(c: Calculation) -> dict[str, int]:
    sites = zip(c.structure.site_properties["role"], c.structure, strict=True)
    roles = [role for role, site in sites if site.specie.symbol == "Li"]
    return {role: roles.count(role) for role in roles}


@pytest.mark.parametrize("primitive", [False, True])
def test_a_start_on_8a_and_16c_that_kept_its_sites_keeps_its_name(
    write_campaign: Callable[..., Path], primitive: bool
) -> None:
    changes = {
        "x": [1.5, 2] if primitive else [1.25, 1.5, 1.75, 2],
        "insertion": [{"model": "relaxed_8a16c", "x": "all"}],
        **({"host.ordering": "R-3m", "host.primitive": True} if primitive else {}),
    }
    calculations = plan(load_campaign(write_campaign(changes)))
    assert {"16c": planned_on(calculations[-1])["16c"]} == planned_on(calculations[-1])
    for c in calculations:
        counts, units = planned_on(c), c.formula_units or 0
        own = {"planned": c.insertion, "ordering": c.ordering}
        assert model_at_the_end(counts, units, **own) == "relaxed_8a16c"
        assert model_at_the_end({**counts, "48f": 0}, units, **own) == "relaxed_8a16c"
        moved = {**counts, "16c": counts["16c"] - 1, "48f": 1}
        assert "48f" in model_at_the_end(moved, units, **own)


def test_a_start_on_8a_and_16c_that_became_rock_salt_is_rock_salt(
    write_campaign: Callable[..., Path],
) -> None:
    model = [{"model": "relaxed_8a16c", "x": "all"}]
    (c,) = plan(load_campaign(write_campaign({"x": [1.25], "insertion": model})))
    assert set(planned_on(c)) == {"8a", "16c"}
    own = {"planned": c.insertion, "ordering": c.ordering}
    assert model_at_the_end({"16c": 10}, 8, **own) == "oct_16c_rocksalt"
    nothing = {"planned": c.insertion, "ordering": {}}
    assert model_at_the_end({"16c": 10}, 8, **nothing) == "oct_16c_rocksalt"


def test_a_row_of_8a_and_16c_that_kept_its_sites_may_pass(
    write_campaign: Callable[..., Path],
    finished: Callable[..., TaskDocument],
    project: Callable[..., Path],
) -> None:
    model = [{"model": "relaxed_8a16c", "x": "all"}]
    path = write_campaign({"x": [1, 1.5, 2], "insertion": model})
    results = open_results(project(*map(finished, plan(load_campaign(path)))))
    series = results.series()
    assert list(series["findings"]) == ["", "", ""]
    assert list(series["ended_as"]) == ["none", "relaxed_8a16c", "relaxed_8a16c"]
    assert list(results.runs()["ended_as"]) == list(series["ended_as"])
    found = {v.check: v for v in results.compare_to_paper() if v.insertion}
    assert {v.insertion for v in found.values()} == {"relaxed_8a16c"}
    assert found["m_mn_x2"].status == "PASS"


@given(
    st.dictionaries(
        st.sampled_from(["8a", "8b", "16c", "48f", "off-site"]), st.integers(0, 16)
    )
)
def test_every_arrangement_has_a_name(counts: dict[str, int]) -> None:
    assert model_of_sites(counts, 8)
