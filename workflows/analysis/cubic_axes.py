"""Cubic axes of a spinel that came in any cell, from its own metal-oxygen bonds.

The cell of a foreign run does not say how it was made from the cubic one; its a, b
and c may be 5.74, 5.74 and 6.15 A. The octahedra show it: their bonds point along the
cubic axes within 4.3 degrees.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workflows.analysis.ions import METALS
from workflows.analysis.octahedra import (
    NoOctahedron,
    octahedra,
    orthonormal,
    trans_pairs,
)

if TYPE_CHECKING:
    from pymatgen.core import Structure

Matrix = NDArray[np.float64]
OXYGEN = 32
"""O in the cubic cell."""
LONGEST = 1.25
"""Largest ratio of one cubic axis to the others, and of the others to one."""
MISFIT = 0.15
"""Largest distance of a cell vector from its place, in cubic lengths."""


def cubic_axes(structure: Structure, *, elements: Sequence[str] = METALS) -> Matrix:
    """Find the directions that all octahedra of a cell share.

    Parameters
    ----------
    structure
        Any cell of a spinel.
    elements
        Of the octahedral ions.

    Returns
    -------
    ndarray
        Rows: orthonormal directions x, y, z, Cartesian, right-handed, named after the
        Cartesian axes they are nearest to.

    Raises
    ------
    NoOctahedron
        There is no octahedron of these elements.
    """
    lines = []
    for index, site in enumerate(structure):
        if site.specie.symbol in elements:
            try:
                pairs = trans_pairs(structure, index)
            except NoOctahedron:
                continue
            lines.append(pairs[:, 0] - pairs[:, 1])
    if not lines:
        raise NoOctahedron(
            f"{structure.formula}: no octahedron of oxygen about "
            f"{' or '.join(elements)}"
        )
    frame = orthonormal(lines[0])
    for _ in range(3):  # settles at once unless the first octahedron is an odd one
        frame = orthonormal(_mean(np.array(lines), frame))
    return _named(frame)


def axes_of_cell(structure: Structure, supercell: ArrayLike | None) -> Matrix:
    """Return the directions of the cubic a, b, c of a cell.

    Parameters
    ----------
    structure
        Any cell of a spinel.
    supercell
        Its vectors, rows, in those of the cubic cell, shape (3, 3). None if nobody
        described the cell: its own bonds tell then, and the coordinate axes where it
        has no octahedron.
    """
    if supercell is not None:
        matrix = np.asarray(supercell, dtype=float)
        return np.asarray(np.linalg.inv(matrix) @ structure.lattice.matrix)
    try:
        return cubic_axes(structure)
    except NoOctahedron:
        return np.eye(3)


def parent_supercell(
    structure: Structure, *, elements: Sequence[str] = METALS
) -> Matrix:
    """Find the cell vectors in those of the cubic cell, for :func:`pseudo_cubic`.

    Components of the vectors along the cubic axes are multiples of half the three
    cubic lengths. These are not known, and differ where the cell is distorted: of the
    shapes up to `LONGEST` times longer or shorter along one axis, and of the shape of
    the octahedra, the one is taken that fits the vectors best and holds 32 oxygens to a
    cubic cell.

    Returns
    -------
    ndarray
        Rows: cell vectors in those of the cubic cell, shape (3, 3).

    Raises
    ------
    NoOctahedron
        There is no octahedron, or the cell is not that of a spinel.
    """
    cells = sum(site.specie.symbol == "O" for site in structure) / OXYGEN
    axes = cubic_axes(structure, elements=elements)
    vectors = structure.lattice.matrix @ axes.T
    length = (structure.volume / cells) ** (1 / 3)
    found = []
    for shape in _shapes(structure, axes, elements):
        matrix: Matrix = np.round(2 * vectors / (length * shape)) / 2
        if _of_a_spinel(matrix, cells):
            lengths = (vectors * matrix).sum(axis=0) / (matrix**2).sum(axis=0)
            misfit = float(np.abs(vectors - matrix * lengths).max() / length)
            found.append((round(misfit, 6), matrix))
    if not found or min(found, key=lambda one: one[0])[0] > MISFIT:
        raise NoOctahedron(
            f"{structure.formula}: its cell is neither a supercell nor a "
            f"primitive cell of a spinel of {length:.2f} A"
        )
    return min(found, key=lambda one: one[0])[1]


def _shapes(structure: Structure, axes: Matrix, elements: Sequence[str]) -> Matrix:
    """Return relative lengths of the three cubic axes to try, of product 1."""
    shapes = octahedra(structure, elements=elements, axes=axes).values()
    bonds = np.mean([(o.l_x, o.l_y, o.l_z) for o in shapes], axis=0)
    own = bonds / np.prod(bonds) ** (1 / 3)
    ratios = np.linspace(1 / LONGEST, LONGEST, 41)
    stretched = [
        np.where(np.arange(3) == axis, ratio ** (2 / 3), ratio ** (-1 / 3))
        for axis in range(3)
        for ratio in ratios
    ]
    return np.array([own, np.ones(3), *stretched])


def _of_a_spinel(matrix: Matrix, cells: float) -> bool:
    """Return whether vectors are translations of an fcc lattice, of this size."""
    size = abs(abs(np.linalg.det(matrix)) - cells) < 1e-6
    return bool(size and not (2 * matrix.sum(axis=1) % 2).any())


def _mean(lines: Matrix, frame: Matrix) -> Matrix:
    """Add up the lines of all octahedra, each with the axis that it is nearest to."""
    cosines = lines @ frame.T  # (octahedron, line, axis)
    total = np.zeros((3, 3))
    for own, cosine in zip(lines, cosines, strict=True):
        for line, along in zip(own, cosine, strict=True):
            axis = int(np.argmax(np.abs(along)))
            total[axis] += np.sign(along[axis]) * line / np.linalg.norm(line)
    return total


def _named(frame: Matrix) -> Matrix:
    order = max(permutations(range(3)), key=lambda p: np.abs(frame[list(p)]).trace())
    named = frame[list(order)]
    named = named * np.where(np.diag(named) < 0, -1.0, 1.0)[:, None]
    if np.linalg.det(named) < 0:
        named[2] *= -1
    return named
