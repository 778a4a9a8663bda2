"""Which cations still sit where they were put, and where the others went.

A relaxation may move the ion, and even transition metals, to other interstices of the
oxygen packing; a row of the table over x is then named by what it became, not by what
it was. Sites are compared in fractional coordinates, so that strain drops out, after
the drift of the whole crystal is removed. The drift is the *median* displacement of the
transition metals: with a mean, a few that hop carry the frame along and mislabel the
rest.
"""

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from structures.cell import Cell, FloatArray, cell_from_vectors, make_cell
from structures.sites import site_coords

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

CATION_ROLES = ("8a", "8b", "16c", "16d", "48f")
"""Roles a cation may be found in: every interstice of the oxygen packing."""

METAL_ROLE = "16d"
"""Role in which the transition metals start."""

OFF_SITE = "off-site"
"""Stands for a role when no ideal site is near enough."""

OFF_SITE_DISTANCE = 0.5
"""Å; competing sites are 1.77 Å apart, so this is well inside the half-way 0.88 Å."""


@dataclass(frozen=True)
class Hop:
    """A cation that left its site.

    Attributes
    ----------
    index
        Position in the structure.
    label
        Its permanent name, such as ``"Li8b-3"``.
    species
        Element.
    from_role, to_role
        Roles before and after; the same if it moved to another site of that role.
    distance
        How far it moved from its first ideal site, Å, in the final cell.
    """

    index: int
    label: str
    species: str
    from_role: str
    to_role: str
    distance: float


@dataclass(frozen=True)
class SiteRetention:
    """Sites of all cations before and after; per-cation tuples follow `indices`.

    Attributes
    ----------
    indices
        Positions of the cations in the structure, ascending.
    species
        Element of each cation.
    initial, final
        Role of each cation; `final` may be ``"off-site"``.
    distance
        Distance of each cation from the nearest ideal site at the end, Å.
    hops
        The cations that left their sites, by index.
    """

    indices: tuple[int, ...]
    species: tuple[str, ...]
    initial: tuple[str, ...]
    final: tuple[str, ...]
    distance: tuple[float, ...]
    hops: tuple[Hop, ...]

    @property
    def counts_initial(self) -> dict[str, dict[str, int]]:
        """Number of cations by species and initial role."""
        return _counts(self.species, self.initial)

    @property
    def counts_final(self) -> dict[str, dict[str, int]]:
        """Number of cations by species and final role."""
        return _counts(self.species, self.final)

    @property
    def li_left(self) -> int:
        """Number of working ions that left their sites."""
        return len(self.hops) - self.tm_left

    @property
    def tm_left(self) -> int:
        """Number of transition metals that left their sites."""
        return sum(hop.from_role == METAL_ROLE for hop in self.hops)

    @property
    def retained(self) -> bool:
        """Whether every cation kept its site."""
        return not self.hops

    def summary(self) -> str:
        """Say in one line who went where.

        Returns
        -------
        str
            Such as ``"8 Li left 8b (5 to 16c, 3 to 48f); 1 Mn left 16d (1 to 16c)"``.
        """
        if self.retained:
            kept = ", ".join(f"{n} {name}" for name, n in Counter(self.species).items())
            return f"every cation kept its site ({kept})"
        targets: dict[tuple[str, str], Counter[str]] = {}
        for hop in self.hops:
            origin = targets.setdefault((hop.species, hop.from_role), Counter())
            origin["another " * (hop.to_role == hop.from_role) + hop.to_role] += 1
        return "; ".join(
            f"{to.total()} {species} left {role} "
            f"({', '.join(_destination(*item) for item in to.most_common())})"
            for (species, role), to in targets.items()
        )


def site_retention(
    initial: "Structure", final: "Structure", *, supercell: ArrayLike | None = None
) -> SiteRetention:
    """Compare the sites of all cations before and after a relaxation.

    Parameters
    ----------
    initial
        Start, in the setting of the host, displaced by less than half the way to the
        next site. Its site property ``role`` says where each atom was put; ``label``,
        if there is one, names it.
    final
        End: the same atoms in the same order, in any strained and drifted cell.
    supercell
        Cell vectors of `initial`, rows, in those of the cubic 56-atom cell (halves
        where it is smaller), or three multiples; None if it is that one.

    Returns
    -------
    SiteRetention

    Raises
    ------
    ValueError
        If the two do not hold the same atoms in one order, or `initial` has no roles.
    """
    roles = _roles(initial, final)
    cations = np.flatnonzero([role in CATION_ROLES for role in roles])
    start, end = initial.frac_coords[cations], final.frac_coords[cations]
    put = [roles[i] for i in cations]
    cell = make_cell() if supercell is None else cell_from_vectors(supercell)
    ideal, ideal_roles = _ideal_sites(cell)

    away = initial.lattice.get_all_distances(start, ideal)
    away[np.array(put)[:, None] != ideal_roles] = np.inf
    first = away.argmin(axis=1)

    metals = np.array(put) == METAL_ROLE
    end = end - _drift((end - ideal[first])[metals])
    away = final.lattice.get_all_distances(end, ideal)
    last = away.argmin(axis=1)
    distance = away.min(axis=1)
    near = distance <= OFF_SITE_DISTANCE
    found = np.where(near, ideal_roles[last], OFF_SITE)

    species = [initial[i].specie.symbol for i in cations]
    labels = initial.site_properties.get("label", initial.labels)
    return SiteRetention(
        indices=tuple(int(i) for i in cations),
        species=tuple(species),
        initial=tuple(put),
        final=tuple(str(role) for role in found),
        distance=tuple(float(d) for d in distance),
        hops=tuple(
            Hop(
                index=int(cations[k]),
                label=str(labels[cations[k]]),
                species=species[k],
                from_role=put[k],
                to_role=str(found[k]),
                distance=float(away[k, first[k]]),
            )
            for k in np.flatnonzero(~near | (last != first))
        ),
    )


def _roles(initial: "Structure", final: "Structure") -> list[str]:
    """Roles of all sites of `initial`, once the two structures agree."""
    before, after = ([site.specie.symbol for site in s] for s in (initial, final))
    if before != after:
        raise ValueError(
            f"initial ({initial.formula}) and final ({final.formula}) do not list the "
            "same atoms in the same order: compare the two ends of one relaxation"
        )
    roles = initial.site_properties.get("role")
    if roles is None or None in roles:
        raise ValueError(
            "the initial structure lacks the site property 'role' (8a, 16d, 32e, ...) "
            "on some site: take the structure as planned, not as read from a POSCAR"
        )
    return [str(role) for role in roles]


def _ideal_sites(cell: Cell) -> tuple[FloatArray, NDArray[np.str_]]:
    """Fractional coordinates (n, 3) and roles (n,) of all sites for cations."""
    sites = [site_coords(cell, role) for role in CATION_ROLES]
    return np.vstack(sites), np.repeat(CATION_ROLES, [len(s) for s in sites])


def _drift(displacements: FloatArray) -> FloatArray:
    """Median of displacements known up to lattice vectors, shape (3,)."""
    phases = np.exp(2j * np.pi * displacements).sum(axis=0)
    rough = np.angle(phases) / (2 * np.pi)  # so that no displacement wraps around
    nearest = displacements - rough
    drift: FloatArray = rough + np.median(nearest - np.round(nearest), axis=0)
    return drift


def _counts(
    species: tuple[str, ...], roles: tuple[str, ...]
) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for name, role in zip(species, roles, strict=True):
        counts.setdefault(name, {}).setdefault(role, 0)
        counts[name][role] += 1
    return counts


def _destination(role: str, number: int) -> str:
    return f"{number} {role}" if role == OFF_SITE else f"{number} to {role}"
