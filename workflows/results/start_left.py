"""Whether a relaxed cell left its start: one that is still there proves nothing.

A relaxation without steps, or by a limit that everything meets, converges where it
began. So a cell that is equal to its start is no result, unless the forces and the
stress left in it say that this is its minimum, or another start came to it as well.
"""

from __future__ import annotations

import math

from workflows.campaign.sections import above
from workflows.checks.cell_relaxation import at_its_minimum
from workflows.results.row_faults import Row, number

LEFT_AT_START = 0.005
"""Largest distance of the unique axis from that of an elongated start that proves
nothing: the spread of cells called cubic."""
NOT_LONGER = 1e-6
"""Elongation of a start that is rounding alone."""
SETTLED = 0.001
"""Largest principal strain of a cell against its start that proves nothing.

A relaxation is settled to 0.3 % of the volume, 0.1 % of a length.
"""
UNKNOWN = "the cell of its start is not recorded"
STILL = "the cell did not move, and forces and stress do not prove a minimum"


def start_doubt(row: Row) -> str:
    """Return what the start says against the cell of a row; empty for nothing."""
    ratio = number(row, "c_unique")
    if math.isnan(ratio):
        return ""
    if left_at_start(row):
        return f"not relaxed away from its start ({start_in_words(row)})"
    strain = number(row, "start_strain")
    if math.isnan(strain):
        return "" if _known_shape(row) else UNKNOWN
    if strain > SETTLED or row.get("reached_again"):
        return ""
    there = at_its_minimum(row.get("max_force"), row.get("max_stress"))
    return "" if there else STILL


def start_ratio(row: Row) -> float:
    """Return the unique axis over the mean of the others that a relaxation began with.

    That of the recorded start. Without one, what the campaign asked for along c, which
    is no proof of the cell that was made.
    """
    recorded = number(row, "start_unique")
    return 1 + number(row, "c_strain") if math.isnan(recorded) else recorded


def start_in_words(row: Row) -> str:
    """Return the elongation of the start, such as ``+2 %``."""
    return f"{round(100 * (start_ratio(row) - 1), 2) + 0.0:+g} %"


def left_at_start(row: Row) -> bool:
    """Tell whether a cell above x = 1 still has the shape that its start had.

    A start of another shape which came to the same one proves the opposite.
    """
    near = abs(number(row, "c_unique") - start_ratio(row)) <= LEFT_AT_START
    return bool(above(number(row, "x"), 1) and near and not row.get("free_start"))


def _known_shape(row: Row) -> bool:
    """Tell whether the shape of the start is known; the cell no longer has it."""
    return above(number(row, "x"), 1) and not math.isnan(start_ratio(row))


def freely_elongated(row: Row, chosen: Row) -> bool:
    """Tell whether a start that was not elongated came to the shape of the chosen."""
    ratio, start = number(row, "c_unique"), start_ratio(row)
    same = abs(ratio - number(chosen, "c_unique")) <= LEFT_AT_START
    return bool(start <= 1 + NOT_LONGER and ratio > 1 and same)


def came_from_elsewhere(row: Row, chosen: Row) -> bool:
    """Tell whether a cell that left its own start came to that of the chosen."""
    pairs = [(number(row, axis), number(chosen, axis)) for axis in "abc"]
    same = all(abs(one / other - 1) <= SETTLED for one, other in pairs)
    return bool(number(row, "start_strain") > SETTLED and same)
