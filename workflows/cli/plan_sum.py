"""The sum below a plan: how many calculations and steps, and hours by what has run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from workflows.campaign.calculation import Calculation
from workflows.campaign.cost import StepKind, cost, rates
from workflows.engines.gpaw.estimate import estimate
from workflows.errors import LnmoError
from workflows.records.database import Database, read_or_embedded
from workflows.records.document import State
from workflows.records.run_file import read_run_file
from workflows.records.store import results_store

ENOUGH = 30
"""Finished steps of one kind that a rate is made of."""


def plan_sum(
    calculations: Sequence[Calculation], database: Database | None = None
) -> str:
    """Return one line: calculations, steps, and hours where something has run here.

    Parameters
    ----------
    calculations
        What is counted.
    database
        Where to look for what has run; the current directory if None.
    """
    engines = {c.engine for c in calculations}
    engine = engines.pop() if len(engines) == 1 else ""
    ours = engine in {"vasp", "chgnet"}
    known = rates(finished_here({engine}, database)) if ours else {}
    words = cost(calculations, known).in_words(engine)
    if engine == "gpaw":
        return f"{words}; {estimate(calculations).in_words(1)}"
    return words


def finished_here(
    engines: set[str], database: Database | None = None
) -> Iterator[tuple[Calculation, str, float]]:
    """Yield calculation, step and seconds of what ran to its end in this directory.

    No stand-in counts, and no MongoDB is asked: a plan needs no server.
    """
    try:
        database = database or read_or_embedded(new=True)
        if not database.embedded:
            return
        store = results_store(database)
        taken: Counter[StepKind] = Counter()
        for document in (s.document for s in store.summaries()):
            kind = (document.engine, document.task_label)
            seconds = document.run_seconds
            if document.engine not in engines or document.fake or not seconds:
                continue
            if document.state is not State.DONE or taken[kind] >= ENOUGH:
                continue
            found = read_run_file(store.root / document.dir_name)
            if found is not None and found[1] == document.task_label:
                taken[kind] += 1
                yield found[0], found[1], seconds
    except LnmoError:
        return  # a plan is made without a LaunchPad as well
