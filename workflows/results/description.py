"""What there is, in a few lines: how a shell shows results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from workflows.counts import count_of
from workflows.records.document import TaskDocument
from workflows.results.labels import labels_of

MOST = 12
"""Values of one kind that are listed; the others are counted."""


def described(
    documents: Sequence[TaskDocument], where: str, planned: Iterable[str] | None
) -> str:
    """Describe recorded steps: calculations, campaigns, engines, x and states.

    Parameters
    ----------
    documents
        One for each step, with or without atoms.
    where
        Where they are.
    planned
        Ids of the calculations asked for; None for all that is recorded.
    """
    calculations = {str(d.calculation_id): d for d in documents}
    missing = set(planned or ()) - set(calculations)
    head = (
        f"Results in {where}: {count_of(len(calculations), 'calculation', form=',')}, "
    )
    head += count_of(len(documents), "step", form=",")
    if missing:
        head += f"; {len(missing)} planned, not recorded"
    own = calculations.values()
    lines = {
        "campaigns": _counted(d.campaign for d in own),
        "engines": _counted(_engine(d) for d in own),
        "x": _values(own),
        "states": _counted(str(d.state) for d in documents),
    }
    rest = [f"  {name:<10} {text}" for name, text in lines.items() if text]
    return "\n".join([head, *rest])


def _engine(document: TaskDocument) -> str:
    """Name what computed a calculation; a geometry alone is of the engine to come."""
    if document.fake:
        return f"{document.engine} (FAKE)"
    surrogate = document.surrogate and labels_of(document)["engine"] == "chgnet"
    return f"{document.engine} (surrogate)" if surrogate else document.engine


def _counted(values: Iterable[str]) -> str:
    counts = Counter(value or "not named" for value in values)
    often = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return _short([f"{value}: {n}" for value, n in often])


def _values(documents: Iterable[TaskDocument]) -> str:
    found = sorted({d.x for d in documents if d.x is not None})
    return _short([f"{x:g}" for x in found])


def _short(found: Sequence[str]) -> str:
    more = [f"{len(found) - MOST} more"] if len(found) > MOST else []
    return ", ".join([*found[:MOST], *more])
