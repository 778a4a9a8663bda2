"""Lower convex hull over the lithium content of one host.

Formation energies are taken against the two ends of the range, so no lithium metal
enters. A hull may span two insertion models only if the reader learns of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

COLLINEAR = 1e-6
"""eV per formula unit; a point no further below its chord is not a vertex."""
HOST_ATOMS = 6
"""Atoms of Ni0.5Mn1.5O4, to which x Li are added."""


@dataclass(frozen=True)
class Hull:
    """Hull of the lowest energies at each x.

    Attributes
    ----------
    formation
        x -> formation energy against the two ends of the range, eV per formula unit.
    above
        x -> energy above the hull, eV per formula unit, 0 at a vertex.
    vertices
        x of the stable compositions, ascending, both ends included.
    """

    formation: dict[float, float]
    above: dict[float, float]
    vertices: tuple[float, ...]

    def above_per_atom(self, x: float, excess: float = 0.0) -> float:
        """Return 1000 E_above/(6 + x), meV per atom.

        Parameters
        ----------
        x
            Li per formula unit.
        excess
            Energy above the lowest at this x, eV per formula unit.
        """
        return 1000 * (self.above[x] + excess) / (HOST_ATOMS + x)


def convex_hull(
    energies: Mapping[float, float], *, keep_collinear: bool = False
) -> Hull:
    """Find which compositions are stable against their neighbours.

    E_f(x) = E(x) - [(x_max - x) E(x_min) + (x - x_min) E(x_max)]/(x_max - x_min).

    Parameters
    ----------
    energies
        x -> lowest energy, eV per formula unit.
    keep_collinear
        Call a point on a chord, within 1e-6 eV, a vertex too.

    Raises
    ------
    ValueError
        There are fewer than two x.

    Examples
    --------
    >>> convex_hull({0.0: 0.0, 1.0: -5.0, 2.0: -6.0}).vertices
    (0.0, 1.0, 2.0)
    """
    if len(energies) < 2:
        raise ValueError(
            f"a hull needs the energies at two x or more, there are {len(energies)}"
        )
    points = sorted(energies.items())
    (x_min, e_min), (x_max, e_max) = points[0], points[-1]
    formation = {
        x: e - ((x_max - x) * e_min + (x - x_min) * e_max) / (x_max - x_min)
        for x, e in points
    } | {x_min: 0.0, x_max: 0.0}
    margin = COLLINEAR if keep_collinear else -COLLINEAR
    corners = _corners(formation.items(), margin)
    above = {x: e - _chord(x, corners) for x, e in formation.items()}
    vertices = tuple(x for x, _ in corners)
    return Hull(formation, above | dict.fromkeys(vertices, 0.0), vertices)


def _corners(
    points: Iterable[tuple[float, float]], margin: float
) -> list[tuple[float, float]]:
    """Keep what lies below its neighbours' chord by more than -margin (Andrew)."""
    kept: list[tuple[float, float]] = []
    for point in points:
        while len(kept) > 1 and kept[-1][1] - _line(kept[-2], point, kept[-1][0]) > (
            margin
        ):
            kept.pop()
        kept.append(point)
    return kept


def _chord(x: float, corners: list[tuple[float, float]]) -> float:
    right = next(k for k, (corner, _) in enumerate(corners) if corner >= x and k)
    return _line(corners[right - 1], corners[right], x)


def _line(one: tuple[float, float], other: tuple[float, float], x: float) -> float:
    return one[1] + (other[1] - one[1]) * (x - one[0]) / (other[0] - one[0])
