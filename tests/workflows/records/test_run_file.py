"""A run file that was damaged or edited is never taken for the plan of a run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.places import DATA
from workflows import parse_run
from workflows.campaign.calculation import Calculation
from workflows.records.document import State
from workflows.records.run_file import RUN_FILE, read_run_file, write_run_file

NAN = float("nan")


@pytest.fixture
def run(tmp_path: Path, calculations: tuple[Calculation, ...]) -> Path:
    """A finished run with a run file of ours; that of another crystal will do."""
    place = tmp_path / "static"
    shutil.copytree(DATA / "NiO_static", place)
    write_run_file(place, calculations[0], "static")
    return place


def edit(run: Path, *keys: str, value: Any) -> None:
    content = json.loads((run / RUN_FILE).read_text("utf-8"))
    inside = content
    for key in keys[:-1]:
        inside = inside[key]
    inside[keys[-1]] = value
    (run / RUN_FILE).write_text(json.dumps(content), "utf-8")


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (("calculation",), []),
        (("calculation", "id"), [1]),
        (("calculation", "x"), "one"),
        (("calculation", "x"), NAN),
        (("calculation", "n_li"), "8"),
        (("calculation", "formula"), None),
        (("calculation", "ordering"), None),
        (("calculation", "steps"), []),
        (("calculation", "steps"), "static"),
        (("calculation", "settings"), [1]),
        (("calculation", "supercell"), "cubic"),
        (("calculation", "supercell"), [[NAN] * 3] * 3),
        (("calculation", "structure"), "a cell"),
        (("calculation", "structure", "species"), []),
        (("calculation", "structure", "species"), ["Zz"] * 56),
        (("calculation", "structure", "lattice"), [[0.0] * 3] * 3),
        (("calculation", "structure", "lattice"), [[NAN] * 3] * 3),
        (("calculation", "structure", "frac_coords"), "here"),
        (("inputs",), None),
        (("inputs",), [1]),
        (("inputs",), {}),
        (("inputs",), {"incar": [], "kpoints": [3, 3, 3], "structure": {}}),
        (("orbitals",), "none"),
        (("step",), 5),
    ],
)
def test_one_of_another_form_counts_as_missing_and_is_told(
    run: Path, keys: tuple[str, ...], value: object
) -> None:
    edit(run, *keys, value=value)
    assert read_run_file(run) is None
    document = parse_run(run)
    assert "fault of lnmo" not in document.reason
    assert document.calculation_id is None
    told = [f.message for f in document.findings if f.id == "unreadable_file"]
    assert len(told) == 1
    assert RUN_FILE in told[0]


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (("settings", "incar"), [1]),
        (("settings", "incar", "static"), None),
        (("settings", "incar", "static", "ENCUT"), 400),
        (("settings", "kpoints"), "3 3 3"),
        (("settings", "hubbards"), {"Mn": "x"}),
        (("settings", "magmom"), {"Mn": "up"}),
    ],
)
def test_settings_that_are_not_those_of_the_id_are_never_a_done_run(
    run: Path, keys: tuple[str, ...], value: object
) -> None:
    edit(run, "calculation", *keys, value=value)
    document = parse_run(run)
    assert document.state is State.FAILED
    assert "although it gives the id" in document.reason
    assert "fault of lnmo" not in document.reason
