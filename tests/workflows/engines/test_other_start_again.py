"""A finished step is computed again where the step before it was computed again."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.places import FAKE_VASP
from workflows import open_results
from workflows.campaign.calculation import Calculation
from workflows.engines.machine import Machine
from workflows.engines.step import run_step
from workflows.records.document import Collected, State, TaskDocument
from workflows.records.file_store import FileResults

HERE = Machine(vasp_cmd=f"{sys.executable} {FAKE_VASP}", poll_seconds=0.05)


def run(one: Calculation, step: str, root: Path) -> TaskDocument:
    return run_step(one, step, root=root, machine=HERE, report=lambda _: None)


@pytest.fixture
def one(calculations: tuple[Calculation, ...]) -> Calculation:
    return next(c for c in calculations if c.x == 1)


def test_a_static_that_started_elsewhere_is_set_aside_and_computed_again(
    one: Calculation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "lnmo-data"
    (tmp_path / "launchpad.yaml").write_text("host: embedded\n")
    relaxed = run(one, "relax", root)
    first = run(one, "static", root)
    assert run(one, "static", root) == first
    assert not list(root.rglob("*another-start*"))
    (row,) = open_results(tmp_path).series().to_dict("records")
    assert "other_start" not in row["finding_ids"]

    start = relaxed.structure
    assert start is not None
    earlier = start.copy()
    earlier.scale_lattice(start.volume * 1.002)
    FileResults(root).put(first.model_copy(update={"initial_structure": earlier}))
    (row,) = open_results(tmp_path).series().to_dict("records")
    assert row["state"] == "NEEDS_REVIEW"
    assert "other_start" in row["finding_ids"]

    again = run(one, "static", root)
    assert again.state is State.DONE
    assert again.initial_structure == first.initial_structure
    (aside,) = root.rglob("static.of-another-start-*")
    assert (aside / "OUTCAR").exists()
    (row,) = open_results(tmp_path).series().to_dict("records")
    assert "other_start" not in row["finding_ids"]


def test_a_collected_result_is_never_computed_in_its_place(
    one: Calculation, tmp_path: Path
) -> None:
    run(one, "relax", tmp_path)
    first = run(one, "static", tmp_path)
    other = one.structure.copy()
    other.scale_lattice(other.volume * 1.1)
    origin = Collected(path="/far/away", files={}, collected_at="", order=())
    made = first.model_copy(update={"initial_structure": other, "collected": origin})
    FileResults(tmp_path).put(made)
    assert run(one, "static", tmp_path).collected is not None
    assert not list(tmp_path.rglob("*another-start*"))
