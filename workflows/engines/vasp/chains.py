"""The chain of runs that a planned calculation is, among all that fit equally.

Several runs may start at one place: an attempt that was given up, the same step from
another density. Every branch is followed. The chain that comes furthest is taken, of
those the one with fewest warnings, then the lowest energy. The names of directories
decide nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import inf

import numpy as np

from workflows.campaign.calculation import Calculation
from workflows.checks.physics import static_matches_relaxation
from workflows.counts import count_of
from workflows.engines.vasp.fits import Fit, Place, fits_at
from workflows.engines.vasp.foreign_runs import ForeignRun
from workflows.engines.vasp.parse import is_settled
from workflows.errors import printable
from workflows.records.document import Finding, TaskDocument
from workflows.vasp.equality import same_structure

SAME_ENERGY = 1e-4
"""eV per cell: two runs to one state, each converged to EDIFF, agree within it."""
SAME_MOMENT = 0.05
"""muB, of a site in two runs to one state."""
SAME_PLACE = 0.01
"""A, of an atom in two runs to one state."""


@dataclass(frozen=True, eq=False)
class Taken:
    """A step of a chain.

    Attributes
    ----------
    step
        Its name.
    fit
        The run.
    links
        Relaxations before it, of the same step.
    findings
        Of the run beside the step before it.
    tied
        Another run that fits equally well and is of another state; None if there is
        none.
    """

    step: str
    fit: Fit
    links: tuple[Fit, ...] = ()
    findings: tuple[Finding, ...] = ()
    tied: Taken | None = None

    @property
    def runs(self) -> tuple[ForeignRun, ...]:
        """The run and the relaxations before it."""
        return tuple(fit.run for fit in (*self.links, self.fit))

    @property
    def warnings(self) -> tuple[str, ...]:
        """Ids of what speaks against it."""
        own = (*self.fit.document.findings, *self.findings)
        return tuple(dict.fromkeys(f.id for f in own if f.severity != "info"))


Chain = tuple[Taken, ...]


@dataclass(frozen=True, eq=False)
class Rival:
    """A chain that was not taken, beside the one that was, from the same place on."""

    own: Chain
    taken: Chain

    @property
    def why(self) -> str:
        """Say which was taken, and what the choice rests on."""
        (own, its), energy = (self.own, self.taken), self.energy
        names = ", ".join(printable(step.fit.run.name) for step in its)
        if its[0].tied is not None:
            return (
                f"it fits as well as {names}, and is of another state at the same "
                f"energy{self.difference}: collect one of them without the other"
            )
        if len(own) < len(its):
            why = f"that chain has {count_of(len(its), 'step')}, this one {len(own)}"
        elif _warnings(own) > _warnings(its):
            why = f"this one has {', '.join(self.warned) or 'more warnings'}"
        elif energy > SAME_ENERGY:
            why = "that one is lower in energy"
        else:
            why = "the two are one state"
        were = "was" if len(its) == 1 else "were"
        return f"it fits too, but {names} {were} taken: {why}{self.difference}"

    @property
    def warned(self) -> tuple[str, ...]:
        """Return the ids of what speaks against this one, and not against that."""
        known = {i for step in self.taken for i in step.warnings}
        found = (i for step in self.own for i in step.warnings if i not in known)
        return tuple(dict.fromkeys(found))

    @property
    def difference(self) -> str:
        """Give the difference of the energies, if both have the step that counts."""
        if not np.isfinite(self.energy):
            return ""
        return f" (E of this one {self.energy:+.4f} eV per cell)"

    @property
    def energy(self) -> float:
        """What it lies above the taken one, eV per cell; infinite if it has none."""
        steps = [{taken.step for taken in chain} for chain in (self.own, self.taken)]
        if ("static" in steps[0]) != ("static" in steps[1]):
            return inf
        return _energy(self.own) - _energy(self.taken)


@dataclass(eq=False)
class Search:
    """What is found of one calculation among runs, in any order.

    Attributes
    ----------
    seen
        Every run that starts where a step starts, and where that is.
    rivals
        Chains that were complete, beside those that were preferred.
    places
        Where a step was looked for.
    unsettled
        The longest chain of relaxations, if none of them is settled.
    """

    calculation: Calculation
    runs: Sequence[ForeignRun]
    seen: list[tuple[Place, Fit]] = field(default_factory=list)
    rivals: list[Rival] = field(default_factory=list)
    unsettled: tuple[Fit, ...] = ()
    places: list[Place] = field(default_factory=list)

    def chain(self) -> Chain:
        """Return the steps that were found, from the planned start on."""
        return self._onward(0, None)

    def _onward(self, number: int, before: Taken | None) -> Chain:
        steps = self.calculation.steps
        if number == len(steps):
            return ()
        step = steps[number]
        found = self._relaxed() if step == "relax" else self._next(step, before)
        return self._best([(own, *self._onward(number + 1, own)) for own in found])

    def _next(self, step: str, before: Taken | None) -> Iterator[Taken]:
        after = None if before is None else before.fit
        still = [run for run in self.runs if not run.relaxes]
        for fit in self._at(Place.behind(self.calculation, step, after), still):
            more: tuple[Finding, ...] = ()
            if step == "static" and after is not None:
                more = static_matches_relaxation(after.document, fit.document)
            yield Taken(step, fit, findings=more)

    def _relaxed(self) -> list[Taken]:
        """Follow every chain of relaxations to each of its settled ends."""
        moving = [run for run in self.runs if run.relaxes]
        known: dict[int, list[Fit]] = {}

        def after(fit: Fit | None) -> list[Fit]:
            if id(fit and fit.run) not in known:
                place = Place.behind(self.calculation, "relax", fit)
                others = [run for run in moving if fit is None or run is not fit.run]
                known[id(fit and fit.run)] = list(self._at(place, others))
            return known[id(fit and fit.run)]

        settings = self.calculation.settings
        layer: list[tuple[Fit, ...]] = [(fit,) for fit in after(None)]
        ends: dict[int, tuple[Fit, ...]] = {}
        for _ in range(1 + settings["max_restarts"]):
            ends |= {id(path[-1].run): path for path in layer}
            longer = [
                (*path, fit)
                for path in layer
                for fit in after(path[-1])
                if all(fit.run is not link.run for link in path)
            ]
            # Of two ways to one run the lower: the numbers are those of the end.
            longer.sort(key=lambda path: -(path[-2].document.energy or 0.0))
            layer = list({id(path[-1].run): path for path in longer}.values())
        settled = [
            path
            for path in ends.values()
            if len(path) > 1 and is_settled(path[-1].document, settings)
        ]
        if not settled and ends:
            self.unsettled = max(
                ends.values(),
                key=lambda path: (len(path), -(path[-1].document.energy or 0.0)),
            )
        return [Taken("relax", path[-1], path[:-1]) for path in settled]

    def _at(self, place: Place, runs: Sequence[ForeignRun]) -> Iterator[Fit]:
        """Yield the results of a step that starts at a place; keep all that start."""
        self.places.append(place)
        for fit in fits_at(place, runs):
            self.seen.append((place, fit))
            if fit.accepted:
                yield fit

    def _best(self, chains: Sequence[Chain]) -> Chain:
        if not chains:
            return ()
        chains = [chain for chain in chains if not self._goes_on(chain, chains)]
        best = min(chains, key=_rank)
        others = [chain for chain in chains if chain is not best]
        tied = [c for c in others if _as_good(c, best) and not _same_state(c, best)]
        if tied:
            best = (replace(best[0], tied=tied[0][0]), *best[1:])
        # Where nothing moves each of two relaxations goes on from the other.
        self.rivals += [
            Rival(chain, best)
            for chain in others
            if chain[0].fit.run not in best[0].runs or not _same_state(chain, best)
        ]
        return best

    def _goes_on(self, chain: Chain, chains: Sequence[Chain]) -> bool:
        """Tell whether another chain relaxes on from the end of this one, and no more.

        What starts where this end started as well is a rival of it.
        """
        return len(chain) == 1 and any(
            chain[0].fit.run is earlier.run and not self._beside(other[0], number)
            for other in chains
            for number, earlier in enumerate(other[0].links)
            if len(other) == 1
        )

    def _beside(self, relaxed: Taken, number: int) -> bool:
        """Tell whether the run behind a link starts where the link starts, too."""
        path = (*relaxed.links, relaxed.fit)
        before = path[number - 1].run if number else None
        return any(
            fit.run is path[number + 1].run
            and before is (None if place.after is None else place.after.run)
            for place, fit in self.seen
            if place.step == "relax"
        )


def _rank(chain: Chain) -> tuple[int, int, float]:
    """Sort chains from one place on, the best first."""
    return -len(chain), _warnings(chain), _energy(chain)


def _warnings(chain: Chain) -> int:
    return sum(len(taken.warnings) for taken in chain)


def _energy(chain: Chain) -> float:
    """Return the energy that counts, eV per cell: of the static, else of the first."""
    counted = next((t for t in chain if t.step == "static"), chain[0])
    energy = counted.fit.document.energy
    return inf if energy is None else energy


def _as_good(chain: Chain, best: Chain) -> bool:
    *own, energy = _rank(chain)
    *its, lowest = _rank(best)
    return own == its and energy - lowest <= SAME_ENERGY


def _same_state(chain: Chain, other: Chain) -> bool:
    """Tell whether the results of two chains are one state, whichever is taken."""
    if (
        len(chain) != len(other)
        or not abs(_energy(chain) - _energy(other)) <= SAME_ENERGY
    ):
        return False
    pairs = zip(chain, other, strict=True)
    return all(_same(a.fit.document, b.fit.document) for a, b in pairs)


def _same(one: TaskDocument, other: TaskDocument) -> bool:
    moments = [d.magnetization for d in (one, other)]
    if None in moments:
        same_moments = moments == [None, None]
    else:
        own, its = (np.asarray(m, dtype=float) for m in moments)
        same_moments = own.shape == its.shape and bool(
            (np.abs(own - its) <= SAME_MOMENT).all()
        )
    if one.structure is None or other.structure is None:
        return same_moments
    return same_moments and same_structure(
        one.structure, other.structure, tolerance=SAME_PLACE
    )
