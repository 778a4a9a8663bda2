"""How two metals share the octahedral 16d sites of the 56-atom cell.

An arrangement is the sorted tuple of the 16d indices, 0 to 15 in the order of
`site_numerators`, that hold the *minority* metal. There are 1820 for one quarter, 22 of
them distinct, so that the best disordered cell is an exhaustive choice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from structures.canonical import canonical_subsets
from structures.cell import Cell, FloatArray, IntArray, make_cell
from structures.distances import image_distances
from structures.errors import CellError
from structures.sites import SITES_PER_CELL, site_coords, site_numerators
from structures.symmetry import find_operations, site_permutations, symmetry_dataset

Arrangement = tuple[int, ...]

SPACE_GROUPS: Mapping[str, int] = {
    "P4_332": 212,
    "P4_132": 213,
    "R-3m": 166,
    "Pmna": 53,
}
"""Named one-to-three orders with one minority metal in each tetrahedron of metals."""

_P4_332 = np.array([[4, 4, 4], [2, 0, 6], [0, 6, 2], [6, 2, 0]], dtype=np.int64)
"""Minority metal of P4_332 in units of a/8, in the setting of this package."""

_R_3M = np.array([[4, 4, 4], [4, 0, 0], [0, 4, 0], [0, 0, 4]], dtype=np.int64)
"""Minority metal of R-3m: the order that fits the 14-atom primitive cell."""

_SHELLS = (np.sqrt(2) / 4, np.sqrt(6) / 4, np.sqrt(8) / 4)
"""First three 16d-16d distances in units of a: 2.889, 5.003, 5.777 A at a = 8.17."""


@dataclass(frozen=True)
class PairCounts:
    """Like pairs of the minority metal in the 56-atom cell.

    Attributes
    ----------
    shells
        Pairs per cell at the first three 16d-16d distances, all periodic images
        counted.
    score
        ``|n1 - r1| + |n2 - r2|``, r being the counts of an infinite random alloy.
    """

    shells: tuple[int, int, int]
    score: float


@lru_cache(maxsize=8)
def named_arrangement(ordering: str) -> Arrangement:
    """Return the sites of the minority metal in a named one-to-three order.

    ``"P4_332"``, ``"P4_132"`` (its mirror image), ``"R-3m"`` or ``"Pmna"``; indices in
    the 16d list of the conventional cell.
    """
    if ordering == "P4_332":
        return _indices(_P4_332)
    if ordering == "P4_132":
        return _indices(-_P4_332)
    if ordering == "R-3m":
        return _indices(_R_3M)
    return one_per_tetrahedron()[SPACE_GROUPS[ordering]][0]


@lru_cache(maxsize=1)
def one_per_tetrahedron() -> Mapping[int, tuple[Arrangement, ...]]:
    """Take a census of the orders with one minority metal in every tetrahedron.

    Returns
    -------
    mapping of int to tuple of arrangements
        Space group number: all placements in the 56-atom cell with one of the two
        metals exactly once around each 8b site. 24 of the 1820: 4 with 166 (R-3m),
        12 with 53 (Pmna), 4 each with 212 and 213.
    """
    # Two neighbours at the first distance lie in one tetrahedron: the placements are
    # the sets of four without such a pair.
    near = _images_at(_SHELLS[0]) > 0
    identity = np.arange(SITES_PER_CELL["16d"])[None, :]
    census: dict[int, list[Arrangement]] = {}
    for row in canonical_subsets(identity, 4, clashes=near).members:
        arrangement = tuple(int(i) for i in row)
        census.setdefault(_space_group(arrangement), []).append(arrangement)
    return {number: tuple(census[number]) for number in sorted(census)}


@lru_cache(maxsize=16)
def distinct_arrangements(n_minority: int) -> tuple[tuple[Arrangement, int], ...]:
    """List the distinct arrangements of so many of 16 sites, with multiplicities.

    Canonical, in lexicographic order, under the 192 operations of Fd-3m in the cell of
    56 atoms.
    """
    found = canonical_subsets(_parent_permutations(), n_minority)
    return tuple(
        (tuple(int(i) for i in row), int(multiplicity))
        for row, multiplicity in zip(*found, strict=True)
    )


def pair_counts(arrangement: Arrangement) -> PairCounts:
    """Count like pairs per cell and compare them with the infinite random alloy."""
    chosen = np.ix_(arrangement, arrangement)
    shells = [int(_images_at(d)[chosen].sum()) // 2 for d in _SHELLS]
    fraction = len(arrangement) / SITES_PER_CELL["16d"]
    random = [_images_at(d).sum() / 2 * fraction**2 for d in _SHELLS[:2]]
    score = sum(abs(n - r) for n, r in zip(shells[:2], random, strict=True))
    return PairCounts((shells[0], shells[1], shells[2]), float(score))


def most_random(n_minority: int) -> Arrangement:
    """Return the arrangement nearest to random; the first of equally good ones."""
    candidates = [arrangement for arrangement, _ in distinct_arrangements(n_minority)]
    return min(candidates, key=lambda each: (round(pair_counts(each).score, 6), each))


def tile(arrangement: Arrangement, cell: Cell) -> tuple[bool, ...]:
    """Carry an arrangement of the conventional cell over to another cell.

    Parameters
    ----------
    arrangement
        Sites of the minority metal in the conventional cell.
    cell
        Cell to decorate.

    Returns
    -------
    tuple of bool
        For each 16d site of `cell`, whether it holds the minority metal.

    Raises
    ------
    CellError
        If a vector of `cell` is not a translation of the arrangement.
    """
    cubic = make_cell()
    ideal = site_numerators(cubic, "16d")[list(arrangement)] * 8 // cubic.denominator
    minority = {tuple(point) for point in ideal.tolist()}
    for row in 4 * cell.half:
        if {tuple(point) for point in np.mod(ideal + row, 8).tolist()} != minority:
            x, y, z = row / 8
            raise CellError(
                f"cell vector ({x:g}, {y:g}, {z:g}) a is not a translation of this "
                "order of the metals, which is primitive in a larger cell; use the "
                "56-atom cell (primitive=False) or a supercell of it"
            )
    points = _eighths(cell)
    return tuple(tuple(point) in minority for point in np.mod(points, 8).tolist())


def _eighths(cell: Cell) -> IntArray:
    """Positions of the 16d sites of a cell in units of a/8."""
    numerators = site_numerators(cell, "16d")
    return np.asarray(numerators @ (4 * cell.half) // cell.denominator, dtype=np.int64)


def _indices(points: IntArray) -> Arrangement:
    """Find points, in a/8, in the 16d list of the conventional cell."""
    cubic = make_cell()
    places = {tuple(row): i for i, row in enumerate(_eighths(cubic).tolist())}
    return tuple(sorted(places[tuple(row)] for row in np.mod(points, 8).tolist()))


def _parent_permutations() -> IntArray:
    """Fd-3m, 192 operations, on the 16d sites of the conventional cell."""
    cell = make_cell()
    coords, kinds = _crystal(())
    operations = find_operations(cell.matrix * 8, coords, kinds)
    return site_permutations(operations, site_numerators(cell, "16d"), cell.denominator)


def _space_group(arrangement: Arrangement) -> int:
    """Space group number of the framework with this order of the metals."""
    coords, kinds = _crystal(arrangement)
    return int(symmetry_dataset(make_cell().matrix * 8, coords, kinds).number)


def _crystal(arrangement: Arrangement) -> tuple[FloatArray, list[int]]:
    """Metals and oxygen of the conventional cell, at a general oxygen parameter."""
    metals, oxygen = (site_coords(make_cell(), role, 0.2625) for role in ("16d", "32e"))
    kinds = [1 if i in arrangement else 2 for i in range(len(metals))]
    return np.concatenate([metals, oxygen]), kinds + [3] * len(oxygen)


@lru_cache(maxsize=4)
def _images_at(distance: float) -> IntArray:
    """Count the images of site j at this distance (units of a) from site i."""
    cell = make_cell()
    coords = site_coords(cell, "16d")
    counts = np.zeros((len(coords), len(coords)), dtype=np.int64)
    for lengths in image_distances(cell.matrix, coords, coords, distance):
        counts += np.abs(lengths - distance) < 1e-6
    return counts
