"""A relaxation is what CHGNet wrote, or no result."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workflows import load_campaign, plan
from workflows.campaign.calculation import Calculation, structure_as_dict
from workflows.engines.chgnet.engine import RESULT_FILE, ChgnetEngine
from workflows.records.document import State
from workflows.records.seal import seal_of


@pytest.fixture(scope="module")
def calculation() -> Calculation:
    campaign = load_campaign("paper").override(engine="chgnet", x=[1])
    return next(c for c in plan(campaign) if not c.reference)


def written(calculation: Calculation) -> dict[str, Any]:
    atoms = len(calculation.structure)
    return {
        "structure": structure_as_dict(calculation.structure),
        "energy": -400.0,
        "magnetization": [0.1] * atoms,
        "forces": [[0.001, 0.0, 0.0]] * atoms,
        "stress": np.zeros((3, 3)).tolist(),
        "n_steps": 7,
        "converged": True,
        "energies": [-399.0, -400.0],
        "run_seconds": 1.0,
        "completed_at": "2026-11-30T00:00:00+00:00",
        "versions": {"chgnet": "0.4.2"},
    }


def parsed(place: Path, calculation: Calculation, content: Any) -> tuple[State, str]:
    engine = ChgnetEngine()
    if not place.exists():
        engine.write_inputs(calculation, "relax", place, None)
    (place / RESULT_FILE).write_text(json.dumps(content))
    document = engine.parse(place)
    return document.state, document.reason


def test_what_was_written_is_read_with_and_without_a_seal(
    calculation: Calculation, tmp_path: Path
) -> None:
    content = written(calculation)
    for sealed in (content, {**content, "sha256": seal_of(content)}):
        assert parsed(tmp_path / "run", calculation, sealed) == (State.DONE, "")


EDITS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "another energy": lambda c: c.update(energy=-401.0),
    "no energy": lambda c: c.update(energy=float("nan")),
    "a force above the limit": lambda c: c.update(
        forces=[[9, 0, 0]] * len(c["forces"])
    ),
    "few moments": lambda c: c.update(magnetization=[1.0] * 5),
    "a moment that is none": lambda c: c["magnetization"].__setitem__(0, float("inf")),
    "a word for a switch": lambda c: c.update(converged="no"),
    "a key is lost": lambda c: c.pop("stress"),
    "a site is lost": lambda c: c["structure"]["species"].pop(),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_relaxation_is_no_result(
    calculation: Calculation, tmp_path: Path, edit: str
) -> None:
    content = written(calculation)
    EDITS[edit](content)
    state, reason = parsed(tmp_path / "run", calculation, content)
    assert state is State.FAILED
    assert "edited or damaged, move it away and run the step again" in reason


@pytest.mark.parametrize("content", [{}, [], None, 5, "x"])
def test_another_document_is_no_relaxation(
    calculation: Calculation, tmp_path: Path, content: Any
) -> None:
    state, reason = parsed(tmp_path / "run", calculation, content)
    assert state is State.FAILED
    assert reason.startswith(RESULT_FILE)


def test_an_edit_that_keeps_its_numbers_in_line_breaks_the_seal(
    calculation: Calculation, tmp_path: Path
) -> None:
    content = written(calculation)
    content["sha256"] = seal_of(content)
    content["magnetization"][0] = 0.2
    state, reason = parsed(tmp_path / "run", calculation, content)
    assert (state, "is not what was written" in reason) == (State.FAILED, True)
