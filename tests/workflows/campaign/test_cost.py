"""Hours come from what has run; without it there is no number."""

from __future__ import annotations

import pytest

from workflows import load_campaign, plan
from workflows.campaign.calculation import Calculation
from workflows.campaign.cost import Rate, cost, rates, work

Calculations = tuple[Calculation, ...]


def at(calculations: Calculations, x: float) -> Calculation:
    return next(c for c in calculations if c.x == x)


def test_the_work_is_that_of_k_points_and_electrons(calculations: Calculations) -> None:
    empty, full = at(calculations, 0), at(calculations, 1)
    electrons = 4 * 10 + 12 * 7 + 32 * 6  # Ni, Mn, O outside their noble gases
    assert work(empty, "static") == 27 * electrons**3
    assert work(full, "static") == 27 * (electrons + 8) ** 3
    assert work(full, "dos") == 125 / 27 * work(full, "static")


def test_what_ran_itself_is_estimated_as_it_was(calculations: Calculations) -> None:
    own = at(calculations, 0)
    known = rates([(own, "relax", 7200.0), (own, "static", 1800.0)])
    found = cost([own], known)
    assert found.hours == pytest.approx(2.5)
    assert (found.measured, found.unknown) == (2, {})


def test_a_larger_cell_costs_more(calculations: Calculations) -> None:
    known = rates([(at(calculations, 0), "static", 3600.0)])
    hours = [cost([at(calculations, x)], known).hours for x in (0, 0.5, 1, 2)]
    assert hours == sorted(hours)
    assert hours[0] == pytest.approx(1)


def test_without_a_finished_step_no_hours_are_said(calculations: Calculations) -> None:
    said = cost(calculations).in_words("vasp")
    assert said == (
        f"{len(calculations)} calculations, "
        f"{sum(len(c.steps) for c in calculations)} steps; hours not calibrated: no "
        "vasp step has finished here"
    )


def test_a_step_of_unknown_cost_is_named_and_not_in_the_sum(
    calculations: Calculations,
) -> None:
    own = at(calculations, 1)
    said = cost([own], rates([(own, "static", 3600.0)])).in_words("vasp")
    assert (
        "about 1 hour of one worker (model: k points x electrons^3, by 1 finished step "
        in said
    )
    assert said.endswith("not calibrated, and not in it: 1 vasp relax, 1 vasp dos")


def test_the_rate_is_the_median_of_what_ran(calculations: Calculations) -> None:
    own = at(calculations, 0)
    ran = [(own, "static", s) for s in (3600.0, 7200.0, 360_000.0)]
    ((kind, rate),) = rates(ran).items()
    assert kind == ("vasp", "static")
    assert rate == Rate(2 / work(own, "static"), 3)


def test_another_engine_has_rates_of_its_own(calculations: Calculations) -> None:
    known = rates([(at(calculations, 0), "relax", 3600.0)])
    (surrogate, *_) = plan(load_campaign("paper").override(engine="chgnet", x=[0]))
    assert cost([surrogate], known).measured == 0
    assert work(surrogate, "relax") == 48
