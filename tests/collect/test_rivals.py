"""Of several runs that fit one step, the better is taken and the others are named."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.collect.by_hand import ALL, actions, collect, edit, vasp
from workflows.campaign.calculation import Calculation
from workflows.campaign.inputs import structure_inputs, write_vasp_inputs
from workflows.cli.collect import lines_of
from workflows.engines.collect import CollectResult
from workflows.engines.vasp import fits as fits_module
from workflows.records.document import TaskDocument
from workflows.records.file_store import FileResults
from workflows.vasp.run_files import VaspFiles


@pytest.fixture
def changed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let the runs of a directory end in another energy, cell or moments."""
    read: Any = vars(fits_module)["with_numbers"]
    own: dict[str, tuple[float, float, int]] = {}

    def read_changed(files: VaspFiles, *others: Any) -> TaskDocument:
        document: TaskDocument = read(files, *others)
        energy, scale, sign = own.get(files.directory.name, (0.0, 1.0, 1))
        assert document.energy is not None
        assert document.structure is not None
        structure = document.structure.copy()
        structure.scale_lattice(structure.volume * scale)
        total = document.energy + energy
        return document.model_copy(
            update={
                "energy": total,
                "energy_per_atom": total / len(structure),
                "structure": structure,
                "magnetization": tuple(sign * m for m in document.magnetization or ()),
            }
        )

    def change(
        name: str, *, energy: float = 0.0, volume: float = 1.0, sign: int = 1
    ) -> None:
        own[name] = energy, volume, sign
        monkeypatch.setattr(fits_module, "with_numbers", read_changed)

    return change


Change = Callable[..., None]


def reason_of(outcomes: Sequence[CollectResult], name: str) -> str:
    (own,) = (o for o in outcomes if o.match.run.files.directory.name == name)
    assert own.action in {"refused", "unknown"}
    return own.reason


@pytest.mark.parametrize("name", ["attempt", "zattempt"])
def test_an_attempt_that_was_given_up_hides_no_chain(
    runs: Path, calculation: Calculation, tmp_path: Path, changed: Change, name: str
) -> None:
    shutil.copytree(runs / "relax", runs / name)
    changed(name, volume=1.02)
    outcomes = collect(runs, calculation, tmp_path / "data")
    assert actions(outcomes)[:3] == [(*step, "recorded") for step in ALL]
    assert "no settled relaxation follows it" in reason_of(outcomes, name)


@pytest.mark.parametrize("name", ["a_static", "z_static"])
@pytest.mark.parametrize(
    ("energy", "taken", "told"),
    [
        (0.32, False, "this one has relax_static_mismatch (E of this one +0.3200 eV"),
        (-0.32, False, "this one has relax_static_mismatch (E of this one -0.3200 eV"),
        (0.003, False, "that one is lower in energy (E of this one +0.0030 eV"),
        (-0.003, True, "that one is lower in energy (E of this one +0.0030 eV"),
        (0.0, None, "the two are one state (E of this one +0.0000 eV per cell)"),
    ],
)
def test_of_two_statics_the_better_is_kept_and_the_other_named_whatever_their_names(
    runs: Path,
    calculation: Calculation,
    tmp_path: Path,
    changed: Change,
    name: str,
    energy: float,
    taken: bool | None,
    told: str,
) -> None:
    shutil.copytree(runs / "static", runs / name)
    changed(name, energy=energy)
    outcomes = collect(runs, calculation, tmp_path / "data")
    by_name = {o.match.run.files.directory.name: o for o in outcomes}
    (static,) = (o for o in outcomes if o.match.step == "static" and o.match.document)
    kept = static.match.run.files.directory.name
    other = ({"static", name} - {kept}).pop()
    if taken is not None:
        assert (kept == name) == taken
    assert told in reason_of(outcomes, other)
    (rival,) = static.match.rivals
    assert str(runs / other) in rival
    assert "eV per cell" in rival
    assert by_name["dos"].action == "recorded"
    document = FileResults(tmp_path / "data").get(calculation.id, "static")
    assert document is not None
    assert rival in document.findings[0].message
    lines = "\n".join(lines_of(outcomes, write=True))
    assert f"    rival: {rival}" in lines


def test_two_states_of_one_energy_are_both_refused(
    runs: Path, calculation: Calculation, tmp_path: Path, changed: Change
) -> None:
    shutil.rmtree(runs / "dos")  # it continues one of the two, and would decide
    shutil.copytree(runs / "static", runs / "flipped")
    changed("flipped", energy=-1e-5, sign=-1)
    outcomes = collect(runs, calculation, tmp_path / "data")
    assert ("again", "relax", "recorded") in actions(outcomes)
    for name, other in (("static", "flipped"), ("flipped", "static")):
        reason = reason_of(outcomes, name)
        assert str(runs / other) in reason
        assert "another state at the same energy" in reason
    assert FileResults(tmp_path / "data").get(calculation.id, "static") is None


@pytest.mark.parametrize("energy", [-0.01, 0.01])
def test_of_two_ends_of_a_relaxation_the_one_that_goes_on_is_taken(
    runs: Path, calculation: Calculation, tmp_path: Path, changed: Change, energy: float
) -> None:
    shutil.copytree(runs / "again", runs / "a_again")
    changed("a_again", energy=energy, volume=1.001)
    outcomes = collect(runs, calculation, tmp_path / "data")
    assert actions(outcomes)[:3] == [(*step, "recorded") for step in ALL]
    assert "that chain has 3 steps, this one 1" in reason_of(outcomes, "a_again")


@pytest.mark.parametrize("energy", [-0.01, 0.01])
def test_of_two_ends_that_nothing_follows_the_lower_is_taken(
    runs: Path, calculation: Calculation, tmp_path: Path, changed: Change, energy: float
) -> None:
    for name in ("static", "dos"):
        shutil.rmtree(runs / name)
    shutil.copytree(runs / "again", runs / "a_again")
    changed("a_again", energy=energy, volume=1.001)
    outcomes = collect(runs, calculation, tmp_path / "data")
    lower, higher = ("a_again", "again") if energy < 0 else ("again", "a_again")
    assert actions(outcomes)[0] == (lower, "relax", "recorded")
    (rival,) = outcomes[0].match.rivals
    assert rival == f"{runs / higher} fits too (E of this one +0.0100 eV per cell)"


def test_relaxations_that_do_not_move_are_one_chain(
    runs: Path, calculation: Calculation, tmp_path: Path
) -> None:
    for name in ("a_again", "z_again"):
        shutil.copytree(runs / "again", runs / name)
    outcomes = collect(runs, calculation, tmp_path / "data")
    assert [o.action for o in outcomes] == ["recorded"] * 3
    assert len(outcomes[0].match.links) == 3
    assert outcomes[0].match.rivals == ()


def test_a_warning_of_what_is_recorded_is_shown(
    runs: Path, calculation: Calculation, tmp_path: Path, changed: Change
) -> None:
    changed("static", energy=0.32)
    outcomes = collect(runs, calculation, tmp_path / "data")
    assert actions(outcomes) == [(*step, "recorded") for step in ALL]
    lines = "\n".join(lines_of(outcomes, write=True))
    assert "    warning: the static is +22.86 meV/atom from the last relax" in lines


def test_a_run_that_starts_at_a_planned_place_is_not_said_to_start_elsewhere(
    runs: Path, calculation: Calculation, tmp_path: Path
) -> None:
    early = runs / "early"
    inputs = structure_inputs(calculation.structure, calculation.settings, "static")
    write_vasp_inputs(inputs, early)
    edit(early / "INCAR", ISTART=0, ICHARG=2)
    vasp(early)
    other = shutil.copytree(runs / "dos", runs / "other")
    edit(other / "INCAR", ENCUT=600)
    outcomes = collect(runs, calculation, tmp_path / "data")
    assert actions(outcomes)[:3] == [(*step, "recorded") for step in ALL]
    assert reason_of(outcomes, "early") == (
        "it starts at the planned start of x=1, but its ions do not move, and the "
        "plan has a relax there"
    )
    assert re.match(
        r"it starts where .*/(again|static) ended, but is not the (static|dos) that",
        reason_of(outcomes, "other"),
    )
