"""The sites of a spinel by role: 8a, 8b, 16c, 16d, 48f and 32e of Fd-3m.

Origin choice 2 (centre at -3m), where 8a is (1/8, 1/8, 1/8), 16c the origin, 16d
(1/2, 1/2, 1/2) and 32e (u, u, u). A role is given to a site here, once, by
construction. It is never read back from a Wyckoff letter, because 8a and 8b, and 16c
and 16d, exchange letters when a symmetry finder shifts the origin.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from structures.cell import Cell, FloatArray, IntArray
from structures.errors import CellError

_F_CENTRING = np.array([[0, 0, 0], [0, 4, 4], [4, 0, 4], [4, 4, 0]], dtype=np.int64)
_TETRAHEDRON = np.array(
    [[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], dtype=np.int64
)
_REPRESENTATIVES: Mapping[str, tuple[tuple[int, int, int], ...]] = {
    "8a": ((1, 1, 1), (7, 7, 7)),
    "8b": ((3, 3, 3), (5, 5, 5)),
    "16c": ((0, 0, 0), (6, 2, 4), (2, 4, 6), (4, 6, 2)),
    "16d": ((4, 4, 4), (2, 6, 0), (6, 0, 2), (0, 2, 6)),
    "48f": tuple(
        tuple(int(c) for c in np.array(centre) + step * axis)  # type: ignore[misc]
        for centre in ((1, 1, 1), (7, 7, 7))
        for step in (2, -2)
        for axis in np.eye(3, dtype=np.int64)
    ),
}
"""Representatives modulo face centring, in units of a/8."""

SITES_PER_CELL: Mapping[str, int] = {
    "8a": 8, "8b": 8, "16c": 16, "16d": 16, "48f": 48, "32e": 32,
}  # fmt: skip
"""Number of sites of each role in the 56-atom conventional cell."""

ION_ROLES = ("8a", "8b", "16c", "48f")
"""Roles that the working ion may take."""


@dataclass(frozen=True)
class Site:
    """One position of the host, whether it is occupied or not.

    Attributes
    ----------
    role
        ``"8a"``, ``"8b"``, ``"16c"``, ``"16d"``, ``"48f"`` or ``"32e"``.
    index
        Position in the list of the sites of this role in this cell, from 0.
    label
        Permanent name of an atom on this site, such as ``"Li8b-3"`` (index 2).
    frac_coords
        Fractional coordinates in the cell of the host.
    """

    role: str
    index: int
    label: str
    frac_coords: tuple[float, float, float]


@lru_cache(maxsize=64)
def site_numerators(cell: Cell, role: str) -> IntArray:
    """Ideal positions of a role as exact fractional coordinates.

    Parameters
    ----------
    cell
        Cell of the host.
    role
        Role of the sites; oxygen is taken at u = 1/4.

    Returns
    -------
    ndarray of int
        Fractional coordinates times ``cell.denominator``, rows in lexicographic
        order, shape (n, 3). This order is the order of the sites everywhere.
    """
    numerators, _ = _ideal_sites(cell, role)
    numerators.flags.writeable = False
    return numerators


@lru_cache(maxsize=64)
def site_coords(cell: Cell, role: str, u: float = 0.25) -> FloatArray:
    """Fractional coordinates of all sites of a role.

    Parameters
    ----------
    cell
        Cell of the host.
    role
        Role of the sites.
    u
        Oxygen parameter, in units of a; of effect for 32e only.

    Returns
    -------
    ndarray of float
        Fractional coordinates in [0, 1), shape (n, 3), in the order of
        `site_numerators`.
    """
    numerators, outward = _ideal_sites(cell, role)
    coords: FloatArray = np.asarray(numerators / cell.denominator, dtype=np.float64)
    if role != "32e":
        return coords
    shifts: FloatArray = np.asarray((u - 0.25) * outward, dtype=np.float64)
    moved: FloatArray = coords + cell.fractional(shifts)
    return moved - np.floor(moved)


def _ideal_sites(cell: Cell, role: str) -> tuple[IntArray, IntArray]:
    """Sorted numerators and, for 32e, the direction from 8a to each oxygen."""
    points, directions = _cubic_sites(role)
    shifts = cell.translations()
    tiled = (points[:, None, :] + shifts[None, :, :]).reshape(-1, 3)
    numerators, first = np.unique(cell.numerators(tiled), axis=0, return_index=True)
    expected = SITES_PER_CELL[role] * cell.formula_units // 8
    if len(numerators) != expected:  # pragma: no cover - guards the arithmetic
        raise CellError(
            f"cell {cell.rows}: {len(numerators)} sites {role}, expected {expected}"
        )
    return numerators, directions[first // len(shifts)]


def _cubic_sites(role: str) -> tuple[IntArray, IntArray]:
    """Sites of the cubic cell in units of a/8, and their oxygen directions."""
    if role == "32e":
        # Oxygen lies opposite to the four 16c neighbours of each 8a site.
        centres, signs = np.array(_REPRESENTATIVES["8a"]), np.array([1, -1])
        directions = (signs[:, None, None] * _TETRAHEDRON).reshape(-1, 3)
        points = np.repeat(centres, 4, axis=0) + directions
    else:
        points = np.array(_REPRESENTATIVES[role], dtype=np.int64)
        directions = np.zeros_like(points)
    points = (points[:, None, :] + _F_CENTRING).reshape(-1, 3)
    return points, np.repeat(directions, len(_F_CENTRING), axis=0)
