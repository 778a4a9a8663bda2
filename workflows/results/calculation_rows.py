"""Summaries of one calculation's steps -> one row of the table over x."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from workflows.analysis.lnmo import (
    FORMULA_UNITS,
    expected_mn3,
    expected_total_moment,
    is_the_papers,
)
from workflows.campaign.calculation import NO_INSERTION, Calculation
from workflows.records.document import State, TaskDocument
from workflows.records.summary import Summary

TABLE_FINDINGS = {"li_left_site": "Li left its site", "host_broken": "host broken"}
"""Findings short enough, and grave enough, for a column of the table."""


def place(document: TaskDocument) -> tuple[float, str, str, int]:
    """Sort by x, insertion model and calculation, steps in their order."""
    x = float("inf") if document.x is None else document.x
    own = (document.insertion or "", document.calculation_id or document.dir_name)
    return x, *own, _position(document)


def by_calculation(summaries: Iterable[Summary]) -> list[list[Summary]]:
    """Group summaries by calculation, the steps of each in their order."""
    grouped: dict[str, list[Summary]] = {}
    for summary in summaries:
        own = summary.document
        grouped.setdefault(own.calculation_id or own.dir_name, []).append(summary)
    for steps in grouped.values():
        steps.sort(key=lambda s: _position(s.document))
    return list(grouped.values())


def _position(document: TaskDocument) -> int:
    steps = document.steps
    return (
        steps.index(document.task_label) if document.task_label in steps else len(steps)
    )


def result_of(steps: Sequence[Summary]) -> Summary | None:
    """Return the step whose numbers count, if it is recorded."""
    wanted = steps[0].document.result_step
    return next((s for s in steps if s.document.task_label == wanted), None)


def state_of(steps: Sequence[Summary]) -> State:
    """Judge the steps up to the one whose numbers count; a dos changes no number."""
    result = result_of(steps)
    needed = steps if result is None else steps[: steps.index(result) + 1]
    for step in needed:
        if not step.document.state.usable:
            return step.document.state
    if result is None:
        return State.PLANNED
    reviewed = any(s.document.state is State.NEEDS_REVIEW for s in needed)
    return State.NEEDS_REVIEW if reviewed else State.DONE


def result_row(steps: Sequence[Summary]) -> dict[str, Any]:
    """Return the row of a calculation from its steps; what it lacks is left out."""
    first, result = steps[0].document, result_of(steps)
    numbers = {} if result is None else result.numbers
    return {
        "x": first.x,
        "n_li": first.n_li,
        "formula": first.formula,
        "engine": first.engine,
        "insertion": first.insertion or NO_INSERTION,
        "state": str(state_of(steps)),
        **numbers,
        **_expected(first, numbers),
        "li_sites": _li_sites(None if result is None else result.document),
        "findings": _findings(steps),
        "steps_done": f"{sum(s.document.state.usable for s in steps)}"
        f"/{len(first.steps)}",
        "surrogate": first.surrogate,
        "fake": any(s.document.fake for s in steps),
        "engine_version": first.engine_version,
        "calculation_id": first.calculation_id,
        "ordering": first.ordering,
        "formula_units": first.formula_units or 1,
    }


def _expected(document: TaskDocument, numbers: dict[str, Any]) -> dict[str, float]:
    """Return what formal valences ask for: only of LixNi0.5Mn1.5O4 within 0..2."""
    x, units = document.x, document.formula_units
    if x is None or units is None or not 0 <= x <= 2:
        return {}
    if not is_the_papers(document.formula):
        return {}
    scale = units / FORMULA_UNITS
    found = {"n_mn3_expected": scale * expected_mn3(x)}
    nickel, manganese = (numbers.get(f"m_{e}_signed", 0.0) for e in ("ni", "mn"))
    if nickel * manganese != 0 and not numbers["mixed_sign"]:
        order = "fim" if nickel * manganese < 0 else "fm"
        found["m_total_expected"] = scale * expected_total_moment(x, order)
    return found


def _li_sites(document: TaskDocument | None) -> str:
    counts = document.final_sites.get("Li", {}) if document is not None else {}
    return " + ".join(f"{n} {role}" for role, n in sorted(counts.items()))


def _findings(steps: Sequence[Summary]) -> str:
    ids = dict.fromkeys(
        f.id for s in steps for f in s.document.findings if f.id in TABLE_FINDINGS
    )
    return ", ".join(TABLE_FINDINGS[name] for name in ids)


def planned_row(calculation: Calculation) -> dict[str, Any]:
    """Return the row of a calculation of which nothing is recorded."""
    return {
        "x": calculation.x,
        "n_li": calculation.n_li,
        "formula": calculation.formula,
        "engine": calculation.engine,
        "insertion": calculation.insertion,
        "state": str(State.PLANNED),
        "li_sites": "",
        "findings": "",
        "steps_done": f"0/{len(calculation.steps)}",
        "surrogate": calculation.engine == "chgnet",
        "fake": False,
        "engine_version": "",
        "calculation_id": calculation.id,
        "ordering": dict(calculation.ordering),
        "formula_units": calculation.formula_units or 1,
    }
