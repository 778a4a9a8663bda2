"""Charge orderings: which atoms of a metal are in the lower of two oxidation states.

The marks are seeds of a calculation, not results: they set the starting moments, and
only the self-consistent moments show whether they survived.
"""

from collections.abc import Sequence

from pymatgen.core.structure import Structure

from structures.charges import formal_charges, oxidation_states
from structures.formula import ANION_CHARGES, ION_CHARGES
from structures.host import SpinelHost

_D_ELECTRONS = {"Ti": 4, "V": 5, "Cr": 6, "Mn": 7, "Fe": 8, "Co": 9, "Ni": 10, "Cu": 11}
_LOW_SPIN = {("Co", 3): 0.0, ("Ni", 4): 0.0, ("Co", 4): 1.0, ("Ni", 3): 1.0}


def mark_oxidation_states(
    host: SpinelHost, metal: str, reduced: Sequence[int]
) -> Structure:
    """Mark the lower oxidation state on some atoms of one metal.

    Parameters
    ----------
    host
        The host; the ion is where ``host.ion_roles`` says.
    metal
        Metal whose states are ordered.
    reduced
        Indices, among the sites of this metal, of the atoms in the lower state.

    Returns
    -------
    Structure
        `host.structure` with site properties ``oxidation_state`` (e; the marked metal
        has two neighbouring whole states, a second metal balances them if it can) and
        ``magmom`` (mu_B, spin only, the first of two metals antiparallel to the other,
        as in ferrimagnetic LiNi0.5Mn1.5O4).
    """
    structure = host.structure
    lower, _ = oxidation_states(metal)
    labels = [s.label for s in host.sites("16d") if host.metals[s.index] == metal]
    marked = {labels[i] for i in reduced}
    others = _other_charges(structure, metal, lower, len(marked))
    states = [
        float(lower if site.properties["label"] in marked else lower + 1)
        if site.specie.symbol == metal
        else others[site.specie.symbol]
        for site in structure
    ]
    first, *more = host.chemistry.metal_names
    signs = {first: -1.0 if more else 1.0}
    moments = [
        signs.get(site.specie.symbol, 1.0) * spin_only_moment(site.specie.symbol, state)
        + 0.0  # no negative zero
        for site, state in zip(structure, states, strict=True)
    ]
    structure.add_site_property("oxidation_state", states)
    structure.add_site_property("magmom", moments)
    return structure


def spin_only_moment(element: str, oxidation_state: float) -> float:
    """Spin-only moment of an octahedral 3d ion, a seed for a magnetic calculation.

    Parameters
    ----------
    element
        Symbol of the element.
    oxidation_state
        Formal charge, e.

    Returns
    -------
    float
        Unpaired electrons, mu_B: high spin, except low spin for Co3+, Co4+, Ni3+ and
        Ni4+; 0 for anything but a 3d metal.
    """
    if element not in _D_ELECTRONS:
        return 0.0
    state = round(oxidation_state)
    if (element, state) in _LOW_SPIN:
        return _LOW_SPIN[element, state]
    electrons = _D_ELECTRONS[element] - state
    return float(max(0, min(electrons, 10 - electrons)))


def _other_charges(
    structure: Structure, metal: str, lower: int, n_reduced: int
) -> dict[str, float]:
    """Charges of the other elements: balanced where the marks leave them a choice."""
    amounts = structure.composition.get_el_amt_dict()
    charges = formal_charges(structure.composition)
    others = [e for e in amounts if e not in {metal, *ION_CHARGES, *ANION_CHARGES}]
    own = amounts[metal] * (lower + 1) - n_reduced
    fixed = sum(
        amounts[e] * charges[e] for e in amounts if e != metal and e not in others
    )
    if len(others) == 1:
        balanced = -(own + fixed) / amounts[others[0]]
        if 2 <= balanced <= 4:
            charges[others[0]] = balanced
    return charges
