"""What runs now, beside a table of results: a table holds only what is recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workflows.campaign.calculation import NO_INSERTION
from workflows.campaign.sections import same_x
from workflows.counts import count_of
from workflows.errors import LnmoError

if TYPE_CHECKING:
    import pandas as pd

    from workflows.cli.selection import Selection

RUNNING = "RUNNING"
NOT_BEGUN = frozenset({"PLANNED", "NEVER_STARTED"})
"""States of a row in whose place it says that a step of it runs."""
NAMED = 6
"""Steps that are named; the others are counted."""

Step = Mapping[str, Any]


def running_steps(chosen: Selection) -> list[Step]:
    """Return the steps of a selection that a living worker computes.

    Empty where the LaunchPad cannot be read: the table needs none.
    """
    from workflows.cli.selection import StepSelection
    from workflows.launchpad.file_lock import is_owned
    from workflows.launchpad.opening import LOCK_FILE, reading
    from workflows.launchpad.steps import steps_of

    try:
        database = chosen.database()
        if database.embedded and not is_owned(database.root / LOCK_FILE):
            return []
        with reading(database) as pad:
            steps = steps_of(pad, StepSelection(chosen).of_fireworks(pad))
    except (LnmoError, OSError):
        return []
    return [step for step in steps if step["state"] == RUNNING]


def marked(series: pd.DataFrame, running: Sequence[Step]) -> pd.DataFrame:
    """Return the table over x with RUNNING where a row has begun and recorded nothing.

    Parameters
    ----------
    series
        ``Results.series``; not changed.
    running
        Steps with ``x``, ``insertion`` and ``engine``.
    """
    states = [
        RUNNING
        if row["state"] in NOT_BEGUN and any(_of_row(step, row) for step in running)
        else row["state"]
        for row in series.to_dict("records")
    ]
    shown = series.assign(state=states)
    shown.attrs = dict(series.attrs)
    return shown


def marked_by_variant(
    cells: pd.DataFrame, variants: Sequence[Selection]
) -> pd.DataFrame:
    """Return the rows of a comparison with RUNNING as :func:`marked` has it."""
    states = cells["state"].copy()
    for one in variants:
        own = cells["variant"] == str(one.variant)
        states[own] = marked(cells[own], running_steps(one))["state"]
    shown = cells.assign(state=states)
    shown.attrs = dict(cells.attrs)
    return shown


def _of_row(step: Step, row: Mapping[Any, Any]) -> bool:
    if step["x"] is None or not same_x(step["x"], row["x"]):
        return False
    model = step["insertion"] or NO_INSERTION
    engine = row.get("engine", step["engine"])
    return bool(model == row["insertion"] and step["engine"] == engine)


def running_line(running: Sequence[Step]) -> str:
    """Return one line on what runs; empty if nothing does.

    Examples
    --------
    >>> running_line([{"name": "x=0 relax"}])
    '1 step running: x=0 relax (lnmo status)'
    """
    if not running:
        return ""
    names = [str(step["name"]) for step in running]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return (
        f"{count_of(len(names), 'step')} running: {', '.join(names[:NAMED])}{more} "
        "(lnmo status)"
    )
