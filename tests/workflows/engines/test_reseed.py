"""A re-seed: the same calculation from another start, and when one is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from workflows.analysis.octahedra import octahedra
from workflows.campaign.calculation import Calculation, content_id
from workflows.campaign.campaign import Campaign
from workflows.campaign.plan import plan
from workflows.campaign.sections import StartSection
from workflows.engines.reseed import WRONG_STATE, reseeded, to_reseed
from workflows.records.document import Finding, State, TaskDocument

Finished = Callable[..., TaskDocument]


@pytest.fixture
def full(calculations: tuple[Calculation, ...]) -> Calculation:
    """x = 2, where 8 of 12 Mn are 3+, with one re-seed allowed."""
    found = next(c for c in calculations if c.x == 2 and c.insertion == "tet_8b")
    return replace(found, reseeds=1)


def test_how_often_is_no_part_of_an_id(paper: Campaign) -> None:
    vasp = paper.vasp.model_copy(update={"reseed": 3})
    again = plan(paper.model_copy(update={"vasp": vasp}))
    assert [c.id for c in again] == [c.id for c in plan(paper)]
    assert {c.reseeds for c in again} == {3}


def test_a_reseed_differs_in_its_start_alone(full: Calculation) -> None:
    again = reseeded(full, 1)
    assert again.id == content_id(again) != full.id
    seeded = again.ordering["seeded"]
    assert len(seeded["reduced"]) == 8
    told = {"reseed_of": full.id, "reseed": 1, "seeded": seeded}
    assert again.ordering == {**full.ordering, **told}
    changed = {"id": full.id, "structure": full.structure, "ordering": full.ordering}
    assert replace(again, **changed) == full
    assert again.structure.lattice == full.structure.lattice
    assert again.structure.species == full.structure.species
    moved = again.structure.cart_coords - full.structure.cart_coords
    cations = [s.specie.symbol != "O" for s in full.structure]
    assert 0.015 < np.std(moved[cations]) < 0.025
    assert again.label == f"{full.label} reseed 1"


def test_it_starts_from_an_order_of_mn3_and_mn4(full: Calculation) -> None:
    first, second = reseeded(full, 1), reseeded(full, 2)

    def moments(calculation: Calculation, element: str) -> list[float]:
        sites = (s for s in calculation.structure if s.specie.symbol == element)
        return [s.properties["magmom"] for s in sites]

    assert sorted(moments(first, "Mn")) == [4.0] * 4 + [5.0] * 8
    assert moments(first, "Ni") == [-2.0] * 4
    assert set(moments(first, "Li") + moments(first, "O")) == {0.0}
    assert moments(first, "Mn") != moments(second, "Mn")


def test_a_reseed_of_a_seed_lets_its_bonds_go(paper: Campaign) -> None:
    seeded = plan(paper.model_copy(update={"start": StartSection()}).override(x=[2]))[3]
    assert seeded.label == "x=2 tet_8b q1"
    again = reseeded(seeded, 1)
    found = octahedra(again.structure, elements=["Mn"])
    long = {i for i, o in found.items() if o.l_z / ((o.l_x + o.l_y) / 2) > 1.04}
    assert long == set(again.ordering["seeded"]["reduced"])
    assert long != set(seeded.ordering["seeded"]["reduced"])


def test_where_all_mn_are_4_the_moments_stay(
    calculations: tuple[Calculation, ...],
) -> None:
    one = next(c for c in calculations if c.x == 1)
    assert "magmom" not in reseeded(one, 1).structure.site_properties


def test_a_firework_and_a_plan_give_the_same_reseed(full: Calculation) -> None:
    carried = Calculation.from_dict(full.as_dict())
    assert reseeded(carried, 1) == reseeded(full, 1)


def test_a_reseed_of_a_reseed_names_the_planned_one(full: Calculation) -> None:
    second = reseeded(reseeded(full, 1), 2)
    assert second.ordering["reseed_of"] == full.id
    assert len({full.id, reseeded(full, 1).id, second.id}) == 3


@pytest.mark.parametrize("name", sorted(WRONG_STATE))
def test_a_wrong_state_asks_for_one_until_the_bound(
    full: Calculation, finished: Finished, name: str
) -> None:
    wrong = (Finding(id=name, severity="warning", message="..."),)
    again = to_reseed(full, finished(full, findings=wrong))
    assert again == reseeded(full, 1)
    assert to_reseed(again, finished(again, findings=wrong)) is None


@pytest.mark.parametrize(
    ("step", "changes"),
    [
        ("static", {"findings": ()}),
        ("static", {"state": State.UNCONVERGED}),
        ("relax", {}),
        ("dos", {}),
    ],
)
def test_nothing_else_asks_for_one(
    full: Calculation, finished: Finished, step: str, changes: dict[str, object]
) -> None:
    found = {
        "findings": (Finding(id="metallic", severity="warning", message="..."),),
        **changes,
    }
    assert to_reseed(full, finished(full, step, **found)) is None
    assert to_reseed(replace(full, reseeds=0), finished(full, **found)) is None
