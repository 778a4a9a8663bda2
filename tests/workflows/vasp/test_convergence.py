"""A vasprun.xml without OUTCAR has to show that it converged."""

from __future__ import annotations

import gzip
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from pymatgen.io.vasp import Vasprun

from tests.places import DATA
from workflows import parse_run
from workflows.records.document import State
from workflows.vasp.convergence import not_relaxed, settled
from workflows.vasp.outcar_steps import read_outcar

IONIC = re.compile(r" <calculation>.*?</calculation>\n", re.DOTALL)
ELECTRONIC = re.compile(r"  <scstep>.*?</scstep>\n", re.DOTALL)


def shortened(name: str, steps: re.Pattern[str], kept: int, place: Path) -> Path:
    """Copy a vasprun.xml alone, with its first steps of one kind and no later ones."""
    text = gzip.decompress((DATA / name / "vasprun.xml.gz").read_bytes()).decode()
    found = list(steps.finditer(text))
    assert len(found) >= kept
    last, end = found[kept - 1].end(), found[-1].end()
    (place / "vasprun.xml").write_text(text[:last] + text[end:], "utf-8")
    return place


def vasprun(path: Path) -> Vasprun:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Vasprun(str(path), parse_dos=False, parse_potcar_file=False)


@pytest.mark.parametrize(
    ("kept", "state"), [(3, State.UNCONVERGED), (5, State.UNCONVERGED), (7, State.DONE)]
)
def test_a_relaxation_that_was_stopped_between_ionic_steps_is_not_proven(
    tmp_path: Path, kept: int, state: State
) -> None:
    document = parse_run(
        shortened("MgMn2O4_relax_ferromagnetic", IONIC, kept, tmp_path)
    )
    assert document.state is state, document.reason
    assert document.n_ionic_steps == kept
    if state is not State.DONE:
        assert f"{document.max_force:.3f} eV/A, EDIFFG = -0.02" in document.reason
        assert "only OUTCAR can prove it" in document.reason


@pytest.mark.parametrize("kept", [2, 5, 12])
def test_an_electronic_cycle_that_was_stopped_is_unconverged(
    tmp_path: Path, kept: int
) -> None:
    document = parse_run(shortened("NiO_static", ELECTRONIC, kept, tmp_path))
    assert document.state is State.UNCONVERGED
    assert "ended its electronic cycle before EDIFF" in document.reason


def test_a_single_electronic_step_shows_nothing(tmp_path: Path) -> None:
    document = parse_run(shortened("NiO_static", ELECTRONIC, 1, tmp_path))
    assert document.state is State.UNCONVERGED
    assert "does not show that it reached EDIFF" in document.reason


def test_a_line_search_into_the_minimum_is_proven_by_what_is_left_to_gain() -> None:
    run = vasprun(DATA / "Li_metal_vasp5" / "vasprun.xml.gz")
    before, last = (step["e_fr_energy"] for step in run.ionic_steps[-2:])
    assert abs(last - before) > run.parameters["EDIFFG"] > 0
    assert not_relaxed(run) == ""
    run.parameters["EDIFFG"] = 1e-6
    assert "EDIFFG = 1e-06" in not_relaxed(run)
    assert "some 3.2e-05 eV left" in not_relaxed(run)


def test_a_small_gain_in_the_last_step_is_proof_too() -> None:
    run = vasprun(DATA / "MgMn2O4_relax_ferromagnetic" / "vasprun.xml.gz")
    run.parameters["EDIFFG"] = 4e-4
    assert not_relaxed(run) == ""
    run.parameters["EDIFFG"] = 1e-6
    assert "gain of 0.00032 eV" in not_relaxed(run)


def test_the_force_on_what_is_held_does_not_count() -> None:
    run = vasprun(DATA / "MgMn2O4_relax_ferromagnetic" / "vasprun.xml.gz")
    run.parameters["EDIFFG"] = -1e-5
    assert not_relaxed(run)
    structure = run.final_structure
    structure.add_site_property("selective_dynamics", [[False] * 3] * len(structure))
    assert not_relaxed(run) == ""
    structure.add_site_property("selective_dynamics", [[True] * 3] * len(structure))
    strongest = np.linalg.norm(run.ionic_steps[-1]["forces"], axis=1).max()
    assert f"{strongest:.3f} eV/A" in not_relaxed(run)


def test_an_ediff_below_the_printed_digits_is_not_zero() -> None:
    step = {"electronic_steps": [{"e_fr_energy": -1.0}, {"e_fr_energy": -1.00000001}]}
    assert settled(step, {"EDIFF": 0.0})
    assert settled(step, {"EDIFF": 1e-5})
    assert settled({"electronic_steps": [{"e_fr_energy": -1.0}]}, {}) is None


def test_the_steps_of_a_linear_response_are_not_of_the_ground_state(
    tmp_path: Path,
) -> None:
    """They stand behind it in vasprun.xml, more than NELM and at other energies."""
    packed = DATA / "MgMn2O4_static_ferromagnetic" / "vasprun.xml.gz"
    path = tmp_path / "vasprun.xml"
    text = gzip.decompress(packed.read_bytes()).decode()
    path.write_text(text, "utf-8")
    before = parse_run(tmp_path)
    found = list(ELECTRONIC.finditer(text))
    energy = r'(name="e_\w+_en\w+">) *-?[\d.]+'
    other = [re.sub(energy, rf"\1 {n}.5", found[-1][0]) for n in range(200)]
    end = found[-1].end()
    behind = text[:end] + "".join(other) + text[end:]
    path.write_text(behind, "utf-8")
    assert parse_run(tmp_path).state is State.UNCONVERGED
    behind = re.sub(r'(name="LEPSILON">) *F', r"\1 T", behind)
    path.write_text(behind, "utf-8")
    document = parse_run(tmp_path)
    assert document.state is before.state is State.DONE, document.reason
    assert document.energy == before.energy
    whole = text[: found[2].end()] + "".join(other) + text[end:]
    path.write_text(re.sub(r'(name="LEPSILON">) *F', r"\1 T", whole), "utf-8")
    assert parse_run(tmp_path).state is State.UNCONVERGED


def test_outcar_says_of_the_ground_state_alone_whether_it_converged() -> None:
    packed = DATA / "MgMn2O4_static_ferromagnetic" / "OUTCAR.gz"
    text = gzip.decompress(packed.read_bytes()).decode()
    (step,) = read_outcar(text).steps
    cycle = "---- Iteration    1(   1)  ----\n" * 100
    response = (
        f"\n Linear response to external field, progress :\n{cycle}"
        " aborting loop EDIFF was not reached (unconverged)\n"
    )
    place = text.index("General timing")
    (responds,) = read_outcar(text[:place] + response + text[place:]).steps
    assert responds == step
