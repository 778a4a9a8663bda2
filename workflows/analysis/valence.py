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
from itertools import pairwise

AMBIGUOUS = 0.10
"""Distance from a threshold, muB, below which a valence is called ambiguous."""

CLUSTER_GAP = 0.3
"""Smallest gap between sorted |m| of Mn, muB, that tells two valences apart."""

THRESHOLDS: Mapping[str, tuple[tuple[float, int | None], ...]] = {
    "Ni": ((0.75, 4), (1.40, 3), (math.inf, 2)),
    "Mn": ((2.60, None), (3.55, 4), (4.25, 3), (math.inf, 2)),
}
"""Element -> (upper limit of |m| in muB, valence), rising; None is anomalous.

Midpoints of the moments in `TYPICAL_MOMENTS`. Below 2.60 muB manganese is low spin
or delocalised.
"""

TYPICAL_MOMENTS: Mapping[str, Mapping[int, float]] = {
    "Ni": {4: 0.5, 3: 1.05, 2: 1.7},
    "Mn": {4: 3.2, 3: 3.9, 2: 4.6},
}
"""Element -> valence -> |m|, muB, in the PAW sphere with U of 4 to 6 eV."""

FIXED = {"Li": 1, "O": -2}


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
        There are no thresholds for the element.

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
    size = abs(moment)
    if math.isnan(size):
        return SiteValence(None, math.nan, ambiguous=True)
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


def balanced_valences(
    species: Sequence[str], moments: Sequence[float]
) -> tuple[int, ...] | None:
    """Assign integer valences that make the cell neutral and fit the moments best.

    Li is +1 and O -2; every Ni and Mn takes the valence of `TYPICAL_MOMENTS` that
    minimises the sum of squared differences from its |m|, subject to charge zero.

    Parameters
    ----------
    species, moments
        Element and moment (muB) of each site, in one order.

    Returns
    -------
    tuple of int or None
        Formal charge of each site, e; None if an element is unknown or no assignment
        is neutral.
    """
    if any(s not in FIXED and s not in TYPICAL_MOMENTS for s in species):
        return None
    best: dict[int, tuple[float, tuple[int, ...]]] = {0: (0.0, ())}
    for element, moment in zip(species, moments, strict=True):
        choices = (
            {FIXED[element]: 0.0}
            if element in FIXED
            else {
                q: (abs(moment) - typical) ** 2
                for q, typical in TYPICAL_MOMENTS[element].items()
            }
        )
        reached: dict[int, tuple[float, tuple[int, ...]]] = {}
        for total, (cost, chosen) in best.items():
            for q, more in choices.items():
                found = (cost + more, (*chosen, q))
                known = reached.get(total + q)
                if known is None or found[0] < known[0]:
                    reached[total + q] = found
        best = reached
    return best[0][1] if 0 in best else None
