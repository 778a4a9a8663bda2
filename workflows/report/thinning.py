"""What of a large campaign is drawn and listed: the page stays small, and says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")

POINTS = 300
"""Points of one range and model in the figure of the hull."""
STEPS = 300
"""Rows in the list of every step."""
FINDINGS = 60
"""Rows in the list of findings."""
ALIKE = {"info": 1}
ALIKE_OTHERS = 5
"""Findings of one kind that are listed, by severity; they differ in their numbers."""


def first_of(
    items: Sequence[T], most: int, what: str, where: str
) -> tuple[list[T], str]:
    """Return the first items, and a sentence if some are left out.

    Parameters
    ----------
    items
        In order of importance.
    most
        How many are shown.
    what
        Their name, plural.
    where
        Where all of them are.

    Examples
    --------
    >>> first_of("abc", 2, "steps", "runs.csv")
    (['a', 'b'], 'Showing 2 of 3 steps; the others: runs.csv.')
    """
    shown = list(items[:most])
    if len(shown) == len(items):
        return shown, ""
    told = f"Showing {len(shown):,} of {len(items):,} {what}; the others: {where}."
    return shown, told


def lowest_points(hull: pd.DataFrame, most: int = POINTS) -> tuple[pd.DataFrame, str]:
    """Return the arrangements nearest the hull, and a sentence if some are left out.

    Parameters
    ----------
    hull
        ``Results.hull``.
    most
        Of one range, insertion model and host; what is on the hull is always there.
    """
    rank = hull.groupby(["range", "insertion", "host"])["e_above_hull"].rank(
        method="first"
    )
    kept = hull[(rank <= most) | hull["on_hull"]]
    kept.attrs = dict(hull.attrs)
    if len(kept) == len(hull):
        return hull, ""
    told = f" Showing {len(kept):,} of {len(hull):,} points: those nearest the hull."
    return kept, told


def few_of_each(findings: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the first findings of each kind, the last one told of the others.

    Parameters
    ----------
    findings
        With ``severity``, ``id`` and ``message``.
    """
    kinds: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for finding in findings:
        kinds.setdefault((finding["severity"], finding["id"]), []).append(finding)
    shown = []
    for (severity, _), alike in kinds.items():
        most = ALIKE.get(severity, ALIKE_OTHERS)
        kept, more = alike[:most], len(alike) - most
        if more > 0:
            told = f"{kept[-1]['message']} (and {more} more of this kind: findings.csv)"
            kept[-1] = {**kept[-1], "message": told}
        shown += kept
    return shown
