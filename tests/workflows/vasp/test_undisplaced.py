"""Phonons by finite differences are shown by their crystal, not by a displaced one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.runs import edited, ids, unpacked
from workflows.engines.vasp.parse import parse_vasp
from workflows.records.document import State, TaskDocument
from workflows.vasp.outcar_steps import read_outcar
from workflows.vasp.read_directory import find_runs, read_run

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


def test_moments_are_of_the_crystal_for_every_reader(tmp_path: Path) -> None:
    place = unpacked("MgMn2O4_relax_ferromagnetic", tmp_path)
    steps = read_outcar((place / "OUTCAR").read_text("utf-8")).steps
    assert steps[0].moments != steps[-1].moments
    (run,) = find_runs(place)
    assert read_run(run).moments == steps[-1].moments
    (place / "INCAR").unlink()
    for name, pattern in (
        ("OUTCAR", r"(IBRION *= *)2"),
        ("vasprun.xml", r'("IBRION"> *)2'),
    ):
        edited(place / name, pattern, r"\g<1>6")
    document = parse_vasp(place)
    assert document.magnetization == steps[0].moments
    assert document.total_magnetization == steps[0].total_magnetization
    (run,) = find_runs(place)
    assert read_run(run).moments is None, "the rules read no displaced crystal"
