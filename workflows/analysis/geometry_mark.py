"""A few numbers that tell one geometry from another, without its atoms.

A table over ten thousand steps reads no structure, but has to know whether a step
started where the one before it ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pymatgen.core import Structure

SAME_VECTOR = 2e-3
"""A, of a component of a cell vector; twice what a run made elsewhere may differ by."""
SAME_PLACES = 0.03
"""A, of a sum over all atoms. Numerical noise gives 1e-5; atoms that moved by 0.01 A,
each its own way, in the 56-atom cell about 0.05."""
STEPS = ((5**0.5 - 1) / 2, 2**0.5)
"""Irrational: their multiples spread over the weights; two atoms whose weights are
nearly equal by one have others by the second."""


def geometry_mark(structure: Structure) -> list[float]:
    """Return nine components of the cell and twelve sums over the positions, A.

    Each sum is over exp(2 pi i f), f a fractional coordinate, so that whole cell
    vectors do not count. The weights of the atoms, from 0.5 to 1.5, are all different,
    so that neither two atoms that change places nor a symmetric displacement cancel.
    The sums are scaled so that an atom's displacement changes them by about as much.
    """
    import numpy as np

    cell = structure.lattice.matrix
    atoms = np.arange(1, len(structure) + 1)
    weights = 0.5 + np.outer(STEPS, atoms) % 1
    phases = np.exp(2j * np.pi * structure.frac_coords)
    sums = (weights @ phases) * np.linalg.norm(cell, axis=1) / (2 * np.pi)
    numbers = (*cell.ravel(), *sums.real.ravel(), *sums.imag.ravel())
    return [round(float(number), 6) for number in numbers]


def same_mark(
    one: Sequence[float], other: Sequence[float], *, times: float = 1.0
) -> bool:
    """Tell whether two marks can be of one geometry; ``times`` widens the limits."""
    import numpy as np

    if len(one) != len(other):
        return False
    away = np.abs(np.asarray(one) - np.asarray(other)) / times
    return bool((away[:9] <= SAME_VECTOR).all() and (away[9:] <= SAME_PLACES).all())
