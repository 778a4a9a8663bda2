"""Electrostatic energies of orderings: pymatgen's Ewald sum, once for a host.

The energy of point charges is quadratic in the charges, E = q M q. The matrix M of a
host and all candidate sites is summed once by pymatgen, and every ordering then costs a
small matrix product. Charges sit on the unrelaxed sites, so these energies only rank
orderings; they are not total energies.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from structures.cell import FloatArray
from structures.charges import formal_charges, oxidation_states
from structures.errors import ChargeError, StructuresError
from structures.host import SpinelHost
from structures.orderings import Ordering
from structures.pool import candidate_pool
from structures.sites import Site
from structures.unit_charges import unit_charge_matrix

_BATCH = 4096


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


def _pair_matrix(host: SpinelHost, role: str) -> FloatArray:
    """Ewald energies of unit charges on fixed sites, then on the pool, eV, (n, n)."""
    sites = [site for _, site in _fixed_sites(host, role)]
    sites += candidate_pool(host, role).sites
    coords = np.array([site.frac_coords for site in sites])
    return unit_charge_matrix(host.lattice.matrix, coords)
