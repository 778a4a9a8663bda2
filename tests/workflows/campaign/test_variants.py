"""Variants: one campaign file, a study; what is not studied is equal in all of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workflows import load_campaign, open_results, plan
from workflows.campaign.calculation import Calculation
from workflows.campaign.campaign import Campaign, overridden, packaged_campaigns
from workflows.campaign.inputs import vasp_inputs
from workflows.cli.selection import Selection
from workflows.errors import CampaignError, ResultsError
from workflows.records.document import TaskDocument

WriteCampaign = Callable[..., Path]
STUDIES = ("convergence", "magnetic-order", "ordering", "u-sensitivity")


@pytest.fixture
def two(write_campaign: WriteCampaign) -> Path:
    """x = 1 at two cutoffs, the first of them the paper's."""
    finer = {"vasp": {"incar": {"common": {"ENCUT": 680}}}}
    return write_campaign({"x": [1], "variants": {"paper": {}, "finer": finer}})


def by_variant(campaign: Campaign) -> dict[str, list[Calculation]]:
    found: dict[str, list[Calculation]] = {}
    for calculation in plan(campaign):
        found.setdefault(calculation.variant, []).append(calculation)
    return found


def test_changes_merge_section_by_section_and_a_u_is_replaced_whole() -> None:
    content = {"x": [0], "vasp": {"hubbard_u": {"Mn": 4, "Ni": 5}, "kpoints": [3] * 3}}
    changes = {"vasp": {"hubbard_u": {"Mn": 3}}}
    assert overridden(content, changes) == {
        "x": [0],
        "vasp": {"hubbard_u": {"Mn": 3}, "kpoints": [3, 3, 3]},
    }
    assert content["vasp"] == {"hubbard_u": {"Mn": 4, "Ni": 5}, "kpoints": [3] * 3}


def test_every_variant_is_planned_under_its_name(
    two: Path, calculations: tuple[Calculation, ...]
) -> None:
    found = plan(load_campaign(two))
    assert [c.label for c in found] == ["x=1 (paper)", "x=1 (finer)"]
    assert [c.ordering["variant"] for c in found] == ["paper", "finer"]
    assert [vasp_inputs(c, "static").incar["ENCUT"] for c in found] == [520, 680]
    assert found[0].id == calculations[4].id  # the name is no part of the id
    assert found[0].structure == found[1].structure


def test_what_two_variants_share_is_computed_once_and_named_after_both(
    write_campaign: WriteCampaign,
) -> None:
    variants = {"a": {}, "b": {}, "c": {"vasp": {"hubbard_u": "mp"}}}
    changes = {"x": [1], "lithium_reference": True, "variants": variants}
    found = plan(load_campaign(write_campaign(changes)))
    assert [c.label for c in found] == ["x=1 (a+b)", "x=1 (c)", "Li metal"]


def test_one_variant_alone_has_the_ids_it_has_among_the_others(two: Path) -> None:
    campaign = load_campaign(two)
    together = {c.variant: c.id for c in plan(campaign)}
    alone = {name: plan(campaign.only(name))[0].id for name in campaign.variants}
    assert alone == together


def test_x_and_engine_of_the_command_line_win_over_those_of_a_variant(
    write_campaign: WriteCampaign,
) -> None:
    path = write_campaign({"variants": {"a": {"x": [0, 1]}, "b": {"x": [2]}}})
    chosen = load_campaign(path).override(x=[1], engine="chgnet")
    assert {(c.x, c.engine) for c in plan(chosen)} == {(1, "chgnet")}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"vasp": {"kpoint": [1, 1, 1]}}, "unknown key vasp.kpoint (did you mean"),
        ({"vasp": {"functional": "pbf"}}, "unknown functional (did you mean pbe"),
        ({"x": [3]}, "x = 3 is outside 0..2"),
        ({"name": "other"}, "name cannot differ between variants"),
        ({"variants": {}}, "variants cannot differ between variants"),
    ],
)
def test_a_mistake_in_a_variant_is_refused_by_its_name(
    write_campaign: WriteCampaign, changes: dict[str, Any], told: str
) -> None:
    path = write_campaign({"variants": {"odd": changes}})
    with pytest.raises(CampaignError, match=r"variant odd: ") as caught:
        load_campaign(path)
    assert told in str(caught.value)


def test_a_u_that_a_variant_leaves_out_is_not_filled_in_from_the_campaign(
    write_campaign: WriteCampaign,
) -> None:
    own = {"lone": {"vasp": {"hubbard_u": {"Mn": 3.9}}}}
    changes = {"x": [1], "vasp.hubbard_u": {"Mn": 4, "Ni": 5}, "variants": own}
    with pytest.raises(Exception, match="gives no U for Ni"):
        plan(load_campaign(write_campaign(changes)))


def test_a_selection_chooses_one_variant_and_says_so(two: Path) -> None:
    chosen = Selection(str(two), variant="finer")
    found = chosen.calculations()
    assert found is not None
    assert [c.variant for c in found] == ["finer"]
    assert str(chosen).endswith("--variant finer")
    each = Selection(str(two)).one_by_one()
    assert [one.variant for one in each] == ["paper", "finer"]
    assert chosen.one_by_one() == (chosen,)


def test_results_of_several_variants_are_refused_with_their_names(
    two: Path, project: Callable[..., Path]
) -> None:
    where = project()
    with pytest.raises(CampaignError, match="choose one with --variant: paper, finer"):
        Selection(str(two), launchpad=where).results()
    one = Selection(str(two), launchpad=where, variant="finer").results()
    assert one.series()["state"].tolist() == ["PLANNED"]


def test_a_table_never_mixes_variants_however_it_is_asked_for(
    two: Path,
    calculations: tuple[Calculation, ...],
    finished: Callable[..., TaskDocument],
    project: Callable[..., Path],
) -> None:
    # The first variant is the paper's own calculation, recorded by another campaign.
    recorded, finer = calculations[4], plan(load_campaign(two))[1]
    other = finished(finer, settings={"functional": "pbe_u"})
    mine = finished(recorded, settings={"functional": "pbe_u"})
    results = open_results(project(mine, other))
    with pytest.raises(ResultsError, match="variants none, finer; one table never"):
        results.series()
    campaign = load_campaign(two)
    with pytest.raises(ResultsError, match="variants finer, paper"):
        results.select(plan(campaign)).series()
    for name, expected in (("paper", recorded), ("finer", finer)):
        chosen = results.select(plan(campaign.only(name)))
        assert chosen.series()["calculation_id"].tolist() == [expected.id]


def test_a_variant_that_does_not_exist_is_refused_with_those_that_do(
    two: Path,
) -> None:
    with pytest.raises(CampaignError, match=r"did you mean finer\?\); it has paper"):
        Selection(str(two), variant="fine").campaign()
    with pytest.raises(CampaignError, match="no variants: leave out --variant"):
        Selection("paper", variant="fine").campaign()
    with pytest.raises(CampaignError, match="needs a campaign: name it too"):
        Selection(None, variant="fine")


@pytest.mark.parametrize("name", ["paper", *STUDIES])
def test_a_campaign_printed_in_full_is_the_same_campaign(
    name: str, tmp_path: Path
) -> None:
    campaign = load_campaign(name)
    path = tmp_path / "printed.yaml"
    path.write_text(campaign.as_yaml(), "utf-8")
    assert load_campaign(path) == campaign


def test_the_studies_are_packaged() -> None:
    assert set(STUDIES) < set(packaged_campaigns())


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_holds_the_campaign_of_the_paper_and_changes_it(name: str) -> None:
    found = by_variant(load_campaign(name))
    first, *others = [name for name in found if name and "+" not in name]
    mine = plan(load_campaign("paper").override(x=[0]))[:1]
    assert others
    for variant in others:
        ids = {c.id for c in found[variant]}
        assert ids.isdisjoint(c.id for c in found[first])
    if name != "magnetic-order":
        assert found[first][0].id == mine[0].id


def test_the_convergence_study_holds_what_a_referee_asks_for() -> None:
    found = by_variant(load_campaign("convergence"))
    tags = {
        name: (
            vasp_inputs(c, "static").incar["ENCUT"],
            vasp_inputs(c, "static").kpoints[0],
        )
        for name, (c, *_) in found.items()
        if not c.reference
    }
    assert set(tags.values()) == {
        *((e, 3) for e in (520, 600, 680)),
        *((520, k) for k in (2, 4, 5)),
    }
    assert {c.x for c in found["encut-680"]} == {0, 1, 2, None}
    metals = {
        vasp_inputs(c, "static").incar["ENCUT"]
        for own in found.values()
        for c in own
        if c.reference
    }
    assert metals == {520, 600, 680}


def test_the_u_study_moves_each_u_by_1_ev() -> None:
    found = by_variant(load_campaign("u-sensitivity"))
    values = {
        name: tuple(own[0].settings["hubbards"][e] for e in ("Mn", "Ni"))
        for name, own in found.items()
        if name
    }
    assert values == {
        **{"paper": (5.96, 4.5), "paper_swapped": (4.5, 5.96), "mp": (3.9, 6.2)},
        **{"none": (0, 0), "mn-minus-1": (4.96, 4.5), "mn-plus-1": (6.96, 4.5)},
        **{"ni-minus-1": (5.96, 3.5), "ni-plus-1": (5.96, 5.5)},
    }
    assert [c.label for c in found[""]] == ["Li metal"]
