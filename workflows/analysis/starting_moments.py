"""Moments that a calculation starts from, by valence.

vasp.at/wiki MAGMOM advises 1.2 to 1.5 times the expected moment where a calculation
starts from scratch: it may fall to its value, but rarely grows to it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from workflows.analysis.valence import valence_from_moment

FACTOR = 1.25
"""Multiple of the spin-only moment; within the 1.2 to 1.5 that VASP advises."""
SMALLEST = 0.6
"""muB: what a low-spin ion without a moment (Ni4+, Co3+) starts from."""
STARTS = {
    ("Mn", 4): 4.0,
    ("Mn", 3): 5.0,
    ("Ni", 2): 2.5,
    ("Ni", 3): 1.5,
    ("Ni", 4): 0.6,
}
"""(Element, valence) -> muB; Mn4+ is the paper's own MAGMOM."""
UNNAMED = 1.3
"""Factor for a moment whose valence is not known."""


def starting_moment(element: str, valence: int) -> float:
    """Return the size of the moment that an octahedral ion starts from, muB.

    Examples
    --------
    >>> starting_moment("Mn", 3), starting_moment("Fe", 3), starting_moment("Co", 3)
    (5.0, 6.25, 0.6)
    """
    from structures.charge_ordering import spin_only_moment

    named = STARTS.get((element, valence))
    return named or max(SMALLEST, FACTOR * spin_only_moment(element, valence))


def scaled_up(elements: Sequence[str], moments: Sequence[float]) -> list[float]:
    """Turn final site moments into moments to start from, signs kept.

    Parameters
    ----------
    elements
        Of each site.
    moments
        In the PAW spheres, signed, muB.

    Returns
    -------
    list of float
        muB, three decimals: that of the valence which the moment shows; where none is
        known 1.3 times the moment.
    """
    pairs = zip(elements, moments, strict=True)
    return [round(_scaled(element, float(moment)), 3) for element, moment in pairs]


def _scaled(element: str, moment: float) -> float:
    try:
        valence = valence_from_moment(element, moment).valence
    except ValueError:  # no thresholds for this element
        valence = None
    if valence is None:
        return UNNAMED * moment
    return math.copysign(starting_moment(element, valence), moment)
