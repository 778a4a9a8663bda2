"""Symmetry-distinct orderings: how many there are, and which.

An ordering occupies k of the sites of a *role*; `structures.pool` lists the roles and
what each one orders. Counts are exact at any size. Lists are exact too, but refused if
they would be too long.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat
from math import comb

from pymatgen.core.structure import Structure

from structures.burnside import count_orbits
from structures.canonical import BoolArray, canonical_subsets
from structures.charge_ordering import mark_oxidation_states
from structures.clashes import (
    count_clash_free,
    count_free_subsets,
    largest_free_subset,
)
from structures.errors import CompositionError, TooManyOrderings
from structures.host import SpinelHost
from structures.pool import Pool, candidate_pool
from structures.values import whole

MAX_RAW = 20_000_000
"""Largest number of raw subsets that `distinct_orderings` agrees to reduce."""


@dataclass(frozen=True, slots=True)
class Ordering:
    """One symmetry-distinct ordering; the structure is built when asked for.

    Attributes
    ----------
    host
        The host that is ordered.
    role
        What is ordered.
    occupied
        Sorted indices of the occupied sites within the site list of the role: the
        lexicographically smallest among all equivalent orderings.
    degeneracy
        Number of equivalent orderings, this one included.
    """

    host: SpinelHost
    role: str
    occupied: tuple[int, ...]
    degeneracy: int

    @property
    def structure(self) -> Structure:
        """Host with exactly these sites of the role occupied."""
        return ordered_structure(self.host, self.role, self.occupied)


def count_orderings(
    host: SpinelHost, role: str, k: int, *, exclude_closer_than: float | None = None
) -> int:
    """Count the symmetry-distinct orderings, exactly, for any host and any k.

    Parameters
    ----------
    host
        The host, in any supercell.
    role
        What is ordered: see the table in `structures.pool`.
    k
        Number of occupied sites of the role.
    exclude_closer_than
        Forbid two occupied sites of the role at a smaller distance, Angstrom.

    Returns
    -------
    int
        Number of orderings, of any length.

    Raises
    ------
    RoleError
        If the role does not exist.
    CompositionError
        If the role has no k sites.
    TooManyOrderings
        If forbidden pairs make the count itself too long.

    Examples
    --------
    >>> from structures import spinel_host
    >>> count_orderings(spinel_host(), "16c", 8)
    584
    """
    pool = candidate_pool(host, role)
    k = pool.check_size(k)
    clashes = pool.clashes(exclude_closer_than)
    if clashes is None:
        return count_orbits(pool.permutations, k)
    return count_clash_free(pool.permutations, k, clashes)


def count_raw(
    host: SpinelHost, role: str, k: int, *, exclude_closer_than: float | None = None
) -> int:
    """Count the orderings before symmetry: C(n, k), or less with forbidden pairs.

    It is the sum of all degeneracies; parameters as for `count_orderings`.
    """
    pool = candidate_pool(host, role)
    k = pool.check_size(k)
    return _count_raw(pool, k, pool.clashes(exclude_closer_than))


def distinct_orderings(
    host: SpinelHost,
    role: str,
    k: int,
    *,
    exclude_closer_than: float | None = None,
    max_raw: int = MAX_RAW,
) -> list[Ordering]:
    """List one ordering of every symmetry-equivalent set.

    Parameters
    ----------
    host
        The host, in any supercell.
    role
        What is ordered: see the table in `structures.pool`.
    k
        Number of occupied sites of the role.
    exclude_closer_than
        Forbid two occupied sites of the role at a smaller distance, Angstrom.
    max_raw
        Refuse if there are more raw subsets than this.

    Returns
    -------
    list of Ordering
        Orderings in lexicographic order of `occupied`; their degeneracies sum to
        `count_raw`.

    Raises
    ------
    RoleError
        If the role does not exist.
    CompositionError
        If the role has no k sites, or none without a forbidden pair.
    TooManyOrderings
        If there are more than `max_raw` raw subsets.
    """
    pool = candidate_pool(host, role)
    k = pool.check_size(k)
    clashes = pool.clashes(exclude_closer_than)
    _check_length(pool, k, clashes, whole(max_raw, "max_raw"))
    found = canonical_subsets(pool.permutations, k, clashes=clashes)
    members = map(tuple, found.members.tolist())
    return list(
        map(Ordering, repeat(host), repeat(role), members, found.degeneracies.tolist())
    )


def _count_raw(pool: Pool, k: int, clashes: BoolArray | None) -> int:
    """Count the subsets before symmetry."""
    if clashes is None:
        return comb(len(pool.sites), k)
    return count_free_subsets(clashes, k)


def _check_length(pool: Pool, k: int, clashes: BoolArray | None, max_raw: int) -> None:
    """Refuse an enumeration that would be empty or too long."""
    raw = _count_raw(pool, k, clashes)
    if clashes is not None and raw == 0:
        largest = largest_free_subset(clashes)
        raise CompositionError(
            f"role {pool.role}, k = {k}: any {k} of its {len(pool.sites)} sites hold a "
            f"forbidden pair, at most {largest} are possible; take k = {largest} or a "
            "smaller exclude_closer_than"
        )
    if raw > max_raw:
        text = f"role {pool.role}, k = {k}: {raw} raw subsets"
        if clashes is None:
            text += f" ({count_orbits(pool.permutations, k)} distinct)"
        raise TooManyOrderings(
            f"{text} are above max_raw = {max_raw}; draw some with sample_orderings, "
            "or raise max_raw"
        )


def ordered_structure(
    host: SpinelHost, role: str, occupied: Sequence[int]
) -> Structure:
    """Build the host with exactly these sites of a role occupied.

    Parameters
    ----------
    host
        The host.
    role
        What is ordered: see the table in `structures.pool`.
    occupied
        Indices in the site list of the role.

    Returns
    -------
    Structure
        The structure with site properties ``role`` and ``label``; for a metal also
        ``oxidation_state`` (e) and ``magmom`` (mu_B, spin only).
    """
    full = {part: range(len(host.sites(part))) for part in host.ion_roles}
    if role in host.metals:
        return mark_oxidation_states(host, role, occupied)
    if role == "16d":
        return host.build(full, metals=_metals(host, occupied))
    chosen = candidate_pool(host, role).by_role(occupied)
    return host.build({**full, **chosen})


def _metals(host: SpinelHost, occupied: Sequence[int]) -> list[str | None]:
    """First metal of the formula on the occupied sites, the second elsewhere."""
    first, *others = host.chemistry.metal_names
    rest = others[0] if others else None
    chosen = set(occupied)
    return [first if i in chosen else rest for i in range(len(host.metals))]
