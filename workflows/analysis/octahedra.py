"""Shape of the oxygen octahedron about an ion, from fixed six-coordination.

The six nearest oxygens are taken whatever their spread: a neighbour finder that looks
for a gap in the distances drops the two long bonds of Mn3+, the very thing to be
measured. Definitions: Baur (1974) for the distortion index, Robinson, Gibbs and Ribbe
(1971) for quadratic elongation and angle variance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, permutations, product
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
    pairs = trans_pairs(structure, index)
    directions = np.eye(3) if axes is None else np.asarray(axes, dtype=float)
    ordered, angle = _along(pairs, directions)
    lengths = np.linalg.norm(ordered, axis=2)  # (axis, bond of the pair)
    l_x, l_y, l_z = (float(value) for value in lengths.mean(axis=1))
    means = sorted((l_x, l_y, l_z))
    volume = _volume(ordered)
    average = lengths.mean()
    size = (3 * volume / 4) ** (1 / 3)
    return Octahedron(
        index=index,
        bonds=tuple(sorted(float(value) for value in lengths.ravel())),
        l_x=l_x,
        l_y=l_y,
        l_z=l_z,
        axis_angle=angle,
        elongation=means[2] / ((means[0] + means[1]) / 2),
        unique_axis="xyz"[int(np.argmax(lengths.mean(axis=1)))],
        baur=float(np.abs(lengths - average).mean() / average),
        quadratic_elongation=float(((lengths / size) ** 2).mean()),
        angle_variance=_angle_variance(ordered),
        volume=volume,
        modes=jahn_teller_modes(l_x, l_y, l_z),
    )


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
    found = {}
    for index, site in enumerate(structure):
        if site.specie.symbol in elements:
            try:
                found[index] = octahedron(structure, index, axes=axes)
            except NoOctahedron:
                continue
    return found


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
    bonds = _six_bonds(structure, index)
    units = bonds / np.linalg.norm(bonds, axis=1)[:, None]
    cosines = units @ units.T
    left, pairs = set(range(6)), []
    while left:
        one, other = min(combinations(sorted(left), 2), key=lambda p: cosines[p])
        angle = float(np.degrees(np.arccos(np.clip(cosines[one, other], -1, 1))))
        if angle <= STRAIGHT:
            raise NoOctahedron(
                f"{_name(structure, index)}: opposite bonds enclose {angle:.0f} "
                f"degrees (octahedron: above {STRAIGHT:g})"
            )
        pairs.append([bonds[one], bonds[other]])
        left -= {one, other}
    return np.array(pairs)


def _six_bonds(structure: Structure, index: int) -> Vectors:
    _, points, images, distances = structure.get_neighbor_list(
        SEARCH, sites=[structure[index]], exclude_self=True
    )
    oxygen = [
        (float(distance), int(point), image)
        for distance, point, image in zip(distances, points, images, strict=True)
        if structure[int(point)].specie.symbol == "O"
    ]
    oxygen.sort(key=lambda found: found[0])
    if len(oxygen) < 6 or oxygen[5][0] > LONGEST_BOND:
        raise NoOctahedron(
            f"{_name(structure, index)}: fewer than 6 oxygens within {LONGEST_BOND} A"
        )
    if len(oxygen) > 6 and oxygen[6][0] < LONGEST_BOND:
        raise NoOctahedron(
            f"{_name(structure, index)}: more than 6 oxygens within {LONGEST_BOND} A"
        )
    here = structure[index].frac_coords
    ends = [structure[point].frac_coords + image for _, point, image in oxygen[:6]]
    return np.asarray(structure.lattice.get_cartesian_coords(np.array(ends) - here))


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
    pairs, _ = _along(trans_pairs(structure, index), directions)
    return orthonormal(pairs[:, 0] - pairs[:, 1])


def orthonormal(rows: Vectors) -> Vectors:
    """Return the orthonormal frame nearest to three directions (Loewdin)."""
    units = rows / np.linalg.norm(rows, axis=1)[:, None]
    left, _, right = np.linalg.svd(units)
    return np.asarray(left @ right)


def _along(pairs: Vectors, axes: Vectors) -> tuple[Vectors, float]:
    """Order the pairs as x, y, z, and return the worst angle to an axis, degrees."""
    lines = pairs[:, 0] - pairs[:, 1]
    units = lines / np.linalg.norm(lines, axis=1)[:, None]
    cosines = np.abs(units @ (axes / np.linalg.norm(axes, axis=1)[:, None]).T)
    order = max(
        permutations(range(3)), key=lambda p: sum(cosines[p[k], k] for k in range(3))
    )
    worst = min(cosines[order[k], k] for k in range(3))
    return pairs[list(order)], float(np.degrees(np.arccos(min(1.0, worst))))


def _volume(pairs: Vectors) -> float:
    """Sum the eight tetrahedra between the centre and the faces, A^3."""
    corners = product(*pairs)
    return float(sum(abs(np.linalg.det(np.array(face))) for face in corners) / 6)


def _angle_variance(pairs: Vectors) -> float:
    units = pairs / np.linalg.norm(pairs, axis=2)[..., None]
    cosines = [
        float(one @ other)
        for first, second in combinations(units, 2)
        for one, other in product(first, second)
    ]
    angles = np.degrees(np.arccos(np.clip(cosines, -1, 1)))
    return float(((angles - 90) ** 2).sum() / 11)


def _name(structure: Structure, index: int) -> str:
    return f"{structure[index].specie.symbol} (site {index})"
