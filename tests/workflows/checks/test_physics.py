"""Physics checks: silent on the paper's states, named where one is broken."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pytest
from pymatgen.core import Lattice, Structure

from tests.places import DATA
from workflows import parse_run
from workflows.analysis.lnmo import expected_total_moment, lnmo_x
from workflows.campaign.calculation import Calculation
from workflows.checks.physics import physics_findings, static_matches_relaxation
from workflows.checks.run_result import RunResult
from workflows.records.document import TaskDocument

Finished = Callable[..., TaskDocument]


@pytest.fixture
def result(calculations: Sequence[Calculation]) -> Callable[[float], RunResult]:
    """The paper's state at x: formal valences, Ni against Mn, the moments it names."""

    def make(x: float) -> RunResult:
        structure = next(c for c in calculations if c.x == x).structure.copy()
        structure.scale_lattice(8.2**3)
        reduced = round(8 * max(0.0, x - 1))
        moments, mn3 = [], 0
        for site in structure:
            element = site.specie.symbol
            size = {"Ni": {0: 0.5, 1: 1.7, 2: 1.7}[x], "Mn": 3.2}.get(element, 0.01)
            if element == "Mn" and mn3 < reduced:
                size, mn3 = 3.95, mn3 + 1
            moments.append(-size if element == "Ni" else size)
        return RunResult(
            structure=structure,
            energy=-362.0,
            magnetization=moments,
            start_moments=[1.2 * m for m in moments],
            total_magnetization=expected_total_moment(x),
            bandgap=0.4,
            pressure_kbar=-1.2,
            cell_relaxed=True,
        )

    return make


def ids(result: RunResult) -> list[str]:
    return [finding.id for finding in physics_findings(result)]


def changed(result: RunResult, element: str, values: Mapping[int, float]) -> RunResult:
    """Give the n-th ions of an element other moments."""
    moments = list(result.magnetization or ())
    where = [i for i, s in enumerate(result.structure) if s.specie.symbol == element]
    for number, value in values.items():
        moments[where[number]] = value
    return replace(result, magnetization=moments)


@pytest.mark.parametrize("x", [0, 1])
def test_the_state_of_the_paper_has_nothing_to_tell(
    result: Callable[[float], RunResult], x: float
) -> None:
    assert ids(result(x)) == []


def test_at_x_2_only_the_unrelaxed_neighbours_are_told(
    result: Callable[[float], RunResult],
) -> None:
    assert set(ids(result(2))) == {"short_distance"}


@pytest.mark.parametrize(
    ("x", "element", "values", "expected"),
    [
        (1, "Mn", {0: 1.1}, ["moment_collapsed"]),
        (1, "Ni", {2: -0.9}, ["moment_collapsed", "wrong_valence"]),
        (0, "Ni", {1: -1.7}, ["moment_too_large", "wrong_valence"]),
        (1, "O", {5: 0.31}, ["oxygen_moment"]),
        (1, "Ni", {0: 1.7}, ["moment_flipped"]),
        (1, "Mn", {0: 3.9}, ["wrong_valence"]),
    ],
)
def test_a_wrong_moment_is_named(
    result: Callable[[float], RunResult],
    x: float,
    element: str,
    values: dict[int, float],
    expected: list[str],
) -> None:
    found = physics_findings(changed(result(x), element, values))
    assert [f.id for f in found] == expected
    assert all("restart" in f.message for f in found)


def test_a_hole_on_oxygen_is_graver_from_x_1_on(
    result: Callable[[float], RunResult],
) -> None:
    severities = [
        physics_findings(changed(result(x), "O", {0: -0.4}))[0].severity for x in (0, 1)
    ]
    assert severities == ["warning", "error"]


def test_all_moments_turned_together_are_the_same_state(
    result: Callable[[float], RunResult],
) -> None:
    state = result(1)
    turned = [-m for m in state.magnetization or ()]
    total = -(state.total_magnetization or 0)
    assert ids(replace(state, magnetization=turned, total_magnetization=total)) == []


def test_equal_mn_at_x_2_are_symmetrised(result: Callable[[float], RunResult]) -> None:
    equal = changed(result(2), "Mn", dict.fromkeys(range(12), 3.7))
    assert "symmetrised" in ids(equal)
    assert "wrong_valence" not in ids(equal)


@pytest.mark.parametrize(("spread", "named"), [(0.045, True), (0.055, False)])
def test_mn_are_equal_up_to_the_limit_and_not_beyond(
    result: Callable[[float], RunResult], spread: float, named: bool
) -> None:
    moments = {n: 3.7 + spread * (n % 2) for n in range(12)}
    assert ("symmetrised" in ids(changed(result(2), "Mn", moments))) is named


def test_two_clusters_shifted_by_another_u_are_no_wrong_valence(
    result: Callable[[float], RunResult],
) -> None:
    shifted = {n: (3.5 if n < 8 else 2.9) for n in range(12)}
    assert "wrong_valence" not in ids(changed(result(2), "Mn", shifted))
    six = {n: (3.5 if n < 6 else 2.9) for n in range(12)}
    assert "wrong_valence" in ids(changed(result(2), "Mn", six))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"total_magnetization": 27.0}, "total_moment"),
        ({"total_magnetization": 28.07}, "impossible_moment"),
        ({"nelect": 437.0}, "impossible_moment"),
        ({"bandgap": 0.0}, "metallic"),
        ({"pressure_kbar": 4.0}, "pressure"),
        ({"energy": 12.0}, "positive_energy"),
        ({"max_force": 0.79}, "forces_left"),
    ],
)
def test_what_is_wrong_with_the_whole_cell_is_named(
    result: Callable[[float], RunResult], change: dict[str, float], expected: str
) -> None:
    assert ids(replace(result(1), **change)) == [expected]


def test_a_pressure_is_a_warning_and_then_an_error(
    result: Callable[[float], RunResult],
) -> None:
    found = [
        physics_findings(replace(result(1), pressure_kbar=p)) for p in (2.9, -3.1, 11)
    ]
    assert [[f.severity for f in one] for one in found] == [[], ["warning"], ["error"]]


def test_a_ferromagnet_is_held_to_its_own_total(
    result: Callable[[float], RunResult],
) -> None:
    state = result(1)
    parallel = [abs(m) for m in state.magnetization or ()]
    up = replace(state, magnetization=parallel, start_moments=parallel)
    assert ids(replace(up, total_magnetization=44.0)) == []
    assert ids(replace(up, total_magnetization=28.0)) == ["total_moment"]


def test_nickel_that_loses_its_moment_below_x_1_is_no_collapse(
    result: Callable[[float], RunResult],
) -> None:
    state = result(0)
    ends = changed(state, "Ni", dict.fromkeys(range(4), -0.3))
    starts = changed(state, "Ni", dict.fromkeys(range(4), -2.0)).magnetization
    total = 37.0
    assert ids(replace(ends, start_moments=starts, total_magnetization=total)) == [
        "total_moment"
    ]
    assert ids(replace(ends, start_moments=starts)) == []


def test_unsigned_moments_of_a_surrogate_are_not_held_to_limits_of_dft(
    result: Callable[[float], RunResult],
) -> None:
    state = changed(result(1), "Ni", dict.fromkeys(range(4), 0.29))
    assert ids(replace(state, signed=False, total_magnetization=None)) == []


def test_atoms_that_overlap_are_told(result: Callable[[float], RunResult]) -> None:
    state = result(1)
    small = state.structure.copy()
    small.scale_lattice(7.0**3)
    assert set(ids(replace(state, structure=small))) == {"short_distance"}


def test_another_spinel_is_held_to_no_limit_of_this_one() -> None:
    document = parse_run(DATA / "MgMn2O4_static_antiferromagnetic")
    assert [finding.id for finding in document.findings] == ["orbital_order"]
    assert document.structure is not None
    assert lnmo_x(document.structure) is None


@pytest.mark.parametrize("x", [0, 0.25, 1, 2])
def test_x_counts_lithium_on_two_metals_and_ends_at_two(
    x: float, calculations: tuple[Calculation, ...]
) -> None:
    structure = next(c.structure for c in calculations if c.x == x)
    assert lnmo_x(structure) == x
    more = structure.copy()
    for position in range(17 - round(8 * x)):
        more.append("Li", [0.01 * position, 0.5, 0.5])
    assert lnmo_x(more) is None


def test_a_hole_on_oxygen_is_told_of_any_oxide() -> None:
    metallic, charged, found = parse_run(DATA / "NiO_static").findings
    assert charged.id == "wrong_valence"  # 1.12 muB is Ni3+: the hole is on oxygen
    assert "add up to +1 e, not 0 (Ni 1 3+)" in charged.message
    assert (metallic.id, metallic.severity) == ("partial_occupations", "info")
    assert (found.id, found.severity) == ("oxygen_moment", "warning")
    assert "O #1 +0.90" in found.message


def test_a_moment_set_up_and_lost_is_told_of_any_compound() -> None:
    iron = Structure(Lattice.cubic(2.87), ["Fe", "Fe"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    lost = RunResult(iron, -16.0, magnetization=[2.2, 0.1], start_moments=[5.0, 5.0])
    (found,) = physics_findings(lost)
    assert found.id == "moment_collapsed"
    assert found.message.startswith("Fe #1 +0.10")
    assert "Fe 1 muB" in found.message


@pytest.mark.parametrize(("element", "told"), [("Mn", True), ("Co", False)])
def test_a_mn_at_0_93_is_lost_in_any_spinel_and_a_co_is_low_spin(
    element: str, told: bool
) -> None:
    metals = Structure(
        Lattice.cubic(4), ["Co", "Mn", "O"], [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0, 0]]
    )
    ends = {"Co": 2.7, "Mn": 3.1, "O": 0.0, element: 0.93}
    result = RunResult(
        metals, -20.0, magnetization=list(ends.values()), start_moments=[3.0, 4.0, 0.0]
    )
    found = [f.id for f in physics_findings(result)]
    assert found == ["moment_collapsed"] * told


def test_u_on_lithium_is_told_even_of_a_run_that_did_not_finish() -> None:
    found = parse_run(DATA / "LiVO3_U_on_lithium").findings
    assert "hubbard_misplaced" in {finding.id for finding in found}


def test_a_static_far_from_its_relaxation_is_told(
    calculations: Sequence[Calculation], finished: Finished
) -> None:
    relaxed = finished(calculations[4], "relax", energy_per_atom=-6.0)
    near = finished(calculations[4], energy_per_atom=-6.0009)
    far = finished(calculations[4], energy_per_atom=-6.0011)
    assert static_matches_relaxation(relaxed, near) == ()
    (found,) = static_matches_relaxation(relaxed, far)
    assert found.id == "relax_static_mismatch"
    assert found.message.startswith("the static is -1.10 meV/atom")


def spinel_of(*metals: str) -> Structure:
    """LiM2O4, its places of no meaning."""
    species = ["Li", *metals, *"OOOO"]
    return Structure(Lattice.cubic(9), species, [[i / 8, 0, 0] for i in range(7)])


@pytest.mark.parametrize(
    ("metals", "moments", "told"),
    [
        (("Co", "Mn"), (0.05, 3.2), ""),
        (("Co", "Mn"), (0.05, 3.95), "add up to -1 e, not 0 (Co 1 3+; Mn 1 3+)"),
        (("Co", "Mn"), (1.0, 3.2), "add up to +1 e, not 0 (Co 1 4+; Mn 1 4+)"),
        (("V", "V"), (1.85, 0.95), ""),
        (("V", "V"), (1.85, 0.0), "add up to +1 e, not 0 (V 1 5+, 1 3+)"),
        (("V", "V"), (1.42, 1.42), ""),  # ambiguous: spread, and not judged
        (("Fe", "Mn"), (3.7, 3.95), ""),  # Fe2+ or Fe4+: the moment does not tell
    ],
)
def test_valences_that_leave_another_spinel_charged_are_named(
    metals: tuple[str, str], moments: tuple[float, float], told: str
) -> None:
    result = RunResult(
        spinel_of(*metals),
        magnetization=[0.0, *moments, 0.0, 0.0, 0.0, 0.0],
        hubbards={metal: 4.0 for metal in metals},
    )
    found = [f.message for f in physics_findings(result) if f.id == "wrong_valence"]
    assert len(found) == bool(told)
    assert told in "".join(found)
    # the limits are of runs with U
    assert "wrong_valence" not in ids(replace(result, hubbards={}))
