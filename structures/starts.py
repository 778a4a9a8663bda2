"""Starting structures of a relaxation without accidental symmetry.

At x = 2 all Mn of the ordered cell are equivalent, although two thirds must become Mn3+
and distort. A relaxation from the symmetric cell would keep the symmetry.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from structures.errors import StructuresError
from structures.values import is_finite, shown, whole

MOST = 10.0
"""A of displacement, and strain; above it nothing is left of the crystal."""


def symmetry_broken_start(
    structure: Structure,
    *,
    displacement: float = 0.02,
    c_strain: float = 0.0,
    seed: int,
    supercell: ArrayLike = ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
) -> Structure:
    """Displace all atoms a little and stretch the cell along the cubic c axis.

    Parameters
    ----------
    structure
        Ideal structure; it is left as it is.
    displacement
        Standard deviation of the Gaussian displacement of each Cartesian component,
        Angstrom.
    c_strain
        Relative elongation of the conventional cell's c: 0.02 gives c/a = 1.02, also in
        a primitive cell, whose own third vector is not along c.
    seed
        Seed of the random displacements, a non-negative integer of any length.
    supercell
        Cell vectors, rows, in those of the conventional cell, shape (3, 3).

    Returns
    -------
    Structure
        New structure; order of the atoms and site properties are kept.

    Raises
    ------
    StructuresError
        If the displacement is negative or above 10, the strain not above -1 or above
        10, either no number, or the seed no whole number from 0 up.
    """
    numbers = is_finite(displacement) and is_finite(c_strain)
    small = numbers and 0 <= displacement <= MOST and -1 < c_strain <= MOST
    seed = whole(seed, "seed")
    if not small:
        raise StructuresError(
            f"start with displacement {shown(displacement)} A, c_strain "
            f"{shown(c_strain)}: they must be finite, 0 to {MOST:g} and above -1 to "
            f"{MOST:g}; correct the start"
        )
    vectors = stretched(structure.lattice.matrix, supercell, c_strain)
    moves = np.random.default_rng(seed).normal(size=(len(structure), 3)) * displacement
    coords = structure.frac_coords + moves @ np.linalg.inv(vectors)
    return Structure(
        Lattice(vectors),
        structure.species_and_occu,
        coords,
        site_properties=structure.site_properties,
    )


def stretched(
    vectors: ArrayLike, supercell: ArrayLike, c_strain: float
) -> NDArray[np.float64]:
    """Return cell vectors, A, with the c of the conventional cell made longer.

    Parameters
    ----------
    vectors
        Rows, A, shape (3, 3).
    supercell
        The same vectors in those of the conventional cell.
    c_strain
        Relative elongation; a and b keep their lengths and directions.
    """
    rows = np.asarray(supercell, dtype=float)
    scale = rows @ np.diag([1.0, 1.0, 1.0 + c_strain]) @ np.linalg.inv(rows)
    return np.asarray(scale @ np.asarray(vectors, dtype=float))
