"""Shape of the oxygen octahedron about an ion, from fixed six-coordination.

The six nearest oxygens are taken whatever their spread: a neighbour finder that looks
for a gap in the distances drops the two long bonds of Mn3+, the very thing to be
measured. Definitions: Baur (1974) for the distortion index, Robinson, Gibbs and Ribbe
(1971) for quadratic elongation and angle variance.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import permutations, product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workflows.analysis.ions import METALS
from workflows.analysis.jahn_teller import JahnTellerModes, jahn_teller_modes

if TYPE_CHECKING:
    from pymatgen.core import Structure

Vectors = NDArray[np.float64]

LONGEST_BOND = 2.6
"""A; the sixth oxygen is nearer and the seventh farther than this."""
SEARCH = 3.2
"""A; as far as neighbours are looked for."""
STRAIGHT = 150.0
"""Degrees; opposite bonds enclose more than this."""
ALIGNED = 15.0
"""Degrees; bonds farther from the axes than this belong to other axes."""


class NoOctahedron(ValueError):
    """The ion has no octahedron of oxygen about it."""


@dataclass(frozen=True)
class Octahedron:
    """Shape of one octahedron.

    Attributes
    ----------
    index
        Position of the central ion in the structure.
    bonds
        The six bond lengths, A, ascending.
    l_x, l_y, l_z
        Mean of the two opposite bonds along each axis, A.
    axis_angle
        Largest angle between a pair and the axis it was assigned to, degrees.
    elongation
        l_max / ((l_mid + l_min)/2); above 1 for a compressed octahedron too, see
        `modes`.
    unique_axis
        The axis of l_max.
    baur
        Distortion index (1/6) sum |l_i - l_av|/l_av.
    quadratic_elongation
        (1/6) sum (l_i/l_0)^2, l_0 = (3V/4)^(1/3).
    angle_variance
        (1/11) sum (theta_i - 90)^2 over the 12 angles between
        adjacent bonds, degrees^2. Not zero in an undistorted spinel, whose octahedra
        are trigonal: compare with x = 1.
    volume
        A^3.
    modes
        Jahn-Teller modes.
    """

    index: int
    bonds: tuple[float, ...]
    l_x: float
    l_y: float
    l_z: float
    axis_angle: float
    elongation: float
    unique_axis: str
    baur: float
    quadratic_elongation: float
    angle_variance: float
    volume: float
    modes: JahnTellerModes


def octahedron(
    structure: Structure, index: int, *, axes: ArrayLike | None = None
) -> Octahedron:
    """Measure the octahedron about one ion.

    Parameters
    ----------
    structure
        Cell with oxygen in it.
    index
        Position of the ion.
    axes
        Rows: directions of x, y, z, Cartesian, shape (3, 3); those of the coordinate
        system if None. A rotated cell needs its own, see
        :func:`~workflows.analysis.cubic_axes.cubic_axes`.

    Raises
    ------
    NoOctahedron
        The sixth oxygen is beyond 2.6 A, the seventh is not, or opposite bonds enclose
        less than 150 degrees.
    """
    return _measured([index], trans_pairs(structure, index)[None], axes)[index]


def octahedra(
    structure: Structure,
    *,
    elements: Sequence[str] = METALS,
    axes: ArrayLike | None = None,
) -> dict[int, Octahedron]:
    """Measure the octahedra of some elements; an ion without one is left out.

    Parameters
    ----------
    structure
        Cell with oxygen in it.
    elements
        Of the central ions.
    axes
        As in :func:`octahedron`.
    """
    symbols = [site.specie.symbol for site in structure]
    wanted = [i for i, symbol in enumerate(symbols) if symbol in elements]
    six = {}
    for index, bonds in _oxygen_bonds(structure, symbols, wanted).items():
        with suppress(NoOctahedron):
            six[index] = _six(bonds, f"{symbols[index]} (site {index})")
    if not six:
        return {}
    pairs, angles = _paired(np.array(list(six.values())))
    straight = angles > STRAIGHT
    own = [index for index, good in zip(six, straight, strict=True) if good]
    return _measured(own, pairs[straight], axes)


def _measured(
    indices: Sequence[int], pairs: Vectors, axes: ArrayLike | None
) -> dict[int, Octahedron]:
    """Measure octahedra by their pairs of bonds, shape (ion, pair, bond, xyz)."""
    if not indices:
        return {}
    directions = np.eye(3) if axes is None else np.asarray(axes, dtype=float)
    bonds, axis_angles = _along(pairs, directions)
    lengths = np.linalg.norm(bonds, axis=-1)
    average = lengths.mean(axis=(1, 2))[:, None, None]
    volumes = _volumes(bonds)
    sizes = ((3 * volumes / 4) ** (1 / 3))[:, None, None]
    means = lengths.mean(axis=2)
    ascending = np.sort(means, axis=1)
    elongation = ascending[:, 2] / ascending[:, :2].mean(axis=1)
    longest = means.argmax(axis=1)
    baur = (np.abs(lengths - average) / average).mean(axis=(1, 2))
    quadratic = ((lengths / sizes) ** 2).mean(axis=(1, 2))
    variance = _angle_variances(bonds / lengths[..., None])
    flat = np.sort(lengths.reshape(len(lengths), 6), axis=1).tolist()
    return {
        index: Octahedron(
            index=index,
            bonds=tuple(flat[n]),
            l_x=l_x,
            l_y=l_y,
            l_z=l_z,
            axis_angle=float(axis_angles[n]),
            elongation=float(elongation[n]),
            unique_axis="xyz"[longest[n]],
            baur=float(baur[n]),
            quadratic_elongation=float(quadratic[n]),
            angle_variance=float(variance[n]),
            volume=float(volumes[n]),
            modes=jahn_teller_modes(l_x, l_y, l_z),
        )
        for n, (index, (l_x, l_y, l_z)) in enumerate(
            zip(indices, means.tolist(), strict=True)
        )
    }


def trans_pairs(structure: Structure, index: int) -> Vectors:
    """Return the three pairs of opposite bonds of an ion.

    Returns
    -------
    ndarray
        Bond vectors, A, Cartesian, shape (3, 2, 3): pair, bond of the pair, component.

    Raises
    ------
    NoOctahedron
        As in :func:`octahedron`.
    """
    symbols = [site.specie.symbol for site in structure]
    name = f"{symbols[index]} (site {index})"
    bonds = _six(_oxygen_bonds(structure, symbols, [index])[index], name)
    (pairs,), (angle,) = _paired(bonds[None])
    if angle <= STRAIGHT:
        raise NoOctahedron(
            f"{name}: opposite bonds enclose {angle:.0f} degrees (octahedron: above "
            f"{STRAIGHT:g})"
        )
    return np.asarray(pairs)


def _oxygen_bonds(
    structure: Structure, symbols: Sequence[str], indices: Sequence[int]
) -> dict[int, Vectors]:
    """Return the vectors to the oxygens near some ions, A, shape (n, 3), by ion."""
    if not indices:
        return {}
    centres, points, images, _ = structure.get_neighbor_list(
        SEARCH, sites=[structure[i] for i in indices], exclude_self=True
    )
    oxygen = np.array([symbol == "O" for symbol in symbols])[points]
    centres, points, images = centres[oxygen], points[oxygen], images[oxygen]
    places = structure.frac_coords
    ends = places[points] + images - places[np.asarray(indices)[centres]]
    vectors = np.asarray(structure.lattice.get_cartesian_coords(ends))
    return {own: vectors[centres == n] for n, own in enumerate(indices)}


def _six(bonds: Vectors, name: str) -> Vectors:
    """Return the six shortest bonds, the shortest first."""
    lengths = np.linalg.norm(bonds, axis=1)
    order = np.argsort(lengths, kind="stable")
    ascending = lengths[order]
    if len(order) < 6 or ascending[5] > LONGEST_BOND:
        raise NoOctahedron(f"{name}: fewer than 6 oxygens within {LONGEST_BOND} A")
    if len(order) > 6 and ascending[6] < LONGEST_BOND:
        raise NoOctahedron(f"{name}: more than 6 oxygens within {LONGEST_BOND} A")
    return bonds[order[:6]]


def _paired(bonds: Vectors) -> tuple[Vectors, Vectors]:
    """Pair opposite bonds of each ion, the straightest pair first.

    Takes shape (ion, 6, xyz); returns the pairs, shape (ion, 3, 2, xyz), and the
    smallest angle of a pair of each ion, degrees.
    """
    units = bonds / np.linalg.norm(bonds, axis=2)[..., None]
    cosines = units @ units.transpose(0, 2, 1)
    left = np.where(np.triu(np.ones((6, 6), dtype=bool), 1), cosines, np.inf)
    ions = np.arange(len(bonds))
    found = np.empty((len(bonds), 3, 2), dtype=int)
    for k in range(3):
        one, other = np.divmod(left.reshape(-1, 36).argmin(axis=1), 6)
        found[:, k, 0], found[:, k, 1] = one, other
        for end in (one, other):
            left[ions, end] = left[ions, :, end] = np.inf
    worst = cosines[ions[:, None], found[..., 0], found[..., 1]].max(axis=1)
    angles = np.degrees(np.arccos(np.clip(worst, -1, 1)))
    return bonds[ions[:, None, None], found], angles


def octahedron_axes(
    structure: Structure, index: int, *, axes: ArrayLike | None = None
) -> Vectors:
    """Return the orthonormal axes nearest to the bonds of an octahedron.

    Parameters
    ----------
    structure, index, axes
        As in :func:`octahedron`.

    Returns
    -------
    ndarray
        Rows x, y, z, Cartesian, shape (3, 3), named after the `axes` they are nearest
        to.

    Raises
    ------
    NoOctahedron
        As in :func:`octahedron`.
    """
    directions = np.eye(3) if axes is None else np.asarray(axes, dtype=float)
    (pairs,), _ = _along(trans_pairs(structure, index)[None], directions)
    return orthonormal(pairs[:, 0] - pairs[:, 1])


def orthonormal(rows: Vectors) -> Vectors:
    """Return the orthonormal frame nearest to three directions (Loewdin)."""
    units = rows / np.linalg.norm(rows, axis=1)[:, None]
    left, _, right = np.linalg.svd(units)
    return np.asarray(left @ right)


def _along(pairs: Vectors, axes: Vectors) -> tuple[Vectors, Vectors]:
    """Order the pairs of each ion as x, y, z.

    Takes and returns shape (ion, pair, bond, xyz); with it the worst angle of each ion
    to an axis, degrees.
    """
    lines = pairs[:, :, 0] - pairs[:, :, 1]
    units = lines / np.linalg.norm(lines, axis=2)[..., None]
    cosines = np.abs(units @ (axes / np.linalg.norm(axes, axis=1)[:, None]).T)
    ways, ions = np.array(_WAYS), np.arange(len(pairs))[:, None]
    scores = cosines[:, ways, [0, 1, 2]].sum(axis=2)  # (ion, way)
    order = ways[scores.argmax(axis=1)]
    worst = cosines[ions, order, [0, 1, 2]].min(axis=1)
    return pairs[ions, order], np.degrees(np.arccos(np.minimum(1.0, worst)))


_WAYS = tuple(permutations(range(3)))


def _volumes(bonds: Vectors) -> Vectors:
    """Sum the eight tetrahedra between centre and faces, A^3, of each octahedron."""
    faces = [[bonds[:, k, side[k]] for k in range(3)] for side in _SIDES]
    corners = np.array(faces).transpose(2, 0, 1, 3)  # (ion, face, corner, xyz)
    return np.asarray(np.abs(np.linalg.det(corners)).sum(axis=1) / 6)


_SIDES = tuple(product((0, 1), repeat=3))


def _angle_variances(units: Vectors) -> Vectors:
    """Compare the 12 angles between adjacent bonds with 90 degrees."""
    cosines = np.einsum("npik,nqjk->npqij", units, units)
    adjacent = np.stack([cosines[:, p, q] for p, q in ((0, 1), (0, 2), (1, 2))], axis=1)
    angles = np.degrees(np.arccos(np.clip(adjacent, -1, 1)))
    return np.asarray(((angles - 90) ** 2).sum(axis=(1, 2, 3)) / 11)
