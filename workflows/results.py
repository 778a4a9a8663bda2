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

from workflows.analysis.paper import FINISHED, Verdict, compare_to_paper
from workflows.calculation import Calculation
from workflows.comparability import refuse_mixture
from workflows.database import read_database
from workflows.rows import (
    by_calculation,
    place,
    planned_row,
    result_of,
    result_row,
    site_rows,
)
from workflows.store import ResultsStore, results_store
from workflows.taskdoc import TaskDocument

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
        "n_planned",
        "surrogate",
        "fake",
    ),
    *("engine_version", "calculation_id"),
)


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
        """Return the same results, restricted further: a plan, an engine, some x."""
        return Results(
            self._store,
            calculations=self._calculations if calculations is None else calculations,
            engine=engine or self._engine,
            x=x or self._x,
        )

    def documents(self) -> tuple[TaskDocument, ...]:
        """Return the task documents, one for each recorded step; lowest x first."""
        wanted = (d for d in self._store.documents() if self._wanted(d))
        return tuple(sorted(wanted, key=place))

    def series(self) -> pd.DataFrame:
        """Return the table over x: one row for each x and insertion model.

        Where several orderings were calculated the row is that of the lowest
        energy: ``n_orderings`` says out of how many that finished, ``n_planned``
        of how many there are. Units are in ``df.attrs["units"]``.

        Raises
        ------
        ResultsError
            The rows come from different engines or settings; the key that
            differs is named.
        """
        documents = [d for d in self.documents() if not d.reference]
        refuse_mixture(documents)
        rows = [result_row(steps) for steps in by_calculation(documents)]
        recorded = {row["calculation_id"] for row in rows}
        planned = (
            c
            for c in self._calculations or ()
            if c.id not in recorded and not c.reference
        )
        rows += [planned_row(calculation) for calculation in planned]
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
            for steps in by_calculation(self.documents())
            if (document := result_of(steps)) is not None
            and not document.reference
            and (x is None or document.x is None or abs(document.x - x) < 1e-9)
            for row in site_rows(document)
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


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as plain dictionaries."""
    return [{str(k): v for k, v in row.items()} for row in frame.to_dict("records")]


def _lowest(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    grouped: dict[tuple[float, str], list[dict[str, Any]]] = {}
    for row in rows:
        grouped.setdefault((row["x"], row["insertion"]), []).append(row)
    return [
        {
            **sorted(group, key=_preference)[0],
            "n_orderings": sum(row["state"] in FINISHED for row in group),
            "n_planned": len(group),
        }
        for group in grouped.values()
    ]


def _preference(row: dict[str, Any]) -> tuple[bool, float]:
    unfinished = row["state"] not in FINISHED
    energy = row["energy_per_fu"]
    return unfinished, energy if energy == energy else float("inf")


def _reference_c(frame: pd.DataFrame) -> float:
    at_one = frame.loc[(frame["x"] - 1).abs() < 1e-9, "c"]
    return float(at_one.iloc[0]) if len(at_one) else float("nan")
