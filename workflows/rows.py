"""Documents of one calculation -> one row of the table over x, or one per atom."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from workflows.analysis.lattice import pseudo_cubic
from workflows.analysis.magnetization import element_moments
from workflows.calculation import NO_INSERTION, Calculation
from workflows.taskdoc import State, TaskDocument

NUMBERS = (
    *("energy_per_fu", "m_ni", "m_mn", "m_ni_std", "m_mn_std"),
    *("a", "b", "c", "c_ratio", "c_unique", "volume"),
)
"""Columns that only a usable result fills; units in ``workflows.results``."""
_NO_NUMBERS = {
    **dict.fromkeys(NUMBERS, float("nan")),
    "unique_axis": "",
    "lattice_class": "",
}
TABLE_FINDINGS = {"li_left_site": "Li left its site", "host_broken": "host broken"}
"""Findings short enough, and grave enough, for a column of the table."""


def place(document: TaskDocument) -> tuple[float, str, str, int]:
    """Sort by x, insertion model and calculation, steps in their order."""
    x = float("inf") if document.x is None else document.x
    own = (document.insertion or "", document.calculation_id or document.dir_name)
    return x, *own, _position(document)


def by_calculation(documents: Iterable[TaskDocument]) -> list[list[TaskDocument]]:
    """Group documents by calculation, the steps of each in their order."""
    grouped: dict[str, list[TaskDocument]] = {}
    for document in documents:
        grouped.setdefault(document.calculation_id or document.dir_name, []).append(
            document
        )
    for steps in grouped.values():
        steps.sort(key=lambda d: _position(d))
    return list(grouped.values())


def _position(document: TaskDocument) -> int:
    steps = document.steps
    return (
        steps.index(document.task_label) if document.task_label in steps else len(steps)
    )


def result_of(steps: Sequence[TaskDocument]) -> TaskDocument | None:
    """Return the document whose numbers count: static, or the only step there is."""
    planned = steps[0].steps
    wanted = "static" if "static" in planned else "relax"
    return next((d for d in steps if d.task_label == wanted), None)


def _state(steps: Sequence[TaskDocument]) -> State:
    """Judge the steps up to the one whose numbers count; a dos changes no number."""
    result = result_of(steps)
    needed = steps if result is None else steps[: steps.index(result) + 1]
    for document in needed:
        if not document.state.usable:
            return document.state
    if result is None:
        return State.PLANNED
    reviewed = any(d.state is State.NEEDS_REVIEW for d in needed)
    return State.NEEDS_REVIEW if reviewed else State.DONE


def result_row(steps: Sequence[TaskDocument]) -> dict[str, Any]:
    """Return the row of a calculation from the documents of its steps."""
    first, document = steps[0], result_of(steps)
    return {
        "x": first.x,
        "n_li": first.n_li,
        "formula": first.formula,
        "engine": first.engine,
        "insertion": first.insertion or NO_INSERTION,
        "state": str(_state(steps)),
        **_numbers(document),
        "li_sites": _li_sites(document),
        "findings": _findings(steps),
        "steps_done": f"{sum(d.state.usable for d in steps)}/{len(first.steps)}",
        "surrogate": first.surrogate,
        "fake": any(d.fake for d in steps),
        "engine_version": first.engine_version,
        "calculation_id": first.calculation_id,
    }


def _numbers(document: TaskDocument | None) -> dict[str, Any]:
    if document is None or not document.state.usable:
        return dict(_NO_NUMBERS)  # what is merely present is no result
    if document.structure is None or document.energy is None:
        return dict(_NO_NUMBERS)
    numbers = {"energy_per_fu": document.energy / (document.formula_units or 1)}
    numbers |= _moments(document)
    if not document.cell_relaxed:
        return {**_NO_NUMBERS, **numbers}  # a lattice that was put in is no result
    shape = pseudo_cubic(document.structure, document.supercell)
    names = (
        "a",
        "b",
        "c",
        "c_ratio",
        "c_unique",
        "unique_axis",
        "lattice_class",
        "volume",
    )
    return {**_NO_NUMBERS, **numbers, **{name: getattr(shape, name) for name in names}}


def _moments(document: TaskDocument) -> dict[str, float]:
    if document.magnetization is None or document.structure is None:
        return {}
    species = [site.specie.symbol for site in document.structure]
    found = {}
    for element in ("Ni", "Mn"):
        moments = element_moments(species, document.magnetization, element)
        if moments is not None:
            found[f"m_{element.lower()}"] = moments.absolute
            found[f"m_{element.lower()}_std"] = moments.std
    return found


def _li_sites(document: TaskDocument | None) -> str:
    counts = document.final_sites.get("Li", {}) if document is not None else {}
    return " + ".join(f"{n} {role}" for role, n in sorted(counts.items()))


def _findings(steps: Sequence[TaskDocument]) -> str:
    ids = dict.fromkeys(
        f.id for d in steps for f in d.findings if f.id in TABLE_FINDINGS
    )
    return ", ".join(TABLE_FINDINGS[name] for name in ids)


def planned_row(calculation: Calculation) -> dict[str, Any]:
    """Return the row of a calculation of which nothing is recorded."""
    return {
        **_NO_NUMBERS,
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
    }


def site_rows(document: TaskDocument) -> list[dict[str, Any]]:
    """Return one row per atom, in site order."""
    if document.structure is None:
        return []
    structure = document.structure
    moments = document.magnetization or (float("nan"),) * len(structure)
    labels = structure.site_properties.get("label", structure.labels)
    roles = structure.site_properties.get("role", [None] * len(structure))
    return [
        {
            "x": document.x,
            "insertion": document.insertion,
            "calculation_id": document.calculation_id,
            "site": number,
            "label": labels[number],
            "role": roles[number],
            "element": site.specie.symbol,
            "magnetization": moments[number],
            "frac_a": site.frac_coords[0],
            "frac_b": site.frac_coords[1],
            "frac_c": site.frac_coords[2],
        }
        for number, site in enumerate(structure)
    ]
