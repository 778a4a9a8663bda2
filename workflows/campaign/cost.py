"""What calculations will cost: relative work by a stated model, hours by what has run.

VASP: k points times the cube of the electrons outside the noble-gas cores, which is
how diagonalization grows. CHGNet: atoms. A model has no hours; those come from finished
steps of the same engine and kind, and there are none without.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod
from statistics import median

from workflows.campaign.calculation import Calculation
from workflows.counts import count_of

NOBLE_GASES = (86, 54, 36, 18, 10, 2)
"""Electrons of the cores, largest first."""
GROWTH = 3
"""Power of the electrons."""
MODELS = {
    "vasp": f"k points x electrons^{GROWTH}",
    "chgnet": "atoms",
}
"""What the work of a step is proportional to, by engine. GPAW has its own estimate."""

StepKind = tuple[str, str]
"""Engine and step."""


@dataclass(frozen=True)
class Rate:
    """Hours that a unit of work took.

    Attributes
    ----------
    hours
        Median over the finished steps, of one worker.
    steps
        How many there were.
    """

    hours: float
    steps: int


@dataclass(frozen=True)
class Cost:
    """What some calculations will take.

    Attributes
    ----------
    calculations, steps
        Their numbers.
    hours
        Of one worker, for the steps that a rate is known for.
    measured
        How many finished steps the rates come from.
    unknown
        Kinds of steps without a rate, such as ``vasp relax``, with their number.
    """

    calculations: int
    steps: int
    hours: float
    measured: int
    unknown: Mapping[str, int]

    def in_words(self, engine: str) -> str:
        """Return it as one line: the numbers, and where each comes from."""
        sizes = (
            f"{count_of(self.calculations, 'calculation')}, "
            f"{count_of(self.steps, 'step')}"
        )
        if engine not in MODELS:
            return sizes
        model = f"model: {MODELS[engine]}"
        if not self.measured:
            return f"{sizes}; hours not calibrated: no {engine} step has finished here"
        shown = (
            f"about {count_of(self.hours, 'hour', form='.3g')} of one worker ({model}, "
            f"by {count_of(self.measured, 'finished step')} here)"
        )
        lacking = ", ".join(f"{n} {kind}" for kind, n in self.unknown.items())
        return f"{sizes}; {shown}" + (
            f"; not calibrated, and not in it: {lacking}" if lacking else ""
        )


def work(calculation: Calculation, step: str) -> float:
    """Return the relative work of a step, comparable within one engine and step."""
    atoms = [site.specie.Z for site in calculation.structure]
    if calculation.engine != "vasp":
        return float(len(atoms))
    mesh = calculation.settings["kpoints"].get(step, (1, 1, 1))
    return float(prod(mesh) * sum(map(_outside_the_core, atoms)) ** GROWTH)


def _outside_the_core(z: int) -> int:
    return z - next((core for core in NOBLE_GASES if core < z), 0)


def rates(finished: Iterable[tuple[Calculation, str, float]]) -> dict[StepKind, Rate]:
    """Return the hours of a unit of work by engine and step.

    Parameters
    ----------
    finished
        Calculation, step and seconds of each step that ran to its end, of no stand-in.
    """
    found: dict[StepKind, list[float]] = {}
    for calculation, step, seconds in finished:
        hours = seconds / 3600 / work(calculation, step)
        found.setdefault((calculation.engine, step), []).append(hours)
    return {kind: Rate(median(each), len(each)) for kind, each in found.items()}


def cost(
    calculations: Iterable[Calculation], known: Mapping[StepKind, Rate] | None = None
) -> Cost:
    """Add up the work of calculations, in hours where a rate is known."""
    own = list(calculations)
    hours = 0.0
    unknown: dict[str, int] = {}
    used: dict[StepKind, int] = {}
    for calculation in own:
        for step in calculation.steps:
            kind = (calculation.engine, step)
            rate = (known or {}).get(kind)
            if rate is None:
                name = " ".join(kind)
                unknown[name] = unknown.get(name, 0) + 1
                continue
            hours += rate.hours * work(calculation, step)
            used[kind] = rate.steps
    return Cost(
        len(own), sum(len(c.steps) for c in own), hours, sum(used.values()), unknown
    )
