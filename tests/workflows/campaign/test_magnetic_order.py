"""FM, FiM and AFM-Mn as starting moments; only the signs differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workflows import load_campaign, plan
from workflows.campaign.calculation import Calculation
from workflows.campaign.inputs import vasp_inputs

WriteCampaign = Callable[..., Path]
Moments = list[tuple[str, float]]


@pytest.fixture
def ordered(write_campaign: WriteCampaign) -> Callable[..., Calculation]:
    """The calculation at x = 1 that starts from a magnetic order."""

    def make(order: str, **more: Any) -> Calculation:
        changes = {"x": [1], "start.magnetic_order": order, **more}
        return plan(load_campaign(write_campaign(changes)))[0]

    return make


def moments(calculation: Calculation) -> Moments:
    values = vasp_inputs(calculation, "relax").incar["MAGMOM"]
    elements = [site.specie.symbol for site in calculation.structure]
    return list(zip(elements, values, strict=True))


def test_the_ferrimagnetic_order_is_the_papers_magmom_block(
    ordered: Callable[..., Calculation], calculations: tuple[Calculation, ...]
) -> None:
    assert ordered("fim") == calculations[4]
    expected = {("Li", 0): 8, ("Ni", -2): 4, ("Mn", 4): 12, ("O", 0): 32}
    assert Counter(moments(ordered("fim"))) == expected


def test_the_ferromagnetic_order_has_every_moment_up(
    ordered: Callable[..., Calculation],
) -> None:
    expected = {("Li", 0): 8, ("Ni", 2): 4, ("Mn", 4): 12, ("O", 0): 32}
    assert Counter(moments(ordered("fm"))) == expected


def test_the_antiferromagnetic_order_turns_half_of_the_mn(
    ordered: Callable[..., Calculation],
) -> None:
    expected = {("Li", 0): 8, ("Ni", -2): 4, ("Mn", 4): 6, ("Mn", -4): 6, ("O", 0): 32}
    assert Counter(moments(ordered("afm_mn"))) == expected


def parallel_pairs(calculation: Calculation) -> int:
    """Nearest Mn-Mn pairs (2.89 A) whose moments point the same way."""
    structure = calculation.structure
    mn = [i for i, site in enumerate(structure) if site.specie.symbol == "Mn"]
    signs = np.sign([moments(calculation)[i][1] for i in mn])
    near = structure.distance_matrix[np.ix_(mn, mn)] < 3.3
    np.fill_diagonal(near, val=False)
    return int((near & (signs[:, None] == signs)).sum() // 2)


def test_every_triangle_of_mn_holds_as_many_antiparallel_pairs_as_it_can(
    ordered: Callable[..., Calculation],
) -> None:
    # 12 Mn with 4 Mn neighbours: 24 pairs, in 8 triangles, one frustrated in each.
    assert parallel_pairs(ordered("fim")) == 24
    assert parallel_pairs(ordered("afm_mn")) == 8


def test_the_orders_start_from_the_same_atoms_and_have_ids_of_their_own(
    ordered: Callable[..., Calculation],
) -> None:
    found = [ordered(order) for order in ("fim", "fm", "afm_mn")]
    assert len({c.id for c in found}) == 3
    for c in found:
        assert (c.structure.frac_coords == found[0].structure.frac_coords).all()
    assert [c.ordering["magnetic_order"] for c in found] == ["fim", "fm", "afm_mn"]


def test_a_larger_cell_holds_the_pattern_of_the_small_one(
    ordered: Callable[..., Calculation],
) -> None:
    long = ordered("afm_mn", **{"host.supercell": [1, 1, 2]})
    counts = Counter(moment for element, moment in moments(long) if element == "Mn")
    assert counts == {4: 12, -4: 12}
    assert parallel_pairs(long) == 16


def test_a_charge_order_keeps_the_size_of_its_moments(
    ordered: Callable[..., Calculation], write_campaign: WriteCampaign
) -> None:
    changes = {"x": [2], "start.charge_orders": 1, "start.magnetic_order": "fm"}
    seeded = next(
        c
        for c in plan(load_campaign(write_campaign(changes)))
        if c.ordering["charge_order"]
    )
    sizes = Counter(moment for element, moment in moments(seeded) if element == "Mn")
    assert sizes == {5.0: 8, 4.0: 4}
    assert all(moment >= 0 for _, moment in moments(seeded))


def test_the_surrogate_takes_no_moments(ordered: Callable[..., Calculation]) -> None:
    one, other = (ordered(order, engine="chgnet") for order in ("fim", "fm"))
    assert one.id == other.id
