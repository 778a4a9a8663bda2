"""The sites among which an ordering chooses, and the symmetry that acts on them.

=============  ===============================================================
role           what is ordered
=============  ===============================================================
``8a`` ...     the working ion on k sites of this kind; other sites as in the host
``8b+48f``     the working ion on k sites of the kinds joined
``16d``        the first metal of the formula on k sites, the second on the rest (one
               metal: vacancies on the rest), whatever the order in the host
``Mn``         k of this metal in the lower of two oxidation states
=============  ===============================================================

Equivalence is that of the framework of metals and anions (for ``16d``: of the framework
with all metals alike). It is decided by permutations of sites, never by distances.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from structures.canonical import BoolArray
from structures.cell import IntArray
from structures.clashes import clash_matrix
from structures.errors import CompositionError, RoleError, nearest_name
from structures.host import SpinelHost
from structures.sites import ION_ROLES, Site, site_coords
from structures.symmetry import orbits_of
from structures.values import finite, is_finite, shown

FAR = 1000.0
"""A; no two sites of a crystal are kept so far apart."""


@dataclass(frozen=True)
class Pool:
    """Candidate sites of a role in a host.

    Attributes
    ----------
    host
        The host.
    role
        Name of the pool.
    sites
        Candidate sites; joined roles one after the other.
    permutations
        Symmetry operations on `sites`, shape (m, n).
    """

    host: SpinelHost
    role: str
    sites: tuple[Site, ...]
    permutations: IntArray

    def clashes(self, distance: float | None) -> BoolArray | None:
        """Return the pairs of sites closer than a distance, Angstrom.

        Symmetric, shape (n, n); None if no pair is. None as distance forbids nothing.
        """
        if distance is None:
            return None
        distance = finite(distance, "exclude_closer_than", "A")
        if distance > FAR:
            raise CompositionError(
                f"exclude_closer_than = {shown(distance)} A: give {FAR:g} at most"
            )
        # Of the ideal crystal: which sites share a face depends on no relaxation.
        ideal = {role: site_coords(self.host.cell, role) for role in ION_ROLES}
        coords = np.array(
            [
                ideal[site.role][site.index] if site.role in ideal else site.frac_coords
                for site in self.sites
            ]
        )
        clashes = clash_matrix(self.host.a * self.host.cell.matrix, coords, distance)
        return clashes if clashes.any() else None

    def check_size(self, k: int) -> int:
        """Return `k`, or raise CompositionError if the pool has no k sites."""
        n = len(self.sites)
        if is_finite(k) and 0 <= k <= n and k == int(k):
            return int(k)
        near = f", the nearest is {round(min(max(k, 0), n))}" if is_finite(k) else ""
        raise CompositionError(
            f"k = {shown(k)}: role {self.role} has {n} sites in this cell of "
            f"{self.host.formula_units} formula units; give a whole number from 0 "
            f"to {n}{near}"
        )

    def by_role(self, occupied: Iterable[int]) -> dict[str, list[int]]:
        """Turn indices in the pool into indices within each role of it."""
        chosen: dict[str, list[int]] = {site.role: [] for site in self.sites}
        for i in sorted(occupied):
            chosen[self.sites[i].role].append(self.sites[i].index)
        return chosen


def candidate_pool(host: SpinelHost, role: str) -> Pool:
    """Collect the sites that a role names in a host.

    Parameters
    ----------
    host
        The host.
    role
        A site set, a metal of the host, or several site sets joined by ``+``.

    Returns
    -------
    Pool
        Sites and the symmetry operations on them.

    Raises
    ------
    RoleError
        If the role does not exist.
    """
    if not isinstance(role, str):
        raise RoleError(f"role {shown(role)} is not the name of a kind of sites")
    return _pool(host, role)


@lru_cache(maxsize=256)
def _pool(host: SpinelHost, role: str) -> Pool:
    if role in host.metals:
        places = [i for i, metal in enumerate(host.metals) if metal == role]
        sites = tuple(host.sites("16d")[i] for i in places)
        images = host.permutations("16d")[:, places]
        permutations = np.unique(np.searchsorted(places, images), axis=0)
        return Pool(host, role, sites, permutations)
    if role == "16d":
        permutations = host.permutations("16d", parent=True)
        return Pool(host, role, host.sites("16d"), permutations)
    roles = split_role(host, role)
    sites = tuple(site for part in roles for site in host.sites(part))
    return Pool(host, role, sites, host.permutations(*roles))


def split_role(host: SpinelHost, role: str) -> tuple[str, ...]:
    """Split a joined role of the working ion into its site sets.

    Parameters
    ----------
    host
        The host.
    role
        One site set of the ion or several joined by ``+``.

    Returns
    -------
    tuple of str
        The site sets.

    Raises
    ------
    RoleError
        If one of them does not exist or occurs twice.
    """
    roles = tuple(part.strip() for part in str(role).split("+"))
    for part in roles:
        if part not in ION_ROLES:
            known = [*ION_ROLES, "16d", *host.chemistry.metal_names]
            raise RoleError(
                f"role {role!r}: {part!r} names no sites to order; "
                f"{nearest_name(part, known)}; those of the ion may be joined by '+'"
            )
    if len(set(roles)) < len(roles):
        raise RoleError(f"role {role!r} names one kind of site twice; name it once")
    return roles


def orbits(host: SpinelHost, role: str) -> tuple[tuple[int, ...], ...]:
    """Split the sites of a role into symmetry-equivalent sets.

    Parameters
    ----------
    host
        The host.
    role
        What would be ordered.

    Returns
    -------
    tuple of tuples of int
        Indices in the site list of the role, by orbit. In P4_332: 8a 8, 8b 8, 16c
        4 + 12, 48f 24 + 24.
    """
    return orbits_of(candidate_pool(host, role).permutations)
