"""Which tags and limits prove that a cell was relaxed."""

from __future__ import annotations

from typing import Any

import pytest

from workflows.checks.cell_relaxation import at_its_minimum, relaxes_cell, within

PLANNED = {"ISIF": 3, "IBRION": 2, "NSW": 100, "EDIFFG": -0.02, "EDIFF": 1e-5}


@pytest.mark.parametrize(
    ("tags", "proves"),
    [
        ({}, True),
        ({"IBRION": 1, "EDIFFG": -0.05}, True),
        ({"IBRION": 3, "EDIFFG": 1e-4}, True),
        ({"EDIFFG": None}, True),  # VASP's default, 10 EDIFF
        # what used to count as a relaxed cell
        ({"NSW": 0}, False),
        ({"NSW": 1}, False),
        ({"NSW": None}, False),
        ({"IBRION": -1}, False),
        ({"IBRION": 0}, False),  # molecular dynamics
        ({"IBRION": 6}, False),
        ({"IBRION": None}, False),
        ({"EDIFFG": 10}, False),
        ({"EDIFFG": -10}, False),
        ({"EDIFFG": -0.051}, False),
        ({"EDIFFG": 0}, False),
        ({"EDIFFG": None, "EDIFF": 1e-3}, False),
        ({"ISIF": 2}, False),
        ({"ISIF": 4}, False),  # shape alone
        ({"ISIF": 7}, False),  # volume alone
        ({"ISIF": None}, False),
    ],
)
def test_tags_prove_a_relaxed_cell_or_do_not(
    tags: dict[str, Any], *, proves: bool
) -> None:
    given = {tag: value for tag, value in (PLANNED | tags).items() if value is not None}
    assert relaxes_cell(given) is proves


def test_the_limits_of_the_packaged_campaigns_prove_one() -> None:
    from workflows import load_campaign

    campaign = load_campaign("paper")
    for section in (campaign.chgnet, campaign.gpaw):
        assert within(section.fmax, section.smax)
    assert not within(10.0, 0.1)
    assert not within(0.01, 5.0)


@pytest.mark.parametrize(
    ("force", "stress", "there"),
    [
        (0.01, 0.5, True),
        (0.06, 0.5, False),
        (0.01, 3.1, False),
        (None, 0.5, False),
        (0.01, None, False),
        (float("nan"), 0.0, False),
        (0.0, float("nan"), False),
    ],
)
def test_small_forces_and_stress_say_that_a_cell_is_at_its_minimum(
    force: float | None, stress: float | None, *, there: bool
) -> None:
    assert at_its_minimum(force, stress) is there
