"""A document or a directory of another calculation is never taken for one's own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workflows.campaign.calculation import Calculation
from workflows.campaign.campaign import Campaign
from workflows.campaign.plan import plan
from workflows.errors import StoreError
from workflows.records.document import State, TaskDocument
from workflows.records.file_store import FileResults
from workflows.records.identity import (
    problem_of_directory,
    problem_of_document,
    same_content,
)
from workflows.records.run_file import RUN_FILE, read_run_file, write_run_file
from workflows.results.results import Results

Make = Callable[..., TaskDocument]


@pytest.fixture(scope="session")
def ours(calculations: tuple[Calculation, ...]) -> Calculation:
    return next(c for c in calculations if c.x == 1)


@pytest.fixture(scope="session")
def theirs(paper: Campaign) -> Calculation:
    """The same cell at another U, cutoff and mesh."""
    vasp = paper.vasp.model_copy(
        update={
            "kpoints": (2, 2, 2),
            "hubbard_u": {"Mn": 3.0, "Ni": 5.0},
            "incar": {"common": {"ENCUT": 400}},
        }
    )
    other = paper.model_copy(update={"vasp": vasp})
    return next(c for c in plan(other) if c.x == 1)


def put(root: Path, calculation: Calculation, document: TaskDocument) -> Path:
    store = FileResults(root)
    place = store.directory(calculation.id, document.task_label)
    place.mkdir(parents=True)
    write_run_file(place, calculation, document.task_label)
    store.put(document)
    return place


def edit(path: Path, **changes: Any) -> None:
    """Change a record of before the seal; test_seal has those that are sealed."""
    content = {**json.loads(path.read_text()), **changes}
    content.pop("sha256", None)
    path.write_text(json.dumps(content))


def test_the_two_differ_in_content_alone(
    ours: Calculation, theirs: Calculation
) -> None:
    assert ours.id != theirs.id
    assert ours.formula == theirs.formula
    assert same_content(ours, Calculation.from_dict(ours.as_dict()))
    assert not same_content(ours, theirs)


@pytest.mark.parametrize("edited", ["nothing", "document", "both"])
@pytest.mark.parametrize("run_file", ["theirs", "ours", "none"])
def test_a_document_copied_from_another_calculation_is_one_failed_row(
    ours: Calculation,
    theirs: Calculation,
    finished: Make,
    tmp_path: Path,
    edited: str,
    run_file: str,
) -> None:
    other = put(tmp_path, theirs, finished(theirs, settings=planned(theirs)))
    copied = FileResults(tmp_path).directory(ours.id, "static")
    shutil.copytree(other, copied)
    if run_file == "ours":
        write_run_file(copied, ours, "static")
    elif run_file == "none":
        (copied / RUN_FILE).unlink()
    if edited != "nothing":
        edit(copied / "task_document.json", calculation_id=ours.id)
    if edited == "both" and run_file == "theirs":
        plain = json.loads((copied / RUN_FILE).read_text())
        plain["calculation"]["id"] = ours.id
        (copied / RUN_FILE).write_text(json.dumps(plain))
    store = FileResults(tmp_path)
    if run_file == "none" and edited != "nothing":
        return  # nothing is left that tells; a run refuses it, see test_step
    with pytest.raises(StoreError) as caught:
        store.get(ours.id, "static")
    assert ours.id in str(caught.value)
    assert "move it away and run again" in str(caught.value)
    states = {d.calculation_id: d.state for d in store.documents()}
    assert states == {ours.id: State.FAILED, theirs.id: State.DONE}
    summaries = {s.document.calculation_id: s for s in store.summaries()}
    assert summaries[ours.id].document.state is State.FAILED
    assert summaries[ours.id].numbers == {}
    assert summaries[theirs.id].document.state is State.DONE
    again = {s.document.calculation_id: s.document.state for s in store.summaries()}
    assert again == states


def planned(calculation: Calculation) -> dict[str, Any]:
    settings = calculation.settings
    return {
        "functional": settings["functional"],
        "hubbards": settings["hubbards"],
        "potcar": [settings["potcar_functional"], settings["potcar"]],
        "ENCUT": float(settings["incar"]["static"]["ENCUT"]),
        "kpoints": list(settings["kpoints"]["static"]),
    }


@pytest.mark.parametrize(
    "change",
    [
        {"x": 0.5},
        {"formula": "Li4Ni4Mn12O32"},
        {"engine": "chgnet"},
        {"steps": ("static",)},
        {"n_li": 3},
        {"settings": {"ENCUT": 400.0}},
        {"settings": {"kpoints": [2, 2, 2]}},
        {"settings": {"hubbards": {"Mn": 1.0}}},
        {"settings": {"functional": "pbesol_u"}},
        {"settings": {"potcar": ["PBE_52", {}]}},
    ],
)
def test_a_document_with_our_id_and_other_content_is_not_ours(
    ours: Calculation, finished: Make, change: dict[str, Any]
) -> None:
    own = finished(ours, settings=planned(ours))
    assert problem_of_document(own, ours.id, "static", ours) == ""
    more = {**change, "settings": planned(ours) | change.get("settings", {})}
    other = finished(ours, **more)
    problem = problem_of_document(other, ours.id, "static", ours)
    assert ours.id in problem
    assert "that of another calculation, or was edited" in problem


def test_a_run_that_custodian_changed_is_still_ours(
    ours: Calculation, finished: Make
) -> None:
    changed = planned(ours) | {"ENCUT": 600.0, "kpoints": [4, 4, 4]}
    document = finished(ours, settings=changed, state=State.NEEDS_REVIEW)
    assert problem_of_document(document, ours.id, "static", ours) == ""


def test_a_document_of_before_a_field_was_there_is_ours(
    ours: Calculation, finished: Make
) -> None:
    document = finished(ours, formula_units=None, insertion=None, settings={})
    assert problem_of_document(document, ours.id, "static", ours) == ""


def test_an_edited_run_file_is_noticed_by_its_content(
    ours: Calculation, theirs: Calculation, tmp_path: Path
) -> None:
    write_run_file(tmp_path, ours, "relax")
    assert problem_of_directory(tmp_path, ours.id, "relax", None) == ""
    assert problem_of_directory(tmp_path, ours.id, "relax", ours) == ""
    plain = {"calculation": {**theirs.as_dict(), "id": ours.id}, "step": "relax"}
    (tmp_path / RUN_FILE).write_text(json.dumps(plain))
    for content in (None, ours):
        problem = problem_of_directory(tmp_path, ours.id, "relax", content)
        assert ours.id in problem
        assert theirs.id in problem


def test_the_step_counts_as_much_as_the_calculation(
    ours: Calculation, tmp_path: Path
) -> None:
    write_run_file(tmp_path, ours, "relax")
    problem = problem_of_directory(tmp_path, ours.id, "static", ours)
    assert f"{ours.id} relax, not of {ours.id} static" in problem


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '"x"', "5", "null", "[" * 5000, '{"step": 5}', '{"step": "s"}'],
)
def test_a_run_file_that_is_none_of_ours_counts_as_none(
    tmp_path: Path, content: str
) -> None:
    (tmp_path / RUN_FILE).write_text(content)
    assert read_run_file(tmp_path) is None


def test_every_planned_calculation_is_the_content_of_its_id(
    calculations: tuple[Calculation, ...], tmp_path: Path
) -> None:
    for each in calculations:
        write_run_file(tmp_path, each, "relax")
        assert problem_of_directory(tmp_path, each.id, "relax", None) == ""


def test_a_document_is_not_recorded_into_anothers_directory(
    ours: Calculation, theirs: Calculation, finished: Make, tmp_path: Path
) -> None:
    store = FileResults(tmp_path)
    place = store.directory(ours.id, "static")
    place.mkdir(parents=True)
    write_run_file(place, theirs, "static")
    with pytest.raises(StoreError, match="not recorded") as caught:
        store.put(finished(ours))
    assert ours.id in str(caught.value)
    assert theirs.id in str(caught.value)
    assert [path.name for path in place.iterdir()] == [RUN_FILE]


@pytest.mark.parametrize("state", [State.PLANNED, State.RUNNING])
def test_only_a_run_that_has_ended_is_recorded(
    ours: Calculation, finished: Make, tmp_path: Path, state: State
) -> None:
    store = FileResults(tmp_path)
    store.directory(ours.id, "static").mkdir(parents=True)
    with pytest.raises(StoreError, match=f"is {state}, not recorded"):
        store.put(finished(ours, state=state))
    assert store.get(ours.id, "static") is None


def test_a_table_shows_the_other_results_beside_a_foreign_one(
    calculations: tuple[Calculation, ...],
    finished: Make,
    project: Callable[..., Path],
) -> None:
    first, second, *_ = calculations
    place = project(finished(first), finished(second))
    documents = place / "lnmo-data" / "calculations"
    shutil.copy(
        documents / second.id / "static" / "task_document.json",
        documents / first.id / "static" / "task_document.json",
    )
    store = FileResults(place / "lnmo-data")
    series = Results(store, calculations=[first, second]).series()
    by_x = dict(zip(series["x"], series["state"], strict=True))
    assert by_x == {first.x: "FAILED", second.x: "DONE"}
    alone = Results(store).series()
    assert list(alone["state"]) == ["DONE"]
    assert sorted(Results(store).runs()["state"]) == ["DONE", "FAILED"]
