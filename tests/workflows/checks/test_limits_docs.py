"""The pages on checks and runs state the limits that the code has."""

from __future__ import annotations

import re

from tests.places import TOP
from workflows.analysis.ions import IONS, LNMO_LARGEST_NI4, LNMO_SMALLEST, SET_UP

CHECKS = (TOP / "docs" / "checks.md").read_text("utf-8")
RUNS = (TOP / "docs" / "runs.md").read_text("utf-8")


def test_the_rule_on_lost_moments_states_the_limits_of_the_table() -> None:
    text = CHECKS.partition("### moment-collapsed")[2].partition("###")[0]
    limits = {e: ions.collapsed for e, ions in IONS.items() if ions.collapsed}
    assert limits == {"Cr": 1.0, "Mn": 1.0, "Fe": 1.0, "Ni": 0.2}
    assert "Mn, Fe or Cr" in text
    assert f"asked {SET_UP:g} muB or more and ended below 1, Ni below 0.2" in text
    without = [e for e in IONS if e not in limits]
    assert sorted(re.findall(r"\b(Co|V|Ti|Cu)\b", text)) == sorted(without)


def test_the_finding_states_the_same_limits() -> None:
    (row,) = [line for line in RUNS.splitlines() if "`moment_collapsed`" in line]
    assert "below 1.0 (Mn, Fe, Cr) or 0.2 muB (Ni)" in row
    assert f"of Mn below {LNMO_SMALLEST['Mn']:g}, of Ni below" in row
    assert f"{LNMO_SMALLEST['Ni']:g} at x >= 1" in row
    assert f"above {LNMO_LARGEST_NI4:g} at x = 0" in row
