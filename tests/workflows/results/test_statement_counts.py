"""A statement holds in n of m variants: what is counted, and what is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workflows import load_campaign, plan
from workflows.campaign.calculation import Calculation
from workflows.cli.compare import compare_results, show_comparison
from workflows.cli.selection import Selection
from workflows.records.document import TaskDocument
from workflows.results.statement_counts import statement_frame
from workflows.results.verdict import Status, Verdict


def verdict(outcome: Status, value: float | None = 3.2, **changes: Any) -> Verdict:
    made = {
        **{"check": "m_mn_at_1", "statement": "|m| of Mn at x = 1", "insertion": ""},
        **{"value": value, "unit": "muB", "reference": "3.2", "tolerance": "3..3.4"},
        **{"outcome": outcome, "reason": "", "calculations": (), "headline": True},
    }
    return Verdict(**{**made, **changes})


def one(verdicts: dict[str, list[Verdict]]) -> dict[str, Any]:
    (found,) = statement_frame(verdicts).to_dict("records")
    return dict(found)


def test_only_a_pass_holds_and_only_what_is_judged_counts() -> None:
    found = one(
        {
            "a": [verdict(Status.PASS)],
            "b": [verdict(Status.WARN, reason="x = 1: no gap")],
            "c": [verdict(Status.FAIL, 2.9)],
            "d": [verdict(Status.NOT_COMPUTED, None)],
        }
    )
    assert (found["holds"], found["judged"]) == (1, 3)
    assert found["in_words"] == "holds in 1 of 3"
    assert found["passes"] == "a"
    assert found["warns"] == "b 3.200 muB: x = 1: no gap"
    assert found["fails"] == "c 2.900 muB"
    assert found["not_judged"] == "d"


def test_nothing_judged_is_no_0_of_0() -> None:
    found = one({"a": [verdict(Status.NOT_COMPUTED, None)], "b": []})
    assert found["in_words"] == "not judged"
    assert found["not_judged"] == "a, b"


def test_a_fake_and_a_surrogate_are_named() -> None:
    labels = {"engine": "chgnet", "state": "DONE", "fake": True, "surrogate": True}
    found = one({"a": [verdict(Status.PASS, labels=labels)]})
    assert found["passes"] == "a (fake, surrogate)"
    assert (found["fake"], found["surrogate"]) == (True, True)


def test_a_geometry_of_the_surrogate_is_named_and_engines_are_joined() -> None:
    made = {"engine": "gpaw", "state": "DONE", "geometry": "CHGNet 0.3.0"}
    other = {"engine": "vasp", "state": "DONE", "geometry": "vasp"}
    found = one(
        {
            "a": [verdict(Status.PASS, labels=made)],
            "b": [verdict(Status.PASS, labels=other)],
        }
    )
    assert found["passes"] == "a (surrogate geometry), b"
    assert found["engine"] == "gpaw | vasp"
    assert found["geometry"] == "CHGNet 0.3.0 | vasp"


def test_models_are_counted_apart_and_a_variant_without_one_is_not_judged() -> None:
    frame = statement_frame(
        {
            "a": [verdict(Status.PASS, insertion=m) for m in ("16c", "8b")],
            "b": [verdict(Status.FAIL, insertion="16c")],
            "c": [verdict(Status.NOT_COMPUTED, None)],
        }
    )
    told = dict(zip(frame["insertion"], frame["in_words"], strict=True))
    assert told == {"16c": "holds in 1 of 2", "8b": "holds in 1 of 1"}
    assert list(frame["not_judged"]) == ["c", "b, c"]


@pytest.fixture(scope="module")
def functional() -> tuple[Calculation, ...]:
    return plan(load_campaign("functional"))


def test_the_study_has_five_functionals_which_differ_in_nothing_else(
    functional: tuple[Calculation, ...],
) -> None:
    campaign = load_campaign("functional")
    assert list(campaign.variants) == [
        *("pbe_u", "pbe_u-swapped", "pbesol_u", "r2scan", "r2scan_u"),
    ]
    at_one = {c.variant: c.settings for c in functional if c.x == 1}
    found = {v: (s["functional"], s["hubbards"]) for v, s in at_one.items()}
    printed, swapped = {"Ni": 4.5, "Mn": 5.96}, {"Ni": 5.96, "Mn": 4.5}
    assert found == {
        "pbe_u": ("pbe_u", printed),
        "pbe_u-swapped": ("pbe_u", swapped),
        "pbesol_u": ("pbesol_u", printed),
        "r2scan": ("r2scan", {}),
        "r2scan_u": ("r2scan_u", printed),
    }
    starts = {c.variant: 0 for c in functional if not c.reference}
    for c in functional:
        if c.x == 2:
            starts[c.variant] += 1
    assert set(starts.values()) == {4}


def test_compare_functional_counts_in_how_many_each_statement_holds(
    functional: tuple[Calculation, ...],
    finished: Callable[..., TaskDocument],
    project: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    def document(c: Calculation) -> TaskDocument:
        made = finished(c, bandgap=0.5, fake=True)
        if c.variant != "r2scan" or made.magnetization is None:
            return made
        small = tuple(0.8 * m for m in made.magnetization)  # of Mn 2.56, of Ni 1.36
        return finished(c, bandgap=0.5, fake=True, magnetization=small)

    cells = [c for c in functional if not c.reference and c.x != 2]
    where = project(*(document(c) for c in cells))
    chosen = Selection("functional", launchpad=where)
    found = compare_results(chosen).statements.to_dict("records")
    manganese = next(r for r in found if r["check"] == "m_mn_x1")
    assert manganese["judged"] == 5
    assert manganese["fails"].startswith("r2scan 2.560 muB (fake)")
    assert manganese["holds"] == 4
    unfinished = next(r for r in found if r["check"] == "m_mn_x2")
    assert unfinished["in_words"] == "not judged"
    show_comparison(chosen, as_json=False, as_csv=False)
    assert "in how many variants they hold" in capsys.readouterr().out
