"""``lnmo plan``: what would be calculated, and where a sample stands for all."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click
import pytest
from rich.console import Console

from tests.places import TOP
from workflows import cli, load_campaign, plan
from workflows.cli.confirm import MANY, confirm_many
from workflows.cli.plan import plan_table, sampling_notes
from workflows.cli.plan_sum import plan_sum
from workflows.errors import LnmoError
from workflows.records.database import read_database
from workflows.records.document import TaskDocument
from workflows.records.run_file import write_run_file

TET_48F: dict[str, Any] = {"x": [2], "insertion": [{"model": "tet_48f"}]}


def shown(path: Path) -> str:
    campaign = load_campaign(path)
    screen = Console(width=200, file=io.StringIO())
    screen.print(plan_table(campaign, plan(campaign)))
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


def test_a_sample_is_seen_in_the_table_and_in_a_note_with_both_numbers(
    write_campaign: Callable[..., Path],
) -> None:
    path = write_campaign({**TET_48F, "orderings.max_enumerate": 20})
    assert "1 of 1, 20 sampled" in shown(path)
    (note, *_) = sampling_notes(plan(load_campaign(path)))
    assert note == (
        "x=2 tet_48f: 20 of 1.57e+07 distinct arrangements were drawn and ranked: the "
        "lowest may not be among them; orderings.max_enumerate draws more"
    )


def test_all_arrangements_are_no_sample(write_campaign: Callable[..., Path]) -> None:
    path = write_campaign({"x": [0.5]})
    assert "sampled" not in shown(path)
    assert list(sampling_notes(plan(load_campaign(path)))) == []


def test_below_the_plan_stands_its_sum(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LNMO_LAUNCHPAD", raising=False)
    monkeypatch.setattr(sys, "argv", ["lnmo", "plan", "paper", "--x", "1"])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 0
    said = " ".join(capsys.readouterr().out.split())
    assert said.endswith(
        "2 calculations, 5 steps; hours not calibrated: no vasp step has finished here"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("fake", [False, True])
def test_the_hours_are_those_of_steps_that_no_stand_in_ran(
    finished: Callable[..., TaskDocument],
    project: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    fake: bool,
) -> None:
    (own, *_) = plan(load_campaign("paper").override(x=[0]))
    ran = [
        finished(own, step, run_seconds=seconds, fake=fake)
        for step, seconds in (("relax", 7200.0), ("static", 3600.0))
    ]
    where = project(*ran)
    for document in ran:
        directory = where / "lnmo-data" / document.dir_name
        write_run_file(directory, own, document.task_label)
    monkeypatch.chdir(where)
    monkeypatch.delenv("LNMO_LAUNCHPAD", raising=False)
    said = plan_sum([own])
    assert ("about 3 hours of one worker" in said) is not fake
    assert ("not calibrated" in said) is fake
    database = read_database(where)
    monkeypatch.chdir("/")
    assert plan_sum([own], database) == said


def test_many_new_calculations_are_asked_about_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    confirm_many(MANY, "size", yes=False)
    confirm_many(10 * MANY, "size", yes=True)
    with pytest.raises(LnmoError, match=r"101 new calculations, .*\(size\): add --yes"):
        confirm_many(MANY + 1, "size", yes=False)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    for answer in (True, False):
        asked: list[str] = []

        def confirm(text: str, *, abort: bool, err: bool, said: bool = answer) -> None:
            asked.append(text)  # noqa: B023
            if abort and not said:
                raise click.Abort

        monkeypatch.setattr(click, "confirm", confirm)
        with nullcontext() if answer else pytest.raises(click.Abort):
            confirm_many(MANY + 1, "size", yes=False)
        assert len(asked) == 1


def test_a_kept_plan_is_printed_as_json_without_what_makes_or_runs_one(
    write_campaign: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "launchpad.yaml").write_text("host: embedded\n")
    (tmp_path / "lnmo-data").mkdir()
    path = write_campaign({"x": [1]})
    script = (
        "import sys\n"
        "from workflows.cli import app\n"
        "app(sys.argv[1:], standalone_mode=False)\n"
        "heavy = {'numpy', 'pymatgen', 'spglib', 'fireworks', 'pymongo', 'rich'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    first, second = (
        subprocess.run(
            [sys.executable, "-c", script, "plan", str(path), "--json"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"PYTHONPATH": str(TOP)},
        )
        for _ in range(2)
    )
    assert "'pymatgen'" in first.stderr
    assert second.stderr == "[]\n"
    assert json.loads(second.stdout) == json.loads(first.stdout)
