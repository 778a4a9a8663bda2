"""Runs made elsewhere -> the documents of planned steps, as if they had run here.

A chain is followed from the planned start: a run that starts there is the first step,
one that starts where that ended is the next. Files are only read. What is not DONE or
NEEDS_REVIEW by its own evidence, or was asked for otherwise than planned, is told of
and gives no document.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from workflows.campaign.calculation import Calculation
from workflows.checks.physics import static_matches_relaxation
from workflows.counts import count_of
from workflows.engines.vasp.foreign_runs import ForeignRun
from workflows.engines.vasp.parse import is_settled
from workflows.engines.vasp.planned_match import (
    as_run,
    differences,
    inverse,
    order_of,
    planned_inputs,
)
from workflows.engines.vasp.to_document import describe, with_numbers
from workflows.engines.vasp.unreadable import unreadable
from workflows.errors import is_utf8, printable
from workflows.records.collected import hashes_of, reordered
from workflows.records.document import Collected, Finding, State, TaskDocument

if TYPE_CHECKING:
    from pymatgen.core import Structure


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
    """

    run: ForeignRun
    calculation: Calculation | None = None
    step: str = ""
    document: TaskDocument | None = None
    reason: str = ""
    differing: tuple[Finding, ...] = ()
    links: tuple[ForeignRun, ...] = field(default=())
    unusable: State | None = None

    @property
    def state(self) -> State:
        """As the planned step where the run is one, else what ``lnmo parse`` says."""
        if self.document is not None:
            return self.document.state
        return self.unusable or self.run.judged.state


@dataclass(frozen=True, eq=False)
class _Fit:
    """A run as a planned step: the comparison, and the document it would make."""

    run: ForeignRun
    order: tuple[int, ...]
    differing: tuple[Finding, ...]
    document: TaskDocument

    @property
    def refused(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.differing if f.severity != "info")

    @property
    def rank(self) -> tuple[int, bool]:
        return len(self.refused), not self.document.state.usable


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
    for calculation in calculations:
        found += _of_calculation(calculation, runs, now)
    used = {id(run) for match in found for run in (match.run, *match.links)}
    accepted = {id(r) for m in found if m.document for r in (m.run, *m.links)}
    # A run that another calculation takes is not told of as a misfit of this one.
    kept = [m for m in found if m.document or id(m.run) not in accepted]
    best = {id(m.run): m for m in sorted(kept, key=lambda m: -len(_blocking(m)))}
    told = [m for m in kept if m.document or best[id(m.run)] is m]
    rest = [Match(run, reason=_unmatched(run)) for run in runs if id(run) not in used]
    return (*told, *rest)


def _blocking(match: Match) -> tuple[Finding, ...]:
    return tuple(f for f in match.differing if f.severity != "info")


def _unmatched(run: ForeignRun) -> str:
    if run.numbers.initial is None:
        state, why = run.judged.state, run.judged.reason
        return f"{state}: {why}" if why else "its start cannot be read"
    return (
        "its start is neither a planned start nor the end of an accepted step; the run "
        "before it may be missing or refused: collect that one with it"
    )


def _of_calculation(
    calculation: Calculation, runs: Sequence[ForeignRun], now: str
) -> list[Match]:
    start, before = calculation.structure, None
    found: list[Match] = []
    for step in calculation.steps:
        match = _of_step(calculation, step, start, before, runs)
        if match is None:
            break
        if match.document is not None:
            match = replace(match, document=_with_origin(match, before, now))
        found.append(match)
        if match.document is None or match.document.structure is None:
            break
        start, before = match.document.structure, match.document
    return found


def _of_step(
    calculation: Calculation,
    step: str,
    start: Structure,
    before: TaskDocument | None,
    runs: Sequence[ForeignRun],
) -> Match | None:
    if step == "relax":
        return _relaxation(calculation, runs)
    candidates = [run for run in runs if not run.relaxes]
    fit = _best(calculation, step, start, before, candidates)
    return None if fit is None else _as_match(calculation, step, fit)


def _relaxation(calculation: Calculation, runs: Sequence[ForeignRun]) -> Match | None:
    """Follow a chain of relaxations to its end."""
    start, before = calculation.structure, None
    links: list[_Fit] = []
    while len(links) <= calculation.settings["max_restarts"]:
        taken = {id(link.run) for link in links}
        candidates = [run for run in runs if run.relaxes and id(run) not in taken]
        fit = _best(calculation, "relax", start, before, candidates)
        if fit is None:
            break
        if fit.refused or not fit.document.state.usable:
            return _as_match(calculation, "relax", fit, links)
        links.append(fit)
        before = fit.document
        assert before.structure is not None
        start = before.structure
    if not links:
        return None
    match = _as_match(calculation, "relax", links[-1], links[:-1])
    settled = len(links) > 1 and is_settled(links[-1].document, calculation.settings)
    if settled or match.document is None:
        return match
    most = 1 + calculation.settings["max_restarts"]
    return replace(
        match,
        document=None,
        unusable=State.UNCONVERGED,
        reason="UNCONVERGED: volume not settled after "
        f"{count_of(len(links), 'relaxation')} (at least 2, limit {most}): relax "
        "again from CONTCAR",
    )


def _as_match(
    calculation: Calculation, step: str, fit: _Fit, links: Sequence[_Fit] = ()
) -> Match:
    own = fit.document
    reason = "not the calculation asked for" if fit.refused else ""
    unusable = None if reason or own.state.usable else own.state
    if unusable is not None:
        reason = f"{own.state}: {own.reason}"
    if not reason and not is_utf8(fit.run.files.directory):
        reason = "its path is not UTF-8, and no record can hold it: rename it"
    return Match(
        fit.run,
        calculation,
        step,
        None if reason else own,
        reason,
        fit.differing,
        tuple(link.run for link in links),
        unusable,
    )


def _best(
    calculation: Calculation,
    step: str,
    start: Structure,
    before: TaskDocument | None,
    runs: Iterable[ForeignRun],
) -> _Fit | None:
    """Return the run that starts there and differs least from the plan."""
    fits = []
    for run in runs:
        if run.numbers.initial is None:
            continue
        order = order_of(start, run.numbers.initial)
        if order is not None:
            try:
                fit = _fit(calculation, step, start, before, run, order)
            except Exception as error:  # one run that is not read hides no other
                fit = _not_compared(run, step, order, error)
            fits.append(fit)
    return min(fits, key=lambda fit: fit.rank, default=None)


def _not_compared(
    run: ForeignRun, step: str, order: tuple[int, ...], error: Exception
) -> _Fit:
    document = TaskDocument(
        task_label=step,
        formula="unknown",
        engine="vasp",
        dir_name=str(run.files.directory),
        state=State.FAILED,
        reason=unreadable(error),
    )
    return _Fit(run, order, (), document)


def _fit(
    calculation: Calculation,
    step: str,
    start: Structure,
    before: TaskDocument | None,
    run: ForeignRun,
    order: tuple[int, ...],
) -> _Fit:
    own = as_run(calculation, order)
    back = inverse(order)
    there = reordered(start, back)
    carried: list[Sequence[float] | None] = [None]
    moments = None if before is None else before.magnetization
    if calculation.settings["carry_moments"] and moments is not None:
        carried = [[moments[i] for i in back], None]
    tried: list[tuple[int, int, tuple[Finding, ...], dict[str, Any]]] = []
    for magnetization in carried:
        planned = planned_inputs(
            own, step, there, run.files, run.numbers, magnetization
        )
        differing = differences(run.files, run.numbers, planned)
        blocking = sum(f.severity != "info" for f in differing)
        tried.append((blocking, len(tried), differing, planned))
    _, number, differing, planned = min(tried, key=lambda each: each[:2])
    if number:
        differing = (*differing, _first_moments())
    document = with_numbers(
        run.files,
        run.numbers,
        run.verdict,
        run.ends,
        {**describe(run.files, own, step), "dir_name": str(run.files.directory)},
        own,
        {"inputs": planned},
    )
    return _Fit(run, order, differing, _in_order(document, run, order))


def _first_moments() -> Finding:
    return Finding(
        id="inputs_changed",
        severity="info",
        message="MAGMOM is that of the first run, not the moments of the run before",
    )


def _in_order(
    document: TaskDocument, run: ForeignRun, order: tuple[int, ...]
) -> TaskDocument:
    """Bring everything that is listed by atom into the planned order."""
    back = inverse(order)
    changed: dict[str, object] = {}
    for name in ("structure", "initial_structure"):
        structure = getattr(document, name)
        if structure is not None and len(structure) == len(order):
            changed[name] = reordered(structure, order)
    for name in ("magnetization", "moment_vectors"):
        values = getattr(document, name)
        if values is not None and len(values) == len(order):
            changed[name] = tuple(values[i] for i in order)
    if document.occupations is not None:
        moved = (replace(o, site=back[o.site]) for o in document.occupations)
        changed["occupations"] = tuple(sorted(moved, key=lambda o: (o.site, o.shell)))
    origin = Collected(
        path=str(run.files.directory), files={}, collected_at="", order=order
    )
    return document.model_copy(update={**changed, "collected": origin})


def _with_origin(match: Match, before: TaskDocument | None, now: str) -> TaskDocument:
    """Say where a document is from, and compare a static with its relaxation."""
    document = match.document
    assert document is not None
    assert document.collected is not None
    files = hashes_of(match.run.paths)
    origin = document.collected.model_copy(update={"files": files, "collected_at": now})
    relaxed = before if match.step == "static" else None
    more = static_matches_relaxation(relaxed, document) if relaxed is not None else ()
    told = Finding(
        id="collected",
        severity="info",
        message=f"run elsewhere, in {printable(match.run.name)}, read on {now}"
        + (
            f" after {count_of(len(match.links), 'relaxation')} before it"
            if match.links
            else ""
        ),
    )
    extra = [f for f in match.differing if f not in document.findings]
    return document.model_copy(
        update={
            "collected": origin,
            "findings": (told, *document.findings, *extra, *more),
        }
    )
