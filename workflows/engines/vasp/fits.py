"""A run made elsewhere as a step of a plan: does it fit, and what document it makes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from workflows.campaign.calculation import Calculation
from workflows.engines.vasp.foreign_runs import ForeignRun
from workflows.engines.vasp.planned_match import (
    as_run,
    differences,
    inverse,
    order_of,
    planned_inputs,
)
from workflows.engines.vasp.to_document import describe, with_numbers
from workflows.engines.vasp.unreadable import unreadable
from workflows.errors import is_utf8
from workflows.records.collected import reordered
from workflows.records.document import Collected, Finding, State, TaskDocument

if TYPE_CHECKING:
    from pymatgen.core import Structure


@dataclass(frozen=True, eq=False)
class Place:
    """Where a step of a plan starts.

    Attributes
    ----------
    calculation, step
        What starts here.
    start
        Its structure, atoms in the planned order.
    after
        The run that ended here, as the step before or an earlier relaxation; None at
        the planned start.
    """

    calculation: Calculation
    step: str
    start: Structure
    after: Fit | None = None

    @classmethod
    def behind(cls, calculation: Calculation, step: str, fit: Fit | None) -> Place:
        """Return where a step starts that follows a run, or the plan's first step."""
        if fit is None:
            return cls(calculation, step, calculation.structure)
        assert fit.document.structure is not None
        return cls(calculation, step, fit.document.structure, fit)


@dataclass(frozen=True, eq=False)
class Fit:
    """A run as a planned step: the comparison, and the document it would make."""

    run: ForeignRun
    order: tuple[int, ...]
    differing: tuple[Finding, ...]
    document: TaskDocument

    @property
    def refused(self) -> tuple[Finding, ...]:
        """Return what makes it another calculation."""
        return blocking(self.differing)

    @property
    def accepted(self) -> bool:
        """Whether it is a result of the step."""
        return not self.reason and self.document.structure is not None

    @property
    def reason(self) -> str:
        """Why it is no result; empty if it is one."""
        own = self.document
        if self.refused:
            return "not the calculation asked for"
        if not own.state.usable:
            return f"{own.state}: {own.reason}"
        if not is_utf8(self.run.files.directory):
            return "its path is not UTF-8, and no record can hold it: rename it"
        return ""

    @property
    def unusable(self) -> State | None:
        """The state, if this is why it is no result."""
        state = self.document.state
        return None if self.refused or state.usable else state


def blocking(differing: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the differences that make a run another calculation."""
    return tuple(f for f in differing if f.severity != "info")


def fits_at(place: Place, runs: Iterable[ForeignRun]) -> Iterator[Fit]:
    """Yield the runs that start at a place, as the step that starts there."""
    before = None if place.after is None else place.after.document
    for run in runs:
        if run.numbers.initial is None:
            continue
        order = order_of(place.start, run.numbers.initial)
        if order is None:
            continue
        try:
            yield _fit(place.calculation, place.step, place.start, before, run, order)
        except Exception as error:  # one run that is not read hides no other
            yield _not_compared(run, place.step, order, error)


def _not_compared(
    run: ForeignRun, step: str, order: tuple[int, ...], error: Exception
) -> Fit:
    document = TaskDocument(
        task_label=step,
        formula="unknown",
        engine="vasp",
        dir_name=str(run.files.directory),
        state=State.FAILED,
        reason=unreadable(error),
    )
    return Fit(run, order, (), document)


def _fit(
    calculation: Calculation,
    step: str,
    start: Structure,
    before: TaskDocument | None,
    run: ForeignRun,
    order: tuple[int, ...],
) -> Fit:
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
    return Fit(run, order, differing, _in_order(document, run, order))


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
