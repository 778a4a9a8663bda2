"""Inputs that a disk lost before VASP was started are written again, by themselves."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.places import FAKE_VASP
from tests.workflows.vasp.test_potcars import MakeLibrary, library
from workflows.campaign.calculation import Calculation
from workflows.engines.machine import Machine
from workflows.engines.protocol import read_run_file
from workflows.engines.step import run_step
from workflows.engines.vasp.parse import parse_vasp
from workflows.engines.vasp.unstarted_inputs import input_problem
from workflows.engines.vasp.wavecars import prepare_attempt
from workflows.errors import StoreError, Terminated
from workflows.records.document import State, TaskDocument

__all__ = ["library"]

COMMAND = f"{sys.executable} {FAKE_VASP}"
HERE = Machine(vasp_cmd=COMMAND, poll_seconds=0.05, incar={"NCORE": 2})
INPUTS = ("INCAR", "KPOINTS", "POSCAR", "POTCAR.spec")
DAMAGE: dict[str, Callable[[bytes], bytes | None]] = {
    "empty": lambda _: b"",
    "half": lambda content: content[: len(content) // 2],
    "zeros": lambda content: bytes(len(content)),
    "the end zeros": lambda content: content[:-9] + bytes(9),
    "one byte short of a word": lambda content: content[:-3],
    "gone": lambda _: None,
}


def run(one: Calculation, step: str, root: Path, machine: Machine = HERE) -> State:
    done: TaskDocument = run_step(
        one, step, root=root, machine=machine, report=lambda _: None
    )
    return done.state


def written(one: Calculation, step: str, root: Path) -> Path:
    """Let a step write its inputs, and stop it before VASP is started."""
    late = Machine(vasp_cmd=COMMAND, deadline=time.time() + 60, stop_margin=600)
    with pytest.raises(Terminated):
        run(one, step, root, late)
    here = root / "calculations" / one.id / step
    return here / "relax-1" if step == "relax" else here


def damage(directory: Path, names: tuple[str, ...], how: str) -> None:
    for name in names:
        path = directory / name
        content = DAMAGE[how](path.read_bytes())
        path.unlink() if content is None else path.write_bytes(content)


@pytest.mark.parametrize("how", DAMAGE)
@pytest.mark.parametrize("name", INPUTS)
def test_each_input_that_is_not_whole_is_found_and_nothing_else(
    how: str, name: str, one: Calculation, tmp_path: Path
) -> None:
    here = written(one, "relax", tmp_path)
    found = read_run_file(here)
    assert found is not None
    assert input_problem(here, found[2], HERE.incar) == ""
    damage(here, (name,), how)
    assert input_problem(here, found[2], HERE.incar).startswith(name)


@pytest.mark.parametrize("how", ["empty", "half", "zeros"])
def test_a_relaxation_whose_inputs_a_power_cut_took_ends_as_planned(
    how: str, one: Calculation, tmp_path: Path
) -> None:
    here = written(one, "relax", tmp_path)
    before = {name: (here / name).read_text() for name in ("KPOINTS", "POTCAR.spec")}
    damage(here, INPUTS, how)
    assert run(one, "relax", tmp_path) is State.DONE
    assert {name: (here / name).read_text() for name in before} == before
    assert not list(tmp_path.rglob("*.cut-*"))


@pytest.mark.parametrize("names", [INPUTS, ("KPOINTS",)], ids=["all", "KPOINTS"])
def test_a_later_step_whose_inputs_a_power_cut_took_starts_where_the_last_ended(
    names: tuple[str, ...], one: Calculation, tmp_path: Path
) -> None:
    run(one, "relax", tmp_path)
    here = written(one, "static", tmp_path)
    damage(here, names, "empty")
    done = run_step(one, "static", root=tmp_path, machine=HERE, report=lambda _: None)
    assert done.state is State.DONE
    told = [f.message for f in done.findings if f.id != "fake_vasp"]
    assert [m for m in told if "NCORE" not in m] == []


def test_inputs_with_the_tags_of_the_machine_are_whole_and_cut_ones_are_not(
    one: Calculation, tmp_path: Path
) -> None:
    here = written(one, "relax", tmp_path)
    found = read_run_file(here)
    assert found is not None
    plain = (here / "INCAR").read_text()
    (here / "INCAR").write_text(plain + "NCORE = 2\n")
    assert input_problem(here, found[2], {"NCORE": 2}) == ""
    (here / "INCAR").write_text(plain + "NCO")
    assert input_problem(here, found[2], {"NCORE": 2}) == "INCAR is cut"


def test_an_input_that_a_person_edited_is_left_and_the_run_says_so(
    one: Calculation, tmp_path: Path
) -> None:
    here = written(one, "relax", tmp_path)
    text = (here / "INCAR").read_text()
    edited = text.replace("ENCUT = 520", "ENCUT = 500")
    assert edited != text
    (here / "INCAR").write_text(edited)
    run(one, "relax", tmp_path)
    assert "ENCUT = 500" in (here / "INCAR").read_text()
    assert parse_vasp(here).state is State.NEEDS_REVIEW


@pytest.mark.filterwarnings("ignore::pymatgen.io.vasp.inputs.UnknownPotcarWarning")
def test_a_potcar_that_was_cut_is_assembled_again_or_its_library_asked_for(
    one: Calculation,
    tmp_path: Path,
    library: MakeLibrary,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    library()
    here = written(one, "relax", tmp_path / "data")
    whole = (here / "POTCAR").read_bytes()
    found = read_run_file(here)
    assert found is not None
    for how in DAMAGE:
        (here / "POTCAR").write_bytes(whole)
        assert input_problem(here, found[2], {}) == ""
        damage(here, ("POTCAR",), how)
        assert input_problem(here, found[2], {}).startswith("POTCAR ")
    monkeypatch.delenv("PMG_VASP_PSP_DIR")
    with pytest.raises(StoreError, match="set PMG_VASP_PSP_DIR and run again"):
        written(one, "relax", tmp_path / "data")
    library()
    written(one, "relax", tmp_path / "data")
    assert (here / "POTCAR").read_bytes() == whole


@pytest.mark.parametrize("text", ["", "\0" * 50, "half a wo", "# a comment"])
def test_an_incar_that_cannot_be_read_is_told_as_such(
    text: str, tmp_path: Path
) -> None:
    (tmp_path / "INCAR").write_text(text)
    with pytest.raises(StoreError, match=r"cannot be read as an INCAR.*--retry"):
        prepare_attempt(tmp_path)
