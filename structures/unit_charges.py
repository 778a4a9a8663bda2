"""The Ewald sum of unit charges: what the positions alone decide.

Hosts that differ in their cation order have the same positions, so one sum by pymatgen
serves the orderings of all of them.
"""

from functools import lru_cache

import numpy as np
from pymatgen.analysis.ewald import EwaldSummation
from pymatgen.core.structure import Structure

from structures.cell import FloatArray


def unit_charge_matrix(lattice: FloatArray, frac_coords: FloatArray) -> FloatArray:
    """Interaction energies of charges of 1 e on each position, periodic images too.

    Parameters
    ----------
    lattice
        Lattice vectors as rows, Angstrom, shape (3, 3).
    frac_coords
        Fractional coordinates, shape (n, 3).

    Returns
    -------
    ndarray of float
        Matrix M with energy = q M q for charges q in e, eV, shape (n, n), read-only.
    """
    rows = np.ascontiguousarray(lattice, dtype=np.float64)
    coords = np.ascontiguousarray(frac_coords, dtype=np.float64)
    return _summed(rows.tobytes(), coords.tobytes())


@lru_cache(maxsize=16)
def _summed(lattice: bytes, frac_coords: bytes) -> FloatArray:
    coords = np.frombuffer(frac_coords).reshape(-1, 3)
    unit_charges = Structure(
        np.frombuffer(lattice).reshape(3, 3),
        ["H"] * len(coords),
        coords,
        site_properties={"charge": [1.0] * len(coords)},
    )
    ewald = EwaldSummation(unit_charges)  # type: ignore[no-untyped-call]
    matrix = np.asarray(ewald.total_energy_matrix, dtype=np.float64)
    matrix.flags.writeable = False
    return matrix
