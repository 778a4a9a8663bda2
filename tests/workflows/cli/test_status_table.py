"""``lnmo status``: whose each calculation is, and what tells it from its like."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from workflows import cli
from workflows.cli.status_table import status_table, what_differs


def step(calculation: str, name: str = "x=1 relax", engine: str = "vasp") -> Any:
    label, _, kind = name.rpartition(" ")
    assert label
    return {
        **{"calculation_id": calculation, "name": name, "step": kind},
        **{"engine": engine, "state": "READY"},
    }


def test_a_row_has_its_campaigns_and_its_engine() -> None:
    table = status_table(
        [
            {**step("a"), "campaigns": ["paper", "mine"]},
            step("a", "x=1 static"),
            step("b", "x=2 relax", "chgnet"),
        ]
    )
    screen = Console(width=150, file=io.StringIO())
    screen.print(table)
    assert isinstance(screen.file, io.StringIO)
    lines = screen.file.getvalue().splitlines()[2:]
    assert lines[0].split() == (
        ["paper,", "mine", "x=1", "vasp", "a", "relax", "READY", "static", "READY"]
    )
    assert lines[1].split() == ["x=2", "chgnet", "b", "relax", "READY"]


def test_what_differs_is_the_settings_not_the_names() -> None:
    one = {
        "id": "a",
        "campaign": "p",
        "settings": {"hubbards": {"Mn": 5.96, "Ni": 4.5}},
    }
    other = {
        "id": "b",
        "campaign": "q",
        "settings": {"hubbards": {"Mn": 3.9, "Ni": 4.5}},
    }
    assert what_differs({"a": one, "b": other}) == {
        "a": "hubbards.Mn 5.96",
        "b": "hubbards.Mn 3.9",
    }
    same = {**one, "id": "b", "structure": {"lattice": []}}
    assert set(what_differs({"a": one, "b": same}).values()) == {
        "the starting structure"
    }


def test_two_campaigns_of_another_u_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LNMO_LAUNCHPAD", raising=False)
    monkeypatch.delenv("LNMO_ROOT", raising=False)
    (tmp_path / "launchpad.yaml").write_text("host: embedded\n")
    text = "x: [0]\nlithium_reference: false\n"
    (tmp_path / "one.yaml").write_text(text)
    (tmp_path / "two.yaml").write_text(
        f"{text}vasp: {{hubbard_u: {{Mn: 3.9, Ni: 6}}}}\n"
    )
    for words in (["submit", "one.yaml"], ["submit", "two.yaml"], ["status"]):
        monkeypatch.setattr(sys, "argv", ["lnmo", *words])
        with pytest.raises(SystemExit) as end:
            cli.main()
        assert not end.value.code
    said = " ".join(capsys.readouterr().out.split())
    for part in ("one x=0 vasp", "two x=0 vasp", "hubbards.Mn 5.96", "hubbards.Mn 3.9"):
        assert part in said
