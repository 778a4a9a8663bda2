"""The three pseudo-cubic lattice lengths, and which of them is the odd one.

The conventional cell is reached by the inverse of the matrix that built the
cell, never by standardising: that would return I4_1/amd with a_t = a_c/sqrt2.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from pymatgen.core import Structure

CUBIC_SPREAD = 0.005
"""Largest (longest/shortest - 1) of a cell called cubic."""
EQUAL_AXES = 0.01
"""Largest relative difference of the two like axes of a cell called tetragonal."""
SHEAR = 1.0
"""Largest deviation of an angle from 90 degrees of a cell not called sheared."""
UNIQUE_LAST = {"a": "bca", "b": "cab", "c": "abc"}
"""Unique axis -> permutation that makes it c: the old names of the new a, b, c.

Cyclic, so that a right-handed frame stays one. The ordered host P4_332 is mapped onto
itself: it has this turn as its threefold axis along [111].
"""


@dataclass(frozen=True)
class LatticeRatios:
    """Shape of a pseudo-cubic cell.

    Attributes
    ----------
    a, b, c
        Lengths of the pseudo-cubic axes, A.
    c_ratio
        c/((a+b)/2), the paper's "relatively longer than a and b".
    unique_axis
        The axis that deviates most from the mean of the other two; of two that deviate
        alike the longer one, so that the shape does not depend on the names of the
        axes; of two equal ones c, then b.
    c_unique
        Length of the unique axis over the mean of the other two.
    lattice_class
        ``cubic``, ``tetragonal, elongated``, ``tetragonal, compressed`` or
        ``orthorhombic``, with ``, sheared`` where an angle is off 90 degrees.
    volume
        Of the conventional cell, A^3.
    """

    a: float
    b: float
    c: float
    c_ratio: float
    unique_axis: str
    c_unique: float
    lattice_class: str
    volume: float

    @property
    def shape(self) -> str:
        """The class with its axis, such as ``tetragonal, elongated along a``."""
        axis = f"ed along {self.unique_axis}"
        return re.sub(r"(elongat|compress)ed", rf"\g<1>{axis}", self.lattice_class)


def lattice_ratios(
    a: float, b: float, c: float, angles: Sequence[float] = (90.0, 90.0, 90.0)
) -> LatticeRatios:
    """Classify a pseudo-cubic cell.

    Parameters
    ----------
    a, b, c
        Lengths, A, of the axes the host was built with.
    angles
        alpha, beta, gamma, degrees.
    """
    lengths = {"c": c, "b": b, "a": a}  # the order breaks ties
    others = {k: (a + b + c - v) / 2 for k, v in lengths.items()}
    away = {k: round(abs(lengths[k] - others[k]), 9) for k in lengths}
    unique = max(lengths, key=lambda k: (away[k], round(lengths[k], 9)))
    ratio = lengths[unique] / others[unique]
    rest = [v for k, v in lengths.items() if k != unique]
    cosines = np.cos(np.radians(np.asarray(angles, dtype=float)))
    skew = 1 - (cosines**2).sum() + 2 * cosines.prod()
    return LatticeRatios(
        a=a,
        b=b,
        c=c,
        c_ratio=c / ((a + b) / 2),
        unique_axis=unique,
        c_unique=ratio,
        lattice_class=_lattice_class(lengths.values(), rest, ratio, angles),
        volume=float(a * b * c * np.sqrt(skew)),
    )


def _lattice_class(
    lengths: Iterable[float],
    like: Sequence[float],
    ratio: float,
    angles: Sequence[float],
) -> str:
    values = list(lengths)
    if max(values) / min(values) - 1 < CUBIC_SPREAD:
        name = "cubic"
    elif abs(like[0] - like[1]) / (sum(like) / 2) < EQUAL_AXES:
        name = "tetragonal, elongated" if ratio > 1 else "tetragonal, compressed"
    else:
        name = "orthorhombic"
    sheared = any(abs(angle - 90) > SHEAR for angle in angles)
    return f"{name}, sheared" if sheared else name


def largest_strain(start: Sequence[float], end: ArrayLike) -> float:
    """Return the largest principal strain between two cells, however they are turned.

    Parameters
    ----------
    start
        a, b, c in A, alpha, beta, gamma in degrees.
    end
        Vectors, rows, A, shape (3, 3), in the same order.

    Returns
    -------
    float
        |stretch - 1| along the axis that it is largest for; NaN if the angles of the
        start make no cell.

    Examples
    --------
    >>> longer = [[8, 0, 0], [0, 8.2, 0], [0, 0, 8]]
    >>> round(largest_strain((8, 8, 8, 90, 90, 90), longer), 4)
    0.025
    """
    from pymatgen.core import Lattice

    before = Lattice.from_parameters(*start).matrix
    after = np.asarray(end, dtype=float)
    if not np.isfinite(before).all() or abs(np.linalg.det(before)) < 1e-6:
        return float("nan")
    inverse = np.linalg.inv(before)
    metric = inverse @ (after @ after.T) @ inverse.T
    return float(np.abs(np.sqrt(np.linalg.eigvalsh(metric)) - 1).max())


def pseudo_cubic(structure: Structure, supercell: ArrayLike) -> LatticeRatios:
    """Classify a structure by the axes of the conventional cell it came from.

    Parameters
    ----------
    structure
        Relaxed cell, vectors in the order of its host's.
    supercell
        Cell vectors, rows, in those of the conventional cell, shape (3, 3).
    """
    return _by_conventional_axes(structure.lattice.matrix, supercell)


def pseudo_cubic_of(cell: Sequence[float], supercell: ArrayLike) -> LatticeRatios:
    """Classify a cell by the axes of the conventional cell it came from.

    Parameters
    ----------
    cell
        a, b, c in A, alpha, beta, gamma in degrees.
    supercell
        Cell vectors, rows, in those of the conventional cell, shape (3, 3).
    """
    from pymatgen.core import Lattice

    return _by_conventional_axes(Lattice.from_parameters(*cell).matrix, supercell)


def _by_conventional_axes(vectors: ArrayLike, supercell: ArrayLike) -> LatticeRatios:
    from pymatgen.core import Lattice

    rows = np.asarray(supercell, dtype=float)
    lattice = Lattice(np.linalg.inv(rows) @ np.asarray(vectors, dtype=float))
    return lattice_ratios(*lattice.abc, angles=lattice.angles)


def permuted(values: ArrayLike, permutation: str) -> NDArray[np.float64]:
    """Rename the axes of lengths, fractional coordinates or directions.

    For comparing configurations of one x, whose unique axis may be any of the three.
    The frame of the d orbitals turns alike: under ``bca`` the new x, y, z are the old
    y, z, x, and the new d_z2 points along the old x; t2g and eg stay as they are.

    Parameters
    ----------
    values
        Components along the pseudo-cubic a, b, c, shape (..., 3): lengths in A, or
        coordinates in fractions of these axes, never in those of a supercell.
    permutation
        Of `UNIQUE_LAST`.

    Examples
    --------
    >>> permuted([8.6, 8.1, 8.2], UNIQUE_LAST["a"]).tolist()
    [8.1, 8.2, 8.6]
    """
    order = ["abc".index(axis) for axis in permutation]
    return np.asarray(values, dtype=float)[..., order]


def unique_axis_last(shape: LatticeRatios) -> tuple[float, float, float]:
    """Return the lengths a, b, c, A, permuted cyclically so that c is the unique one.

    Examples
    --------
    >>> unique_axis_last(lattice_ratios(8.6, 8.1, 8.2))
    (8.1, 8.2, 8.6)
    """
    lengths = (shape.a, shape.b, shape.c)
    a, b, c = permuted(lengths, UNIQUE_LAST[shape.unique_axis]).tolist()
    return a, b, c
