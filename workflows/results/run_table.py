"""One row for each step of each calculation: how it went, not what it means."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from workflows.analysis.ions import working_ion
from workflows.analysis.lithium_sites import model_at_the_end
from workflows.campaign.calculation import NO_INSERTION
from workflows.records.document import TaskDocument
from workflows.results.columns import Column, frame_of, names, number, numbers
from workflows.results.labels import LABELS, STATE_LABELS, labels_of

if TYPE_CHECKING:
    import pandas as pd

RUNS = (
    Column("x", "ions per formula unit", shown=True),
    *STATE_LABELS,
    Column("formula", shown=True),
    Column("step", shown=True),
    Column("reason", shown=True),
    number("energy", "eV per cell"),
    number("energy_per_atom", "eV per atom", shown=True),
    number("gap", "eV; 0 for a metal", shown=True),
    number("gap_up", "eV, spin up alone"),
    number("gap_down", "eV, spin down alone"),
    number("efermi", "eV"),
    number("m_total", "muB per cell"),
    number("max_force", "eV/A", shown=True),
    number("pressure", "kbar", shown=True),
    Column("ionic_steps", shown=True),
    Column("corrections", shown=True),
    Column("findings", shown=True),
    number("seconds", "s, wall time", shown=True),
    Column("completed_at"),
    *LABELS,
    Column("campaign"),
    Column("calculation_id"),
    Column("directory"),
)
RUN_COLUMNS, RUN_UNITS = names(RUNS), numbers(RUNS)


def run_frame(documents: Iterable[TaskDocument]) -> pd.DataFrame:
    """Return one row for each document; units in ``attrs["units"]``."""
    return frame_of([_row(d) for d in documents], RUNS)


def _row(document: TaskDocument) -> dict[str, Any]:
    return {
        **labels_of(document),
        "x": document.x,
        "state": str(document.state),
        "insertion": document.insertion or NO_INSERTION,
        "ended_as": ended_as(document),
        "formula": document.formula,
        "step": document.task_label,
        "reason": document.reason,
        "energy": document.energy,
        "energy_per_atom": document.energy_per_atom,
        "gap": document.bandgap,
        "gap_up": document.bandgap_up,
        "gap_down": document.bandgap_down,
        "efermi": document.efermi,
        "m_total": document.total_magnetization,
        "max_force": document.max_force,
        "pressure": document.pressure_kbar,
        "ionic_steps": document.n_ionic_steps,
        "corrections": len(document.corrections),
        "findings": ", ".join(dict.fromkeys(f.id for f in document.findings)),
        "seconds": document.run_seconds,
        "completed_at": document.completed_at,
        "campaign": document.campaign,
        "calculation_id": document.calculation_id,
        "directory": document.dir_name,
    }


def ended_as(document: TaskDocument) -> str:
    """Return the model that the ions of a step ended as; empty if not known."""
    ions = document.final_sites.get(working_ion(document.formula, document.n_li))
    if not ions:
        return ""
    return model_at_the_end(
        ions,
        document.formula_units or 1,
        planned=document.insertion or NO_INSERTION,
        ordering=document.ordering,
    )
