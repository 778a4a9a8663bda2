"""A project without ``launchpad.yaml`` has its embedded LaunchPad for every verb."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from workflows.cli import main

STUDY = """
name: study
engine: chgnet
x: [1]
host: {formula: LiMn2O4, ordering: none, a: 8.25, primitive: true}
start: {single: true}
"""


def lnmo(*words: str) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["lnmo", *words])
        with pytest.raises(SystemExit) as ended:
            main()
    return int(ended.value.code or 0)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a campaign alone."""
    monkeypatch.delenv("LNMO_LAUNCHPAD", raising=False)
    monkeypatch.delenv("LNMO_ROOT", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.yaml").write_text(STUDY)
    return tmp_path


def test_what_was_submitted_can_be_deleted(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = project / "launchpad.yaml"
    file.write_text("host: embedded\n")
    assert lnmo("submit", "study.yaml") == 0
    file.unlink()
    capsys.readouterr()
    assert lnmo("submit", "study.yaml") == 0
    assert "0 calculations added" in capsys.readouterr().out
    assert lnmo("delete", "study.yaml", "--yes") == 0
    assert "of campaign study, with these directories, deleted" in (
        capsys.readouterr().out
    )
    assert not file.exists()


@pytest.mark.parametrize("verb", ["delete", "submit"])
def test_no_data_directory_is_started(verb: str, project: Path) -> None:
    assert lnmo(verb, "study.yaml") == 2
    assert [path.name for path in project.iterdir()] == ["study.yaml"]


OF_A_QUEUE = [
    ["cancel", "study.yaml"],
    ["rerun", "study.yaml"],
    ["reconcile"],
    ["launch"],
    ["worker", "--fw-id", "1"],
]


@pytest.mark.parametrize("words", OF_A_QUEUE, ids=lambda words: words[0])
@pytest.mark.parametrize("data", [True, False])
def test_a_verb_of_the_queue_has_a_cure_that_fits_where_there_is_no_file(
    words: list[str], data: bool, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if data:
        (project / "lnmo-data").mkdir()
    before = sorted(project.rglob("*"))
    assert lnmo(*words) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "Rename" not in told
    assert "echo 'host: embedded'" not in told
    assert "lnmo init --queue slurm" in told
    assert ("there is none, which stands for host: embedded" in told) is data
    assert ("On this machine alone: " in told) is data
    assert sorted(project.rglob("*")) == before


@pytest.mark.parametrize("words", OF_A_QUEUE, ids=lambda words: words[0])
def test_a_file_that_is_there_is_to_be_renamed(
    words: list[str], project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "launchpad.yaml").write_text("host: embedded\n")
    assert lnmo(*words) == 2
    assert "Rename this launchpad.yaml; lnmo init" in capsys.readouterr().err
