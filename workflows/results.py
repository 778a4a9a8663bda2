"""What a person asks from a Python shell: tables over x, over sites, documents.

>>> from workflows import open_results
>>> open_results().series()  # doctest: +SKIP

Reading only: a shell may stay open while the campaign runs and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from workflows.analysis.lattice import pseudo_cubic
from workflows.analysis.magnetization import element_moments
from workflows.analysis.paper import Verdict, compare_to_paper
from workflows.calculation import NO_INSERTION, Calculation
from workflows.database import read_database
from workflows.errors import ResultsError
from workflows.store import ResultsStore, results_store
from workflows.taskdoc import State, TaskDocument

SERIES_UNITS = {
    "energy_per_fu": "eV per formula unit",
    "m_ni": "muB, mean |m|",
    "m_mn": "muB, mean |m|",
    "m_ni_std": "muB, population standard deviation over sites",
    "m_mn_std": "muB, population standard deviation over sites",
    "a": "A, pseudo-cubic",
    "b": "A, pseudo-cubic",
    "c": "A, pseudo-cubic",
    "c_ratio": "c/((a+b)/2)",
    "c_rel": "c(x)/c(x=1)",
    "c_unique": "unique axis over the mean of the other two",
    "volume": "A^3, conventional cell",
}
_VALUES = (
    *(
        "energy_per_fu",
        "m_ni",
        "m_mn",
        "m_ni_std",
        "m_mn_std",
        "a",
        "b",
        "c",
        "c_ratio",
    ),
    *("c_unique", "unique_axis", "lattice_class", "volume"),
)
COLUMNS = (
    *("x", "n_li", "formula", "engine", "insertion", "state"),
    *("energy_per_fu", "m_ni", "m_mn", "m_ni_std", "m_mn_std"),
    *("a", "b", "c", "c_ratio", "c_rel", "c_unique", "unique_axis", "lattice_class"),
    *(
        "volume",
        "li_sites",
        "findings",
        "steps_done",
        "n_orderings",
        "surrogate",
        "fake",
    ),
    *("engine_version", "calculation_id"),
)
TABLE_FINDINGS = {"li_left_site": "Li left its site", "host_broken": "host broken"}
"""Findings short enough, and grave enough, for a column of the table."""
MUST_AGREE = ("engine", "engine_version")


def open_results(where: str | Path | None = None) -> Results:
    """Open the results of a project for reading.

    Parameters
    ----------
    where
        ``launchpad.yaml`` or its directory; the current directory if None.

    Raises
    ------
    StoreError
        There is no launchpad.yaml.
    """
    return Results(results_store(read_database(where)))


class Results:
    """Finished and failed steps, read anew at every question.

    Parameters
    ----------
    store
        Where the documents are.
    calculations
        Restrict to these, planned ones included; everything recorded if None.
    engine, x
        Restrict further; empty means all.
    """

    def __init__(
        self,
        store: ResultsStore,
        *,
        calculations: Iterable[Calculation] | None = None,
        engine: str | None = None,
        x: Sequence[float] = (),
    ) -> None:
        self._store = store
        self._calculations = None if calculations is None else tuple(calculations)
        self._engine = engine
        self._x = tuple(x)

    def select(
        self,
        calculations: Iterable[Calculation] | None = None,
        *,
        engine: str | None = None,
        x: Sequence[float] = (),
    ) -> Results:
        """Return the same results, restricted to a plan, an engine or some x."""
        return Results(self._store, calculations=calculations, engine=engine, x=x)

    def documents(self) -> tuple[TaskDocument, ...]:
        """Return the task documents, one for each recorded step; lowest x first."""
        wanted = (d for d in self._store.documents() if self._wanted(d))
        return tuple(sorted(wanted, key=_place))

    def series(self) -> pd.DataFrame:
        """Return the table over x: one row for each x and insertion model.

        Where several orderings were calculated the row is that of the lowest
        energy, and ``n_orderings`` says out of how many. Units are in
        ``df.attrs["units"]``.

        Raises
        ------
        ResultsError
            The rows come from different engines or settings; the key that
            differs is named.
        """
        documents = self.documents()
        _refuse_mixture(documents)
        rows = [_row(steps) for steps in _by_calculation(documents)]
        rows += self._planned({row["calculation_id"] for row in rows})
        frame = pd.DataFrame(_lowest(rows), columns=list(COLUMNS))
        frame = frame.sort_values(["x", "insertion"], ignore_index=True)
        frame["c_rel"] = frame["c"] / _reference_c(frame)
        frame.attrs["units"] = dict(SERIES_UNITS)
        return frame

    def sites(self, x: float | None = None) -> pd.DataFrame:
        """Return one row per atom of each result.

        Parameters
        ----------
        x
            Only this composition; all if None.
        """
        rows = [
            row
            for steps in _by_calculation(self.documents())
            if (document := _result(steps)) is not None
            and (x is None or document.x is None or abs(document.x - x) < 1e-9)
            for row in _site_rows(document)
        ]
        columns = ["x", "insertion", "calculation_id", "site", "label", "role"]
        columns += ["element", "magnetization", "frac_a", "frac_b", "frac_c"]
        frame = pd.DataFrame(rows, columns=columns)
        frame.attrs["units"] = {
            "magnetization": "muB; |m| where the engine has no sign"
        }
        return frame

    def compare_to_paper(self) -> tuple[Verdict, ...]:
        """Judge the series against what the paper states."""
        return compare_to_paper(records(self.series()))

    def _wanted(self, document: TaskDocument) -> bool:
        if self._calculations is not None:
            ids = {c.id for c in self._calculations}
            if document.calculation_id not in ids:
                return False
        if self._engine is not None and document.engine != self._engine:
            return False
        at = document.x
        return not self._x or (
            at is not None and any(abs(at - x) < 1e-9 for x in self._x)
        )

    def _planned(self, recorded: set[str]) -> list[dict[str, Any]]:
        return [
            {
                **{name: float("nan") for name in COLUMNS},
                "x": calculation.x,
                "n_li": calculation.n_li,
                "formula": calculation.formula,
                "engine": calculation.engine,
                "insertion": calculation.insertion,
                "state": str(State.PLANNED),
                "li_sites": "",
                "unique_axis": "",
                "lattice_class": "",
                "findings": "",
                "steps_done": f"0/{len(calculation.steps)}",
                "surrogate": calculation.engine == "chgnet",
                "fake": False,
                "engine_version": "",
                "calculation_id": calculation.id,
                "n_orderings": 1,
            }
            for calculation in self._calculations or ()
            if calculation.id not in recorded
        ]


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as plain dictionaries."""
    return [{str(k): v for k, v in row.items()} for row in frame.to_dict("records")]


def _place(document: TaskDocument) -> tuple[float, str, str, int]:
    x = float("inf") if document.x is None else document.x
    own = (document.insertion or "", document.calculation_id or document.dir_name)
    return x, *own, _position(document)


def _by_calculation(documents: Iterable[TaskDocument]) -> list[list[TaskDocument]]:
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


def _result(steps: Sequence[TaskDocument]) -> TaskDocument | None:
    """Return the document whose numbers count: static, or the only step there is."""
    planned = steps[0].steps
    wanted = "static" if "static" in planned else "relax"
    return next((d for d in steps if d.task_label == wanted), None)


def _state(steps: Sequence[TaskDocument]) -> State:
    for document in steps:
        if not document.state.usable:
            return document.state
    if len(steps) < len(steps[0].steps):
        return State.PLANNED
    reviewed = any(d.state is State.NEEDS_REVIEW for d in steps)
    return State.NEEDS_REVIEW if reviewed else State.DONE


def _row(steps: Sequence[TaskDocument]) -> dict[str, Any]:
    first, document = steps[0], _result(steps)
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
        "n_orderings": 1,
    }


def _numbers(document: TaskDocument | None) -> dict[str, Any]:
    empty: dict[str, Any] = {name: float("nan") for name in _VALUES}
    empty |= {"unique_axis": "", "lattice_class": ""}
    if document is None or not document.state.usable:
        return empty  # what is merely present is no result
    if document.structure is None or document.energy is None:
        return empty
    numbers = {"energy_per_fu": document.energy / (document.formula_units or 1)}
    numbers |= _moments(document)
    if not document.cell_relaxed:
        return {**empty, **numbers}  # a lattice that was put in is no result
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
    return {**empty, **numbers, **{name: getattr(shape, name) for name in names}}


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


def _lowest(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    grouped: dict[tuple[float, str], list[dict[str, Any]]] = {}
    for row in rows:
        grouped.setdefault((row["x"], row["insertion"]), []).append(row)
    return [
        {**sorted(group, key=_preference)[0], "n_orderings": len(group)}
        for group in grouped.values()
    ]


def _preference(row: dict[str, Any]) -> tuple[bool, float]:
    unfinished = row["state"] not in {"DONE", "NEEDS_REVIEW"}
    energy = row["energy_per_fu"]
    return unfinished, energy if energy == energy else float("inf")


def _reference_c(frame: pd.DataFrame) -> float:
    at_one = frame.loc[(frame["x"] - 1).abs() < 1e-9, "c"]
    return float(at_one.iloc[0]) if len(at_one) else float("nan")


def _site_rows(document: TaskDocument) -> list[dict[str, Any]]:
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


def _refuse_mixture(documents: Sequence[TaskDocument]) -> None:
    finished = [d for d in documents if d.structure is not None]
    for key in MUST_AGREE:
        values = sorted({str(getattr(d, key)) for d in finished})
        if len(values) > 1:
            raise ResultsError(
                f"the results differ in {key}: {' | '.join(values)}; one table never "
                "mixes them. Choose with a campaign, --engine, or .select(engine=...)"
            )
    for key in sorted({key for d in finished for key in d.settings}):
        values = sorted({repr(d.settings[key]) for d in finished if key in d.settings})
        if len(values) > 1 and not _only_composition(key, finished):
            raise ResultsError(
                f"the results differ in the setting {key}: {' | '.join(values[:3])}; "
                "energies and moments do not compare. Choose one campaign"
            )


def _only_composition(key: str, documents: Sequence[TaskDocument]) -> bool:
    """Tell whether a by-element setting differs only by elements a cell lacks."""
    merged: dict[str, Any] = {}
    families: set[str] = set()
    for document in documents:
        value = document.settings.get(key)
        plain = value[-1] if isinstance(value, list) and value else value
        families.add(repr(value[:-1]) if isinstance(value, list) else "")
        if not isinstance(plain, dict) or len(families) > 1:
            return False
        for element, own in plain.items():
            if merged.setdefault(element, own) != own:
                return False
    return True
