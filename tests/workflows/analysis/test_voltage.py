"""Voltages and capacities by hand, and against pymatgen's insertion electrode."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.analysis import capacity, voltage_steps
from workflows.analysis.voltage import average_voltage, insertion_electrode
from workflows.campaign.calculation import Calculation

ENERGIES = st.dictionaries(
    st.sampled_from([k / 8 for k in range(17)]),
    st.floats(-60, -40),
    min_size=2,
    max_size=17,
)


def test_a_step_by_hand() -> None:
    # -[(-51.60) - (-45.20) - 1 * (-1.90)]/1 = 6.40 - 1.90 = 4.50 V
    assert average_voltage(0, -45.2, 1, -51.6, -1.9) == pytest.approx(4.5)
    # -[(-56.28) - (-51.60) - 1 * (-1.88)]/1 = 4.68 - 1.88 = 2.80 V
    assert average_voltage(1, -51.6, 2, -56.28, -1.88) == pytest.approx(2.8)
    # half a lithium: -[(-48.9) - (-45.2) - 0.5 * (-1.9)]/0.5 = (3.7 - 0.95)/0.5
    assert average_voltage(0, -45.2, 0.5, -48.9, -1.9) == pytest.approx(5.5)


def test_steps_are_between_the_vertices_of_the_hull() -> None:
    # x = 0.5 lies above the chord -45.2 -> -51.6 (-48.4): no vertex, one step.
    energies = {0: -45.2, 0.5: -48.0, 1: -51.6, 2: -56.3}
    found = voltage_steps(energies, -1.9)
    assert [(x1, x2) for x1, x2, _ in found] == [(0, 1), (1, 2)]
    assert [volts for *_, volts in found] == pytest.approx([4.5, 2.8])


def test_the_real_pair_of_spinels_from_the_field() -> None:
    # lambda-MnO2: Mn8O16 -190.91141 eV, LiMn8O16 -196.51795 eV, Li -1.92656 eV.
    # Per Mn8O16: -[-196.51795 + 190.91141 + 1.92656] = 5.60654 - 1.92656 = 3.67998 V
    # x per Mn2O4 is 1/4 and energies are divided by 4.
    energies = {0: -190.91141 / 4, 0.25: -196.51795 / 4}
    ((x1, x2, volts),) = voltage_steps(energies, -1.92656)
    assert (x1, x2) == (0, 0.25)
    assert volts == pytest.approx(3.67998)


@given(ENERGIES, st.floats(-2.1, -1.7))
def test_the_voltage_never_rises_with_x(
    energies: dict[float, float], mu_li: float
) -> None:
    volts = [v for *_, v in voltage_steps(energies, mu_li)]
    assert all(later <= earlier + 1e-4 for earlier, later in pairwise(volts))


@given(ENERGIES, st.floats(-2.1, -1.7))
def test_the_steps_average_to_the_voltage_of_the_whole_range(
    energies: dict[float, float], mu_li: float
) -> None:
    steps = voltage_steps(energies, mu_li)
    x1, x2 = min(energies), max(energies)
    whole = average_voltage(x1, energies[x1], x2, energies[x2], mu_li)
    weighted = sum(v * (b - a) for a, b, v in steps)
    assert weighted == pytest.approx(whole * (x2 - x1), abs=1e-6)


def test_a_voltage_runs_towards_more_lithium() -> None:
    with pytest.raises(ValueError, match="not larger"):
        average_voltage(1, -51.6, 0, -45.2, -1.9)


def test_the_capacity_by_hand() -> None:
    # LiNi0.5Mn1.5O4: 6.94 + 29.3467 + 82.4071 + 63.9976 = 182.69 g/mol
    # 96485.33212/(3.6 * 182.69) = 146.70 mAh/g
    assert capacity(1) == pytest.approx(146.70, abs=0.005)
    assert capacity(2, "LiNi0.5Mn1.5O4") == pytest.approx(293.41, abs=0.005)
    # of the delithiated mass, 175.75 g/mol: 96485.33212/(3.6 * 175.75) = 152.50
    assert capacity(1, "Ni0.5Mn1.5O4") == pytest.approx(152.50, abs=0.01)


def test_pymatgen_finds_the_same_steps(
    calculations: tuple[Calculation, ...],
) -> None:
    energies = {0: -45.2, 0.25: -46.9, 0.5: -48.5, 0.75: -50.0, 1: -51.6}
    chosen = {c.x: c for c in calculations if c.x in energies}
    cells = [(chosen[x].structure, 8 * e) for x, e in energies.items()]
    electrode = insertion_electrode(cells, -1.9)
    ours = voltage_steps(energies, -1.9)
    theirs = sorted(electrode.voltage_pairs, key=lambda pair: pair.voltage)
    assert [p.voltage for p in theirs] == pytest.approx(sorted(v for *_, v in ours))
    assert electrode.get_average_voltage() == pytest.approx(4.5)
    assert float(electrode.get_capacity_grav()) == pytest.approx(capacity(1))
