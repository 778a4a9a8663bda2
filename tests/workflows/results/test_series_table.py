"""Averages over configurations, and the columns on valence and distortion."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows import open_results
from workflows.campaign.calculation import Calculation
from workflows.errors import ResultsError
from workflows.records.document import TaskDocument
from workflows.results.results import records
from workflows.results.series_table import BOLTZMANN, boltzmann_weights, series_frame

Calculations = tuple[Calculation, ...]


def row(energy: float, m_mn: float = 3.2, **changes: Any) -> dict[str, Any]:
    """A finished calculation at x = 0.5; ordering 0 if not said otherwise."""
    ordering = {"rank": 0, "occupied": [0], "degeneracy": 1, "host_weight": 1}
    made = {
        **{"x": 0.5, "insertion": "none", "state": "DONE", "energy_per_fu": energy},
        **{"m_mn": m_mn, "calculation_id": f"{energy}", "ordering": ordering},
        "formula_units": 8,
    }
    return {**made, **changes}


def ordering(rank: int, degeneracy: int = 1) -> dict[str, Any]:
    return {"rank": rank, "occupied": [rank], "degeneracy": degeneracy}


def test_weights_by_hand() -> None:
    # kT = 8.617333e-5 * 300 = 0.0258520 eV. E per cell: 8 * 0.01 = 0.08 eV.
    # g = 2 and 6: w = 2 and 6 exp(-3.09454) = 6 * 0.0452957 = 0.271774
    # normalised: 2/2.271774 = 0.880369 and 0.119631
    rows = [
        row(-10.0, ordering=ordering(0, degeneracy=2)),
        row(-9.99, ordering=ordering(1, degeneracy=6)),
    ]
    weights = [w for w, _ in boltzmann_weights(rows, 300)]
    assert weights == pytest.approx([0.880369, 0.119631], abs=1e-6)


def test_the_average_of_the_table_is_weighted_and_the_default_is_the_lowest() -> None:
    rows = [
        row(-10.0, 3.2, ordering=ordering(0, 2), lattice_class="cubic"),
        row(-9.99, 3.4, ordering=ordering(1, 6), lattice_class="orthorhombic"),
    ]
    (lowest,) = records(series_frame(rows))
    assert lowest["m_mn"] == 3.2
    frame = series_frame(rows, average="boltzmann", temperature=300)
    (averaged,) = records(frame)
    # 3.2 * 0.880369 + 3.4 * 0.119631 = 3.223926
    assert averaged["m_mn"] == pytest.approx(3.223926, abs=1e-6)
    assert averaged["lattice_class"] == ""  # of one configuration, not of the mean
    assert averaged["n_orderings"] == 2
    # highest over lowest: 10 meV per formula unit, whatever the average
    assert lowest["e_spread"] == averaged["e_spread"] == pytest.approx(10)
    assert frame.attrs["average"] == "Boltzmann, 300 K"


@pytest.mark.parametrize("units", [8, 16, 32])
def test_two_levels_weigh_by_the_energy_of_the_actual_cell(units: int) -> None:
    # p1/p0 = (g1/g0) exp(-n d/kT), d = 3 meV per formula unit, n of them in the cell
    # whose arrangements g0 = 2 and g1 = 6 count; kT = 25.852 meV at 300 K.
    lower = row(-10.0, 3.2, formula_units=units, ordering=ordering(0, 2))
    upper = row(-9.997, 3.6, formula_units=units, ordering=ordering(1, 6))
    ratio = 3 * math.exp(-units * 0.003 / (8.617333262e-5 * 300))
    weights = [w for w, _ in boltzmann_weights([lower, upper], 300)]
    assert weights == pytest.approx([1 / (1 + ratio), ratio / (1 + ratio)], rel=1e-9)
    (found,) = records(series_frame([lower, upper], average="boltzmann"))
    wanted = (3.2 + 3.6 * ratio) / (1 + ratio)
    assert found["m_mn"] == pytest.approx(wanted, rel=1e-9)


def test_an_average_has_no_length_of_a_single_axis() -> None:
    """The images of an arrangement have another long axis each; the shape is one."""
    shape = {"c_unique": 1.06, "volume": 580.0, "volume_fu": 72.5, "c_u": 8.7}
    long_a = {"a": 8.7, "b": 8.2, "c": 8.2, "c_ratio": 0.97, "unique_axis": "a"}
    long_c = {"a": 8.2, "b": 8.2, "c": 8.7, "c_ratio": 1.06, "unique_axis": "c"}
    rows = [
        row(-10.0, ordering=ordering(0), **shape, **long_a),
        row(-10.0, ordering=ordering(1), **shape, **long_c),
    ]
    (found,) = records(series_frame(rows, average="boltzmann"))
    for name in ("a", "b", "c", "c_ratio", "c_rel", "a_u", "b_u"):
        assert math.isnan(found[name]), name
    assert found["unique_axis"] == found["permutation"] == ""
    for name, value in shape.items():
        assert found[name] == pytest.approx(value), name


def test_an_average_carries_the_findings_and_the_state_of_all_its_configurations() -> (
    None
):
    good = row(-10.0, ordering=ordering(0))
    wrong = {"finding_ids": "metallic", "state": "NEEDS_REVIEW"}
    rows = [good, row(-9.999, ordering=ordering(1), **wrong)]
    (found,) = records(series_frame(rows, average="boltzmann"))
    assert (found["state"], found["findings"]) == ("NEEDS_REVIEW", "no gap")
    assert found["finding_ids"] == "metallic"


def test_several_starts_of_one_ordering_count_once_by_their_lowest() -> None:
    rows = [row(-10.0), row(-10.5), row(-10.5, ordering=ordering(1))]
    found = boltzmann_weights(rows, 300)
    assert [w for w, _ in found] == pytest.approx([0.5, 0.5])
    assert {r["energy_per_fu"] for _, r in found} == {-10.5}


def test_what_has_not_finished_has_no_weight() -> None:
    rows = [row(-10.0), row(-99.0, state="UNCONVERGED", ordering=ordering(1))]
    assert [w for w, _ in boltzmann_weights(rows, 300)] == [1]
    (found,) = records(series_frame(rows, average="boltzmann"))
    assert found["energy_per_fu"] == -10
    (planned,) = records(
        series_frame([row(-1.0, state="PLANNED")], average="boltzmann")
    )
    assert planned["state"] == "PLANNED"


def test_hot_all_weigh_by_degeneracy_and_cold_the_lowest_alone() -> None:
    rows = [row(-10.0), row(-9.9, ordering=ordering(1, degeneracy=3))]
    hot = [w for w, _ in boltzmann_weights(rows, 1e9)]
    assert hot == pytest.approx([0.25, 0.75], abs=1e-5)
    cold = [w for w, _ in boltzmann_weights(rows, 1.0)]
    assert cold == pytest.approx([1, 0])


@given(
    st.lists(st.floats(-1, 1), min_size=1, max_size=8),
    st.floats(-50, 50),
    st.floats(50, 2000),
)
def test_weights_sum_to_one_and_know_no_zero_of_energy(
    energies: list[float], shift: float, temperature: float
) -> None:
    one, other = (
        boltzmann_weights(
            [row(e + by, ordering=ordering(k)) for k, e in enumerate(energies)],
            temperature,
        )
        for by in (0.0, shift)
    )
    assert sum(w for w, _ in one) == pytest.approx(1)
    assert sorted(w for w, _ in other) == pytest.approx(
        sorted(w for w, _ in one), rel=1e-6, abs=1e-9
    )


def test_a_wrong_average_is_refused() -> None:
    with pytest.raises(ResultsError, match="'lowest' or 'boltzmann'"):
        series_frame([], average="mean")  # type: ignore[arg-type]
    with pytest.raises(ResultsError, match="above 0 K"):
        series_frame([], average="boltzmann", temperature=0)


def test_boltzmanns_constant_is_that_of_the_si() -> None:
    assert pytest.approx(0.0258520, abs=1e-7) == BOLTZMANN * 300


@pytest.fixture
def at_2(
    calculations: Calculations,
    finished: Callable[..., TaskDocument],
    project: Callable[..., Path],
) -> Callable[..., dict[str, Any]]:
    """The row of 16 Li on 16c with changed moments."""

    def make(moments: list[float], **changes: Any) -> dict[str, Any]:
        (c,) = (c for c in calculations if c.insertion == "oct_16c_rocksalt")
        whole = (*[0.0] * 16, *moments, *[0.0] * 32)
        where = project(finished(c, magnetization=whole, **changes))
        (found,) = records(open_results(where).series())
        return found

    return make


def test_eight_mn3_are_counted_twice_and_expected(
    at_2: Callable[..., dict[str, Any]],
) -> None:
    found = at_2([-1.7] * 4 + [3.95] * 8 + [3.2] * 4, total_magnetization=36.0)
    assert (found["n_mn3"], found["n_mn3_gap"], found["n_mn3_expected"]) == (8, 8, 8)
    assert (found["n_ambiguous"], found["n_anomalous"]) == (0, 0)
    assert (found["m_ni_signed"], found["m_ni"]) == pytest.approx((-1.7, 1.7))
    assert (found["m_total"], found["m_total_expected"]) == (36, 36)
    assert not found["mixed_sign"]


def test_moments_of_both_signs_are_flagged_and_expect_no_total(
    at_2: Callable[..., dict[str, Any]],
) -> None:
    found = at_2([-1.7] * 4 + [3.7] * 6 + [-3.7] * 6)
    assert found["mixed_sign"]
    assert found["m_mn_signed"] == pytest.approx(0)
    assert math.isnan(found["m_total_expected"])


def test_a_symmetrised_state_has_no_gap_in_its_moments(
    at_2: Callable[..., dict[str, Any]],
) -> None:
    found = at_2([-1.7] * 4 + [3.7] * 12)
    assert found["n_mn3"] == 12
    assert math.isnan(found["n_mn3_gap"])


def test_nickel_parallel_to_manganese_expects_the_ferromagnetic_total(
    at_2: Callable[..., dict[str, Any]],
) -> None:
    assert at_2([1.7] * 4 + [3.7] * 12)["m_total_expected"] == 52


def test_the_cell_stretched_along_c_stretches_its_octahedra(
    at_2: Callable[..., dict[str, Any]],
) -> None:
    found = at_2([-1.7] * 4 + [3.7] * 12)
    assert found["jt_rho"] > 0.1
    assert found["jt_order"] == pytest.approx(1, abs=0.05)
    assert abs(found["jt_phi"]) < 10
    assert found["volume_fu"] == pytest.approx(found["volume"] / 8)


def test_lithium_is_named_by_where_it_ended(
    at_2: Callable[..., dict[str, Any]],
) -> None:
    moments = [-1.7] * 4 + [3.7] * 12
    stayed = at_2(moments, final_sites={"Li": {"16c": 16}})
    assert stayed["ended_as"] == "oct_16c_rocksalt"
    moved = at_2(moments, final_sites={"Li": {"8a": 8, "48f": 8}})
    assert moved["ended_as"] == "tet_48f"
