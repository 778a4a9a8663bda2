"""A run that ends in no minimum says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from pymatgen.core import Lattice, Structure

from tests.runs import edited, ids, unpacked
from workflows.checks.configurations import configuration_findings
from workflows.engines.vasp.parse import parse_vasp
from workflows.vasp.numbers import VaspNumbers


def said(structure: Structure | None = None, **applied: int) -> list[str]:
    numbers = VaspNumbers(
        parameters=applied,
        structure=structure,
        initial=structure,
        electronic=((5, True), (5, True)),
    )
    return [f.id for f in configuration_findings(numbers)]


def cell(*flags: list[bool]) -> Structure:
    found = Structure(Lattice.cubic(4), ["Ni", "O"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    if flags:
        found.add_site_property("selective_dynamics", list(flags))
    return found


@pytest.mark.parametrize(
    ("applied", "names"),
    [
        ({"IBRION": 0, "NSW": 10}, ["snapshot"]),
        ({"IBRION": 11, "NSW": 10}, ["snapshot"]),
        ({"IBRION": 12, "NSW": 10}, ["snapshot"]),
        ({"IBRION": 40, "NSW": 10}, ["saddle_point"]),
        ({"IBRION": 44, "NSW": 10}, ["saddle_point"]),
        ({"IBRION": 1, "NSW": 10, "IMAGES": 3}, ["saddle_point"]),
        ({"IBRION": 0, "NSW": 1}, []),
        ({"IBRION": -1, "NSW": 0}, []),
        ({"IBRION": 2, "NSW": 99, "IMAGES": 0}, []),
        ({"IBRION": 8, "NSW": 1}, []),
    ],
)
def test_a_run_that_looks_for_no_minimum_says_so(
    applied: dict[str, int], names: list[str]
) -> None:
    assert said(**applied) == names


def test_atoms_that_a_relaxation_held_are_counted() -> None:
    free, held = [True] * 3, [True, True, False]
    assert said(cell(free, held), IBRION=2, NSW=99) == ["held_atoms"]
    assert said(cell(free, free), IBRION=2, NSW=99) == []
    assert said(cell(), IBRION=2, NSW=99) == []
    assert said(cell(free, held), IBRION=-1, NSW=0) == [], "nothing moved"


@pytest.mark.parametrize("alone", ["", "OUTCAR", "vasprun.xml"])
def test_a_snapshot_of_dynamics_is_no_relaxed_structure(
    tmp_path: Path, alone: str
) -> None:
    place = unpacked("MgMn2O4_relax_ferromagnetic", tmp_path)
    for name in ("INCAR", "CONTCAR"):
        (place / name).unlink(missing_ok=True)
    edited(place / "OUTCAR", r"((?:IBRION|NSW) *= *)(\d+)", r"\g<1>MD")
    text = (place / "OUTCAR").read_text("utf-8")
    steps = text.count("TOTAL-FORCE")
    edited(place / "OUTCAR", r"(IBRION *= *)MD", r"\g<1>0")
    edited(place / "OUTCAR", r"(NSW *= *)MD", rf"\g<1>{steps}")
    edited(place / "vasprun.xml", r'("IBRION"> *)\d+', r"\g<1>0")
    edited(place / "vasprun.xml", r'("NSW"> *)\d+', rf"\g<1>{steps}")
    if alone:
        other = {"OUTCAR": "vasprun.xml", "vasprun.xml": "OUTCAR"}[alone]
        (place / other).unlink()
    document = parse_vasp(place)
    assert "snapshot" in ids(document), document.reason
    assert not document.cell_relaxed
