"""What the paper's measurements say of x, beside its calculations.

Shimizu et al. 2022 measure the lithium in excess at the interface by neutron depth
profiling (NDP), and the valence of manganese by electron energy loss (EELS), as the
ratio of the white lines L3 and L2. Both lead to an x through the formal valences of
LixNi0.5Mn1.5O4. That a ratio is linear in the valence between the references is a
choice of ours: the paper states the references alone.
"""

from __future__ import annotations

import math
from itertools import pairwise

from workflows.analysis.lnmo import CELL_LENGTH, FORMULA_UNITS, expected_valence

L3_L2_OF_MN = {2: 3.85, 3: 2.6, 4: 2.0}
"""Formal valence of Mn -> L3/L2 of the paper's references."""
L3_L2_BULK, L3_L2_INTERFACE = 2.4, 2.9
"""L3/L2 that the paper measures in the film and at the interface."""
LITHIUM_EXCESS = 4.00e20
"""Ions per cm^3 in excess at the interface, NDP; the paper calls it about 3 %."""
LARGEST_X = 2.0
"""Li per Ni0.5Mn1.5O4 that the model holds."""


def l3_l2_of_valence(valence: float) -> float:
    """Return the L3/L2 of a formal Mn valence, linear between the references.

    Raises
    ------
    ValueError
        The valence is outside 2 to 4.
    """
    for lower, upper in pairwise(sorted(L3_L2_OF_MN)):
        if lower <= valence <= upper:
            below, above = L3_L2_OF_MN[lower], L3_L2_OF_MN[upper]
            return below + (above - below) * (valence - lower) / (upper - lower)
    raise ValueError(f"Mn valence {valence:g} is outside 2 to 4, the references")


def valence_of_l3_l2(ratio: float) -> float:
    """Return the formal Mn valence of an L3/L2, linear between the references.

    Raises
    ------
    ValueError
        The ratio is outside 2.0 to 3.85.
    """
    points = sorted((r, q) for q, r in L3_L2_OF_MN.items())
    for (low, q_low), (high, q_high) in pairwise(points):
        if low <= ratio <= high:
            return q_low + (q_high - q_low) * (ratio - low) / (high - low)
    raise ValueError(
        f"L3/L2 of {ratio:g} is outside {points[0][0]:g} to {points[-1][0]:g}, the "
        "references"
    )


def x_of_mn_valence(valence: float) -> float:
    """Return x >= 1 at which Mn has a mean formal valence, (14 - 3 q)/2.

    Mn4+ is x = 1 and anything below. The result may lie beyond `LARGEST_X`.
    """
    return (14.0 - 3.0 * valence) / 2.0


def l3_l2_of_x(x: float) -> float:
    """Return the L3/L2 that formal valences give at x.

    Raises
    ------
    ValueError
        x is outside 0 to 2.
    """
    return l3_l2_of_valence(expected_valence(x)["Mn"])


def x_of_excess(density: float, a: float = CELL_LENGTH) -> float:
    """Return x of a lithium excess over LiNi0.5Mn1.5O4.

    Parameters
    ----------
    density
        Excess ions per cm^3.
    a
        Length of the cubic cell, A.
    """
    at_one = FORMULA_UNITS / (a * 1e-8) ** 3
    return 1.0 + density / at_one


def spacing_111(a: float, b: float, c: float) -> float:
    """Return the distance of (111) planes of an orthogonal cell, A.

    Parameters
    ----------
    a, b, c
        Pseudo-cubic lengths, A.
    """
    return 1.0 / math.sqrt(a**-2 + b**-2 + c**-2)
