"""Whether energies may be subtracted: "may" only where everything was seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.places import DATA
from workflows.checks.rules import check, check_together, find_runs, read_run
from workflows.checks.rules.comparison import Comparison, comparison
from workflows.vasp.directory import VaspDirectory
from workflows.vasp.incar_text import IncarText

FIRST, SECOND, OXIDE, OTHER, BAD = (
    "LiMn8O16_first",
    "LiMn8O16_second",
    "Mn8O16",
    "MgMn2O4_static_antiferromagnetic",
    "LiVO3_U_on_lithium",
)


def read(name: str) -> VaspDirectory:
    (run,) = find_runs(DATA / name)
    return replace(read_run(run), name=name)


def judged(
    runs: Sequence[VaspDirectory], states: dict[str, str] | None = None, *fake: str
) -> Comparison:
    return comparison(
        runs,
        check_together(runs),
        {run.name: check(run) for run in runs},
        {run.name: "DONE" for run in runs} | (states or {}),
        fake,
    )


@pytest.fixture(scope="module")
def three() -> list[VaspDirectory]:
    return [read(name) for name in (FIRST, SECOND, OXIDE)]


def test_three_runs_of_one_study_may_be_subtracted(three: list[VaspDirectory]) -> None:
    assert judged(three) == Comparison(
        "may",
        "these 3 energies may be subtracted, in a balance of the same atoms: settings, "
        "potentials and k-point density agree, and every run converged",
    )


def test_what_differs_is_named(three: list[VaspDirectory]) -> None:
    found = judged([three[0], read(OTHER)])
    assert found.answer == "must not"
    assert found.sentence.startswith(
        "these 2 energies must not be subtracted: ENCUT, functional, U of Mn, "
    )


@pytest.mark.parametrize("state", ["TRUNCATED", "UNCONVERGED", "FAILED", "RUNNING", ""])
def test_a_run_without_a_converged_energy_is_subtracted_from_none(
    three: list[VaspDirectory], state: str
) -> None:
    assert judged(three, {SECOND: state}).sentence == (
        f"these 3 energies must not be subtracted: {SECOND} has no converged energy "
        "(lnmo parse)"
    )


def test_two_runs_with_the_same_error_are_not_comparable() -> None:
    bad = read(BAD)
    found = judged([bad, replace(bad, name="again")], {"again": "DONE"})
    assert found.sentence == (
        f"these 2 energies must not be subtracted: {BAD} and 1 more have errors of "
        "their own"
    )


def test_what_nobody_knows_is_not_called_equal(three: list[VaspDirectory]) -> None:
    first, second, oxide = three
    for less, what in (
        (replace(second, incar_from=""), "INCAR"),
        (replace(second, potentials=()), "POTCAR"),
        (replace(second, mesh=None), "k-points"),
    ):
        found = judged([first, less, oxide])
        assert (found.answer, found.sentence) == (
            "not known",
            f"whether these 3 energies may be subtracted is not known: {what} of "
            f"{SECOND}",
        )


def test_inputs_have_no_energies_yet(three: list[VaspDirectory]) -> None:
    inputs = [replace(run, outcar=None, parameters={}) for run in three]
    found = comparison(inputs, (), {}, {})
    assert (found.answer, found.sentence) == (
        "not known",
        "none of these 3 has run; no setting that decides an energy differs",
    )
    other = replace(read(OTHER), outcar=None, parameters={})
    both = [inputs[0], other]
    assert comparison(both, check_together(both), {}, {}).sentence.startswith(
        "none of these 2 has run; their energies will not be comparable: ENCUT, "
    )


def test_a_denser_mesh_is_for_a_person_to_judge(three: list[VaspDirectory]) -> None:
    first, second, _ = three
    assert second.mesh is not None
    assert second.outcar is not None
    finer = replace(
        second,
        mesh=replace(second.mesh, divisions=(8, 8, 8)),
        outcar=replace(second.outcar, kpoints=()),
    )
    assert judged([first, finer]).sentence == (
        "these 2 energies must not be subtracted before you have judged: density of "
        "k-points differs"
    )


def test_a_fixed_density_has_no_energy_of_its_own(three: list[VaspDirectory]) -> None:
    first, second, _ = three
    fixed = replace(second, incar=IncarText({**second.incar.tags, "ICHARG": "11"}))
    found = judged([first, fixed])
    assert found.answer == "must not"
    assert f"{SECOND} is not self-consistent" in found.sentence


def test_synthetic_energies_meet_no_others(three: list[VaspDirectory]) -> None:
    assert judged(three, None, FIRST).sentence == (
        "these 3 energies must not be subtracted: 1 of them are synthetic, of "
        "lnmo-fake-vasp"
    )
    assert "(synthetic, of lnmo-fake-vasp)" in judged(three, None, *ALL).sentence


ALL = (FIRST, SECOND, OXIDE)
