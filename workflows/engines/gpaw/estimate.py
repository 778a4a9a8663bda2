"""How long GPAW will take, and how much memory: said before it starts.

Scaled from single points measured on one core of 2026: PW 700 eV, spin, 65 to
145 s of CPU time and 0.4 GB for 14 to 16 atoms, 2 to 4 k points; 150 to 170 s for a
density of states. Good to a factor of two; a busy machine takes longer by as much as it
is busy.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod

from workflows.campaign.calculation import Calculation
from workflows.campaign.step_names import GEOMETRY
from workflows.counts import count_of

MEASURED = {"atoms": 14.0, "k_points": 4.0, "cutoff": 700.0, "seconds": 100.0}
ATOMS_POWER, CUTOFF_POWER = 2.5, 2.0
"""An iteration of 56 atoms costs 33 times one of 14; 85 and 160 s at 520 and 700 eV."""
SHARE = {"relax": 8.0, "static": 1.0, "dos": 1.3}
"""Single points from scratch that a step costs; a relaxation about 12 warm ones."""
WARM = 0.4
"""The static step after a relaxation, which goes on from its density."""
CHGNET_SECONDS = 2.5
"""An atom, of the relaxation by CHGNet."""
REFERENCE_SECONDS = {"Li": 60.0, "NiO": 20.0}
"""All steps: tiny cells, whose many k points symmetry takes away."""
GIGABYTES = (0.25, 0.25)
"""Memory of the program, and of the states of the measured cell, GB."""


@dataclass(frozen=True)
class Estimate:
    """What the steps of some calculations will cost.

    Attributes
    ----------
    seconds
        CPU time of all steps.
    longest
        That of the longest calculation, whose steps follow each other.
    gigabytes
        Memory of the largest process.
    steps
        How many steps.
    """

    seconds: float
    longest: float
    gigabytes: float
    steps: int

    def in_words(self, processes: int) -> str:
        """Return it as one line, for this number of processes at a time."""
        wall = max(self.seconds / max(processes, 1), self.longest)
        return (
            f"GPAW: {count_of(self.steps, 'step')}, about {_time(self.seconds)} of CPU "
            f"time, {_time(wall)} with {processes} at a time on as many idle cores, "
            f"{self.gigabytes:.1f} GB each; within a factor of two"
        )


def estimate(calculations: Iterable[Calculation]) -> Estimate:
    """Estimate the calculations of the gpaw engine among some."""
    own = [c for c in calculations if c.engine == "gpaw"]
    each = [_seconds(c) for c in own]
    return Estimate(
        seconds=sum(each),
        longest=max(each, default=0.0),
        gigabytes=max(map(_gigabytes, own), default=0.0),
        steps=sum(len(c.steps) for c in own),
    )


def _seconds(calculation: Calculation) -> float:
    if calculation.reference:
        return REFERENCE_SECONDS.get(calculation.reference, 60.0)
    atoms = len(calculation.structure)
    size: float = (atoms / MEASURED["atoms"]) ** ATOMS_POWER
    cutoff: float = (
        calculation.settings["cutoff"] / MEASURED["cutoff"]
    ) ** CUTOFF_POWER
    single = MEASURED["seconds"] * size * cutoff / MEASURED["k_points"]
    found = 0.0
    for step in calculation.steps:
        if step == GEOMETRY:
            found += CHGNET_SECONDS * atoms
            continue
        warm = step == "static" and "relax" in calculation.steps
        share = WARM if warm else SHARE[step]
        found += share * single * _k_points(calculation, step)
    return found


def _gigabytes(calculation: Calculation) -> float:
    size = (len(calculation.structure) / MEASURED["atoms"]) ** 2
    k_points = max(_k_points(calculation, s) for s in calculation.settings["kpoints"])
    if calculation.reference:
        k_points = MEASURED["k_points"]
    cutoff = (calculation.settings["cutoff"] / MEASURED["cutoff"]) ** 1.5
    program, states = GIGABYTES
    return float(program + states * size * cutoff * k_points / MEASURED["k_points"])


def _k_points(calculation: Calculation, step: str) -> float:
    """Count the k points that time reversal leaves, more than symmetry leaves."""
    mesh: list[int] = calculation.settings["kpoints"][step]
    if calculation.settings["centring"] == "shifted":
        return float(-(-prod(mesh) // 2))
    own_images = prod(2 if n % 2 == 0 else 1 for n in mesh)
    return (prod(mesh) + own_images) / 2


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
