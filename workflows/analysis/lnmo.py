"""What is true of LixNi0.5Mn1.5O4 alone: its cell, valences, moments and limits."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from structures.values import is_finite, shown

if TYPE_CHECKING:
    from pymatgen.core import Structure


FORMULA = "LiNi0.5Mn1.5O4"
"""At x = 1: the host, and what a capacity is given for (182.690 g/mol)."""

CELL_LENGTH = 8.17
"""A, of the cubic cell at x = 1, experiment."""

NICKEL, MANGANESE, OXYGEN = 4, 12, 32
"""Atoms in the 56-atom cell of LixNi0.5Mn1.5O4."""

FORMULA_UNITS = 8
"""In the 56-atom cell."""

METALS = ("Ni", "Mn")

INSULATORS = frozenset({1.0, 2.0})
"""x where one valence of each metal leaves no carrier; at x = 1 a transport gap of
about 0.4 eV was measured."""

SHORTEST = {"Li-metal": 2.4, "Li-Li": 2.2, "metal-O": 1.75}
"""A; shorter pairs are not a minimum of this crystal.

Choice: Mn4+-O in oxides is near 1.9 A; neighbouring sites of Li are 1.77 A apart, and
two Li that stayed on them are not relaxed.
"""

TOTAL_MOMENT = 0.1
"""muB per cell, from the spin-only total. Choice: an insulator has an integer total."""

EQUAL_MN = 0.05
"""muB: Mn within this range of each other are all of one valence.

Choice: Mn3+ and Mn4+ are 0.7 muB apart in Shimizu et al. 2022.
"""


@cache
def is_the_papers(formula: str) -> bool:
    """Return whether a cell is LixNi0.5Mn1.5O4 at some x."""
    found = _contents(formula)
    nickel = found.get("Ni", 0)
    others = {e: n for e, n in found.items() if e != "Li"}
    return others == {"Ni": nickel, "Mn": 3 * nickel, "O": 8 * nickel}


@cache
def units_in(formula: str) -> int | None:
    """Return the formula units of a cell of LixNi0.5Mn1.5O4; None of any other."""
    return 2 * _contents(formula)["Ni"] if is_the_papers(formula) else None


@cache
def x_of(formula: str) -> float | None:
    """Return Li per formula unit of a cell of LixNi0.5Mn1.5O4; None of any other."""
    units = units_in(formula)
    return _contents(formula).get("Li", 0) / units if units else None


def _contents(formula: str) -> dict[str, int]:
    """Read a formula in site order, such as ``Li8Ni4Mn12O32``."""
    return {e: int(n or 1) for e, n in re.findall(r"([A-Z][a-z]?)(\d*)", formula)}


def expected_valence(x: float) -> dict[str, float]:
    """Return the mean formal valences that make LixNi0.5Mn1.5O4 neutral.

    Up to x = 1 nickel alone is reduced, q_Ni = 4 - 2x with Mn4+; above, manganese
    alone, q_Mn = (14 - 2x)/3 with Ni2+: from (64 - 8x - 48)/4 and (64 - 8x - 8)/12 in
    the cell of 8x Li, 4 Ni, 12 Mn and 32 O.

    Parameters
    ----------
    x
        Li per Ni0.5Mn1.5O4, 0 to 2.

    Raises
    ------
    ValueError
        x is outside 0 to 2.
    """
    _in_range(x)
    if x <= 1:
        return {"Ni": 4.0 - 2.0 * x, "Mn": 4.0}
    return {"Ni": 2.0, "Mn": (14.0 - 2.0 * x) / 3.0}


def expected_mn3(x: float) -> float:
    """Return the number of Mn3+ in the 56-atom cell, 12(4 - q_Mn) = 8(x - 1)."""
    _in_range(x)
    return FORMULA_UNITS * max(0.0, x - 1)


def expected_total_moment(x: float, order: str = "fim") -> float:
    """Return the spin-only moment of the 56-atom cell, muB.

    Mn4+ carries 3, Mn3+ 4, Ni2+ 2, Ni4+ 0 (Ni3+, low spin, 1: the sum over nickel is
    the same). Nickel against manganese gives 36 - 8x up to x = 1 and 20 + 8x above; all
    parallel, 36 + 8x throughout.

    Parameters
    ----------
    x
        Li per Ni0.5Mn1.5O4, 0 to 2.
    order
        ``"fim"``, nickel antiparallel, or ``"fm"``.

    Raises
    ------
    ValueError
        x is outside 0 to 2, or the order is unknown.
    """
    _in_range(x)
    if order not in {"fim", "fm"}:
        raise ValueError(f"order is {order!r}: 'fim' (Ni antiparallel) or 'fm'")
    manganese = 3.0 * MANGANESE + expected_mn3(x)
    nickel = FORMULA_UNITS * min(x, 1.0)
    return manganese - nickel if order == "fim" else manganese + nickel


def _in_range(x: float) -> None:
    if not (is_finite(x) and 0 <= x <= 2):
        raise ValueError(f"x = {shown(x)} is outside 0 to 2, Li per Ni0.5Mn1.5O4")


def lnmo_x(structure: Structure) -> float | None:
    """Return x of LixNi0.5Mn1.5O4, None for any other composition."""
    contents = structure.composition.element_composition
    if not is_the_papers(contents.formula):
        return None
    x = contents["Li"] / (2 * contents["Ni"])
    return float(x) if x <= 2 else None
