"""``lnmo report DIR``: what a reader tries first on runs of someone else."""

from __future__ import annotations

import base64
import gzip
import os
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.places import DATA
from workflows.cli import app
from workflows.cli.page_name import PageOf, owner_of
from workflows.cli.report_runs import directories_of, read_runs
from workflows.errors import LnmoError, ResultsError


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_directory_is_runs_and_a_name_or_a_yaml_file_a_campaign(here: Path) -> None:
    for name in ("runs", "paper"):
        (here / name).mkdir()
    (here / "mine.yaml").write_text("x: [0]")
    assert directories_of([]) is None
    for campaign in ("paper", "mine.yaml", "gone"):
        assert directories_of([campaign]) is None
    for given in (["runs"], ["./paper"], ["runs", "./paper"]):
        assert directories_of(given) == [Path(name) for name in given]
    file = str(DATA / "Mn8O16" / "OUTCAR.gz")
    assert directories_of([file]) == [Path(file)]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (["runs", "paper"], "paper: a packaged campaign"),
        (["runs", "gone"], "gone: no such directory"),
        (["mine.yaml", "runs"], "mine.yaml: a file, but not of a VASP run"),
    ],
)
def test_a_campaign_among_directories_is_refused(
    here: Path, given: list[str], why: str
) -> None:
    (here / "runs").mkdir()
    (here / "mine.yaml").write_text("x: [0]")
    with pytest.raises(ResultsError, match=why):
        directories_of(given)


def test_a_place_is_read_once_and_an_empty_one_is_told_of(here: Path) -> None:
    (here / "empty").mkdir()
    found = read_runs([DATA / "Mn8O16", Path("empty"), DATA / "Mn8O16" / "OUTCAR.gz"])
    assert [run.short for run in found.runs] == ["Mn8O16"]
    assert len(found.unread) == 1
    assert "empty" in found.unread[0]
    with pytest.raises(ResultsError, match="nothing to report: empty"):
        read_runs([Path("empty")])


def test_two_relaxations_of_one_directory_are_two_runs_with_findings_of_their_own() -> (
    None
):
    found = read_runs([DATA / "LiMn8O16_image"]).runs
    assert [run.short for run in found] == [
        "LiMn8O16_image relax1",
        "LiMn8O16_image relax2",
    ]
    assert all(run.directory is not None for run in found)


def test_report_of_a_directory_writes_its_page_and_says_what_it_is_not(
    here: Path,
) -> None:
    shutil.copytree(DATA / "Mn8O16", here / "runs" / "x0")
    shutil.copytree(DATA / "LiMn8O16_first", here / "runs" / "x1")
    result = CliRunner().invoke(app, ["report", "runs"])
    assert (result.exit_code, result.stdout) == (
        0,
        f"report: {here / 'report.html'}\n"
        "2 runs: 2 DONE; no plan and no verdict, see lnmo collect\n",
    )
    assert owner_of(here / "report.html") == PageOf(runs="runs")
    again = CliRunner().invoke(app, ["report", "runs/x0"])
    assert "report-runs-runs-x0.html" in again.stdout


def test_a_form_that_breaks_a_reader_hides_no_other_run(here: Path) -> None:
    runs = [
        str(DATA / "forms" / "algo-number"),
        str(DATA / "MgMn2O4_static_ferromagnetic"),
    ]
    result = CliRunner().invoke(app, ["report", *runs])
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1].startswith("2 runs: ")
    html = (here / "report.html").read_text("utf-8")
    assert "its states cannot be read (AttributeError" in html
    assert 'id="pdos"' in html


def test_options_of_a_campaign_are_refused_with_a_directory(here: Path) -> None:
    (here / "runs").mkdir()
    refused = CliRunner().invoke(app, ["report", "runs", "--x", "1"]).exception
    assert isinstance(refused, LnmoError)
    assert "need a campaign, not a directory" in str(refused)


def test_a_run_below_a_name_that_is_not_utf8_is_read_and_has_its_page(
    here: Path,
) -> None:
    odd = here / os.fsdecode(b"r\xff\xfe")
    odd.mkdir()
    for packed in (DATA / "NiO_static").glob("*.gz"):
        (odd / packed.stem).write_bytes(gzip.decompress(packed.read_bytes()))
    (run,) = read_runs([odd]).runs
    (same,) = read_runs([DATA / "NiO_static"]).runs
    assert (run.document.state, run.document.energy) == (
        same.document.state,
        same.document.energy,
    )
    told = CliRunner().invoke(app, ["report", str(odd), "-o", "page.html"])
    assert told.exit_code == 0, told.output
    assert "r\\xff\\xfe" in (here / "page.html").read_text("utf-8")


@pytest.mark.parametrize(
    "name", ["esc\x1b[31m", "t\x1b]0;mine\x07", "c1\x9b31m", "del\x7f", "\u202eENOD"]
)
def test_control_characters_of_a_directory_are_shown_on_a_page_and_in_its_tables(
    here: Path, name: str
) -> None:
    shutil.copytree(DATA / "Mn8O16", here / "runs" / name)
    told = CliRunner().invoke(app, ["report", "runs", "-o", "page.html"])
    assert told.exit_code == 0, told.output
    page = (here / "page.html").read_text("utf-8")
    before_scripts = page.split("<script")[0]
    odd = set("\x1b\x07\x9b\x7f\u202e")
    assert not odd & set(before_scripts)
    assert not any(name in each for each in page.split("<script"))
    tables = re.findall(r'href="data:text/csv;base64,([^"]+)"', page)
    assert tables
    for table in tables:
        assert not odd & set(base64.b64decode(table).decode())


def test_runs_whose_directories_end_alike_are_told_apart_by_those_above(
    here: Path,
) -> None:
    for name in ("fm/outputs", "afm/outputs", "alone"):
        shutil.copytree(DATA / "Mn8O16", here / "runs" / name)
    found = read_runs([here / "runs"])
    assert [run.short for run in found.runs] == ["afm/outputs", "alone", "fm/outputs"]


def test_a_run_that_left_no_structure_has_the_formula_of_its_poscar(here: Path) -> None:
    place = here / "cut"
    shutil.copytree(DATA / "Mn8O16", place)
    for output in ("OUTCAR.gz", "vasprun.xml.gz"):
        (place / output).unlink(missing_ok=True)
    (place / "OSZICAR").touch()
    (run,) = read_runs([place]).runs
    assert (run.document.state, run.document.formula) == ("TRUNCATED", "Mn8O16")
