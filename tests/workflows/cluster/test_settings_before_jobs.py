"""A setting that every job would fail with is refused before any job is submitted."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from workflows import cli
from workflows.cluster.fworker_file import FWORKER_FILE

Call = Callable[..., str]
WRONG = ("{NCORE: .nan}", "{NCORE: '8;ENCUT=300'}", "{KPAR: 2.0}", "{LPLANE: 3}")


@pytest.fixture
def refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Call:
    """Call a command that ends with exit code 2, and return its one line."""
    monkeypatch.chdir(tmp_path)
    for name in ("LNMO_ROOT", "LNMO_LAUNCHPAD", "LNMO_VASP_INCAR"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "launchpad.yaml").write_text("host: embedded\n")

    def call(*words: str) -> str:
        monkeypatch.setattr(sys, "argv", ["lnmo", *words])
        with pytest.raises(SystemExit) as end:
            cli.main()
        told = capsys.readouterr()
        assert (end.value.code, told.out, told.err.count("\n")) == (2, "", 1)
        assert not (tmp_path / "lnmo-data").exists()
        return told.err

    return call


def write_fworker(incar: str) -> None:
    text = "name: n1\ncategory: [vasp]\nquery: '{}'\n"
    Path(FWORKER_FILE).write_text(f"{text}env: {{vasp_cmd: a, incar: {incar}}}\n")


@pytest.mark.parametrize("incar", WRONG)
def test_no_step_is_submitted_for_a_worker_that_could_not_run_it(
    refused: Call, incar: str
) -> None:
    write_fworker(incar)
    told = refused("submit", "paper", "--yes")
    assert f"{FWORKER_FILE}: env.incar: " in told


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
@pytest.mark.parametrize("incar", WRONG)
def test_no_job_is_launched_with_a_machine_tag_that_is_none(
    refused: Call, incar: str, options: tuple[str, ...]
) -> None:
    server()
    write_fworker(incar)
    assert f"{FWORKER_FILE}: env.incar: " in refused("launch", *options)


@pytest.mark.parametrize("value", ["NCORE=8;ENCUT=300", "NCORE=nan", "ENCUT=300"])
@pytest.mark.parametrize("words", [("launch",), ("submit", "paper"), ("run", "paper")])
def test_the_tags_of_the_environment_are_checked_as_those_of_the_file(
    refused: Call,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    value: str,
) -> None:
    if words == ("launch",):
        server()
        write_fworker("{}")
    monkeypatch.setenv("LNMO_VASP_INCAR", value)
    assert "LNMO_VASP_INCAR" in refused(*words)


def server() -> None:
    """Write the settings of a server that is not there: nothing gets so far."""
    settings = {"host": "127.0.0.1", "port": 1, "name": "none"}
    Path("launchpad.yaml").write_text(yaml.safe_dump(settings))
    adapter = {"_fw_name": "CommonAdapter", "_fw_q_type": "SLURM"}
    Path("my_qadapter.yaml").write_text(yaml.safe_dump(adapter))
