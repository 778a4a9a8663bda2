"""Whether the steps of a calculation followed each other, by their geometries."""

from __future__ import annotations

from collections.abc import Sequence

from workflows.analysis.geometry_mark import same_mark
from workflows.campaign.step_names import GEOMETRY
from workflows.records.summary import END_MARK, START_MARK, Summary

FREE = 10.0
"""How much wider the limits are where GPAW restores the symmetry of a geometry."""


def started_elsewhere(steps: Sequence[Summary]) -> bool:
    """Tell whether a step did not start where the recorded step before it ended.

    So it is after the step before was computed again. What is not known, as of a record
    without its start, says nothing.
    """
    known = {s.document.task_label: s for s in steps}
    for label, step in known.items():
        planned, start = step.document.steps, step.numbers.get(START_MARK)
        if label not in planned[1:] or start is None:
            continue
        before = known.get(planned[planned.index(label) - 1])
        end = None if before is None else before.numbers.get(END_MARK)
        if before is None or end is None:
            continue
        free = FREE if before.document.task_label == GEOMETRY else 1.0
        if not same_mark(end, start, times=free):
            return True
    return False
