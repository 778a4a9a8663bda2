"""Voltage against capacity and hulls: which rows are drawn, and as what."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from workflows.report.chart import PAPER, Chart, Trace
from workflows.report.voltage_charts import hull_chart, voltage_chart

Q = 146.702796  # mAh/g, one Li in LiNi0.5Mn1.5O4


def step(
    name: str, insertion: str, x1: float, x2: float, volts: float, **more: Any
) -> dict[str, Any]:
    row = {"range": name, "insertion": insertion, "kind": "step", "x1": x1, "x2": x2}
    row["host"] = "P4_332"
    return {**row, "volts": volts, "ended_as1": "", "ended_as2": "", **more}


VOLTAGE = pd.DataFrame(
    [
        step("0..1", "none", 0.0, 0.5, 4.8),
        step("0..1", "none", 0.5, 1.0, 4.6),
        step("0..1", "none", 0.0, 1.0, 4.7, kind="average"),
        step("1..2", "tet_8b", 1.0, 2.0, 2.6, ended_as2="oct_16c_rocksalt"),
        step("0..2", "tet_8b", 0.0, 1.0, 4.7),
        step("0..2", "tet_8b", 1.0, 2.0, 2.6),
    ]
)


def point(x: float, formation: float, on_hull: bool, **more: Any) -> dict[str, Any]:
    row = {"range": "0..1", "insertion": "none", "x": x, "formation": formation}
    row["host"] = "P4_332"
    ids = {"on_hull": on_hull, "e_above_hull": 0.0, "calculation_id": "abc"}
    return {**row, **ids, **more}


HULL = pd.DataFrame(
    [
        point(0.0, 0.0, True),
        point(0.5, -0.020, True),
        point(0.5, -0.010, False, e_above_hull=1.5385),
        point(1.0, 0.0, True),
        point(1.0, 0.0, True, range="1..2", insertion="tet_8b"),
        point(2.0, 0.0, True, range="1..2", insertion="tet_8b"),
        point(0.0, 0.0, True, range="0..2", insertion="tet_8b"),
        point(2.0, 0.0, True, range="0..2", insertion="tet_8b"),
    ]
)


def trace(chart: Chart, label: str, panel: int = 0) -> Trace:
    (found,) = (t for t in chart.panels[panel].traces if t.label == label)
    return found


def test_a_staircase_goes_from_step_to_step_at_its_capacity() -> None:
    found = trace(voltage_chart(VOLTAGE, "a test"), "up to x = 1")
    assert found.x == pytest.approx((0, Q / 2, Q / 2, Q))
    assert found.y == (4.8, 4.8, 4.6, 4.6)


def test_the_upper_side_starts_where_the_lower_ends() -> None:
    found = trace(voltage_chart(VOLTAGE, "a test"), "tet_8b")
    assert found.x == pytest.approx((Q, 2 * Q))
    assert found.y == (2.6, 2.6)


def test_a_step_whose_lithium_moved_says_where_to() -> None:
    found = trace(voltage_chart(VOLTAGE, "a test"), "tet_8b")
    assert found.notes[0] == ("x = 1 to 2: 2.600 V, lithium ended as oct_16c_rocksalt")


def test_a_range_over_both_sides_is_drawn_where_there_is_nothing_else() -> None:
    whole = VOLTAGE[VOLTAGE["range"] == "0..2"]
    found = trace(voltage_chart(whole, "a test"), "tet_8b")
    assert found.y == (4.7, 4.7, 2.6, 2.6)


def test_the_plateaus_of_the_paper_stand_beside() -> None:
    chart = voltage_chart(VOLTAGE, "a test")
    found = [t for t in chart.panels[0].traces if t.colour == PAPER]
    assert [t.y for t in found] == [(4.7, 4.7), (2.8, 2.8)]
    assert [t.x for t in found] == [pytest.approx((0, Q)), pytest.approx((Q, 2 * Q))]
    assert [t.label for t in found] == ["paper, measured", ""]


def test_another_spinel_has_its_own_mass_and_no_plateau_of_the_paper() -> None:
    other = VOLTAGE.copy()
    other.attrs["capacity_of"] = "LiMn2O4"
    chart = voltage_chart(other, "a test")
    (panel,) = chart.panels
    assert [t for t in panel.traces if t.colour == PAPER] == []
    assert panel.x_title == "capacity from x = 0, mAh per g of LiMn₂O₄"
    # 96485.33212/(3.6 * 180.813) g/mol
    assert trace(chart, "up to x = 1").x[-1] == pytest.approx(148.23, abs=0.01)


def test_a_hull_has_a_panel_for_each_range_the_sides_first() -> None:
    chart = hull_chart(HULL, "a test")
    assert [p.title for p in chart.panels] == ["x = 0 to 1", "x = 1 to 2", "x = 0 to 2"]
    assert chart.columns == 3


def test_only_what_is_stable_is_joined_and_the_rest_is_open() -> None:
    panel = hull_chart(HULL, "a test").panels[0]
    line, points = panel.traces
    assert list(zip(line.x, line.y, strict=True)) == [(0, 0), (0.5, -20), (1, 0)]
    assert points.hollow == (False, False, True, False)
    assert points.notes[2] == (
        "x = 0.5, -10.0 meV per formula unit, 1.5 meV/atom above, abc"
    )
