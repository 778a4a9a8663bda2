"""Results are selected by campaign and engine; an error names the calls."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from workflows import load_campaign, open_results, plan
from workflows.campaign.calculation import Calculation
from workflows.errors import CampaignError, ResultsError
from workflows.records.document import TaskDocument
from workflows.results.kinds import Kind, SeveralKinds, kinds_of
from workflows.results.results import Results

Finished = Callable[..., TaskDocument]
CHGNET = {"engine_version": "0.4.2", "surrogate": True}
GPAW = {"engine_version": "26.7.0"}


def planned(engine: str, name: str = "paper") -> list[Calculation]:
    cells = plan(load_campaign("paper").override(engine=engine, x=[0, 1]))
    return [replace(c, campaign=name) for c in cells if not c.reference]


@pytest.fixture
def recorded(finished: Finished) -> Callable[..., list[TaskDocument]]:
    def make(engine: str, name: str = "paper") -> list[TaskDocument]:
        changes = {"chgnet": CHGNET, "gpaw": GPAW}.get(engine, {})
        step = "relax" if engine == "chgnet" else "static"
        return [finished(c, step, **changes) for c in planned(engine, name)]

    return make


def test_the_error_of_several_engines_names_calls_that_work(
    recorded: Callable[..., list[TaskDocument]], project: Callable[..., Path]
) -> None:
    where = project(*recorded("vasp"), *recorded("chgnet"))
    results = open_results(where)
    with pytest.raises(SeveralKinds, match="one table never mixes them") as error:
        results.series()
    calls = re.findall(r"\.select\([^)]+\)", str(error.value))
    assert len(calls) == len(error.value.kinds) == 2
    for call, engine in zip(calls, ("chgnet", "vasp"), strict=True):
        chosen = eval(f"results{call}", {"results": results})
        assert isinstance(chosen, Results)
        assert set(chosen.series().query("state == 'DONE'")["engine"]) == {engine}


def test_opening_takes_what_selecting_takes(
    recorded: Callable[..., list[TaskDocument]], project: Callable[..., Path]
) -> None:
    where = project(*recorded("vasp"), *recorded("chgnet"))
    opened = open_results(where, campaign="paper", engine="chgnet", x=[1]).series()
    chosen = open_results(where).select(campaign="paper", engine="chgnet", x=[1])
    assert opened.equals(chosen.series())
    assert list(opened["x"]) == [1]


def test_a_campaign_whose_engine_has_nothing_is_shown_with_the_only_other_one(
    recorded: Callable[..., list[TaskDocument]], project: Callable[..., Path]
) -> None:
    series = open_results(project(*recorded("chgnet")), campaign="paper").series()
    assert set(series["engine"]) == {"chgnet"}
    assert set(series["state"]) == {"DONE", "PLANNED"}


def test_of_two_other_engines_neither_is_guessed(
    recorded: Callable[..., list[TaskDocument]], project: Callable[..., Path]
) -> None:
    where = project(*recorded("chgnet"), *recorded("gpaw"))
    with pytest.raises(SeveralKinds, match="no results of its own engine") as error:
        open_results(where, campaign="paper")
    assert [kind.engine for kind in error.value.kinds] == ["chgnet", "gpaw"]


def test_without_results_the_plan_of_the_campaign_is_shown(
    project: Callable[..., Path],
) -> None:
    series = open_results(project(), campaign="paper").series()
    assert set(series["state"]) == {"PLANNED"}
    assert set(series["engine"]) == {"vasp"}


def test_a_campaign_is_named_by_name_file_or_itself(
    recorded: Callable[..., list[TaskDocument]],
    project: Callable[..., Path],
    tmp_path: Path,
) -> None:
    where = project(*recorded("vasp"))
    campaign = load_campaign("paper")
    (tmp_path / "mine.yaml").write_text(campaign.as_yaml())
    by_name = open_results(where, campaign="paper").series()
    for given in (tmp_path / "mine.yaml", str(tmp_path / "mine.yaml"), campaign):
        assert open_results(where, campaign=given).series().equals(by_name)


def test_the_recorded_name_of_a_campaign_without_its_file_is_enough(
    recorded: Callable[..., list[TaskDocument]], project: Callable[..., Path]
) -> None:
    where = project(*recorded("vasp"), *recorded("chgnet", "mine"))
    assert set(open_results(where, campaign="mine").series()["engine"]) == {"chgnet"}
    with pytest.raises(CampaignError, match="no such campaign file"):
        open_results(where, campaign="mien")


def test_what_cannot_be_selected_is_told_with_what_can(
    recorded: Callable[..., list[TaskDocument]], project: Callable[..., Path]
) -> None:
    results = open_results(project(*recorded("vasp")))
    with pytest.raises(ResultsError, match=r"did you mean vasp\?"):
        results.select(engine="vaspp")
    with pytest.raises(ResultsError, match=r"no result at x = 0.3; there is x = 0, 1"):
        results.select(x=[0.3])
    with pytest.raises(ResultsError, match="needs a campaign: name it too"):
        results.select(variant="finer")
    with pytest.raises(CampaignError, match="has no variants"):
        results.select(campaign="paper", variant="finer")


def test_a_directory_with_data_and_no_launchpad_file_is_opened(
    recorded: Callable[..., list[TaskDocument]], project: Callable[..., Path]
) -> None:
    where = project(*recorded("vasp"))
    before = open_results(where).series()
    (where / "launchpad.yaml").unlink()
    assert open_results(where).series().equals(before)


def test_a_shared_calculation_counts_for_each_of_its_variants() -> None:
    found = kinds_of([("u", "vasp", "a+b"), ("u", "vasp", "b"), ("", "gpaw", "")])
    assert found == (
        Kind("", "gpaw", "", 1),
        Kind("u", "vasp", "a", 1),
        Kind("u", "vasp", "b", 2),
    )
