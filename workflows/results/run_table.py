"""One row for each step of each calculation: how it went, not what it means."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from workflows.records.document import TaskDocument

if TYPE_CHECKING:
    import pandas as pd

RUN_UNITS = {
    "energy": "eV per cell",
    "energy_per_atom": "eV per atom",
    "gap": "eV; 0 for a metal",
    "gap_up": "eV, spin up alone",
    "gap_down": "eV, spin down alone",
    "efermi": "eV",
    "m_total": "muB per cell",
    "max_force": "eV/A",
    "pressure": "kbar",
    "seconds": "s, wall time",
}
RUN_COLUMNS = (
    *("x", "insertion", "formula", "step", "state", "reason", "energy"),
    *("energy_per_atom", "gap", "gap_up", "gap_down", "efermi", "m_total"),
    *("max_force", "pressure", "ionic_steps", "corrections", "findings"),
    *("seconds", "completed_at", "engine", "engine_version", "surrogate", "fake"),
    *("campaign", "calculation_id", "directory"),
)


def run_frame(documents: Iterable[TaskDocument]) -> pd.DataFrame:
    """Return one row for each document; units in ``attrs["units"]``."""
    import pandas as pd

    frame = pd.DataFrame([_row(d) for d in documents], columns=list(RUN_COLUMNS))
    numbers = list(RUN_UNITS)
    frame[numbers] = frame[numbers].astype(float)
    frame.attrs["units"] = dict(RUN_UNITS)
    return frame


def _row(document: TaskDocument) -> dict[str, Any]:
    return {
        "x": document.x,
        "insertion": document.insertion,
        "formula": document.formula,
        "step": document.task_label,
        "state": str(document.state),
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
        "engine": document.engine,
        "engine_version": document.engine_version,
        "surrogate": document.surrogate,
        "fake": document.fake,
        "campaign": document.campaign,
        "calculation_id": document.calculation_id,
        "directory": document.dir_name,
    }
