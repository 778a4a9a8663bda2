"""Runs of other people under custodian, whose inputs it changed, or was told to."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.places import DATA
from workflows import parse_run
from workflows.engines.vasp.parse import parse_files
from workflows.records.document import State, TaskDocument
from workflows.vasp.run_files import run_files


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A static step under custodian, with the copies that it makes of its inputs."""
    for packed in (DATA / "MgMn2O4_static_ferromagnetic").glob("*.gz"):
        content = gzip.decompress(packed.read_bytes())
        (tmp_path / packed.stem).write_bytes(content)
    for name in ("INCAR", "KPOINTS", "POSCAR"):
        shutil.copy(tmp_path / name, tmp_path / f"{name}.orig")
    return tmp_path


def given(directory: Path, old: str, new: str, name: str = "INCAR") -> None:
    """Have custodian given another input than the one that ran."""
    path = directory / f"{name}.orig"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def corrected(directory: Path, where: str, **tags: object) -> None:
    """Have custodian's log tell of a correction."""
    path = directory / "custodian.json"
    log = json.loads(path.read_text("utf-8"))
    action = {"dict": where, "action": {"_set": tags}}
    log[0]["corrections"] = [
        {"errors": ["x"], "actions": [action], "handler": {"@class": "Handler"}}
    ]
    path.write_text(json.dumps(log), "utf-8")


def changed(document: TaskDocument) -> list[tuple[str, str]]:
    found = [f for f in document.findings if f.id == "inputs_changed"]
    return [(f.message.split()[0], f.severity) for f in found]


def test_inputs_that_custodian_left_alone_have_no_finding(run: Path) -> None:
    document = parse_run(run)
    assert (document.state, changed(document)) == (State.DONE, [])


def test_a_density_that_custodian_set_free_is_no_result(run: Path) -> None:
    given(run, "ENCUT", "ICHARG = 11\nENCUT")
    corrected(run, "INCAR", ICHARG=2, AMIX=0.1)
    document = parse_run(run)
    assert document.state is State.FAILED
    assert document.reason.startswith("ICHARG was 11, ran as None")


def test_a_smearing_that_custodian_changed_needs_review(run: Path) -> None:
    given(run, "ISMEAR = -5", "ISMEAR = 1")
    corrected(run, "INCAR", ISMEAR=-5)
    document = parse_run(run)
    assert document.state is State.NEEDS_REVIEW
    assert document.reason.startswith("ISMEAR was 1, ran as -5")


def test_how_custodian_found_the_solution_is_recorded(run: Path) -> None:
    given(run, "ALGO = Fast", "ALGO = All")
    given(run, "LREAL = False", "LREAL = Auto")
    corrected(run, "INCAR", ALGO="Fast", LREAL=False)
    document = parse_run(run)
    assert document.state is State.DONE
    assert changed(document) == [("ALGO", "info"), ("LREAL", "info")]


def test_an_incar_edited_after_the_run_is_no_change_by_custodian(run: Path) -> None:
    with (run / "INCAR").open("a") as incar:
        incar.write("\nICHARG = 11\n")
    document = parse_run(run)
    assert document.state is State.NEEDS_REVIEW
    assert changed(document) == []


def test_what_only_decides_the_files_written_is_no_change(run: Path) -> None:
    given(run, "LVTOT = True", "LVTOT = False")
    assert changed(parse_run(run)) == []


def test_a_mesh_that_custodian_changed_needs_review(run: Path) -> None:
    given(run, "Gamma", "Monkhorst", name="KPOINTS")
    corrected(run, "KPOINTS", generation_style="Gamma")
    document = parse_run(run)
    assert document.state is State.NEEDS_REVIEW
    assert document.reason.startswith("KPOINTS.orig, which custodian was given, has")


def test_a_poscar_that_custodian_edited_needs_review(run: Path) -> None:
    corrected(run, "POSCAR", structure={})
    assert changed(parse_run(run)) == [("POSCAR", "warning")]


@pytest.mark.parametrize("log", [None, "[", "{}", '[{"job": {"suffix": ".relax9"}}]'])
def test_without_a_log_of_this_run_old_copies_prove_nothing(
    run: Path, log: str | None
) -> None:
    given(run, "ISMEAR = -5", "ISMEAR = 1")
    (run / "custodian.json").unlink()
    if log is not None:
        (run / "custodian.json").write_text(log, "utf-8")
    assert parse_run(run).state is State.DONE


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """Two relaxations, the second with settings of its own."""
    directory = Path(shutil.copytree(DATA / "LiAlSiO4_relax1_relax2", tmp_path / "two"))
    first = directory / "INCAR.relax1.gz"
    (directory / "INCAR.orig").write_bytes(gzip.decompress(first.read_bytes()))
    return directory


def states(directory: Path) -> list[Any]:
    return [parse_files(files).state for files in run_files(directory)]


def test_what_a_second_relaxation_was_told_is_no_change(two: Path) -> None:
    given(two, "EDIFFG = -0.05", "EDIFFG = -0.1")  # which relax2 was told to be -0.05
    assert states(two) == [State.NEEDS_REVIEW, State.DONE]


def test_a_correction_of_the_first_relaxation_holds_for_the_second(two: Path) -> None:
    given(two, "ISMEAR = -5", "ISMEAR = 0")
    assert states(two) == [State.NEEDS_REVIEW, State.NEEDS_REVIEW]
