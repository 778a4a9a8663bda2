"""``RunResult``: what a finished run gave, as far as the physics checks look at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from workflows.analysis.band_gap import BandGap
from workflows.analysis.d_orbitals import OnsiteOccupation
from workflows.records.document import Finding

if TYPE_CHECKING:
    from pymatgen.core import Structure

REMEDY = "restart with ISYM = 0, ALGO = All, a small SIGMA or another MAGMOM"

SEED = "restart from a charge order (start.charge_orders), with ISYM = 0 or ALGO = All"

Severity = Literal["info", "warning", "error"]


@dataclass(frozen=True)
class RunResult:
    """What the checks look at; None where a run does not give it.

    Units as in ``TaskDocument``; `start_moments` are the moments that were planned, or
    of a run that is not ours its MAGMOM, in site order. `signed` is False where only
    |m| is known. `levels` are the edges that the gap was taken from, `emax` is the end
    of the density of states that was asked for, eV, on the scale of the levels.
    `max_force` is None for a run that does not look for a minimum, such as dynamics.
    `supercell` is None where nobody described the cell.
    """

    structure: Structure
    energy: float | None = None
    magnetization: Sequence[float] | None = None
    start_moments: Sequence[float] | None = None
    total_magnetization: float | None = None
    bandgap: float | None = None
    levels: BandGap | None = None
    emax: float | None = None
    max_force: float | None = None
    nelect: float | None = None
    pressure_kbar: float | None = None
    cell_relaxed: bool = False
    signed: bool = True
    occupations: Sequence[OnsiteOccupation] = ()
    hubbards: Mapping[str, float] = field(default_factory=dict)
    supercell: Sequence[Sequence[float]] | None = None


def warn(name: str, message: str, severity: Severity = "warning") -> Finding:
    """Make a finding."""
    return Finding(id=name, severity=severity, message=message)
