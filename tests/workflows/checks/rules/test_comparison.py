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
    runs: Sequence[VaspDirectory],
    states: dict[str, str] | None = None,
    *fake: str,
    findings: dict[str, set[str]] | None = None,
) -> Comparison:
    return comparison(
        runs,
        check_together(runs),
        {run.name: check(run) for run in runs},
        {run.name: "DONE" for run in runs} | (states or {}),
        fake,
        findings,
    )


def asking(run: VaspDirectory, name: str, **changes: str) -> VaspDirectory:
    """Return a run with other tags, and without the outputs that contradict them."""
    incar = IncarText({**run.incar.tags, **changes})
    return replace(run, name=name, incar=incar, parameters={}, repeated=IncarText())


def not_run(run: VaspDirectory, name: str, **changes: str) -> VaspDirectory:
    return replace(asking(run, name, **changes), outcar=None)


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


MD = {"IBRION": "0", "NSW": "10", "TEBEG": "2000"}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (MD, "a snapshot, no minimum"),
        ({"NSW": "10", "IBRION": "44"}, "on a path over a saddle point, no minimum"),
        ({"IMAGES": "4"}, "on a path over a saddle point, no minimum"),
        ({"NUPDOWN": "16"}, "held at an imposed moment"),
        ({"I_CONSTRAINED_M": "1"}, "held at an imposed moment"),
        ({"ISMEAR": "-2"}, "filled by imposed occupations"),
        ({"EFIELD": "0.1"}, "in an external field or a shifted potential"),
        ({"PSTRESS": "50"}, "under an imposed pressure"),
    ],
)
def test_inputs_that_ask_for_no_ground_state_are_told_so(
    three: list[VaspDirectory], changes: dict[str, str], told: str
) -> None:
    runs = [not_run(three[1], name, **changes) for name in ("one", "two")]
    assert check_together(runs) == ()
    assert judged(runs).sentence == (
        "none of these 2 has run; their energies will not be comparable: one and 1 "
        f"more are {told}"
    )


def test_dynamics_by_the_default_of_ibrion_is_seen(three: list[VaspDirectory]) -> None:
    tags = {k: v for k, v in three[1].incar.tags.items() if k != "IBRION"}
    run = replace(three[1], incar=IncarText(tags), outcar=None, parameters={})
    dynamics = not_run(run, "md", NSW="100")
    assert "md is a snapshot" in judged([run, dynamics]).sentence
    assert "snapshot" not in judged([run, not_run(run, "one", NSW="1")]).sentence


@pytest.mark.parametrize(
    ("finding", "told"),
    [
        ("snapshot", "is a snapshot, no minimum"),
        ("saddle_point", "is on a path over a saddle point, no minimum"),
        ("imposed_moment", "is held at an imposed moment"),
        ("imposed_occupations", "is filled by imposed occupations"),
        ("external_field", "is in an external field or a shifted potential"),
        ("fixed_orbitals", "is not self-consistent"),
        ("held_atoms", "is relaxed with atoms held in place"),
    ],
)
def test_a_finished_run_that_is_no_ground_state_is_for_a_person_to_judge(
    three: list[VaspDirectory], finding: str, told: str
) -> None:
    found = judged(three, findings={SECOND: {finding, "orbital_order"}})
    assert (found.answer, found.sentence) == (
        "must not",
        "these 3 energies must not be subtracted before you have judged: "
        f"{SECOND} {told}",
    )


def test_a_density_that_only_the_outputs_show_as_fixed_is_seen(
    three: list[VaspDirectory],
) -> None:
    found = judged(three, findings={SECOND: {"fixed_density"}})
    assert found.answer == "must not"
    assert f"{SECOND} is not self-consistent" in found.sentence


def test_phonons_may_be_subtracted_with_a_word_on_what_is_shown(
    three: list[VaspDirectory],
) -> None:
    found = judged(three, findings={SECOND: {"finite_differences"}})
    assert found.answer == "may"
    assert found.sentence.endswith(
        f"; {SECOND} is shown by the undisplaced crystal of a phonon run"
    )


def test_a_relaxation_beside_its_static_run_is_subtracted_from_none(
    three: list[VaspDirectory],
) -> None:
    relax = {"NSW": "50", "IBRION": "2", "ISMEAR": "0"}
    static = {"NSW": "0", "IBRION": "-1", "ISMEAR": "-5"}
    pair = [not_run(three[1], "relax", **relax), not_run(three[1], "st", **static)]
    assert check_together(pair) == ()
    told = "ISMEAR differs between relaxations, static runs: subtract energies of one "
    assert judged(pair).sentence == f"none of these 2 has run; {told}kind only"
    ran = [replace(run, outcar=three[1].outcar) for run in pair]
    assert judged(ran).answer == "must not"
    assert told in judged(ran).sentence
    two = judged([*ran, replace(ran[1], name="other static")])
    assert two.answer == "may"
    assert two.sentence.endswith(f"and every run converged; {told}kind only")
    alike = [pair[0], not_run(three[1], "st", **{**static, "ISMEAR": "0"})]
    assert judged(alike).sentence == (
        "none of these 2 has run; no setting that decides an energy differs"
    )


def test_a_planned_density_of_states_is_no_energy_and_no_finding(
    three: list[VaspDirectory],
) -> None:
    dos = not_run(three[1], "dos", ICHARG="11", ISMEAR="-5", NEDOS="3001")
    runs = [not_run(three[1], "static"), dos]
    assert check_together(runs) == ()
    assert judged(runs).sentence == (
        "none of these 2 has run; no setting that decides an energy differs; dos has "
        "no energy of its own (ICHARG of 10 or more)"
    )


def test_synthetic_energies_meet_no_others(three: list[VaspDirectory]) -> None:
    assert judged(three, None, FIRST).sentence == (
        "these 3 energies must not be subtracted: 1 of them are synthetic, of "
        "lnmo-fake-vasp"
    )
    assert "(synthetic, of lnmo-fake-vasp)" in judged(three, None, *ALL).sentence


ALL = (FIRST, SECOND, OXIDE)
