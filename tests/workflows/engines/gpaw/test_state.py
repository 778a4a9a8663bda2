"""What is left of a GPAW run, whole, cut and changed: only the whole one is DONE.

The runs are real: NiO with PBE+U, GPAW 26.7, of ``tests/data/gpaw``.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pymatgen.core import Lattice

from tests.places import TESTS
from workflows import parse_run
from workflows.engines.gpaw.densities import read_gpaw_density
from workflows.engines.gpaw.engine import prepare_resume
from workflows.engines.gpaw.text import read_text_numbers
from workflows.errors import ResultsError
from workflows.records.document import State, TaskDocument

NIO = TESTS / "data" / "gpaw" / "NiO"
STEPS = ("relax", "static", "dos")
NUMBERS = ("energy", "efermi", "magnetization", "bandgap", "structure", "max_force")

Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A copy of the three directories."""
    return Path(shutil.copytree(NIO, tmp_path / "NiO"))


def rewritten(directory: Path, change: Change) -> TaskDocument:
    """Change a result and its own digest, as no accident does, and read it."""
    path = directory / "result.json"
    result = json.loads(path.read_text("utf-8"))["result"]
    change(result)
    own = hashlib.sha256(json.dumps(result, sort_keys=True).encode()).hexdigest()
    path.write_text(json.dumps({"sha256": own, "result": result}), "utf-8")
    return parse_run(directory)


def shown(document: TaskDocument) -> list[str]:
    return [name for name in NUMBERS if getattr(document, name) is not None]


def test_the_whole_runs_are_done_with_what_gpaw_printed() -> None:
    found = {step: parse_run(NIO / step) for step in STEPS}
    assert {document.state for document in found.values()} == {State.DONE}
    static = found["static"]
    assert static.magnetization is not None
    text = read_text_numbers((NIO / "static" / "gpaw-1.txt").read_text("utf-8"))
    assert static.energy == pytest.approx(text.energy, abs=1e-6)
    assert static.magnetization == pytest.approx(text.moments, abs=1e-6)
    assert static.magnetization[0] == pytest.approx(1.72, abs=0.02)
    assert static.total_magnetization == pytest.approx(2, abs=1e-4)
    assert static.hubbards == {"Ni": 4.5}
    assert static.nelect == 22
    assert static.bandgap is not None
    assert static.bandgap > 1
    assert static.engine_version == "gpaw 26.7.0"
    assert static.settings["paw"]["Ni"].startswith("Ni.PBE.gz 0d9f38a9d6e76a28")
    assert not static.surrogate


def test_a_relaxed_cell_says_what_it_started_from_and_what_is_left_in_it() -> None:
    for step in ("relax", "static"):
        document = parse_run(NIO / step)
        asked = json.loads((NIO / step / "lnmo.json").read_text("utf-8"))
        start = Lattice(asked["calculation"]["structure"]["lattice"]).parameters
        assert document.start_lattice == pytest.approx(start, abs=1e-6)
        assert document.pressure_kbar is not None
        assert document.max_stress_kbar is not None
        assert document.max_stress_kbar >= abs(document.pressure_kbar) - 1e-9


def test_static_and_relaxation_are_one_state() -> None:
    relaxed, static = parse_run(NIO / "relax"), parse_run(NIO / "static")
    assert static.energy == pytest.approx(relaxed.energy, abs=1e-4)
    assert relaxed.max_force is not None
    assert relaxed.max_force < 0.05
    assert relaxed.pressure_kbar is not None
    assert abs(relaxed.pressure_kbar) < 3  # without that of the basis, hundreds


@pytest.mark.parametrize("step", STEPS)
def test_a_text_cut_anywhere_is_never_done(run: Path, step: str) -> None:
    text = run / step / "gpaw-1.txt"
    whole = text.read_bytes()
    places = {0, 1, len(whole) - 1, len(whole) - 2}
    places |= set(random.Random(step).sample(range(len(whole)), 25))
    for place in sorted(places):
        text.write_bytes(whole[:place])
        document = parse_run(run / step)
        assert document.state is State.TRUNCATED, place
        assert shown(document) == [], place
    text.write_bytes(whole)
    assert parse_run(run / step).state is State.DONE


def test_a_result_cut_anywhere_is_never_done(run: Path) -> None:
    path = run / "static" / "result.json"
    whole = path.read_bytes()
    for place in (
        0,
        1,
        len(whole) - 1,
        *random.Random(7).sample(range(len(whole)), 25),
    ):
        path.write_bytes(whole[:place])
        document = parse_run(run / "static")
        assert document.state is State.TRUNCATED, place
        assert shown(document) == [], place


def test_one_other_digit_anywhere_is_never_done(run: Path) -> None:
    for name in ("result.json", "gpaw-1.txt"):
        path = run / "static" / name
        whole = path.read_text("utf-8")
        digits = [i for i, letter in enumerate(whole) if letter.isdigit()]
        for place in random.Random(name).sample(digits, 20):
            other = str((int(whole[place]) + 1) % 10)
            path.write_text(whole[:place] + other + whole[place + 1 :], "utf-8")
            assert parse_run(run / "static").state is not State.DONE, (name, place)
        path.write_text(whole, "utf-8")


@pytest.mark.parametrize("step", ["relax", "dos"])
@pytest.mark.parametrize("damage", [None, "x", [], {}])
def test_a_result_of_another_form_is_told_in_one_line(
    run: Path, step: str, damage: object
) -> None:
    path = run / step / "result.json"
    whole = path.read_text("utf-8")
    for key in json.loads(whole)["result"]:
        document = rewritten(run / step, lambda result, key=key: result.pop(key))
        assert document.state.usable or document.reason, key
        path.write_text(whole, "utf-8")
        changed = rewritten(
            run / step, lambda result, key=key: result.update({key: damage})
        )
        assert changed.state.usable or changed.reason, key
        assert "\n" not in changed.reason + document.reason
        path.write_text(whole, "utf-8")


def test_a_density_of_states_of_another_form_is_told_in_one_line(run: Path) -> None:
    whole = (run / "dos" / "result.json").read_text("utf-8")
    for key in ("dos", "eigenvalues", "occupations"):
        rewritten(run / "dos", lambda result, key=key: result.update({key: {}}))
        with pytest.raises(
            ResultsError, match=r"dos: result\.json (lacks|has another)"
        ):
            read_gpaw_density(run / "dos")
        (run / "dos" / "result.json").write_text(whole, "utf-8")


def test_a_result_without_a_number_says_which(run: Path) -> None:
    document = rewritten(run / "static", lambda result: result.pop("electrons"))
    assert document.state is State.FAILED
    assert document.reason.startswith("result.json lacks 'electrons'; another version")
    assert shown(document) == []


def add(name: str, amount: float) -> Change:
    return lambda result: result.update({name: result[name] + amount})


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (add("energy", 1e-4), "energy"),
        (add("fermi_level", 0.01), "Fermi level"),
        (add("total_moment", 0.001), "total moment"),
        (lambda r: r["moments"].__setitem__(0, -r["moments"][0]), "moment of atom 0"),
        (lambda r: r["moments"].pop(), "2 moments, the result 1"),
        (lambda r: r["setups"]["Ni"].update(hubbard_u=0.0), "U = 0 eV on Ni"),
        (lambda r: r["setups"]["O"].update(hubbard_u=3.0), "U = 3 eV on O"),
        (lambda r: r["parameters"]["mode"].update(ecut=500), "ecut = 500"),
        (lambda r: r["parameters"]["kpts"].update(size=[1, 1, 1]), "kpts size"),
        (lambda r: r["parameters"].update(xc={"name": "LDA"}), "xc name = LDA"),
    ],
)
def test_a_number_that_gpaw_did_not_give_is_never_shown(
    run: Path, change: Change, told: str
) -> None:
    document = rewritten(run / "static", change)
    assert document.state is State.FAILED
    assert told in document.reason
    assert shown(document) == []


def ids(document: TaskDocument) -> list[str]:
    assert document.state is State.DONE
    return [finding.id for finding in document.findings]


def test_the_real_runs_have_nothing_to_tell() -> None:
    assert [ids(parse_run(NIO / step)) for step in STEPS] == [[], [], []]


def test_a_level_that_is_partly_occupied_is_named(run: Path) -> None:
    def half(result: dict[str, Any]) -> None:
        levels = result["occupations"][0][0]
        highest = sum(f > 0.5 for f in levels) - 1
        levels[highest], levels[highest + 1] = 0.7, 0.3

    assert "partial_occupations" in ids(rewritten(run / "dos", half))


def test_forces_that_are_left_are_told(run: Path) -> None:
    document = rewritten(run / "static", lambda r: r["forces"][0].__setitem__(0, 0.3))
    assert ids(document) == ["forces_left"]


def test_valences_that_leave_a_cell_charged_are_named(run: Path) -> None:
    path = run / "static" / "gpaw-1.txt"
    text = path.read_text("utf-8")
    assert text.count("1.726830") == 1  # muB, nickel
    path.write_text(text.replace("1.726830", "0.900000"), "utf-8")

    def nickel_of_three(result: dict[str, Any]) -> None:
        result["moments"][0] = 0.9
        result["text"]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()

    document = rewritten(run / "static", nickel_of_three)
    assert ids(document) == ["wrong_valence"]


def test_a_density_that_did_not_converge_has_no_numbers(run: Path) -> None:
    def unconverged(result: dict[str, Any]) -> None:
        kept = ("step", "text", "versions", "seconds", "completed_at")
        own = {name: result[name] for name in kept}
        result.clear()
        tried = {"geometry": 0, "rung": 2, "changes": {}, "iterations": 400}
        result.update(own, reason="not converged", geometries=[])
        result["attempts"] = [{**tried, "converged": False}]

    document = rewritten(run / "static", unconverged)
    assert document.state is State.UNCONVERGED
    assert "400 iterations" in document.reason
    assert shown(document) == []


def test_a_relaxation_that_ran_out_of_steps_says_so_and_shows_where_it_is(
    run: Path,
) -> None:
    document = rewritten(
        run / "relax", lambda r: r.update(reason="not relaxed after 40 steps")
    )
    assert document.state is State.UNCONVERGED
    assert document.reason == "not relaxed after 40 steps"
    assert document.structure is not None


def test_retry_lets_such_a_relaxation_take_as_many_steps_again(run: Path) -> None:
    relax = run / "relax"
    rewritten(relax, lambda r: r.update(reason="not relaxed after 40 steps"))
    taken = len(json.loads((relax / "result.json").read_text())["result"]["geometries"])
    before = json.loads((relax / "input.json").read_text())["relax"]["max_steps"]
    assert prepare_resume(relax)
    assert not (relax / "result.json").exists()
    after = json.loads((relax / "input.json").read_text())["relax"]["max_steps"]
    assert after == before + taken > before


def test_retry_starts_anew_what_failed_and_what_no_mixing_brought_together(
    run: Path,
) -> None:
    rewritten(run / "static", add("energy", 1.0))
    assert not prepare_resume(run / "static")
    assert prepare_resume(run / "relax") is False  # it is done


def test_a_directory_before_its_run_is_planned(run: Path) -> None:
    for name in ("result.json", "gpaw-1.txt"):
        (run / "static" / name).unlink()
    assert parse_run(run / "static").state is State.PLANNED


def test_an_interrupted_run_names_what_gpaw_said_last(run: Path) -> None:
    (run / "static" / "result.json").unlink()
    (run / "static" / "gpaw.err").write_text("Traceback ...\nMemoryError: 4 GB\n")
    document = parse_run(run / "static")
    assert document.state is State.TRUNCATED
    assert document.reason.endswith("GPAW said last: MemoryError: 4 GB")


def test_the_density_of_states_holds_every_electron() -> None:
    dos = read_gpaw_density(NIO / "dos")
    assert dos.electrons == pytest.approx(22, abs=1e-3)
    assert dos.nelect == 22
    below = dos.energies < dos.efermi
    nickel_d = dos.projected[0, 4:9][:, :, below].sum() * dos.step
    assert nickel_d == pytest.approx(8.6, abs=0.1)  # Ni2+, d8 and some of oxygen's
    assert dos.levels is not None
    assert dos.levels.gap == pytest.approx(parse_run(NIO / "static").bandgap, abs=0.02)


def test_a_step_without_density_of_states_says_where_to_ask_for_one() -> None:
    with pytest.raises(ResultsError, match=r"gpaw\.dos_at"):
        read_gpaw_density(NIO / "static")
