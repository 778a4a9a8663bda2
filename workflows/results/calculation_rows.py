"""Summaries of one calculation's steps -> one row of the table over x."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from workflows.analysis.ions import of_ion, working_ion
from workflows.analysis.lnmo import (
    FORMULA_UNITS,
    expected_mn3,
    expected_total_moment,
    units_in,
    x_of,
)
from workflows.analysis.site_retention import METAL_ROLE
from workflows.campaign.calculation import NO_INSERTION, Calculation
from workflows.campaign.step_names import GEOMETRY
from workflows.checks.cell_relaxation import at_its_minimum
from workflows.checks.total_moment import total_is_impossible
from workflows.records.document import State, TaskDocument
from workflows.records.other_start import started_elsewhere
from workflows.records.summary import (
    END_MARK,
    START_MARK,
    Summary,
    formula_units_of,
)
from workflows.results.gates import ELECTRONIC, standing, words_of
from workflows.results.hosts import host_columns
from workflows.results.labels import SURROGATE_ENGINE, labels_of, planned_labels
from workflows.results.lax_settings import in_one, of_document
from workflows.results.magnetic_orders import order_of
from workflows.results.row_faults import exact_x, seen_in


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
    return State.NEEDS_REVIEW if reviewed or started_elsewhere(needed) else State.DONE


def result_row(steps: Sequence[Summary]) -> dict[str, Any]:
    """Return the row of a calculation from its steps; what it lacks is left out."""
    first, result = steps[0].document, result_of(steps)
    counted = first if result is None else result.document
    numbers = {} if result is None else result.numbers
    numbers = {n: v for n, v in numbers.items() if n not in (START_MARK, END_MARK)}
    if not _cell_relaxed(steps):
        numbers = {name: v for name, v in numbers.items() if name not in OF_A_CELL}
    row = {
        "x": exact_x(first.x, first.formula),
        "n_li": first.n_li,
        "formula": first.formula,
        "insertion": first.insertion or NO_INSERTION,
        "state": str(state_of(steps)),
        **numbers,
        **_expected(first, numbers),
        "li_sites": _li_sites(None if result is None else result.document),
        "steps_done": f"{sum(s.document.state.usable for s in steps)}"
        f"/{len(first.steps)}",
        **labels_of(_of_its_engine(counted)),
        "lax_settings": in_one(_lax(s.document) for s in _until(steps, counted)),
        "cell_relaxed": _cell_relaxed(steps),
        "surrogate": any(s.document.surrogate for s in steps if not _geometry(s)),
        "fake": any(s.document.fake for s in steps),
        "calculation_id": first.calculation_id,
        **_start(first.ordering),
        "formula_units": formula_units_of(first),
    }
    ion = working_ion(first.formula, first.n_li)
    ids = tuple(dict.fromkeys((*_finding_ids(steps, counted), *seen_in(row))))
    return {
        **row,
        "finding_ids": ", ".join(ids),
        "findings": of_ion(words_of(ids), ion),
        "ended_order": order_of(row) if state_of(steps).usable else "",
    }


def _expected(document: TaskDocument, numbers: dict[str, Any]) -> dict[str, float]:
    """Return what formal valences ask for: only of LixNi0.5Mn1.5O4 within 0..2."""
    x, units = x_of(document.formula), units_in(document.formula)
    if x is None or units is None or x > 2:
        return {}
    scale = units / FORMULA_UNITS
    found = {"n_mn3_expected": scale * expected_mn3(x)}
    nickel, manganese = (numbers.get(f"m_{e}_signed", 0.0) for e in ("ni", "mn"))
    if nickel * manganese != 0 and not numbers["mixed_sign"]:
        order = "fim" if nickel * manganese < 0 else "fm"
        found["m_total_expected"] = scale * expected_total_moment(x, order)
    return found


OF_A_CELL = frozenset(
    {
        *("a", "b", "c", "c_ratio", "c_unique", "unique_axis", "lattice_class"),
        *("shape", "volume", "volume_fu", "a_u", "b_u", "c_u", "permutation"),
        *("start_strain", "start_unique"),
    }
)
"""Numbers of a row that only a relaxed cell has."""


RELAXATIONS = frozenset({"relax", GEOMETRY})
"""Steps that move the cell of the steps after them."""


def _cell_relaxed(steps: Sequence[Summary]) -> bool:
    """Tell whether the result, and each relaxation before it, say that they did it.

    A static run knows what was planned; the relaxation knows what became of it. If the
    record of the relaxation is gone, or is not of the one that the static run started
    from, the forces and the stress that the static run found must say it.
    """
    result = result_of(steps)
    relaxed = [s.document for s in steps if s.document.task_label in RELAXATIONS]
    asked = [*relaxed, *([] if result is None else [result.document])]
    if not asked or not all(document.cell_relaxed for document in asked):
        return False
    gone = _relaxation_missing(steps) or started_elsewhere(_until(steps, asked[-1]))
    if result is None or not gone:
        return True
    own = result.document
    return at_its_minimum(own.max_force, own.max_stress_kbar)


def _relaxation_missing(steps: Sequence[Summary]) -> bool:
    """Tell whether a relaxation was planned before the result, and has no record."""
    recorded = {s.document.task_label for s in steps}
    planned = set(steps[0].document.steps) & RELAXATIONS
    return result_of(steps) is not None and bool(planned - recorded)


def _until(steps: Sequence[Summary], counted: TaskDocument) -> list[Summary]:
    """Return the steps that lead to the numbers, the one that counts included."""
    return [s for s in steps if _position(s.document) <= _position(counted)]


def _lax(document: TaskDocument) -> str:
    return in_one(of_document(document))


def _li_sites(document: TaskDocument | None) -> str:
    if document is None:
        return ""
    ion = working_ion(document.formula, document.n_li)
    counts = document.final_sites.get(ion, {})
    return " + ".join(f"{n} {role}" for role, n in sorted(counts.items()))


def _of_its_engine(document: TaskDocument) -> TaskDocument:
    """Return a document whose labels are those of the calculation's own engine.

    Where only another engine's geometry is recorded, nothing of it is known yet.
    """
    if document.task_label != GEOMETRY:
        return document
    none = {"surrogate": False, "engine_version": "", "hubbards": {}}
    own = {"geometry": SURROGATE_ENGINE}
    return document.model_copy(update={**none, "settings": own})


def _geometry(step: Summary) -> bool:
    """Tell a step that gave another engine's electrons their geometry, and no more."""
    return step.document.task_label == GEOMETRY


def _finding_ids(steps: Sequence[Summary], counted: TaskDocument) -> tuple[str, ...]:
    """Return the findings against a row, in the order of its steps.

    Those of the steps that lead to its numbers, and what a later step, the density of
    states, says against the electronic state itself.
    """
    found: dict[str, None] = {}
    for step in steps:
        ids = standing(step.document.findings)
        later = _position(step.document) > _position(counted)
        found |= dict.fromkeys(i for i in ids if not later or i in ELECTRONIC)
    if any(n for role, n in _metals(counted).items() if role != METAL_ROLE):
        found["host_broken"] = None
    if started_elsewhere(steps):
        found["other_start"] = None
    if _foreign_potcars(counted):
        found["potcar_misplaced"] = None
    if counted.state.usable and total_is_impossible(counted):
        found["impossible_moment"] = None
    return tuple(found)


def _foreign_potcars(document: TaskDocument) -> bool:
    """Return whether a step was planned with potentials of other elements."""
    planned = document.settings.get("potcar")
    by_element = planned[-1] if isinstance(planned, list) and planned else planned
    pairs = by_element.items() if isinstance(by_element, dict) else ()
    return any(str(symbol).partition("_")[0] != element for element, symbol in pairs)


def _metals(document: TaskDocument) -> dict[str, int]:
    """Count the transition metals by the site that they were found on."""
    counts: dict[str, int] = {}
    ion = working_ion(document.formula, document.n_li)
    for element, roles in document.final_sites.items():
        for role, n in roles.items() if element != ion else ():
            counts[role] = counts.get(role, 0) + n
    return counts


def _start(ordering: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a row needs of its start: arrangements, strain, magnetic order."""
    return {
        "ordering": dict(ordering),
        **host_columns(ordering),
        "c_strain": float(ordering.get("c_strain", math.nan)),
        "magnetic_order": ordering.get("magnetic_order", ""),
    }


def planned_row(calculation: Calculation) -> dict[str, Any]:
    """Return the row of a calculation of which nothing is recorded."""
    return {
        "x": exact_x(calculation.x, calculation.formula),
        "n_li": calculation.n_li,
        "formula": calculation.formula,
        "insertion": calculation.insertion,
        "state": str(State.PLANNED),
        "li_sites": "",
        "finding_ids": "",
        "findings": "",
        "ended_order": "",
        "cell_relaxed": False,
        "steps_done": f"0/{len(calculation.steps)}",
        **planned_labels(calculation),
        "calculation_id": calculation.id,
        **_start(calculation.ordering),
        "formula_units": calculation.formula_units or 1,
    }
