"""``lnmo results`` during a run says what runs: a table holds what is recorded."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from fireworks import FWorker

from workflows import cli
from workflows.cli.running_steps import marked, running_line
from workflows.launchpad.opening import owned
from workflows.records.database import read_or_embedded


def step(name: str, x: float | None, model: str = "none", **more: Any) -> Any:
    return {"name": name, "x": x, "insertion": model, "engine": "vasp", **more}


def test_a_row_that_has_begun_and_recorded_nothing_is_running() -> None:
    series = pd.DataFrame(
        {
            "x": [0, 1, 2, 2, 2],
            "insertion": ["none", "none", "tet_8b", "oct_16c_rocksalt", "tet_8b"],
            "engine": [*["vasp"] * 4, "gpaw"],
            "state": ["PLANNED", "DONE", "PLANNED", "PLANNED", "PLANNED"],
        }
    )
    series.attrs["notes"] = ["kept"]
    running = [
        step("x=0 relax", 0.0),
        step("x=1 dos", 1.0),
        step("x=2 relax", 2.0, "tet_8b"),
        step("Li metal relax", None),
    ]
    shown = marked(series, running)
    assert list(shown["state"]) == ["RUNNING", "DONE", "RUNNING", "PLANNED", "PLANNED"]
    assert shown.attrs == {"notes": ["kept"]}
    assert set(series["state"]) == {"PLANNED", "DONE"}


def test_a_few_are_named_and_many_counted() -> None:
    assert running_line([]) == ""
    many = [step(f"x={n} relax", n) for n in range(8)]
    assert running_line(many[:2]) == (
        "2 steps running: x=0 relax, x=1 relax (lnmo status)"
    )
    assert running_line(many).endswith("x=5 relax and 2 more (lnmo status)")


@pytest.fixture
def lnmo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Any:
    monkeypatch.chdir(tmp_path)
    for name in ("LNMO_ROOT", "LNMO_LAUNCHPAD"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "launchpad.yaml").write_text("host: embedded\n")
    (tmp_path / "mine.yaml").write_text("x: [0, 1]\nlithium_reference: false\n")

    def call(*words: str) -> str:
        monkeypatch.setattr(sys, "argv", ["lnmo", *words])
        with pytest.raises(SystemExit) as end:
            cli.main()
        assert not end.value.code
        return capsys.readouterr().out

    return call


def test_results_and_status_during_a_run_and_after_it_was_killed(lnmo: Any) -> None:
    lnmo("submit", "mine.yaml")
    with owned(read_or_embedded(None, new=False)) as (pad, _):
        firework, _ = pad.checkout_fw(FWorker(), "/")
        during = lnmo("results", "mine.yaml")
        steps = json.loads(lnmo("status", "--json"))
        as_json = json.loads(lnmo("results", "mine.yaml", "--json"))
        as_csv = lnmo("results", "mine.yaml", "--csv")
        runs = lnmo("results", "mine.yaml", "--table", "runs")
    name = firework.name
    assert f"1 step running: {name} (lnmo status)" in during
    assert during.count("RUNNING") == as_csv.count("RUNNING") == 1
    assert sorted(row["state"] for row in as_json) == ["PLANNED", "RUNNING"]
    assert runs == f"no runs yet: 1 step running: {name} (lnmo status)\n"
    assert [s["name"] for s in steps if s["state"] == "RUNNING"] == [name]
    assert {(s["engine"], *s["campaigns"]) for s in steps} == {("vasp", "mine")}
    assert {s["x"] for s in steps} == {0, 1}
    # its owner is gone: nothing runs, whatever the LaunchPad says
    assert "RUNNING" not in lnmo("results", "mine.yaml")
    nothing = lnmo("results", "mine.yaml", "--table", "runs")
    assert nothing == "no runs yet; lnmo run mine.yaml\n"


def test_a_comparison_says_what_runs_too(lnmo: Any, tmp_path: Path) -> None:
    variants = "variants: {mp: {vasp: {hubbard_u: mp}}, own: {}}\n"
    (tmp_path / "mine.yaml").write_text(f"x: [1]\nlithium_reference: false\n{variants}")
    lnmo("submit", "mine.yaml")
    with owned(read_or_embedded(None, new=False)) as (pad, _):
        pad.checkout_fw(FWorker(), "/")
        during = json.loads(lnmo("compare", "mine.yaml", "--json"))["cells"]
    assert sorted(row["state"] for row in during) == ["PLANNED", "RUNNING"]
    after = json.loads(lnmo("compare", "mine.yaml", "--json"))["cells"]
    assert [row["state"] for row in after] == ["PLANNED", "PLANNED"]
