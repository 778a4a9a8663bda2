"""An ``input.json`` that was lost or damaged: written again before, FAILED after."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.places import TESTS
from workflows import load_campaign, parse_run, plan
from workflows.engines.gpaw.engine import GpawEngine
from workflows.engines.machine import Machine
from workflows.records.document import State


@pytest.mark.parametrize("how", ["empty", "half", "zeros", "gone"])
def test_an_input_that_a_power_cut_took_is_written_again(
    how: str, tmp_path: Path
) -> None:
    (nio,) = plan(load_campaign("nio"))
    relax = tmp_path / "relax"
    GpawEngine().write_inputs(nio, "relax", relax, None)
    path = relax / "input.json"
    whole = path.read_bytes()
    path.write_bytes({"empty": b"", "half": whole[:99]}.get(how, bytes(len(whole))))
    if how == "gone":
        path.unlink()
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\necho no GPAW here >&2\nexit 1\n")
    program.chmod(0o755)
    GpawEngine().run(relax, Machine(gpaw_cmd=str(program)), print)
    assert path.read_bytes() == whole


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (("structure", "symbols", 0), {}),
        (("structure", "symbols", 0), []),
        (("structure", "symbols", 0), {"Ni": 0.5}),
        (("structure", "symbols"), None),
        (("structure", "cell"), [[0, 0, 0]] * 3),
        (("structure",), []),
        (("structure",), {}),
        (("frame",), {}),
        (("frame", "origin"), "here"),
    ],
)
def test_one_of_another_form_is_a_failed_row_that_can_be_shown(
    tmp_path: Path, keys: tuple[str | int, ...], value: Any
) -> None:
    run = Path(shutil.copytree(TESTS / "data/gpaw/NiO/relax", tmp_path / "relax"))
    inside = content = json.loads((run / "input.json").read_text("utf-8"))
    for key in keys[:-1]:
        inside = inside[key]
    inside[keys[-1]] = value
    (run / "input.json").write_text(json.dumps(content), "utf-8")
    document = parse_run(run)
    assert document.state is State.FAILED
    assert document.reason.startswith("input.json has another form (") or (
        document.reason.startswith("input.json lacks ")
    )
    assert document.plain()["energy"] is None


@pytest.mark.parametrize("content", ["[]", "5", "null"])
def test_one_that_is_no_table_is_as_one_that_is_gone(
    tmp_path: Path, content: str
) -> None:
    run = Path(shutil.copytree(TESTS / "data/gpaw/NiO/relax", tmp_path / "relax"))
    (run / "input.json").write_text(content, "utf-8")
    document = parse_run(run)
    assert document.state is State.FAILED
    assert document.reason == "input.json is gone: nobody knows what was asked for"
