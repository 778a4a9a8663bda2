"""The energy that voltages count from: the ion's metal at the settings of the cathode.

Bcc lithium for the spinels of lithium, bcc sodium, hcp magnesium.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from workflows.analysis.ions import ion_of_series, metal_name
from workflows.errors import ResultsError
from workflows.records.document import TaskDocument
from workflows.records.summary import Summary
from workflows.results.calculation_rows import (
    by_calculation,
    result_of,
    result_row,
    state_of,
)
from workflows.results.comparable import refuse_reference


@dataclass(frozen=True)
class Reference:
    """The metal that voltages count from.

    Attributes
    ----------
    energy
        eV per atom.
    row
        What it rests on: state, findings and labels, as in a row of the series.
    """

    energy: float
    row: dict[str, Any]


def lithium_reference(
    summaries: Iterable[Summary], cathode: Sequence[TaskDocument]
) -> Reference:
    """Return the energy of the ion's metal, and the row it rests on.

    Parameters
    ----------
    summaries
        All that is recorded; references are picked from it.
    cathode
        Documents of the series that it must go with.

    Raises
    ------
    ResultsError
        There is no reference of this engine, it has not finished, or each of them
        has other settings.
    """
    engines = {d.engine for d in cathode}
    ion = ion_of_series((d.formula, d.n_li) for d in cathode)
    metal = metal_name(ion)
    references = by_calculation(
        s
        for s in summaries
        if s.document.reference == ion and s.document.engine in engines
    )
    if not references:
        raise ResultsError(
            f"no {metal} reference was calculated: a voltage needs {metal} at the "
            "settings of the cathode. It is part of a campaign with "
            "lithium_reference: true (the default): lnmo run CAMPAIGN"
        )
    finished = [
        (step.document, steps)
        for steps in references
        if (step := result_of(steps)) is not None
        and state_of(steps).usable
        and step.document.energy_per_atom is not None
    ]
    if not finished:
        states = ", ".join(
            f"{s.document.task_label} {s.document.state}" for s in references[0]
        )
        raise ResultsError(
            f"the {metal} reference has not finished ({states}): lnmo status"
        )
    refused = None
    for document, steps in finished:
        try:
            refuse_reference(cathode, document)
        except ResultsError as error:
            refused = error
            continue
        assert document.energy_per_atom is not None
        return Reference(document.energy_per_atom, result_row(steps))
    assert refused is not None
    raise refused
