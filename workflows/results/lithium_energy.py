"""The energy that voltages count from: the ion's metal at the settings of the cathode.

Bcc lithium for the spinels of lithium, bcc sodium, hcp magnesium.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from workflows.analysis.ions import LITHIUM, ion_of_series, metal_name
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
from workflows.results.gates import against
from workflows.results.qualifiers import PAPER_FUNCTIONALS
from workflows.results.u_in_words import NO_U
from workflows.results.verdict import FINISHED

LIKELY = {LITHIUM: (-2.1, -1.7)}
"""Ion -> lowest and highest energy of its metal with PBE, eV per atom.

Bcc lithium has -1.90 with VASP and with GPAW: both count from atoms without spin.
Outside this range the run is of another crystal, potential or state. No range of
another metal, or of another functional, is known here.
"""


@dataclass(frozen=True)
class Reference:
    """The metal that voltages count from.

    Attributes
    ----------
    energy
        eV per atom.
    row
        What it rests on: state, findings and labels, as in a row of the series.
    ion
        Its element.
    """

    energy: float
    row: dict[str, Any]
    ion: str = LITHIUM


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
        return Reference(document.energy_per_atom, result_row(steps), ion)
    assert refused is not None
    raise refused


def doubt_of(reference: Reference) -> str:
    """Return what stands against a metal, and so against each voltage; or nothing."""
    row, name = reference.row, metal_name(reference.ion)
    if row["state"] not in FINISHED:
        return f"{name} is {row['state']}"
    u = row.get("hubbard_u")
    doubts = [
        *against(row, "energy"),
        *([f"U {u}"] if u not in {None, "", NO_U} else []),
        *_unlikely(reference),
    ]
    return f"{name}: {', '.join(doubts)}" if doubts else ""


def _unlikely(reference: Reference) -> Iterator[str]:
    """Compare the energy with `LIKELY`, where the functional is PBE."""
    pbe = str(reference.row.get("functional") or "").lower() in PAPER_FUNCTIONALS
    if not pbe or reference.ion not in LIKELY:
        return
    low, high = LIKELY[reference.ion]
    if not low <= reference.energy <= high:
        yield (
            f"{reference.energy:.2f} eV per atom, where PBE has {low:g} to {high:g}: "
            "another crystal, potential or state"
        )
