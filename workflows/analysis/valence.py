"""Formal valences: what charge balance asks for, and what the site moments show.

A DFT+U moment names a valence only through a threshold, which depends on U and on
the radius of the PAW sphere. So every answer comes with its distance from the
threshold, and with two answers that need none: the gap in the sorted moments, and
the assignment that keeps the cell neutral.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from operator import itemgetter
from typing import Any

from structures.values import is_finite
from workflows.analysis.ions import FIXED, THRESHOLDS, TYPICAL_MOMENTS

AMBIGUOUS = 0.10
"""Distance from a threshold, muB, below which a valence is called ambiguous."""

CLUSTER_GAP = 0.3
"""Smallest gap between sorted |m| of Mn, muB, that separates two valences."""

UNDECIDED = 0.05
"""muB^2: two neutral assignments whose misfits differ by less are both possible."""


@dataclass(frozen=True)
class SiteValence:
    """Valence of one ion, read from its moment.

    Attributes
    ----------
    valence
        Formal charge, e; None where the moment fits none (anomalous).
    margin
        Distance of |m| from the nearest threshold, muB.
    ambiguous
        The margin is below `AMBIGUOUS`.
    """

    valence: int | None
    margin: float
    ambiguous: bool


def valence_from_moment(
    element: str,
    moment: float,
    *,
    thresholds: Mapping[str, Sequence[tuple[float, int | None]]] = THRESHOLDS,
) -> SiteValence:
    """Read the valence of an ion from its site moment.

    Parameters
    ----------
    element
        ``"Ni"`` or ``"Mn"``, or another that `thresholds` names.
    moment
        Projection into the PAW sphere, muB; its sign does not matter.
    thresholds
        By element, (upper limit of |m| in muB, valence) in rising order; for another
        U or another POTCAR give your own.

    Raises
    ------
    ValueError
        The element has no thresholds.

    Examples
    --------
    >>> valence_from_moment("Ni", -1.7).valence
    2
    """
    if element not in thresholds:
        raise ValueError(
            f"no moment thresholds for {element} (there are some for "
            f"{', '.join(thresholds)}): give them as thresholds={{'{element}': ...}}"
        )
    if not is_finite(moment):
        return SiteValence(None, math.nan, ambiguous=True)
    size = abs(moment)
    steps = thresholds[element]
    valence = next((q for limit, q in steps if size < limit), steps[-1][1])
    margin = min(abs(size - limit) for limit, _ in steps if math.isfinite(limit))
    return SiteValence(valence, margin, ambiguous=margin < AMBIGUOUS)


def two_clusters(moments: Sequence[float], *, gap: float = CLUSTER_GAP) -> int | None:
    """Count the moments above the widest gap: Mn3+ whatever U shifts them by.

    Parameters
    ----------
    moments
        Site moments of manganese, muB; signs do not matter.
    gap
        Smallest gap that counts, muB.

    Returns
    -------
    int or None
        Number of sites above the gap; None if there is no gap wide enough.
    """
    sizes = sorted(abs(m) for m in moments)
    gaps = [upper - lower for lower, upper in pairwise(sizes)]
    if not gaps or max(gaps) <= gap:
        return None
    return len(sizes) - 1 - gaps.index(max(gaps))


@dataclass(frozen=True)
class BalancedValences:
    """Integer valences that make a cell neutral.

    Attributes
    ----------
    valences
        Formal charge of each site, e; None where the moments do not decide it.
    margin
        Misfit of the second best assignment less that of the best, muB^2; infinite if
        there is only one, NaN if there is none.
    """

    valences: tuple[int, ...] | None
    margin: float


def balanced_valences(
    species: Sequence[str], moments: Sequence[float]
) -> BalancedValences:
    """Assign integer valences that make the cell neutral and fit the moments best.

    Ions of one valence (Li +1, O -2, Mg +2, ...) have it; every other takes a valence
    of `TYPICAL_MOMENTS`. The sum of squared differences from |m| is smallest, subject
    to charge zero. Where a second neutral assignment fits as well, within `UNDECIDED`,
    there is no answer: twelve equal moments show no charge order.

    Parameters
    ----------
    species, moments
        Element and moment (muB) of each site, in one order.

    Returns
    -------
    BalancedValences
        Without valences if an element is unknown, a moment is not a number, no
        assignment is neutral, or two are equally good.
    """
    known = all(s in FIXED or s in TYPICAL_MOMENTS for s in species)
    numbers = all(math.isfinite(m) for m in moments)
    if not known or not numbers:
        return BalancedValences(None, math.nan)
    free = [pair for pair in zip(species, moments, strict=True) if pair[0] not in FIXED]
    choices = [_misfits(element, moment) for element, moment in free]
    neutral = _neutral(sum(FIXED.get(s, 0) for s in species), choices)
    if not neutral:
        return BalancedValences(None, math.nan)
    (least, best), *others = neutral
    margin = others[0][0] - least if others else math.inf
    if margin < UNDECIDED:
        return BalancedValences(None, margin)
    chosen = iter(best)
    whole = tuple(FIXED[s] if s in FIXED else next(chosen) for s in species)
    return BalancedValences(whole, margin)


_Way = tuple[float, Any]
"""Misfit of an assignment, and its valences: the last, and the way before it."""


def _misfits(element: str, moment: float) -> dict[int, float]:
    """Return the squared distance of a moment from each valence of its element."""
    typical = TYPICAL_MOMENTS[element]
    return {q: (abs(moment) - size) ** 2 for q, size in typical.items()}


def _neutral(
    fixed: int, choices: Sequence[Mapping[int, float]]
) -> list[tuple[float, tuple[int, ...]]]:
    """Return the two neutral assignments that fit best, with their misfits."""
    least, most = (
        [0, *accumulate(end(own) for own in reversed(choices))][::-1]
        for end in (min, max)
    )
    reached: dict[int, list[_Way]] = {fixed: [(0.0, None)]}
    for n, own in enumerate(choices, 1):
        found: dict[int, list[_Way]] = {}
        for total, ways in reached.items():
            for q, more in own.items():
                charge = total + q
                if -most[n] <= charge <= -least[n]:  # the others can still balance it
                    kept = found.setdefault(charge, [])
                    kept += [(way[0] + more, (q, way)) for way in ways]
        for ways in found.values():
            ways.sort(key=itemgetter(0))
            del ways[2:]
        reached = found
    return [(way[0], _valences_of(way)) for way in reached.get(0, [])]


def _valences_of(way: _Way) -> tuple[int, ...]:
    found = []
    while way[1] is not None:
        q, way = way[1]
        found.append(q)
    return tuple(reversed(found))
