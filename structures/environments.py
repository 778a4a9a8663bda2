"""Which sites surround a site, and at what distance.

All sites of a role are equivalent in Fd-3m and have the same distances. The metals
around them differ once the metals are ordered.
"""

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from structures.distances import SAME_SITE, image_distances
from structures.host import SpinelHost

_REACH = 0.8
"""Neighbours are looked for up to this distance, units of a."""


@dataclass(frozen=True)
class Shell:
    """Neighbours of a site at one distance.

    Attributes
    ----------
    distance
        Distance, Angstrom.
    count
        Number of neighbours.
    """

    distance: float
    count: int


def neighbour_shells(host: SpinelHost, role: str, other: str) -> tuple[Shell, ...]:
    """List the shells of sites of one role around a site of another.

    Parameters
    ----------
    host
        The host.
    role
        Role of the central site.
    other
        Role of its neighbours, occupied or not.

    Returns
    -------
    tuple of Shell
        Shells up to 0.8 a, nearest first.
    """
    centre, around = host.frac_coords(role)[:1], host.frac_coords(other)
    vectors, cutoff = host.lattice.matrix, _REACH * host.a
    found = np.concatenate(
        [d.ravel() for d in image_distances(vectors, centre, around, cutoff)]
    )
    found = np.sort(found[(found > SAME_SITE) & (found <= cutoff)])
    starts = [0, *np.flatnonzero(np.diff(found) > 1e-4) + 1, len(found)]
    return tuple(
        Shell(float(found[low:high].mean()), int(high - low))
        for low, high in pairwise(starts)
        if high > low
    )


def metal_neighbours(host: SpinelHost, role: str) -> tuple[Counter[str], ...]:
    """Count the nearest metals around every site of a role, by species.

    Parameters
    ----------
    host
        The host.
    role
        Role of the central sites.

    Returns
    -------
    tuple of Counter
        For each site of the role: metal, number of nearest neighbours on 16d.
    """
    nearest = neighbour_shells(host, role, "16d")[0].distance
    centres, metals = host.frac_coords(role), host.frac_coords("16d")
    counts = np.zeros((len(centres), len(metals)), dtype=int)
    for d in image_distances(host.lattice.matrix, centres, metals, nearest):
        counts += np.abs(d - nearest) < 1e-4
    return tuple(
        Counter(
            {
                name: int(sum(row[[m == name for m in host.metals]]))
                for name in host.chemistry.metal_names
            }
        )
        for row in counts
    )
