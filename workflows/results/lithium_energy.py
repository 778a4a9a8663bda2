"""The energy that voltages count from: the ion's metal at the settings of the cathode.

Bcc lithium for the spinels of lithium, bcc sodium, hcp magnesium.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from workflows.analysis.ions import LITHIUM, ion_of_series, metal_name
from workflows.errors import ResultsError, printable
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
from workflows.results.sides import MOST_NAMED
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
        References are picked from them: those of a plan, or all that is recorded. Of
        those that fit, the metal of the cathode's own campaign comes first.
    cathode
        Documents of the series that it must go with.

    Raises
    ------
    ResultsError
        There is no reference of this engine, it has not finished, each of them has
        other settings, or several of them fit and differ among one another.
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
    own = {d.campaign for d in cathode}
    finished = [_Metal(steps) for steps in references if _has_energy(steps)]
    if not finished:
        raise ResultsError(_not_finished(metal, references[0]))
    fitting, refused = _fitting(finished, cathode)
    if not fitting:
        raise _none_fits(metal, refused)
    ours = [each for each in fitting if each.document.campaign in own]
    unfinished = [
        steps
        for steps in references
        if steps[0].document.campaign in own and not _has_energy(steps)
    ]
    if not ours and unfinished:
        raise ResultsError(_not_finished(metal, unfinished[0]))
    chosen = _one_of(ours or fitting, metal)
    assert chosen.document.energy_per_atom is not None
    return Reference(chosen.document.energy_per_atom, result_row(chosen.steps), ion)


class _Metal:
    """A reference that has finished."""

    def __init__(self, steps: Sequence[Summary]) -> None:
        step = result_of(steps)
        assert step is not None
        self.document, self.steps = step.document, steps

    @property
    def words(self) -> str:
        """Name it, with what sets it apart."""
        own = self.document
        mesh = "x".join(map(str, own.settings.get("kpoints") or ()))
        words = [
            str(own.calculation_id),
            f"of campaign {own.campaign}" if own.campaign else "",
            f"with {mesh} k points" if mesh else "",
            f"at {own.energy_per_atom:.4f} eV per atom",
        ]
        return printable(" ".join(filter(None, words)))


def _has_energy(steps: Sequence[Summary]) -> bool:
    step = result_of(steps)
    return (
        step is not None
        and state_of(steps).usable
        and step.document.energy_per_atom is not None
    )


def _not_finished(metal: str, steps: Sequence[Summary]) -> str:
    states = ", ".join(f"{s.document.task_label} {s.document.state}" for s in steps)
    return f"the {metal} reference has not finished ({states}): lnmo status"


def _fitting(
    metals: Iterable[_Metal], cathode: Sequence[TaskDocument]
) -> tuple[list[_Metal], list[ResultsError]]:
    """Part the metals into those with the cathode's settings, and why not the rest."""
    fitting: list[_Metal] = []
    refused: list[ResultsError] = []
    for each in metals:
        try:
            refuse_reference(cathode, each.document)
        except ResultsError as error:
            refused.append(error)
        else:
            fitting.append(each)
    return fitting, refused


def _none_fits(metal: str, refused: Sequence[ResultsError]) -> ResultsError:
    if len(refused) == 1:
        return refused[0]
    told = "; ".join(str(error) for error in refused[:MOST_NAMED])
    more = len(refused) - MOST_NAMED
    return ResultsError(
        f"none of {len(refused)} {metal} references goes with the cathode: {told}"
        + (f"; and {more} more" if more > 0 else "")
    )


def _one_of(metals: Sequence[_Metal], metal: str) -> _Metal:
    """Return the only one, or the lowest of one set of settings.

    Nothing in the cathode says which mesh, smearing or start is its metal's.
    """
    first = metals[0].document.settings
    if all(each.document.settings == first for each in metals):
        return min(metals, key=lambda each: each.document.energy_per_atom or 0.0)
    named = "; ".join(each.words for each in metals[:MOST_NAMED])
    more = len(metals) - MOST_NAMED
    raise ResultsError(
        f"{len(metals)} {metal} references go with the cathode, each with settings of "
        f"its own: {named}{f'; and {more} more' if more > 0 else ''}. Only a campaign "
        "says which is its metal: lnmo results CAMPAIGN, or .select(campaign=...)"
    )


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
