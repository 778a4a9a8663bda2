"""Starting points of a relaxation that do not keep a symmetry by accident.

At x = 2 all Mn of the ordered cell are equivalent although two thirds must become Mn3+
and distort. A relaxation that starts from the symmetric cell never leaves it.
"""

import numpy as np
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from structures.errors import StructuresError


def symmetry_broken_start(
    structure: Structure,
    *,
    displacement: float = 0.02,
    c_strain: float = 0.0,
    seed: int,
) -> Structure:
    """Displace all atoms a little and stretch the cell along its third vector.

    Parameters
    ----------
    structure
        Ideal structure; it is left as it is.
    displacement
        Standard deviation of the Gaussian displacement of each Cartesian component,
        Angstrom.
    c_strain
        Relative elongation of the third vector: 0.02 gives c/a = 1.02.
    seed
        Seed of the random displacements, a non-negative integer of any length.

    Returns
    -------
    Structure
        New structure; order of the atoms and site properties are kept.

    Raises
    ------
    StructuresError
        If the displacement is negative, the strain not above -1 or the seed negative.
    """
    if displacement < 0 or c_strain <= -1 or seed < 0:
        raise StructuresError(
            f"start with displacement {displacement} A, c_strain {c_strain}, seed "
            f"{seed}: they must be >= 0, > -1 and >= 0; correct the start"
        )
    vectors = np.array(structure.lattice.matrix)
    vectors[2] *= 1 + c_strain
    moves = np.random.default_rng(seed).normal(size=(len(structure), 3)) * displacement
    coords = structure.frac_coords + moves @ np.linalg.inv(vectors)
    return Structure(
        Lattice(vectors),
        structure.species_and_occu,
        coords,
        site_properties=structure.site_properties,
    )
