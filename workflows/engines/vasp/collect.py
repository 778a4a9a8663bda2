"""Runs made elsewhere -> the documents of planned steps, as if they had run here.

A chain is followed from the planned start: a run that starts there is the first step,
one that starts where that ended is the next. Files are only read. What is not DONE or
NEEDS_REVIEW by its own evidence, or was asked for otherwise than planned, is told of
and gives no document.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from workflows.campaign.calculation import Calculation
from workflows.counts import count_of
from workflows.engines.vasp.chains import Chain, Rival, Search, Taken
from workflows.engines.vasp.fits import Fit, Place, blocking
from workflows.engines.vasp.foreign_runs import ForeignRun
from workflows.engines.vasp.planned_match import order_of
from workflows.errors import printable
from workflows.records.collected import hashes_of
from workflows.records.document import Finding, State, TaskDocument


@dataclass(frozen=True, eq=False)
class Match:
    """A run, and the planned step that it is, or is nearest to.

    Attributes
    ----------
    run
        The run.
    calculation, step
        What starts where it starts; None and empty if nothing planned does.
    document
        Of the step, atoms in the planned order; None if the run is no result of it.
    reason
        Why there is no document.
    differing
        What the run has otherwise than planned, harmless things included.
    links
        Runs of a chain of relaxations before this one.
    unusable
        The state as that step, if this is the reason; else None.
    rivals
        Of a result: the other runs that fit, and why they were not taken.
    """

    run: ForeignRun
    calculation: Calculation | None = None
    step: str = ""
    document: TaskDocument | None = None
    reason: str = ""
    differing: tuple[Finding, ...] = ()
    links: tuple[ForeignRun, ...] = field(default=())
    unusable: State | None = None
    rivals: tuple[str, ...] = ()

    @property
    def state(self) -> State:
        """As the planned step where the run is one, else what ``lnmo parse`` says."""
        if self.document is not None:
            return self.document.state
        return self.unusable or self.run.judged.state


def match_runs(
    runs: Sequence[ForeignRun], calculations: Iterable[Calculation], *, now: str
) -> tuple[Match, ...]:
    """Find out which planned steps runs made elsewhere are.

    Parameters
    ----------
    runs
        As read, in any order.
    calculations
        Of the VASP engine.
    now
        When they are collected, ISO 8601.

    Returns
    -------
    tuple of Match
        One for each step that was found, in the order of the plan; then one for each
        run that is no step.
    """
    found: list[Match] = []
    places: list[Place] = []
    tried: list[tuple[Place, Fit]] = []
    for calculation in calculations:
        search = Search(calculation, runs)
        found += _of_calculation(search, search.chain(), now)
        places += search.places
        tried += search.seen
    used = {id(run) for match in found for run in (match.run, *match.links)}
    accepted = {id(r) for m in found if m.document for r in (m.run, *m.links)}
    # A run that another calculation takes is not told of as a misfit of this one.
    kept = [m for m in found if m.document or id(m.run) not in accepted]
    best = {
        id(m.run): m for m in sorted(kept, key=lambda m: -len(blocking(m.differing)))
    }
    told = [m for m in kept if m.document or best[id(m.run)] is m]
    rest = [
        Match(run, reason=_unmatched(run, places, tried))
        for run in runs
        if id(run) not in used
    ]
    return (*told, *rest)


def _unmatched(
    run: ForeignRun, places: Iterable[Place], tried: Iterable[tuple[Place, Fit]]
) -> str:
    """Say why a run is no step: nothing planned starts where it starts."""
    if run.numbers.initial is None:
        state, why = run.judged.state, run.judged.reason
        return f"{state}: {why}" if why else "its start cannot be read"
    seen = [(place, fit) for place, fit in tried if fit.run is run]
    if seen:
        place, fit = min(seen, key=lambda each: len(each[1].refused))
        first, *more = (finding.message for finding in fit.refused)
        others = f" and {count_of(len(more), 'other difference')}" if more else ""
        return (
            f"it starts {_where(place)}, but is not the {place.step} that the plan has "
            f"there: {first}{others}"
        )
    for place in places:
        if order_of(place.start, run.numbers.initial) is not None:
            moves = "its ions move" if run.relaxes else "its ions do not move"
            return (
                f"it starts {_where(place)}, but {moves}, and the plan has a "
                f"{place.step} there"
            )
    return (
        "its start is neither a planned start nor the end of an accepted step; the run "
        "before it may be missing or refused: collect that one with it"
    )


def _where(place: Place) -> str:
    """Say where a step starts."""
    if place.after is None:
        return f"at the planned start of {place.calculation.label}"
    return f"where {printable(place.after.run.name)} ended"


def _of_calculation(search: Search, chain: Chain, now: str) -> Iterator[Match]:
    """Yield the steps of the chain that was taken, then what became of the others."""
    used: set[int] = set()
    filled: set[str] = set()
    for taken in chain:
        if taken.tied is not None:
            break
        rivals = [r for r in search.rivals if r.taken[0] is taken]
        yield _as_result(search.calculation, taken, rivals, now)
        used |= {id(run) for run in taken.runs}
        filled.add(taken.step)
    if not chain and search.unsettled:
        match = _unsettled(search)
        yield match
        filled.add(match.step)
        used |= {id(run) for run in (match.run, *match.links)}
    told: dict[int, tuple[Place, Fit]] = {}
    for place, fit in search.seen:
        known = told.get(id(fit.run))
        if known is None or _nearness(place, fit, used) > _nearness(*known, used):
            told[id(fit.run)] = place, fit
    left = [pair for number, pair in told.items() if number not in used]
    nearest = _nearest([(p, f) for p, f in left if p.step not in filled], used)
    for place, fit in left:
        if not fit.refused or fit is nearest:
            reason = fit.reason or _not_taken(search, place, fit, used)
            yield _refused(place, fit, reason)


def _nearest(left: Iterable[tuple[Place, Fit]], used: set[int]) -> Fit | None:
    """Return the run that differs least from the step that is missing."""
    fits = [fit for place, fit in left if _follows(place, used)]
    best = min(fits, key=lambda fit: len(fit.refused), default=None)
    return best if best is not None and best.refused else None


def _follows(place: Place, used: set[int]) -> bool:
    """Tell whether a step starts where a result that was taken ended."""
    return place.after is None or id(place.after.run) in used


def _nearness(place: Place, fit: Fit, used: set[int]) -> tuple[bool, bool, bool, int]:
    """Sort the places of one run: there is more to say where it fits better."""
    follows = _follows(place, used)
    return fit.accepted, not fit.refused, follows, -len(fit.refused)


def _refused(place: Place, fit: Fit, reason: str, links: Sequence[Fit] = ()) -> Match:
    return Match(
        fit.run,
        place.calculation,
        place.step,
        reason=reason,
        differing=fit.differing,
        links=tuple(link.run for link in links),
        unusable=fit.unusable,
    )


def _not_taken(search: Search, place: Place, fit: Fit, used: set[int]) -> str:
    """Say why a result of a step is not the one that was taken."""
    after = place.after
    if after is not None and id(after.run) not in used:
        return f"it follows {printable(after.run.name)}, which was not taken"
    for rival in search.rivals:
        if any(fit.run is run for taken in rival.own for run in taken.runs):
            return rival.why
        first, tied = rival.taken[0], rival.taken[0].tied
        if tied is not None and fit.run in first.runs:
            own = (replace(rival.own[0], tied=first), *rival.own[1:])
            return Rival(rival.taken, own).why
    return "it fits too, but no settled relaxation follows it: another was taken"


def _unsettled(search: Search) -> Match:
    """Tell of the relaxations whose end is missing, or is no result."""
    path, calculation = search.unsettled, search.calculation
    last = path[-1]
    for place, fit in search.seen:
        if place.after is not None and place.after.run is last.run and fit.reason:
            return _refused(place, fit, fit.reason, path)
    most = 1 + calculation.settings["max_restarts"]
    return Match(
        last.run,
        calculation,
        "relax",
        reason="UNCONVERGED: volume not settled after "
        f"{count_of(len(path), 'relaxation')} (at least 2, limit {most}): relax "
        "again from CONTCAR",
        differing=last.differing,
        links=tuple(link.run for link in path[:-1]),
        unusable=State.UNCONVERGED,
    )


def _as_result(
    calculation: Calculation,
    taken: Taken,
    rivals: Sequence[Rival],
    now: str,
) -> Match:
    fit = taken.fit
    others = tuple(_rival(rival) for rival in rivals)
    document = _with_origin(taken, others, now)
    links = tuple(link.run for link in taken.links)
    return Match(
        fit.run,
        calculation,
        taken.step,
        document,
        differing=fit.differing,
        links=links,
        rivals=others,
    )


def _rival(rival: Rival) -> str:
    """Name a chain that was not taken: its end, its energy and what it has."""
    own, its = rival.own, rival.taken
    name = printable(own[0].fit.run.name)
    if len(own) < len(its):
        return f"{name} fits too, and comes less far{rival.difference}"
    warned = ", ".join(rival.warned)
    return f"{name} fits too{f', with {warned}' if warned else ''}{rival.difference}"


def _with_origin(taken: Taken, rivals: Sequence[str], now: str) -> TaskDocument:
    """Say where a document is from, and what else fitted."""
    document, run = taken.fit.document, taken.fit.run
    assert document.collected is not None
    files = hashes_of(run.paths)
    origin = document.collected.model_copy(update={"files": files, "collected_at": now})
    after = f" after {count_of(len(taken.links), 'relaxation')} before it"
    told = Finding(
        id="collected",
        severity="info",
        message=f"run elsewhere, in {printable(run.name)}, read on {now}"
        + (after if taken.links else "")
        + "".join(f"; {rival}" for rival in rivals),
    )
    extra = [f for f in taken.fit.differing if f not in document.findings]
    return document.model_copy(
        update={
            "collected": origin,
            "findings": (told, *document.findings, *extra, *taken.findings),
        }
    )
