"""Symmetry operations as permutations of labelled sites.

spglib finds the operations (R, t) of the framework, which are then turned into
permutations of the site list of a role by exact integer arithmetic. The sites keep
their roles: nothing here depends on a Wyckoff letter, on the order of the atoms or on
the setting that spglib would prefer.
"""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import spglib

from structures.cell import FloatArray, IntArray
from structures.errors import CellError

SYMPREC = 1e-4
"""Tolerance given to spglib, in Angstrom."""


def find_operations(
    lattice: FloatArray, frac_coords: FloatArray, kinds: Sequence[int]
) -> tuple[IntArray, FloatArray]:
    """Find the symmetry operations of a decorated crystal.

    Parameters
    ----------
    lattice
        Lattice vectors as rows, Angstrom, shape (3, 3).
    frac_coords
        Fractional coordinates, shape (n, 3).
    kinds
        One integer per atom; atoms of equal kind may be exchanged.

    Returns
    -------
    rotations : ndarray of int
        Rotation parts in the basis of the lattice, shape (m, 3, 3).
    translations : ndarray of float
        Translation parts in fractional coordinates, shape (m, 3).
        Pure translations of a supercell are included.

    Raises
    ------
    CellError
        If spglib finds no symmetry at all, not even the identity.
    """
    dataset = symmetry_dataset(lattice, frac_coords, kinds)
    return (
        np.asarray(dataset.rotations, dtype=np.int64),
        np.asarray(dataset.translations, dtype=np.float64),
    )


def symmetry_dataset(
    lattice: FloatArray,
    frac_coords: FloatArray,
    kinds: Sequence[int],
    *,
    tolerance: float = SYMPREC,
) -> Any:
    """Return spglib's data set of a decorated crystal, whatever spglib's version.

    Parameters
    ----------
    lattice, frac_coords, kinds
        As for `find_operations`.
    tolerance
        Distance below which two atoms are on one place, Angstrom.

    Returns
    -------
    spglib.SpglibDataset
        Space group number, operations and equivalent atoms.

    Raises
    ------
    CellError
        If spglib finds no symmetry at all, not even the identity.
    """
    cell: Any = (lattice, frac_coords, list(kinds))
    with warnings.catch_warnings():
        # From 2.7 on spglib warns at every call that errors will be raised one day.
        warnings.filterwarnings("ignore", "Set OLD_ERROR", DeprecationWarning)
        dataset = spglib.get_symmetry_dataset(cell, symprec=tolerance)
    if dataset is None:
        raise CellError(
            f"spglib finds no symmetry within {SYMPREC} A: two of the {len(kinds)} "
            "atoms overlap; check a and u"
        )
    return dataset


def site_permutations(
    operations: tuple[IntArray, FloatArray], numerators: IntArray, denominator: int
) -> IntArray:
    """Turn operations into permutations of a list of ideal sites.

    Parameters
    ----------
    operations
        Rotations (m, 3, 3) and translations (m, 3) as from `find_operations`.
    numerators
        Fractional coordinates of the sites times `denominator`, integers, (n, 3).
    denominator
        Common denominator of the fractional coordinates.

    Returns
    -------
    ndarray of int
        Row g maps site i to site ``[g, i]``. Operations that act alike on the sites
        are given once, the identity comes first; shape (<= m, n).

    Raises
    ------
    CellError
        If an operation does not map the list of sites onto itself.
    """
    rotations, translations = operations
    shifts = np.rint(translations * denominator)
    if np.abs(translations * denominator - shifts).max(initial=0.0) > 0.2:
        raise CellError(
            "a symmetry operation does not map the ideal sites on each other"
        )
    images = np.einsum("gij,nj->gni", rotations, numerators)
    images = np.mod(images + shifts.astype(np.int64)[:, None, :], denominator)
    weights = np.array([denominator**2, denominator, 1], dtype=np.int64)
    keys, image_keys = numerators @ weights, images @ weights
    order = np.argsort(keys)
    places = np.searchsorted(keys, image_keys, sorter=order).clip(max=len(keys) - 1)
    permutations = order[places]
    if not np.array_equal(keys[permutations], image_keys):
        raise CellError("a symmetry operation leaves the list of sites")
    return np.unique(permutations, axis=0).astype(np.int64)


def orbits_of(permutations: IntArray) -> tuple[tuple[int, ...], ...]:
    """Split sites into symmetry-equivalent sets under a group, shape (m, n).

    Sorted indices of each orbit, orbits in the order of their first site.
    """
    first = permutations.min(axis=0)
    return tuple(
        tuple(int(i) for i in np.flatnonzero(first == site))
        for site in np.unique(first)
    )
