"""What the input of a run fixed of its answer is said beside the answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.runs import edited, ids, unpacked
from workflows.checks.imposed import imposed_findings
from workflows.engines.vasp.parse import parse_vasp
from workflows.records.document import State
from workflows.vasp.numbers import VaspNumbers

SPIN = {"ISPIN": 2}


def said(**applied: object) -> list[str]:
    return [f.id for f in imposed_findings(VaspNumbers(parameters=applied))]


@pytest.mark.parametrize(
    ("applied", "name"),
    [
        ({"ICHARG": 11}, "fixed_density"),
        ({"ICHARG": 12}, "fixed_density"),
        ({"NUPDOWN": 16.0, **SPIN}, "imposed_moment"),
        ({"NUPDOWN": 0.0, **SPIN}, "imposed_moment"),
        ({"I_CONSTRAINED_M": 1, "LAMBDA": 10.0}, "imposed_moment"),
        ({"ISMEAR": -2}, "imposed_occupations"),
        ({"PSTRESS": 50.0}, "imposed_pressure"),
        ({"PSTRESS": -5.0}, "imposed_pressure"),
        ({"EFIELD": 0.1}, "external_field"),
        ({"EFIELD_PEAD": [0.0, 0.0, 0.01]}, "external_field"),
        ({"EFIELD_PEAD": "0 0 0.01"}, "external_field"),
        ({"BEXT": 0.05}, "external_field"),
        ({"LCALCEPS": True}, "external_field"),
        ({"LCALCEPS": ".TRUE."}, "external_field"),
        ({"LDAU": True, "LDAUTYPE": 3}, "external_field"),
    ],
)
def test_what_was_imposed_is_said(applied: dict[str, object], name: str) -> None:
    assert said(**applied) == [name]


@pytest.mark.parametrize(
    "applied",
    [
        {"ICHARG": 0},
        {"ICHARG": 2},
        {"NUPDOWN": -1.0, **SPIN},
        {"NUPDOWN": 16.0, "ISPIN": 1},
        {"I_CONSTRAINED_M": 0},
        {"ISMEAR": -5},
        {"ISMEAR": 0, "PSTRESS": 0.0, "EFIELD": 0.0, "EFIELD_PEAD": [0.0, 0.0, 0.0]},
        {"LCALCEPS": False, "LEPSILON": True},
        {"LDAU": False, "LDAUTYPE": 3},
        {"LDAU": True, "LDAUTYPE": 1},
        {},
    ],
)
def test_a_default_imposes_nothing(applied: dict[str, object]) -> None:
    assert said(**applied) == []


def test_a_density_of_states_of_a_plan_keeps_its_density_rightly() -> None:
    numbers = VaspNumbers(parameters={"ICHARG": 11})
    (found,) = imposed_findings(numbers, for_states=True)
    assert found.severity == "info"


@pytest.mark.parametrize("alone", ["", "OUTCAR", "vasprun.xml"])
@pytest.mark.parametrize(
    ("tag", "old", "new", "name"),
    [
        ("ICHARG", "2", "11", "fixed_density"),
        ("NUPDOWN", r"-1\.0000", "16.0000", "imposed_moment"),
    ],
)
def test_either_output_says_what_was_imposed(
    tmp_path: Path, tag: str, old: str, new: str, name: str, alone: str
) -> None:
    place = unpacked("MgMn2O4_static_ferromagnetic", tmp_path)
    edited(place / "OUTCAR", rf"({tag} *= *){old}", rf"\g<1>{new}")
    edited(place / "vasprun.xml", rf'(name="{tag}"> *){old}', rf"\g<1>{new}")
    (place / "INCAR").unlink()
    if alone:
        other = {"OUTCAR": "vasprun.xml", "vasprun.xml": "OUTCAR"}[alone]
        (place / other).unlink()
    document = parse_vasp(place)
    assert document.state is State.DONE, document.reason
    assert name in ids(document)
    (told,) = (f.message for f in document.findings if f.id == name)
    assert told.startswith(f"{tag} = {float(new):g}: ")
