"""Cells of a face-centred cubic host, in exact integers.

Every ideal position of a spinel is a multiple of a/8 and every cell vector a multiple
of a/2, so which site of a supercell is which is integer arithmetic, without any
tolerance. Only the oxygen parameter u is a real number, and it moves no site past
another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from structures.errors import CellError
from structures.values import MOST_REPEATS, is_finite, shown

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
Supercell = Sequence[int] | Sequence[Sequence[int]]

_CONVENTIONAL = np.array([[2, 0, 0], [0, 2, 0], [0, 0, 2]], dtype=np.int64)
_PRIMITIVE = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]], dtype=np.int64)


@dataclass(frozen=True)
class Cell:
    """A cell of the face-centred cubic lattice.

    Attributes
    ----------
    rows
        Cell vectors as rows, in units of a/2 along the pseudo-cubic axes; 3 x 3
        integers. The conventional cubic cell is twice the unit matrix.
    """

    rows: tuple[tuple[int, ...], ...]

    @cached_property
    def half(self) -> IntArray:
        """Cell vectors as rows, units of a/2, shape (3, 3)."""
        return np.array(self.rows, dtype=np.int64)

    @cached_property
    def formula_units(self) -> int:
        """Formula units LiM2O4 in the cell: 8 in the conventional one."""
        return round(float(np.linalg.det(self.half)))

    @cached_property
    def matrix(self) -> FloatArray:
        """Cell vectors as rows, in units of a, shape (3, 3)."""
        return self.half / 2

    @cached_property
    def conventional_matrix(self) -> FloatArray:
        """Matrix T with (conventional vectors) = T @ (cell vectors), shape (3, 3)."""
        return np.array(2 * self._adjugate / self.formula_units, dtype=np.float64)

    @property
    def denominator(self) -> int:
        """Fractional coordinates of ideal sites are multiples of 1/denominator."""
        return 4 * self.formula_units

    @cached_property
    def _adjugate(self) -> IntArray:
        """Integer matrix A with rows^-1 = A / det(rows)."""
        r1, r2, r3 = self.half
        return np.stack(
            [np.cross(r2, r3), np.cross(r3, r1), np.cross(r1, r2)], axis=1
        ).astype(np.int64)

    def numerators(self, points: IntArray) -> IntArray:
        """Exact fractional coordinates of ideal points, folded into the cell, (n, 3).

        The points are positions along the pseudo-cubic axes in units of a/8; the result
        is multiplied by `denominator`, in [0, denominator).
        """
        numerators = np.mod(points @ self._adjugate, self.denominator)
        return np.asarray(numerators, dtype=np.int64)

    def fractional(self, vectors: FloatArray) -> FloatArray:
        """Fractional coordinates of vectors given in units of a, shape (n, 3)."""
        return np.asarray(vectors @ self.conventional_matrix, dtype=np.float64)

    def translations(self) -> IntArray:
        """Conventional lattice vectors that reach every point of the cell.

        Returns
        -------
        ndarray of int
            Vectors in units of a/8, shape (n, 3); some are equivalent in the cell.
        """
        corners = np.array([
            [i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)
        ]) @ self.half  # fmt: skip
        low = np.floor(corners.min(axis=0) / 2).astype(int) - 1
        high = np.ceil(corners.max(axis=0) / 2).astype(int) + 1
        axes = [np.arange(lo, hi) for lo, hi in zip(low, high, strict=True)]
        grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
        return 8 * grid.reshape(-1, 3).astype(np.int64)


def make_cell(supercell: Supercell | None = None, *, primitive: bool = False) -> Cell:
    """Build the cell of a host.

    Parameters
    ----------
    supercell
        Three multiples, or a 3 x 3 integer matrix whose rows are the new vectors in
        the old ones, with positive determinant. None leaves the cell as it is.
    primitive
        Start from the 14-atom primitive cell instead of the 56-atom cubic one.

    Returns
    -------
    Cell
        The cell.

    Raises
    ------
    CellError
        If `supercell` is not such a matrix.
    """
    start = _PRIMITIVE if primitive else _CONVENTIONAL
    rows = _integer_matrix(supercell) @ start
    return Cell(tuple(tuple(int(entry) for entry in row) for row in rows))


def cell_from_vectors(vectors: Any) -> Cell:
    """Build the cell whose vectors are given in those of the conventional cell.

    Parameters
    ----------
    vectors
        Rows, shape (3, 3): whole numbers and halves, such as (0, 1/2, 1/2) of the
        primitive cell; or three whole multiples.

    Raises
    ------
    CellError
        If they are no vectors of the face-centred lattice, or span no volume.
    """
    given = np.asarray(vectors, dtype=float)
    rows = 2 * (np.diag(given) if given.shape == (3,) else given)
    whole = rows.shape == (3, 3) and np.allclose(rows, np.round(rows), atol=1e-6)
    if not whole or (np.round(rows).sum(axis=1) % 2).any():
        raise CellError(
            f"{given.tolist()} are not vectors of the face-centred lattice; give them "
            "in those of the cubic cell, such as (0, 0.5, 0.5) of the primitive one"
        )
    if np.linalg.det(rows) < 0.5:
        raise CellError(
            f"{given.tolist()} span no cell; give right-handed vectors, as rows"
        )
    return Cell(tuple(tuple(round(entry) for entry in row) for row in rows.tolist()))


def _integer_matrix(supercell: Any) -> IntArray:
    """Return the supercell matrix, or say what is wrong with it."""
    if supercell is None:
        return np.eye(3, dtype=np.int64)
    advice = "give three positive integers or a 3x3 integer matrix, such as (2, 1, 1)"
    try:
        entries = np.array(supercell, dtype=object)
    except ValueError:  # rows of different lengths
        entries = np.array(None)
    if not all(map(is_finite, entries.ravel().tolist())):
        raise CellError(f"supercell {shown(supercell)} is not a matrix; {advice}")
    given = entries.astype(float)
    matrix = np.diag(given) if given.shape == (3,) else given
    if matrix.shape != (3, 3) or not np.array_equal(matrix, np.round(matrix)):
        raise CellError(
            f"supercell {shown(supercell)} has shape {given.shape} or is not whole; "
            f"{advice}"
        )
    if np.abs(matrix).max() > MOST_REPEATS:
        raise CellError(
            f"supercell {shown(supercell)} repeats the cell more than {MOST_REPEATS} "
            "times along a direction: take a smaller one"
        )
    determinant = round(float(np.linalg.det(matrix)))
    if determinant < 1:
        raise CellError(
            f"supercell {shown(supercell)} has determinant {determinant}, it must be "
            "at least 1; exchange two rows to turn a left-handed cell, or "
            f"{advice}"
        )
    return matrix.astype(np.int64)
