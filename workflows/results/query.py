"""What is recorded and chosen: the documents of a campaign, an engine, some x."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from workflows.campaign.calculation import Calculation
from workflows.campaign.campaign import EngineName
from workflows.campaign.sections import same_x
from workflows.campaign.step_names import GEOMETRY
from workflows.errors import ResultsError, nearest
from workflows.records.document import TaskDocument
from workflows.records.run_file import identity
from workflows.records.store import ResultsStore
from workflows.records.summary import Summary
from workflows.results.arguments import all_x, word
from workflows.results.calculation_rows import (
    by_calculation,
    place,
    planned_row,
    result_of,
    result_row,
)
from workflows.results.comparable import (
    CHOOSE,
    refuse_hosts,
    refuse_mixture,
    refuse_variants,
)
from workflows.results.kinds import SeveralKinds, kinds_of
from workflows.results.lithium_energy import Reference, lithium_reference


class Recorded:
    """Documents of a store, restricted; each call reads the store again.

    Parameters
    ----------
    store
        Where the documents are.
    calculations
        Restrict to these and their re-seeds, planned ones included; everything
        recorded if None.
    engine, x
        Restrict further; None and empty mean all.
    campaign
        Recorded name of a campaign, where there is no plan of it; empty means all.

    Raises
    ------
    ResultsError
        There is no such engine.
    """

    def __init__(
        self,
        store: ResultsStore,
        *,
        calculations: Iterable[Calculation] | None,
        engine: str | None,
        x: float | Sequence[float],
        campaign: str = "",
    ) -> None:
        _check_engine(engine)
        self.store = store
        self.campaign = campaign
        self.calculations = None if calculations is None else tuple(calculations)
        self.engine = engine
        self.x = all_x(x)
        planned = self.calculations
        self._ids = None if planned is None else {c.id for c in planned}

    @property
    def root(self) -> Path:
        """Data directory, from which ``TaskDocument.dir_name`` counts."""
        return self.store.root

    def documents(self) -> tuple[TaskDocument, ...]:
        """Return the documents, one for each step; lowest x first."""
        wanted = (d for d in self.store.documents() if self._wanted(d))
        return tuple(sorted(wanted, key=place))

    def summaries(self) -> list[Summary]:
        """Return the same without their atoms, in no particular order."""
        return [s for s in self.store.summaries() if self._wanted(s.document)]

    def rows(self, *, planned: bool = False) -> list[dict[str, Any]]:
        """Return one row for each calculation.

        Parameters
        ----------
        planned
            Those of which nothing is recorded as well.

        Raises
        ------
        ResultsError
            They are of several engines, settings or variants.
        """
        found = (self._placed(s) for s in self.summaries())
        known = (s for s in found if s is not None and not s.document.reference)
        cells = list(self._of_planned_hosts(known))
        self._refuse_several(cells)
        rows = [result_row(steps) for steps in by_calculation(cells)]
        recorded = {row["calculation_id"] for row in rows}
        missing = (
            c
            for c in (self.calculations or () if planned else ())
            if c.id not in recorded and not c.reference
        )
        return rows + [planned_row(calculation) for calculation in missing]

    def _refuse_several(self, cells: Sequence[Summary]) -> None:
        """Refuse results that do not compare, and say what to choose among."""
        try:
            refuse_mixture(cells, vouched=self.calculations is not None)
            refuse_variants(self._variants(cells))
            refuse_hosts(cells)
        except ResultsError as error:
            kinds = kinds_of(self._kinds(cells))
            if len(kinds) < 2:
                raise
            what, *_ = str(error).split(f". {CHOOSE}")  # the kinds say it better
            raise SeveralKinds(what, kinds) from None

    def _kinds(self, cells: Sequence[Summary]) -> Iterator[tuple[str, str, str]]:
        """Yield campaign, engine and variant of each calculation; the plan wins."""
        own = {s.document.calculation_id: s.document for s in cells}
        if self.calculations is None:
            for d in own.values():
                yield d.campaign, d.engine, str(d.ordering.get("variant", ""))
            return
        for c in self.calculations:
            if c.id in own:
                yield c.campaign, c.engine, c.variant

    def _placed(self, summary: Summary) -> Summary | None:
        """Give an unreadable document the x of its plan; None if nobody knows it."""
        document = summary.document
        if document.x is not None or document.reference or document.state.usable:
            return summary
        planned = {c.id: c for c in self.calculations or ()}
        own = planned.get(str(document.calculation_id))
        if own is None:
            return None
        place = identity(own, document.task_label)
        return replace(summary, document=document.model_copy(update=place))

    def _of_planned_hosts(self, cells: Iterable[Summary]) -> Iterator[Summary]:
        """Give a cell that another campaign recorded the host that the plan names."""
        planned = {c.id: c for c in self.calculations or ()}
        for summary in cells:
            own = summary.document
            wanted = planned.get(str(own.calculation_id))
            if wanted is None or wanted.campaign == own.campaign:
                yield summary
                continue
            names = ("host", "host_weight")
            host = {n: wanted.ordering[n] for n in names if n in wanted.ordering}
            update = {"ordering": own.ordering | host, "campaign": wanted.campaign}
            yield replace(summary, document=own.model_copy(update=update))

    def refuse_empty(self, before: Recorded) -> None:
        """Refuse compositions at which there is nothing, recorded or planned.

        Parameters
        ----------
        before
            What they were chosen among; if it is empty too, nothing is refused.

        Raises
        ------
        ResultsError
            Nothing is there; the message has the compositions that have something.
        """
        there = sorted(before.compositions())
        if there and not self.compositions():
            shown = ", ".join(f"{x:g}" for x in there)
            asked = " and ".join(f"{x:.12g}" for x in self.x)
            raise ResultsError(f"no result at x = {asked}; there is x = {shown}")

    def compositions(self) -> set[float]:
        """Return each x of which something is recorded or planned."""
        found = {s.document.x for s in self.summaries()}
        found |= {
            c.x
            for c in self.calculations or ()
            if not self.x or any(same_x(c.x, x) for x in self.x if c.x is not None)
        }
        return {x for x in found if x is not None}

    def steps(self, calculation_id: str) -> list[TaskDocument]:
        """Return the steps of one calculation, without their atoms."""
        own = (s.document for s in self.summaries())
        return [d for d in own if d.calculation_id == calculation_id]

    def whole(self, document: TaskDocument) -> TaskDocument:
        """Return a document with its atoms.

        Raises
        ------
        ResultsError
            It has no structure, or was deleted since.
        """
        found = self.store.get(str(document.calculation_id), document.task_label)
        if found is None or found.structure is None:
            raise ResultsError(f"{document.dir_name}: no structure is recorded")
        return found

    def finals(
        self, x: float | None, ids: Collection[str] | None = None
    ) -> Iterator[TaskDocument]:
        """Yield the documents whose numbers count, whole; lowest x first.

        Parameters
        ----------
        x
            Only this composition; all if None.
        ids
            Only these calculations; all if None.
        """
        grouped = by_calculation(
            s for s in self.summaries() if not s.document.reference
        )
        found = [step for steps in grouped if (step := result_of(steps)) is not None]
        for step in sorted(found, key=lambda s: place(s.document)):
            at = step.document.x
            here = x is None or at is None or same_x(at, x)
            chosen = ids is None or step.document.calculation_id in ids
            if here and chosen and step.has_structure:
                yield self.whole(step.document)

    def labelled(self) -> Iterator[tuple[dict[str, Any], TaskDocument]]:
        """Yield the row of each calculation and its document that counts, whole.

        Cells by x, then references; of any engines and settings. What has no structure
        is left out.
        """
        grouped = [
            (steps, result_of(steps)) for steps in by_calculation(self.summaries())
        ]
        found = [(steps, step) for steps, step in grouped if step is not None]
        for steps, step in sorted(found, key=lambda pair: place(pair[1].document)):
            if step.has_structure:
                yield result_row(steps), self.whole(step.document)

    def final(self, calculation_id: str) -> TaskDocument:
        """Return the document whose numbers stand in the row of a calculation."""
        own = [
            s for s in self.summaries() if s.document.calculation_id == calculation_id
        ]
        step = result_of(own) if own else None
        if step is None:
            raise ResultsError(f"calculation {calculation_id}: no result is recorded")
        return self.whole(step.document)

    def lithium(self) -> Reference:
        """Return bcc lithium with the settings of these results.

        Raises
        ------
        ResultsError
            See :func:`~workflows.results.lithium_energy.lithium_reference`.
        """
        cells = [s.document for s in self.summaries() if s.has_structure]
        # Another variant's metal may pass every comparison, and have another mesh.
        own = {c.id for c in self.calculations or () if c.reference}
        candidates = [
            s
            for s in self.store.summaries()
            if not own or s.document.calculation_id in own
        ]
        cathode = [d for d in cells if not d.reference and d.task_label != GEOMETRY]
        return lithium_reference(candidates, cathode)

    def _variants(self, cells: Sequence[Summary]) -> Iterator[str]:
        """Ask the plan, if there is one: another campaign may have recorded a cell."""
        if self.calculations is None:
            yield from (s.document.ordering.get("variant", "") for s in cells)
        else:
            yield from (c.variant for c in self.calculations if not c.reference)

    def _wanted(self, document: TaskDocument) -> bool:
        if self._ids is not None:
            own = {document.calculation_id, document.ordering.get("reseed_of")}
            if not own & self._ids:
                return False
        if self.engine is not None and document.engine != self.engine:
            return False
        if self.campaign and document.campaign != self.campaign:
            return False
        at = document.x
        return not self.x or (at is not None and any(same_x(at, x) for x in self.x))


class Unchanging(Recorded):
    """The same, read once: every answer is of one moment of a campaign that runs on."""

    def __init__(self, of: Recorded) -> None:
        super().__init__(
            of.store,
            calculations=of.calculations,
            engine=of.engine,
            x=of.x,
            campaign=of.campaign,
        )
        self._summaries = super().summaries()
        self._rows: dict[bool, list[dict[str, Any]]] = {}

    def summaries(self) -> list[Summary]:
        """Return the documents without their atoms, as they were."""
        return list(self._summaries)

    def rows(self, *, planned: bool = False) -> list[dict[str, Any]]:
        """Return one row for each calculation, as they were."""
        if planned not in self._rows:
            self._rows[planned] = super().rows(planned=planned)
        return [dict(row) for row in self._rows[planned]]


def _check_engine(engine: str | None) -> None:
    known = get_args(EngineName)
    if (engine := word(engine, "engine")) is not None and engine not in known:
        raise ResultsError(
            f"unknown engine {engine!r}{nearest(engine, known)}; known: "
            f"{', '.join(known)}"
        )
