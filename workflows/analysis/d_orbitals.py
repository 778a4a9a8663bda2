"""Which eg orbital of an ion is occupied, from its on-site occupation matrix.

The matrix comes from any engine, in real d orbitals about the Cartesian axes. It is
turned into the axes of the ion's own octahedron, where eg and t2g have their meaning.
An orbital of l = 2 is a traceless symmetric tensor T, r.T.r, which turns as a tensor.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Matrix = NDArray[np.float64]
Rows = tuple[tuple[float, ...], ...]

ORBITALS = ("dxy", "dyz", "dz2", "dxz", "dx2-y2")
"""Order of rows and columns: m = -2 to 2 of the real harmonics."""
T2G, EG = (0, 1, 3), (2, 4)
POLARISED = 0.25
"""Difference of the two eg occupations of one spin from which one of them counts as
empty: 0.5 in Mn3+ of MgMn2O4, where the empty one mixes with oxygen; 0 in Mn4+."""
BETWEEN = 5.0
"""Degrees from the midpoint of two pure orbitals within which neither is named."""
_PURE = {
    0: ("dz2", "z"),
    60: ("dx2-y2", "y"),
    120: ("dz2", "x"),
    180: ("dx2-y2", "z"),
    240: ("dz2", "y"),
    300: ("dx2-y2", "x"),
}
_HALF, _SIXTH = 1 / math.sqrt(2), 1 / math.sqrt(6)
_TENSORS = np.array(
    [
        [[0, _HALF, 0], [_HALF, 0, 0], [0, 0, 0]],
        [[0, 0, 0], [0, 0, _HALF], [0, _HALF, 0]],
        [[-_SIXTH, 0, 0], [0, -_SIXTH, 0], [0, 0, 2 * _SIXTH]],
        [[0, 0, _HALF], [0, 0, 0], [_HALF, 0, 0]],
        [[_HALF, 0, 0], [0, -_HALF, 0], [0, 0, 0]],
    ]
)


@dataclass(frozen=True)
class OnsiteOccupation:
    """Occupation matrix of one shell of one ion, collinear spins.

    Attributes
    ----------
    site
        Position of the ion in the structure.
    shell
        l: 2 for d, 3 for f.
    up, down
        Electrons in real harmonics, m = -l to l, Cartesian axes; symmetric, of shape
        (2l + 1, 2l + 1). `down` is None without spin.
    """

    site: int
    shell: int
    up: Rows
    down: Rows | None = None


@dataclass(frozen=True)
class EgOrbital:
    """The eg orbital that one ion prefers, in the axes of its octahedron.

    Attributes
    ----------
    orbital
        ``dz2`` or ``dx2-y2``; empty where the two eg orbitals are filled alike, or a
        mixture half way between two pure ones is.
    axis
        ``x``, ``y`` or ``z``: the lobes' axis of dz2, the normal of dx2-y2.
    polarisation
        Electrons in the fuller eg orbital less those in the other, of the spin in which
        they differ most.
    phase
        Degrees in (-180, 180]: 0 dz2 along z, 120 along x, -120 along y, 180 dx2-y2.
        An octahedron of the same Jahn-Teller phase favours this orbital.
    t2g, eg
        Electrons, both spins.
    """

    orbital: str
    axis: str
    polarisation: float
    phase: float
    t2g: float
    eg: float


def eg_orbital(occupation: OnsiteOccupation, axes: ArrayLike) -> EgOrbital | None:
    """Find the occupied eg orbital of an ion.

    Parameters
    ----------
    occupation
        Of its d shell.
    axes
        Rows: orthonormal directions x, y, z of its octahedron, Cartesian, shape (3, 3);
        see :func:`~workflows.analysis.octahedra.octahedron_axes`. Signs do not matter.

    Returns
    -------
    EgOrbital or None
        None for another shell, or without spin.

    Raises
    ------
    ValueError
        A matrix is not 5 x 5.
    """
    if occupation.shell != 2 or occupation.down is None:
        return None
    spins = [turned(matrix, axes) for matrix in (occupation.up, occupation.down)]
    vectors = [_pseudospin(matrix) for matrix in spins]
    along, across = max(vectors, key=lambda vector: math.hypot(*vector))
    polarisation = math.hypot(along, across)
    phase = math.degrees(math.atan2(across, along))
    orbital, axis = _named(phase) if polarisation >= POLARISED else ("", "")
    total = (spins[0] + spins[1]).diagonal()
    return EgOrbital(
        orbital=orbital,
        axis=axis,
        polarisation=polarisation,
        phase=180.0 if phase <= -180 else phase,
        t2g=float(total[list(T2G)].sum()),
        eg=float(total[list(EG)].sum()),
    )


def turned(matrix: ArrayLike, axes: ArrayLike) -> Matrix:
    """Express an occupation matrix of a d shell in the orbitals about other axes.

    Parameters
    ----------
    matrix
        In `ORBITALS` about the Cartesian axes, shape (5, 5).
    axes
        Rows: orthonormal directions of the new x, y, z.

    Raises
    ------
    ValueError
        The matrix is not 5 x 5.
    """
    found = np.asarray(matrix, dtype=float)
    if found.shape != (5, 5):
        raise ValueError(f"occupation matrix of shape {found.shape}: (5, 5) wanted")
    frame = np.asarray(axes, dtype=float)
    # An orbital about the new axes, written about the old ones: R^T T R.
    local = np.einsum("ai,mab,bj->mij", frame, _TENSORS, frame)
    overlap = np.einsum("mij,nij->mn", local, _TENSORS)
    return np.asarray(overlap @ found @ overlap.T)


def _pseudospin(matrix: Matrix) -> tuple[float, float]:
    """Return how far dz2 is filled before dx2-y2, and their mixture with its sign.

    Fully dz2 along z is (1, 0). The mixture is positive towards dz2 along x, whose
    dx2-y2 part is negative when its dz2 part is positive.
    """
    z2, x2 = EG
    mixture = matrix[z2, x2] + matrix[x2, z2]
    return float(matrix[z2, z2] - matrix[x2, x2]), float(-mixture)


def _named(phase: float) -> tuple[str, str]:
    nearest = 60 * round(phase / 60)
    if 30 - abs(phase - nearest) < BETWEEN:
        return "", ""
    return _PURE[nearest % 360]
