"""``lnmo parse``: several runs in a directory, one bad among good, one file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from workflows import parse_run
from workflows.errors import StoreError
from workflows.parsing import parse_all, parse_verb
from workflows.taskdoc import State

DATA = Path(__file__).parents[1] / "data"


def test_two_relaxations_in_one_directory_are_two_documents_in_order() -> None:
    both = parse_all(DATA / "LiAlSiO4_relax1_relax2")
    assert [d.task_label for d in both] == ["relax1", "relax2"]
    assert [d.state for d in both] == [State.DONE, State.DONE]
    assert [d.energy for d in both] == [-151.7374059, -151.7373863]


def test_the_last_relaxation_stands_for_its_directory() -> None:
    assert parse_run(DATA / "LiAlSiO4_relax1_relax2").task_label == "relax2"


def test_any_file_of_a_run_names_it() -> None:
    place = DATA / "LiAlSiO4_relax1_relax2"
    for name in ("OUTCAR.relax1.gz", "vasprun.xml.relax1.gz", "DOSCAR.relax1.gz"):
        assert parse_run(place / name).task_label == "relax1"
    with pytest.raises(StoreError, match="no file of a VASP run"):
        parse_run(DATA / "README.md")


def test_a_directory_without_a_run_of_its_own_gives_those_below(tmp_path: Path) -> None:
    for name in ("NiO_static", "Si_unfinished"):
        shutil.copytree(DATA / name, tmp_path / "deep" / name)
    found = parse_all(tmp_path)
    assert [d.state for d in found] == [State.DONE, State.TRUNCATED]
    assert [Path(d.dir_name).name for d in found] == ["NiO_static", "Si_unfinished"]


def test_runs_that_no_suffix_orders_are_listed_and_not_guessed() -> None:
    place = DATA / "custodian_large_sigma"
    assert len(parse_all(place)) == 2
    with pytest.raises(StoreError, match="2 runs here"):
        parse_run(place)


def test_a_bad_one_gives_its_reason_and_the_rest_still_parse(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    paths = [DATA / "NiO_static", tmp_path / "nowhere", DATA / "V2O5_unconverged"]
    assert parse_verb(paths, as_json=True) == 1
    found = json.loads(capsys.readouterr().out)
    assert [d["state"] for d in found] == ["DONE", "FAILED", "UNCONVERGED"]
    assert found[1]["reason"].endswith("nowhere: no such file or directory")
    assert found[0]["hubbards"] == {"Ni": 6.2}


def test_a_cut_run_is_printed_with_what_its_energy_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert parse_verb([DATA / "LiFe4P4O16_truncated"], as_json=False) == 1
    told = capsys.readouterr().out
    assert "TRUNCATED  last whole step -269.00551 eV/cell  vasprun.xml.gz is" in told
    assert parse_verb([DATA / "GaAs_all_files"], as_json=False) == 0
