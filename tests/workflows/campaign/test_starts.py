"""How many starts each x has by default, and what a charge-order seed looks like."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from workflows import load_campaign, plan
from workflows.analysis.lattice import pseudo_cubic
from workflows.analysis.octahedra import octahedra
from workflows.campaign.calculation import Calculation
from workflows.campaign.campaign import Campaign
from workflows.campaign.inputs import vasp_inputs

IRON = {
    "host": {"formula": "LiFe0.5Mn1.5O4"},
    "vasp": {
        "hubbard_u": {"Mn": 3.9, "Fe": 5.3},
        "magmom": {"Li": 0, "Fe": 5, "Mn": 4, "O": 0},
        "potcar": {"Li": "Li_sv", "Fe": "Fe_pv", "Mn": "Mn_pv", "O": "O"},
    },
}
SPINEL = {
    "host": {"formula": "LiMn2O4", "ordering": "none", "a": 8.25},
    "vasp": {"hubbard_u": {"Mn": 3.9}},
}
SULFIDE = {
    "host": {"formula": "LiTi2S4", "ordering": "none", "a": 9.83, "u": 0.2550},
    "vasp": {
        "hubbard_u": {"Ti": 3.0},
        "magmom": {"Li": 0, "Ti": 1, "S": 0},
        "potcar": {"Li": "Li_sv", "Ti": "Ti_pv", "S": "S"},
    },
}


def planned(x: float, content: dict[str, Any] | None = None, **start: Any) -> Any:
    """The cells at one x, 8b above x = 1."""
    given = {"name": "one", "x": [x], "lithium_reference": False, "start": start}
    return plan(Campaign.model_validate({**(content or {}), **given}))


def seed(*arguments: Any, **start: Any) -> Calculation:
    (found,) = (c for c in planned(*arguments, **start) if c.ordering["charge_order"])
    return found


def moments(calculation: Calculation) -> Counter[tuple[str, float]]:
    carried = Calculation.from_dict(json.loads(json.dumps(calculation.as_dict())))
    asked = vasp_inputs(carried, "relax").incar["MAGMOM"]
    elements = [site.specie.symbol for site in carried.structure]
    return Counter(zip(elements, asked, strict=True))


def elongated(calculation: Calculation) -> set[int]:
    """Octahedra of the seeded metal with l_z/l_xy > 1.04."""
    metal = calculation.ordering["seeded"]["metal"]
    found = octahedra(calculation.structure, elements=[metal])
    assert len(found) == calculation.structure.composition[metal]
    return {i for i, o in found.items() if o.l_z / ((o.l_x + o.l_y) / 2) > 1.04}


def test_the_packaged_campaign_starts_four_times_at_x_2_and_three_times_before() -> (
    None
):
    labels = [c.label for c in plan(load_campaign("paper"))]
    between = (1.25, 1.5, 1.75)
    assert labels == [
        *(f"x={x:g}" for x in (0, 0.25, 0.5, 0.75, 1)),
        *(f"x={x:g} tet_8b{s}" for x in between for s in ("", " c+0%", " q1")),
        *(f"x=2 tet_8b{s}" for s in ("", " c+0%", " c-2%", " q1")),
        *(f"x=2 oct_16c_rocksalt{s}" for s in ("", " c+0%", " c-2%", " q1")),
        "Li metal",
    ]


def test_the_surrogate_starts_once_more_at_x_2_on_16c_alone() -> None:
    surrogate = load_campaign("paper").override(engine="chgnet")
    counts = Counter((c.x, c.insertion) for c in plan(surrogate) if not c.reference)
    assert {place: n for place, n in counts.items() if n > 1} == {
        (2.0, "oct_16c_rocksalt"): 2
    }
    single = surrogate.start.model_copy(update={"single": True})
    one = plan(surrogate.model_copy(update={"start": single}))
    assert len(one) == len(plan(surrogate)) - 1


def test_single_is_one_start_at_each_x_with_the_campaigns_strain() -> None:
    for x in (1.25, 2.0):
        (one,) = planned(x, single=True)
        assert one.structure.lattice.c / one.structure.lattice.a == pytest.approx(1.02)
        assert "magmom" not in one.structure.site_properties


def test_the_first_start_is_that_of_single() -> None:
    for x in (0.5, 1.0, 1.25, 2.0):
        (one,) = planned(x, single=True)
        assert planned(x)[0] == one


@pytest.mark.parametrize(
    ("own", "full", "between"),
    [
        (0.02, [0.02, 0.0, -0.02], [0.02, 0.0]),
        (-0.03, [-0.03, 0.0, 0.03], [-0.03, 0.0, 0.03]),
        (0.0, [0.0, 0.02, -0.02], [0.0, 0.02]),
    ],
)
def test_the_strains_lie_on_both_sides_of_the_cube_whatever_the_campaigns_own(
    own: float, full: list[float], between: list[float]
) -> None:
    for x, strains in ((2.0, full), (1.25, between)):
        found = planned(x, c_strain=own)
        assert [c.ordering["c_strain"] for c in found][:-1] == strains
        for c in found[:-1]:
            length = c.structure.lattice.c / c.structure.lattice.a
            assert length == pytest.approx(1 + c.ordering["c_strain"])


def test_every_start_has_an_id_of_its_own() -> None:
    found = planned(2.0, charge_orders=27)
    assert len(found) == 3 + 27  # as many patterns as there are
    assert len({c.id for c in found}) == 30


@pytest.mark.parametrize(
    ("x", "content", "expected", "seeded"),
    [
        (1.25, {}, {"Ni": [-2.0] * 4, "Mn": [4.0] * 10 + [5.0] * 2}, 2),
        (1.75, {}, {"Ni": [-2.0] * 4, "Mn": [4.0] * 6 + [5.0] * 6}, 6),
        (2.0, {}, {"Ni": [-2.0] * 4, "Mn": [4.0] * 4 + [5.0] * 8}, 8),
        (1.5, IRON, {"Fe": [5.0] * 4, "Mn": [4.0] * 4 + [5.0] * 8}, 8),
        (1.0, IRON, {"Fe": [5.0] * 4, "Mn": [4.0] * 8 + [5.0] * 4}, 4),
        (1.0, SPINEL, {"Mn": [4.0] * 8 + [5.0] * 8}, 8),
    ],
)
def test_a_seed_has_the_campaigns_signs_and_long_bonds_on_its_own_mn_alone(
    x: float, content: dict[str, Any], expected: dict[str, list[float]], seeded: int
) -> None:
    one = seed(x, content, charge_orders=1)
    found = moments(one)
    for element, sizes in expected.items():
        assert sorted(m for e, m in found.elements() if e == element) == sizes
    assert {m for e, m in found if e in {"Li", "O"}} == {0.0}
    own = one.ordering["seeded"]
    assert elongated(one) == set(own["reduced"])
    assert len(own["reduced"]) == seeded
    moments_of = one.structure.site_properties["magmom"]
    assert {moments_of[i] for i in own["reduced"]} == {5.0}


@pytest.mark.parametrize("displacement", [0.0, 0.05])
def test_random_displacements_leave_the_stretched_bonds_alone(
    displacement: float,
) -> None:
    for number in range(5):
        one = seed(2.0, displacement=displacement, seed=number)
        assert elongated(one) == set(one.ordering["seeded"]["reduced"])


def test_the_campaigns_own_sign_and_size_are_kept() -> None:
    down = {"vasp": {"magmom": {"Li": 0, "Ni": 1.6, "Mn": -3.2, "O": 0.1}}}
    assert moments(seed(2.0, down)) == {
        **{("Li", 0.0): 16, ("O", 0.1): 32, ("Ni", 1.6): 4},
        **{("Mn", -4.0): 8, ("Mn", -3.2): 4},
    }
    turned = seed(2.0, magnetic_order="afm_mn")
    sizes = Counter(abs(m) for e, m in moments(turned).elements() if e == "Mn")
    assert sizes == {5.0: 8, 4.0: 4}
    assert sum(n for (e, m), n in moments(turned).items() if e == "Mn" and m < 0) == 6


def test_below_x_1_ni2_and_ni4_are_told_apart_by_moment_and_by_size() -> None:
    for x, reduced in ((0.25, 1), (0.5, 2), (0.75, 3)):
        one = seed(x, charge_orders=1)
        own = one.ordering["seeded"]
        assert (own["metal"], own["states"], len(own["reduced"])) == (
            *("Ni", [2, 4]),
            reduced,
        )
        found = moments(one)
        assert (found["Ni", -2.0], found["Ni", -0.48]) == (reduced, 4 - reduced)
        bonds = octahedra(one.structure, elements=["Ni"])
        mean = {i: sum(o.bonds) / 6 for i, o in bonds.items()}
        large = {i for i, length in mean.items() if length > min(mean.values()) + 0.04}
        assert large == set(own["reduced"])


def test_ni_is_seeded_below_x_1_only_if_a_number_is_asked_for() -> None:
    assert len(planned(0.5)) == 1
    assert len(planned(1.0, charge_orders=3)) == 1  # Ni2+ and Mn4+: nothing to order
    assert len(planned(2.0, charge_orders=0)) == 3


def test_a_sulfide_and_a_larger_cell_are_seeded_as_well() -> None:
    assert moments(seed(1.0, SULFIDE, charge_orders=1))["Ti", 0.6] == 8
    large = seed(2.0, {"host": {"supercell": [1, 1, 2]}})
    assert len(large.ordering["seeded"]["reduced"]) == 16
    assert elongated(large) == set(large.ordering["seeded"]["reduced"])


def test_more_strains_are_added_to_the_default_ones() -> None:
    found = planned(2.0, more=[{"x": 2, "c_strain": 0.05}, {"x": 2, "c_strain": 0.0}])
    strains = [c.ordering["c_strain"] for c in found]
    assert strains == [0.02, 0.0, -0.02, 0.05, 0.0]  # the last one is the seed


@pytest.mark.parametrize("name", ["paper", "dft", "dft-relaxed", "dft-56"])
def test_every_start_has_the_elongation_along_c_that_its_name_says(name: str) -> None:
    strained = [
        calculation
        for calculation in plan(load_campaign(name))
        if calculation.ordering.get("c_strain")
    ]
    assert strained
    for calculation in strained:
        shape = pseudo_cubic(calculation.structure, calculation.supercell)
        wanted = 1 + calculation.ordering["c_strain"]
        assert shape.c_ratio == pytest.approx(wanted)
        assert "sheared" not in shape.lattice_class
