"""Formal charges, spins and filled d orbitals of the metals that the model knows.

Charges go down a ladder of couples, from all ions at their highest charge until the
cell is neutral. Spins are high, except of Co3+, Co4+, Ni3+ and Ni4+.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

VALENCE = {
    **{"Ti": 4, "V": 5, "Cr": 6, "Mn": 7, "Fe": 8, "Co": 9, "Ni": 10, "Cu": 11},
}
"""Electrons in 3d and 4s of the atom."""

_HIGHEST = {"Ti": 4, "V": 5, "Cr": 4, "Mn": 4, "Fe": 4, "Co": 4, "Ni": 4, "Cu": 3}
_LADDER = (
    *(("Fe", 3), ("Co", 3), ("Cr", 3), ("Cu", 2), ("Ni", 2), ("V", 4), ("Mn", 3)),
    *(("V", 3), ("Fe", 2), ("Co", 2), ("Ti", 3)),
)
_LOW_SPIN = {("Co", 3), ("Co", 4), ("Ni", 3), ("Ni", 4)}

MOMENT = {
    **{("Ti", 4): 0.0, ("Ti", 3): 0.9},
    **{("V", 5): 0.0, ("V", 4): 0.95, ("V", 3): 1.85},
    **{("Cr", 4): 2.0, ("Cr", 3): 2.9},
    **{("Mn", 4): 3.2, ("Mn", 3): 3.95},
    **{("Fe", 4): 3.5, ("Fe", 3): 4.2, ("Fe", 2): 3.7},
    **{("Co", 4): 1.0, ("Co", 3): 0.05, ("Co", 2): 2.7},
    **{("Ni", 4): 0.5, ("Ni", 3): 1.1, ("Ni", 2): 1.7},
    **{("Cu", 3): 0.0, ("Cu", 2): 0.65},
}
"""Size of the moment in the sphere, μB."""


@dataclass(frozen=True)
class Filling:
    """Electrons in t2g and eg of the spin that has more, and of the other."""

    t2g: int
    eg: int
    minority_t2g: int
    minority_eg: int

    @property
    def spin(self) -> int:
        """Unpaired electrons."""
        return self.t2g + self.eg - self.minority_t2g - self.minority_eg


def filling(element: str, charge: int) -> Filling:
    """Fill the five d orbitals of an octahedral ion."""
    electrons = VALENCE[element] - charge
    if (element, charge) in _LOW_SPIN:
        eg = max(0, electrons - 6)
        minority = min(3, electrons // 2)
        return Filling(electrons - eg - minority, eg, minority, 0)
    up = min(5, electrons)
    down = electrons - up
    return Filling(min(3, up), max(0, up - 3), min(3, down), max(0, down - 3))


def total_charges(counts: Mapping[str, int], total: int) -> dict[str, int] | None:
    """Return the charge of all ions of each metal; None if they cannot have it."""
    charges = {metal: _HIGHEST[metal] * count for metal, count in counts.items()}
    excess = sum(charges.values()) - total
    for metal, lower in _LADDER:
        if metal in charges and excess > 0:
            step = min(excess, charges[metal] - lower * counts[metal])
            charges[metal] -= step
            excess -= step
    return charges if excess == 0 else None
