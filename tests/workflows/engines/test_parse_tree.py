"""``lnmo parse``: several runs in a directory, one bad among good, one file."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.places import DATA
from workflows import parse_run
from workflows.campaign.calculation import Calculation
from workflows.cli.parse import may_run, show_runs
from workflows.engines.parse_tree import parse_all
from workflows.engines.protocol import RUN_FILE, write_run_file
from workflows.engines.vasp.foreign_runs import foreign_runs
from workflows.errors import StoreError
from workflows.records.document import State
from workflows.vasp.read_directory import find_runs


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
    assert show_runs(paths, as_json=True) == 1
    found = json.loads(capsys.readouterr().out)
    assert [d["state"] for d in found] == ["DONE", "FAILED", "UNCONVERGED"]
    assert found[1]["reason"].endswith("nowhere: no such file or directory")
    assert found[0]["hubbards"] == {"Ni": 6.2}


def test_a_cut_run_is_printed_with_what_its_energy_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert show_runs([DATA / "LiFe4P4O16_truncated"], as_json=False) == 1
    told = capsys.readouterr().out
    assert "TRUNCATED  last whole step -269.00551 eV/cell  vasprun.xml.gz is" in told
    assert show_runs([DATA / "GaAs_all_files"], as_json=False) == 0


def test_a_run_and_the_runs_below_it_are_all_read(tmp_path: Path) -> None:
    top = Path(shutil.copytree(DATA / "NiO_static", tmp_path / "top"))
    shutil.copytree(DATA / "LiAlSiO4_relax1_relax2", top / "below" / "it")
    found = parse_all(top)
    assert [d.task_label for d in found] == ["top", "relax1", "relax2"]
    assert {d.state for d in found} == {State.DONE}


@pytest.mark.parametrize("log", ["vasp.out", "custodian.json"])
def test_a_stray_log_hides_no_run_below_it(tmp_path: Path, log: str) -> None:
    (tmp_path / log).touch()
    (alone,) = parse_all(tmp_path)
    assert alone.state is State.TRUNCATED, "a VASP that left nothing but its log"
    shutil.copytree(DATA / "NiO_static", tmp_path / "run")
    assert [Path(d.dir_name).name for d in parse_all(tmp_path)] == ["run"]


@pytest.mark.parametrize("name", ["functional", "hubbards", "potcar", "incar"])
def test_a_run_whose_record_lost_a_setting_is_named_and_hides_no_other(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    calculations: tuple[Calculation, ...],
    name: str,
) -> None:
    for run in ("a", "c", "d"):
        shutil.copytree(DATA / "NiO_static", tmp_path / run)
    (tmp_path / "b").mkdir()
    write_run_file(tmp_path / "b", calculations[0], "static")
    ours = json.loads((tmp_path / "b" / RUN_FILE).read_text("utf-8"))
    del ours["calculation"]["settings"][name]
    (tmp_path / "b" / RUN_FILE).write_text(json.dumps(ours), "utf-8")
    (tmp_path / "c" / "OUTCAR.gz").rename(tmp_path / "c" / "OUTCAR.zst")
    (tmp_path / "c" / "OUTCAR.zst").write_bytes(b"\x28\xb5\x2f\xfd")
    assert show_runs([tmp_path], as_json=True) == 1
    found = json.loads(capsys.readouterr().out)
    assert [Path(d["dir_name"]).name for d in found] == ["a", "b", "c", "d"]
    assert [d["state"] for d in found] == ["DONE", "FAILED", "FAILED", "DONE"]
    assert found[1]["reason"].startswith(
        f"the recorded calculation has no setting '{name}': its lnmo.json or its"
    )
    assert found[2]["reason"].startswith("OUTCAR.zst is compressed with zstd")


def test_what_may_not_be_read_is_told_with_its_cure_and_hides_no_other(
    tmp_path: Path, as_a_user: list[str]
) -> None:
    for name in ("tree/a", "tree/b", "tree/c", "shut"):
        shutil.copytree(DATA / "NiO_static", tmp_path / name)
    (tmp_path / "tree" / "a" / "OUTCAR.gz").chmod(0)
    (tmp_path / "tree" / "c" / "INCAR.gz").chmod(0)
    for name in ("tree/b", "shut"):
        (tmp_path / name).chmod(0)
    run = subprocess.run(
        [
            *as_a_user,
            *(sys.executable, "-m", "workflows.cli", "parse", "--json", "shut", "tree"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    for name in ("tree/b", "shut"):
        (tmp_path / name).chmod(0o700)
    assert run.returncode == 1, run.stderr
    found = {d["dir_name"]: d for d in json.loads(run.stdout)}
    assert {name: d["state"] for name, d in found.items()} == {
        "shut": "FAILED",
        "tree/a": "FAILED",
        "tree/b": "FAILED",
        "tree/c": "NEEDS_REVIEW",
    }
    for name, place in (("shut", "shut"), ("tree/a", "tree/a/OUTCAR.gz")):
        reason = found[name]["reason"]
        assert reason == f"{place}: permission denied: chmod u+rX, or ask its owner"
    told = [f["message"] for f in found["tree/c"]["findings"]]
    assert any(text.startswith("INCAR.gz: permission denied") for text in told)


def test_a_cut_run_written_a_moment_ago_may_run_on_another_machine(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for packed in (DATA / "Si_unfinished").glob("*.gz"):
        content = gzip.decompress(packed.read_bytes())
        (tmp_path / packed.stem).write_bytes(content)
    (tmp_path / "INCAR").touch()
    show_runs([tmp_path], as_json=False)
    assert "may still run" not in capsys.readouterr().out, "a copy"
    began = time.time() - 7200
    os.utime(tmp_path / "INCAR", (began, began))
    show_runs([tmp_path], as_json=False)
    told = capsys.readouterr().out
    assert "; last written 0 min ago: it may still run on another machine" in told


def test_only_the_last_hour_lets_a_run_still_be_running() -> None:
    assert "last written 59 min ago" in may_run(3540)
    assert may_run(3700) == ""
    assert may_run(time.time()) == ""


def test_json_has_no_number_that_json_does_not_know(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    shutil.copytree(DATA / "NiO_static", tmp_path / "a")
    shutil.copytree(DATA / "NiO_static", tmp_path / "b")
    packed = tmp_path / "a" / "vasprun.xml.gz"
    text = gzip.decompress(packed.read_bytes()).decode()
    head, name, stress = text.rpartition('<varray name="stress" >')
    row = stress.replace(stress.split("</v>")[0], "\n   <v> NaN NaN NaN ", 1)
    assert name
    packed.write_bytes(gzip.compress(f"{head}{name}{row}".encode()))
    assert show_runs([tmp_path], as_json=True) == 1
    found = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert [d["state"] == "DONE" for d in found] == [False, True]


def test_parse_check_and_collect_list_the_same_runs(tmp_path: Path) -> None:
    for name in (".snapshot/a", "b/.copy", "b", "c"):
        shutil.copytree(DATA / "NiO_static", tmp_path / name, dirs_exist_ok=True)
    (tmp_path / "d").symlink_to(tmp_path / ".snapshot")
    parsed = [Path(document.dir_name) for document in parse_all(tmp_path)]
    assert parsed == [tmp_path / name for name in ("b", "c", "d/a")]
    assert sorted(run.directory for run in find_runs(tmp_path)) == parsed
    assert [run.files.directory for run in foreign_runs(tmp_path)] == parsed


def test_a_hidden_directory_is_read_if_it_is_named(tmp_path: Path) -> None:
    place = Path(shutil.copytree(DATA / "NiO_static", tmp_path / ".mine"))
    assert [Path(d.dir_name) for d in parse_all(place)] == [place]
    assert [run.directory for run in find_runs(place)] == [place]
