"""A run file that was damaged or edited is never taken for the plan of a run."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.places import DATA
from workflows import parse_run
from workflows.campaign.calculation import Calculation
from workflows.records.document import State, TaskDocument
from workflows.records.file_store import FileResults
from workflows.records.identity import problem_of_directory
from workflows.records.run_file import RUN_FILE, read_run_file, write_run_file

NAN = float("nan")


@pytest.fixture
def run(tmp_path: Path, calculations: tuple[Calculation, ...]) -> Path:
    """A finished run with a run file of ours; that of another crystal will do."""
    place = tmp_path / "static"
    shutil.copytree(DATA / "NiO_static", place)
    write_run_file(place, calculations[0], "static")
    return place


def without(run: Path, key: str, name: str = RUN_FILE) -> None:
    content = json.loads((run / name).read_text("utf-8"))
    del content[key]
    (run / name).write_text(json.dumps(content), "utf-8")


def edit(run: Path, *keys: str | int, value: Any, name: str = RUN_FILE) -> None:
    content = json.loads((run / name).read_text("utf-8"))
    inside = content
    for key in keys[:-1]:
        inside = inside[key]
    inside[keys[-1]] = value
    (run / name).write_text(json.dumps(content), "utf-8")


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (("calculation",), []),
        (("calculation", "id"), [1]),
        (("calculation", "x"), "one"),
        (("calculation", "x"), NAN),
        (("calculation", "n_li"), "8"),
        (("calculation", "formula"), None),
        (("calculation", "ordering"), None),
        (("calculation", "steps"), []),
        (("calculation", "steps"), "static"),
        (("calculation", "settings"), [1]),
        (("calculation", "supercell"), "cubic"),
        (("calculation", "supercell"), [[NAN] * 3] * 3),
        (("calculation", "structure"), "a cell"),
        (("calculation", "structure", "species"), []),
        (("calculation", "structure", "species"), ["Zz"] * 56),
        (("calculation", "structure", "species", 0), {}),
        (("calculation", "structure", "species", 0), []),
        (("calculation", "structure", "species", 0), {"Li": 0}),
        (("calculation", "structure", "species", 0), {"Li": 0.5}),
        (("calculation", "structure", "species", 0), {"Li": 1}),
        (("calculation", "structure", "species", 0), 3),
        (("calculation", "structure", "species", 0), "Li0.5"),
        (("calculation", "structure", "species", 0), "X"),
        (("calculation", "structure", "lattice"), [[0.0] * 3] * 3),
        (("calculation", "structure", "lattice"), [[NAN] * 3] * 3),
        (("calculation", "structure", "frac_coords"), "here"),
        (("inputs",), None),
        (("inputs",), [1]),
        (("inputs",), {}),
        (("inputs",), {"incar": [], "kpoints": [3, 3, 3], "structure": {}}),
        (("orbitals",), "none"),
        (("step",), 5),
    ],
)
def test_one_of_another_form_counts_as_missing_and_is_told(
    run: Path, keys: tuple[str | int, ...], value: object
) -> None:
    edit(run, *keys, value=value)
    assert read_run_file(run) is None
    document = parse_run(run)
    assert "fault of lnmo" not in document.reason
    assert document.calculation_id is None
    told = [f.message for f in document.findings if f.id == "unreadable_file"]
    assert len(told) == 1
    assert RUN_FILE in told[0]


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (("settings", "incar"), [1]),
        (("settings", "incar", "static"), None),
        (("settings", "incar", "static", "ENCUT"), 400),
        (("settings", "kpoints"), "3 3 3"),
        (("settings", "hubbards"), {"Mn": "x"}),
        (("settings", "magmom"), {"Mn": "up"}),
    ],
)
def test_settings_that_are_not_those_of_the_id_are_never_a_done_run(
    run: Path, keys: tuple[str | int, ...], value: object
) -> None:
    edit(run, "calculation", *keys, value=value)
    document = parse_run(run)
    assert document.state is State.FAILED
    assert "although it gives the id" in document.reason
    assert "fault of lnmo" not in document.reason


@pytest.mark.parametrize("sealed", [True, False])
@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (("calculation", "engine"), "gpaw"),
        (("calculation", "engine"), "chgnet"),
        (("calculation", "engine"), "qe"),
        (("calculation", "steps"), ["static"]),
    ],
)
def test_an_edit_of_what_the_id_holds_is_told_before_any_engine_reads(
    run: Path, keys: tuple[str, ...], value: object, sealed: bool
) -> None:
    edit(run, *keys, value=value)
    if not sealed:
        without(run, "sha256")
    document = parse_run(run)
    assert document.state is State.FAILED
    assert "its lnmo.json is that of another calculation" in document.reason
    assert "it was edited: move it away and run again" in document.reason


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (("calculation", "supercell"), [[2.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0]]),
        (("calculation", "ordering", "degeneracy"), 7),
        (("calculation", "x"), 0.5),
        (("calculation", "n_li"), 4),
        (("calculation", "formula"), "Li2O"),
        (("calculation", "campaign"), "another"),
        (("calculation", "notes"), ["other"]),
        (("calculation", "reseeds"), 3),
        (("inputs",), {"incar": {}, "kpoints": [1, 1, 1], "structure": None}),
    ],
)
def test_an_edit_of_what_no_id_holds_is_told(
    tmp_path: Path,
    calculations: tuple[Calculation, ...],
    keys: tuple[str, ...],
    value: object,
) -> None:
    own, inputs = calculations[0], {"incar": {}, "kpoints": [3, 3, 3]}
    structure = own.as_dict()["structure"]
    shutil.copytree(DATA / "NiO_static", tmp_path / "static")
    run = tmp_path / "static"
    write_run_file(run, own, "static", inputs={**inputs, "structure": structure})
    assert problem_of_directory(run, own.id, "static", own) == ""
    if isinstance(value, dict):
        value = {**value, "structure": structure}
    edit(run, *keys, value=value)
    told = "its lnmo.json is not what was written: it was edited, or damaged; put back"
    assert told in problem_of_directory(run, own.id, "static", own)
    document = parse_run(run)
    assert document.state is State.FAILED
    assert told in document.reason


def test_a_run_without_its_planned_inputs_is_not_judged(
    run: Path, calculations: tuple[Calculation, ...]
) -> None:
    without(run, "sha256")  # as lnmo 0.1.0 wrote it
    for place in (run, run / "OUTCAR.gz"):
        document = parse_run(place)
        assert document.state is State.FAILED
        assert "its lnmo.json is without the inputs as intended" in document.reason


@pytest.mark.parametrize("content", ["", "{", "null", "\0\0\0", '{"calculation": 5}'])
def test_a_run_whose_plan_is_lost_needs_a_review(run: Path, content: str) -> None:
    (run / RUN_FILE).write_text(content)
    document = parse_run(run)
    assert document.state is State.NEEDS_REVIEW
    assert "without its plan; put back a copy of it" in document.reason


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (("supercell",), [[2.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
        (("ordering", "degeneracy"), 99),
        (("ordering",), {}),
    ],
)
@pytest.mark.parametrize("name", [RUN_FILE, "task_document.json"])
def test_a_record_and_its_plan_that_say_other_things_are_one_failed_row(
    tmp_path: Path,
    calculations: tuple[Calculation, ...],
    finished: Callable[..., TaskDocument],
    name: str,
    keys: tuple[str, ...],
    value: object,
) -> None:
    own, store = calculations[3], FileResults(tmp_path)
    run = store.directory(own.id, "static")
    run.mkdir(parents=True)
    write_run_file(run, own, "static", collected={})
    store.put(finished(own))
    assert [d.state for d in store.documents()] == [State.DONE]
    without(run, "sha256", RUN_FILE)
    without(run, "sha256", "task_document.json")
    inside = ("calculation",) if name == RUN_FILE else ()
    edit(run, *inside, *keys, value=value, name=name)
    (found,) = FileResults(tmp_path).documents()
    assert found.state is State.FAILED
    assert f"but its {keys[0]} is" in found.reason
    (summary,) = FileResults(tmp_path).summaries()
    assert summary.document.state is State.FAILED


def test_the_inputs_are_on_the_disk_before_the_run_file_that_stands_for_them(
    tmp_path: Path,
    calculations: tuple[Calculation, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("INCAR", "KPOINTS", "POSCAR", "POTCAR"):
        (tmp_path / name).write_text(name)
    os.mkfifo(tmp_path / "a pipe of somebody")
    flushed: list[str] = []
    fsync = os.fsync

    def told(descriptor: int) -> None:
        flushed.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")).name)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", told)
    write_run_file(tmp_path, calculations[0], "static")
    *inputs, directory, last = flushed
    assert inputs == ["INCAR", "KPOINTS", "POSCAR", "POTCAR"]
    assert directory == tmp_path.name
    assert RUN_FILE in last
