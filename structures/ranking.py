"""Ranking orderings by their electrostatic energy, and a record of what was dropped.

The energy is pymatgen's Ewald sum of formal point charges on the unrelaxed sites. It is
quadratic in the charges, E = q M q, so that the matrix M of a host and all candidate
sites is summed once and every ordering costs a small matrix product. These energies
rank; they are no total energies.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import inf

import numpy as np
from pymatgen.analysis.ewald import EwaldSummation
from pymatgen.core.structure import Structure

from structures.cell import FloatArray
from structures.charges import formal_charges, oxidation_states
from structures.errors import ChargeError, StructuresError
from structures.host import SpinelHost
from structures.orderings import Ordering
from structures.pool import candidate_pool
from structures.sites import Site

_DECIMALS = 6
"""Energies (eV per cell) are rounded so that ties do not depend on the processor."""

_BATCH = 4096


@dataclass(frozen=True)
class RankedOrdering:
    """An ordering with its electrostatic energy.

    Attributes
    ----------
    ordering
        The ordering.
    ewald_energy
        Ewald energy of formal charges, eV per cell, rounded to 1e-6.
    """

    ordering: Ordering
    ewald_energy: float

    @property
    def structure(self) -> Structure:
        """Structure of the ordering."""
        return self.ordering.structure

    @property
    def occupied(self) -> tuple[int, ...]:
        """Sorted indices of the occupied sites of the role."""
        return self.ordering.occupied

    @property
    def degeneracy(self) -> int:
        """Number of equivalent orderings."""
        return self.ordering.degeneracy


@dataclass(frozen=True)
class Dropped:
    """What a ranking left out.

    Attributes
    ----------
    count
        Number of orderings that were ranked but not kept.
    energies
        Their Ewald energies, eV per cell, lowest first.
    window
        From the lowest energy kept to the highest one dropped, eV per cell; 0 if
        nothing was dropped.
    gap
        From the highest energy kept to the lowest one dropped, eV per cell; infinite if
        nothing was dropped, 0 for a tie that the canonical order decided.
    """

    count: int
    energies: tuple[float, ...]
    window: float
    gap: float


@dataclass(frozen=True)
class Ranking:
    """Orderings of lowest energy and a record of the others."""

    kept: tuple[RankedOrdering, ...]
    dropped: Dropped


def ewald_energies(
    orderings: Sequence[Ordering], *, charges: Mapping[str, float] | None = None
) -> FloatArray:
    """Electrostatic energies of orderings of one host, role and size.

    Parameters
    ----------
    orderings
        Orderings of the working ion in one host and role, with equal numbers of
        occupied sites.
    charges
        Charge of each element, e; by default the `formal_charges` of the composition.

    Returns
    -------
    ndarray of float
        Ewald energy in eV per cell, unrounded, one per ordering.

    Raises
    ------
    ChargeError
        If the charges do not make the cell neutral.
    StructuresError
        If the orderings differ in host, role or number of sites.
    """
    if not orderings:
        return np.empty(0)
    first = orderings[0]
    host, role, k = first.host, first.role, len(first.occupied)
    for other in orderings:
        same_host = other.host is host or other.host == host
        if not same_host or (other.role, len(other.occupied)) != (role, k):
            raise StructuresError(
                f"ewald_energies: role {other.role} with {len(other.occupied)} sites "
                f"occupied beside role {role} with {k}, or two hosts; rank them apart"
            )
    base, step = _site_charges(first, charges)
    matrix, n_pool = _pair_matrix(host, role), len(candidate_pool(host, role).sites)
    field = base @ matrix
    pairs = step**2 * matrix[-n_pool:, -n_pool:]
    energies = np.empty(len(orderings))
    for start in range(0, len(orderings), _BATCH):
        batch = orderings[start : start + _BATCH]
        taken = np.zeros((len(batch), n_pool))
        for row, ordering in zip(taken, batch, strict=True):
            row[list(ordering.occupied)] = 1.0
        linear = taken @ (2 * step * field[-n_pool:])
        quadratic = ((taken @ pairs) * taken).sum(axis=1)
        energies[start : start + len(batch)] = field @ base + linear + quadratic
    return energies


def rank_orderings(
    orderings: Sequence[Ordering],
    *,
    keep: int | None = 1,
    charges: Mapping[str, float] | None = None,
) -> Ranking:
    """Keep the orderings of lowest electrostatic energy.

    Parameters
    ----------
    orderings
        Orderings of one host, role and size.
    keep
        Number to keep; None keeps all.
    charges
        Charge of each element, e; by default formal charges.

    Returns
    -------
    Ranking
        Kept orderings, lowest energy first; equal energies (to 1e-6 eV) in the
        canonical order of `occupied`, whatever the order given.
    """
    energies = np.round(ewald_energies(orderings, charges=charges), _DECIMALS)
    ranked = sorted(
        (
            RankedOrdering(ordering, float(energy))
            for ordering, energy in zip(orderings, energies, strict=True)
        ),
        key=lambda each: (each.ewald_energy, each.occupied),
    )
    kept, rest = ranked[:keep], ranked[len(ranked[:keep]) :]
    left_out = tuple(each.ewald_energy for each in rest)
    return Ranking(
        tuple(kept),
        Dropped(
            count=len(rest),
            energies=left_out,
            window=round(left_out[-1] - kept[0].ewald_energy, _DECIMALS)
            if rest
            else 0.0,
            gap=round(left_out[0] - kept[-1].ewald_energy, _DECIMALS) if rest else inf,
        ),
    )


def _fixed_sites(host: SpinelHost, role: str) -> list[tuple[str, Site]]:
    """Occupied sites that the role does not order, with their species."""
    pool = {(site.role, site.index) for site in candidate_pool(host, role).sites}
    ion, anion = host.chemistry.ion, host.chemistry.anion
    occupied = [(ion, site) for part in host.ion_roles for site in host.sites(part)]
    occupied += [
        (metal, site)
        for metal, site in zip(host.metals, host.sites("16d"), strict=True)
        if metal is not None
    ]
    occupied += [(anion, site) for site in host.sites("32e")]
    return [(name, s) for name, s in occupied if (s.role, s.index) not in pool]


def _site_charges(
    ordering: Ordering, charges: Mapping[str, float] | None
) -> tuple[FloatArray, float]:
    """Charges of fixed and of empty pool sites, and the charge an occupation adds."""
    host, role, structure = ordering.host, ordering.role, ordering.structure
    n_pool = len(candidate_pool(host, role).sites)
    balance = dict(charges or formal_charges(structure.composition))
    empty, full = 0.0, balance.get(host.chemistry.ion, 0.0)
    if role == "16d":
        first, *others = host.chemistry.metal_names
        empty, full = (balance.get(others[0], 0.0) if others else 0.0), balance[first]
    elif role in host.metals:
        for site in structure:
            balance[site.specie.symbol] = site.properties["oxidation_state"]
        full, empty = oxidation_states(role)
    missing = {str(site.specie.symbol) for site in structure} - set(balance)
    if missing:
        raise ChargeError(f"charges: none given for {missing.pop()}; add it, in e")
    fixed = [balance[name] for name, _ in _fixed_sites(host, role)]
    total = sum(fixed) + n_pool * empty + len(ordering.occupied) * (full - empty)
    if abs(total) > 1e-6:
        raise ChargeError(
            f"charges {balance}: the cell {structure.formula} has charge {total:+.3f}, "
            "the Ewald sum needs 0; give charges that balance it"
        )
    return np.array([*fixed, *[empty] * n_pool]), full - empty


@lru_cache(maxsize=8)
def _pair_matrix(host: SpinelHost, role: str) -> FloatArray:
    """Ewald energies of unit charges on fixed sites, then on the pool, eV, (n, n)."""
    sites = [site for _, site in _fixed_sites(host, role)]
    sites += candidate_pool(host, role).sites
    unit_charges = Structure(
        host.lattice,
        ["H"] * len(sites),
        [site.frac_coords for site in sites],
        site_properties={"charge": [1.0] * len(sites)},
    )
    ewald = EwaldSummation(unit_charges)  # type: ignore[no-untyped-call]
    return np.asarray(ewald.total_energy_matrix, dtype=np.float64)
