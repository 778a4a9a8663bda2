"""Which Li arrangement, out of how many: the record a referee asks for."""

import json
import subprocess
import sys

import pytest

from structures import INSERTION_MODELS
from workflows.campaign.arrangements import all_arrangements
from workflows.campaign.campaign import Campaign
from workflows.campaign.plan import plan
from workflows.cli.orderings import ordering_row
from workflows.errors import CampaignError


def test_the_paper_grid_counts_29_distinct_arrangements(paper: Campaign) -> None:
    rows = [ordering_row(choice) for choice in all_arrangements(paper)]
    on_the_grid = [row for row in rows if row["insertion"] != "oct_16c_rocksalt"]
    assert [row["distinct"] for row in on_the_grid] == [1, 3, 7, 3, 1, 3, 7, 3, 1]
    assert [row["raw"] for row in on_the_grid] == [1, 28, 70, 28, 1, 28, 70, 28, 1]


def test_what_was_dropped_is_told_with_its_energy_window(paper: Campaign) -> None:
    (choice,) = all_arrangements(paper.override(x=[0.5]))
    row = ordering_row(choice)
    assert (row["ranked"], row["kept"]) == (7, 1)
    assert row["ewald_spread"] >= row["ewald_gap_to_dropped"] > 0
    (calculation,) = plan(paper.override(x=[0.5]))
    assert calculation.ordering["dropped"] == 6
    assert calculation.ordering["dropped_window"] == pytest.approx(row["ewald_spread"])


def test_keeping_more_orderings_keeps_the_lowest_and_names_each(
    paper: Campaign,
) -> None:
    content = paper.model_dump(mode="json")
    content["orderings"]["keep"] = 3
    kept = plan(Campaign.model_validate(content).override(x=[0.5]))
    energies = [c.ordering["ewald_energy"] for c in kept]
    assert energies == sorted(energies)
    assert [c.label for c in kept] == ["x=0.5", "x=0.5 #2", "x=0.5 #3"]
    assert len({c.id for c in kept}) == 3


def test_more_starts_at_x_2_differ_in_their_strain_only(paper: Campaign) -> None:
    content = paper.model_dump(mode="json")
    content["start"]["more"] = [{"x": 2, "c_strain": 0.0}, {"x": 2, "c_strain": -0.02}]
    starts = plan(Campaign.model_validate(content).override(x=[1, 2]))
    tetrahedral = [c for c in starts if c.insertion == "tet_8b"]
    lengths = [c.structure.lattice.c / 8.17 for c in tetrahedral]
    assert lengths == pytest.approx([1.02, 1.0, 0.98])
    assert [c.label for c in tetrahedral] == [
        "x=2 tet_8b",
        "x=2 tet_8b c+0%",
        "x=2 tet_8b c-2%",
    ]
    assert sum(c.x == 1 for c in starts) == 1


def test_more_starts_leave_the_ids_of_the_first_ones_alone(paper: Campaign) -> None:
    content = paper.model_dump(mode="json")
    content["start"]["more"] = [{"x": 2, "c_strain": 0.0}]
    more = {c.id for c in plan(Campaign.model_validate(content))}
    assert {c.id for c in plan(paper)} < more


@pytest.mark.parametrize("model", list(INSERTION_MODELS))
def test_every_insertion_model_plans_at_every_x_above_1(
    paper: Campaign, model: str
) -> None:
    content = paper.model_dump(mode="json")
    content["insertion"] = [{"model": model}]
    content["start"]["charge_orders"] = 1
    content["orderings"]["max_enumerate"] = 50
    planned = plan(Campaign.model_validate(content).override(x=[1.25, 1.5, 2]))
    assert {(c.x, c.insertion) for c in planned} == {
        (x, model) for x in (1.25, 1.5, 2.0)
    }


def test_a_strained_start_keeps_the_k_mesh_of_its_siblings(paper: Campaign) -> None:
    content = paper.model_dump(mode="json")
    content["start"]["more"] = [{"x": 2, "c_strain": -0.1}]
    planned = plan(Campaign.model_validate(content).override(x=[2]))
    meshes = {tuple(c.settings["kpoints"]["relax"]) for c in planned}
    assert meshes == {(3, 3, 3)}


def test_the_ensemble_is_all_22_hosts_with_their_weights(paper: Campaign) -> None:
    content = paper.model_dump(mode="json")
    content["host"]["ordering"] = "ensemble"
    members = plan(Campaign.model_validate(content).override(x=[1]))
    assert len(members) == 22
    assert sum(c.ordering["host_weight"] for c in members) == 1820
    assert len({c.label for c in members}) == 22


def test_an_ensemble_of_a_supercell_is_refused_with_the_cure(paper: Campaign) -> None:
    content = paper.model_dump(mode="json")
    content["host"] |= {"ordering": "ensemble", "supercell": [2, 1, 1]}
    with pytest.raises(CampaignError, match="remove supercell"):
        plan(Campaign.model_validate(content))


def test_the_command_prints_the_same_rows_as_json(paper: Campaign) -> None:
    command = [sys.executable, "-m", "workflows.cli", "orderings", "paper", "--json"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert json.loads(told) == json.loads(
        json.dumps([ordering_row(choice) for choice in all_arrangements(paper)])
    )
