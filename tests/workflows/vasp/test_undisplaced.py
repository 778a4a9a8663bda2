"""Phonons by finite differences are shown by their crystal, not by a displaced one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.runs import edited, ids, unpacked
from workflows.engines.vasp.parse import parse_vasp
from workflows.records.document import State, TaskDocument

CRYSTAL, DISPLACED = -10.82654341, -10.82508260
"""eV, energies of the first and of the last configuration."""


@pytest.fixture
def phonons(tmp_path: Path) -> Path:
    return unpacked("forms/phon-tlist/run", tmp_path)


def is_the_crystal(document: TaskDocument) -> None:
    assert document.state is State.DONE, document.reason
    assert document.energy == pytest.approx(CRYSTAL, abs=1e-7)
    assert document.structure is not None
    assert document.structure[0].frac_coords == pytest.approx([0.25] * 3, abs=1e-4)
    away = document.structure[1].frac_coords
    assert away - away.round() == pytest.approx([0, 0, 0], abs=1e-4)
    assert document.max_force == pytest.approx(0, abs=1e-4), "a site of symmetry"
    assert "finite_differences" in ids(document)


@pytest.mark.parametrize("alone", ["", "OUTCAR", "vasprun.xml"])
def test_energy_structure_and_forces_are_of_the_undisplaced_crystal(
    phonons: Path, alone: str
) -> None:
    if alone:
        other = {"OUTCAR": "vasprun.xml", "vasprun.xml": "OUTCAR"}[alone]
        (phonons / other).unlink()
    is_the_crystal(parse_vasp(phonons))


@pytest.mark.parametrize("ibrion", [5, 6])
def test_what_is_printed_of_the_last_configuration_alone_is_left_out(
    phonons: Path, ibrion: int
) -> None:
    edited(phonons / "vasprun.xml", r'("IBRION">) *6', rf"\g<1> {ibrion}")
    edited(phonons / "OUTCAR", r"(IBRION = +)6", rf"\g<1>{ibrion}")
    document = parse_vasp(phonons)
    assert (document.bandgap, document.efermi) == (None, 5.8824)
    (phonons / "OUTCAR").unlink()
    assert parse_vasp(phonons).efermi is None


@pytest.mark.parametrize("ibrion", [7, 8])
def test_linear_response_displaces_nothing(phonons: Path, ibrion: int) -> None:
    edited(phonons / "vasprun.xml", r'("IBRION">) *6', rf"\g<1> {ibrion}")
    edited(phonons / "OUTCAR", r"(IBRION = +)6", rf"\g<1>{ibrion}")
    document = parse_vasp(phonons)
    assert document.energy == pytest.approx(DISPLACED, abs=1e-7)
    assert "finite_differences" not in ids(document)


def test_phonons_that_were_cut_are_shown_by_their_crystal(phonons: Path) -> None:
    for name, mark in (("OUTCAR", "Iteration      3("), ("vasprun.xml", "<dos>")):
        text = (phonons / name).read_text("utf-8")
        (phonons / name).write_text(text[: text.index(mark)], "utf-8")
    document = parse_vasp(phonons)
    assert document.state is State.TRUNCATED
    assert document.energy == pytest.approx(CRYSTAL, abs=1e-7)
    assert document.structure == document.initial_structure


def test_the_files_of_phonons_are_compared_by_where_they_end(phonons: Path) -> None:
    line = f"   3 F= {DISPLACED:.8E} E0= {DISPLACED:.8E}  d E =0.0\n"
    (phonons / "OSZICAR").write_text(line, "utf-8")
    assert "files_disagree" not in ids(parse_vasp(phonons))
    (phonons / "OSZICAR").write_text(line.replace("082508", "072508"), "utf-8")
    assert "files_disagree" in ids(parse_vasp(phonons))
