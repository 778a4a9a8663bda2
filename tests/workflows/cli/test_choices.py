"""Results of the only kind there is are found; of several, the commands are named."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from workflows import cli, load_campaign, plan
from workflows.cli.choices import command
from workflows.records.document import TaskDocument
from workflows.results.kinds import Kind

Lnmo = Callable[..., tuple[int, str, str]]
Finished = Callable[..., TaskDocument]
CHGNET = {"engine_version": "0.4.2", "surrogate": True}


def documents(
    finished: Finished, engine: str, name: str = "paper"
) -> list[TaskDocument]:
    changes = CHGNET if engine == "chgnet" else {}
    planned = plan(load_campaign("paper").override(engine=engine, x=[1]))
    cells = [replace(c, campaign=name) for c in planned if not c.reference]
    step = "relax" if engine == "chgnet" else "static"
    return [finished(c, step, **changes) for c in cells]


@pytest.fixture
def lnmo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Lnmo:
    monkeypatch.chdir(tmp_path)
    for name in ("LNMO_ROOT", "LNMO_LAUNCHPAD"):
        monkeypatch.delenv(name, raising=False)

    def call(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["lnmo", *words])
        try:
            cli.main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def commands(message: str) -> list[list[str]]:
    """The commands that a message names."""
    found = re.findall(r"(lnmo [^;(]+) \(\d+\)", message)
    return [shlex.split(each) for each in found]


@pytest.mark.parametrize("verb", ["results", "figures", "report"])
def test_the_only_engine_with_results_is_taken_and_told(
    lnmo: Lnmo, finished: Finished, project: Callable[..., Path], verb: str
) -> None:
    project(*documents(finished, "chgnet"))
    code, out, err = lnmo(verb, "paper", *(["--x", "1"] if verb == "results" else []))
    assert code == 0, err
    assert "results of chgnet, the only ones of campaign paper" in err
    if verb == "results":
        assert "DONE" in out
        assert "surrogate" in out


def test_the_engine_of_the_campaign_wins_and_the_other_is_named(
    lnmo: Lnmo, finished: Finished, project: Callable[..., Path]
) -> None:
    project(*documents(finished, "vasp"), *documents(finished, "chgnet"))
    code, out, err = lnmo("results", "paper")
    assert (code, err) == (0, "lnmo: there are results of chgnet too: add --engine\n")
    assert "surrogate" not in out


@pytest.mark.parametrize("words", [(), ("--table", "series"), ("--csv",)])
def test_without_a_name_each_choice_is_a_command_that_works(
    lnmo: Lnmo, finished: Finished, project: Callable[..., Path], words: tuple[str, ...]
) -> None:
    project(*documents(finished, "vasp"), *documents(finished, "chgnet", "mine"))
    code, out, err = lnmo("results", *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    found = commands(err)
    assert found == [
        ["lnmo", "results", "mine", *words, "--engine", "chgnet"],
        ["lnmo", "results", "paper", *words, "--engine", "vasp"],
    ]
    for each in found:
        code, out, err = lnmo(*each[1:])
        assert (code, err) == (0, "")
        assert "DONE" in out


def test_a_recorded_campaign_is_found_without_its_file(
    lnmo: Lnmo, finished: Finished, project: Callable[..., Path]
) -> None:
    project(*documents(finished, "chgnet", "mine"))
    code, out, _ = lnmo("results", "mine")
    assert code == 0
    assert "DONE" in out
    assert lnmo("report", "mine")[0] == 0
    code, _, err = lnmo("results", "mien")
    assert code == 2
    assert "mien: no such campaign file" in err


def test_the_command_has_what_was_typed_and_the_file_if_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    kind = Kind("mine", "vasp", "finer", 3)
    assert command(["run"], kind) == "lnmo results mine --engine vasp --variant finer"
    (tmp_path / "mine.yaml").touch()
    assert command(["report", "-o", "my page.html"], kind) == (
        "lnmo report mine.yaml -o 'my page.html' --engine vasp --variant finer"
    )
    assert command(["results", "--csv", "x/mine.yaml", "--engine", "vasp"], kind) == (
        "lnmo results --csv x/mine.yaml --engine vasp --variant finer"
    )
