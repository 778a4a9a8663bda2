"""What a GPAW campaign costs is said before it starts."""

from __future__ import annotations

import pytest

from workflows import load_campaign, plan
from workflows.engines.gpaw.estimate import estimate
from workflows.engines.gpaw.process import processes


def test_the_packaged_campaigns_cost_what_their_files_say() -> None:
    cost = {n: estimate(plan(load_campaign(n))) for n in ("nio", "dft", "dft-56")}
    assert cost["nio"].seconds < 60
    assert 600 < cost["dft"].seconds / 2 < 2700  # "at most 45 minutes on two cores"
    assert cost["dft-56"].seconds > 10 * cost["dft"].seconds / 2
    assert cost["dft-56"].gigabytes > 2 > cost["dft"].gigabytes


def test_a_campaign_of_another_engine_costs_no_gpaw() -> None:
    assert estimate(plan(load_campaign("paper"))).steps == 0


def test_the_longest_calculation_bounds_the_wall_time() -> None:
    cost = estimate(plan(load_campaign("dft")))
    assert cost.in_words(1).startswith("GPAW: 25 steps, about ")
    many = cost.in_words(1000)
    assert f"{cost.longest / 60:.0f} min with 1000 at a time" in many


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (None, 1),
        ("python", 1),
        ("mpirun -np 4 gpaw python", 4),
        ("srun -n 32 gpaw python", 32),
        ("gpaw -P 2 python", 2),
    ],
)
def test_the_processes_of_a_command_are_counted(
    line: str | None, expected: int
) -> None:
    assert processes(line) == expected
