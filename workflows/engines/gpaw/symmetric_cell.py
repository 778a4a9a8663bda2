"""A relaxed cell as GPAW gets it: its symmetry restored, its origin where that shows.

GPAW uses the rotations that need no translation, so the origin is moved to the atom
about which there are most of them (the Ni of a 14-atom cell: 12 instead of 1, a quarter
of the k points). Atoms are moved by less than a stated distance, or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from structures.errors import CellError
from structures.symmetry import symmetry_dataset

if TYPE_CHECKING:
    from pymatgen.core import Structure

Array = NDArray[np.float64]
EXACT = 1e-6
"""Fractional; a translation below it is none."""


@dataclass(frozen=True)
class Frame:
    """A cell in GPAW's setting.

    Attributes
    ----------
    cell
        Vectors, rows, A, shape (3, 3).
    scaled_positions
        Fractional, sites in the order they came, shape (n, 3).
    origin
        Fractional; add it to come back to where the sites were.
    operations
        Rotations that GPAW can use.
    moved
        Largest distance that an atom was moved to its symmetric place, A.
    """

    cell: Array
    scaled_positions: Array
    origin: Array
    operations: int
    moved: float


def frame(structure: Structure, moments: list[float], tolerance: float) -> Frame:
    """Restore the symmetry of a cell and choose its origin.

    Parameters
    ----------
    structure
        Ordered.
    moments
        Of its sites, signed, muB: sites of other moments are other atoms.
    tolerance
        Largest distance of an atom from its symmetric place, A; 0 leaves all alone.
    """
    cell, positions = structure.lattice.matrix, structure.frac_coords
    plain = Frame(cell, positions, np.zeros(3), 1, 0.0)
    if not tolerance:
        return plain
    kinds = _kinds(structure, moments)
    try:
        found = symmetry_dataset(cell, positions, kinds, tolerance=tolerance)
    except CellError:
        return plain
    rotations, translations = found.rotations, found.translations
    if len(rotations) == 1:
        return plain
    permutations = _permutations(positions, kinds, rotations, translations)
    new_cell = _symmetric_cell(cell, rotations)
    exact = _exact_translations(positions, rotations, permutations)
    new_positions = _symmetric_positions(positions, rotations, exact, permutations)
    moved = np.linalg.norm((new_positions - positions) @ new_cell, axis=1).max()
    origin, operations = _origin(new_positions, rotations, exact)
    return Frame(new_cell, new_positions - origin, origin, operations, float(moved))


def _kinds(structure: Structure, moments: list[float]) -> list[int]:
    names = [
        (site.specie.symbol, round(moment, 2))
        for site, moment in zip(structure, moments, strict=True)
    ]
    order = sorted(set(names))
    return [order.index(name) for name in names]


def _permutations(
    positions: Array, kinds: list[int], rotations: Any, translations: Any
) -> list[NDArray[np.int64]]:
    """Return, for each operation, the site that each site is moved onto."""
    found = []
    for rotation, translation in zip(rotations, translations, strict=True):
        image = positions @ rotation.T + translation
        away = image[:, None, :] - positions[None, :, :]
        away -= np.round(away)
        distance = np.linalg.norm(away, axis=2)
        distance[np.not_equal.outer(kinds, kinds)] = np.inf
        found.append(distance.argmin(axis=1))
    return found


def _symmetric_cell(cell: Array, rotations: Any) -> Array:
    """Average the metric over the rotations; strain the cell onto it, not turned."""
    metric = cell @ cell.T
    # Fractional columns turn by R, so the rows of the cell turn by R transposed.
    mean = np.mean([r.T @ metric @ r for r in rotations], axis=0)
    stretch = np.linalg.inv(cell) @ mean @ np.linalg.inv(cell).T
    values, vectors = np.linalg.eigh(stretch)
    root: Array = vectors @ np.diag(np.sqrt(values)) @ vectors.T
    return np.asarray(cell @ root, dtype=np.float64)


def _exact_translations(
    positions: Array, rotations: Any, permutations: list[NDArray[np.int64]]
) -> Array:
    """Return the translation of each operation that fits all its sites best."""
    found = []
    for rotation, order in zip(rotations, permutations, strict=True):
        away = positions[order] - positions @ rotation.T
        reference = away[0]
        found.append(reference + np.mean(_nearest(away - reference), axis=0))
    return np.array(found)


def _symmetric_positions(
    positions: Array,
    rotations: Any,
    translations: Array,
    permutations: list[NDArray[np.int64]],
) -> Array:
    """Average each site over the images that fall onto it."""
    shift = np.zeros_like(positions)
    for rotation, translation, order in zip(
        rotations, translations, permutations, strict=True
    ):
        image = positions @ rotation.T + translation
        shift[order] += _nearest(image - positions[order])
    return np.asarray(positions + shift / len(rotations), dtype=np.float64)


def _origin(positions: Array, rotations: Any, translations: Array) -> tuple[Array, int]:
    """Return the site about which most operations need no translation, and how many.

    Of equal ones the site that nothing else competes with, the first.
    """
    counts = []
    for site in positions:
        left = translations + (rotations @ site) - site
        counts.append(int((abs(_nearest(left)).max(axis=1) < EXACT).sum()))
    best = int(np.argmax(counts))
    return positions[best].copy(), counts[best]


def _nearest(vectors: Array) -> Array:
    return np.asarray(vectors - np.round(vectors), dtype=np.float64)
