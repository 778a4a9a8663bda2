"""Formal oxidation states, by charge balance and a ladder of redox couples.

All metals start in their highest state and are reduced one couple after the other,
from the highest potential down, until the cell is neutral. For Li_x Ni0.5 Mn1.5 O4 this
gives Ni 4 - 2x and Mn 4+ for x <= 1, then Ni 2+ and Mn (14 - 2x)/3. Equal sites share
the charge evenly: disproportionation is left open.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pymatgen.core.composition import Composition
from pymatgen.core.structure import Structure

from structures.errors import ChargeError
from structures.formula import ANION_CHARGES, ION_CHARGES

if TYPE_CHECKING:
    from structures.host import SpinelHost

REDOX_LADDER: tuple[tuple[str, int, int], ...] = (
    ("Fe", 4, 3), ("Co", 4, 3), ("Cr", 4, 3), ("Cu", 3, 2), ("Ni", 4, 2),
    ("V", 5, 4), ("Mn", 4, 3), ("V", 4, 3), ("Fe", 3, 2), ("Co", 3, 2),
    ("Mn", 3, 2), ("Ti", 4, 3), ("V", 3, 2), ("Cr", 3, 2), ("Al", 3, 3),
    ("Mg", 2, 2), ("Zn", 2, 2), ("Ga", 3, 3), ("Sc", 3, 3), ("Rh", 4, 3),
)  # fmt: skip
"""Couples (element, from, to), from high to low potential; equal states: no couple."""

_D_ELECTRONS = {"Ti": 4, "V": 5, "Cr": 6, "Mn": 7, "Fe": 8, "Co": 9, "Ni": 10, "Cu": 11}
_LOW_SPIN = {("Co", 3): 0.0, ("Ni", 4): 0.0, ("Co", 4): 1.0, ("Ni", 3): 1.0}


def formal_charges(composition: Composition | str) -> dict[str, float]:
    """Balance the charge of a composition.

    Parameters
    ----------
    composition
        Contents of a cell, or a formula.

    Returns
    -------
    dict of str to float
        Mean formal charge of each element, e.

    Raises
    ------
    ChargeError
        If no state of the known couples makes the cell neutral.

    Examples
    --------
    >>> formal_charges("Li2Ni0.5Mn1.5O4")["Ni"]
    2.0
    """
    amounts = Composition(composition).get_el_amt_dict()
    highest: dict[str, int] = {}
    for element, upper, _ in REDOX_LADDER:
        highest[element] = max(upper, highest.get(element, 0))
    fixed = {**ION_CHARGES, **ANION_CHARGES}
    charges = {
        element: float(fixed[element] if element in fixed else highest.get(element, 0))
        for element in amounts
    }
    unknown = [element for element in amounts if charges[element] == 0]
    if unknown:
        raise ChargeError(_advice(composition, f"no states known for {unknown[0]}"))
    excess = sum(amounts[element] * charges[element] for element in amounts)
    for element, upper, lower in REDOX_LADDER:
        if element in amounts and element not in fixed and excess > 0:
            step = min(excess, amounts[element] * (upper - lower))
            charges[element] -= step / amounts[element]
            excess -= step
    if abs(excess) > 1e-6:
        raise ChargeError(_advice(composition, f"{excess:+g} e are left over"))
    return charges


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
    state = round(oxidation_state)
    if (element, state) in _LOW_SPIN:
        return _LOW_SPIN[element, state]
    electrons = _D_ELECTRONS.get(element, 0) - state
    return float(max(0, min(electrons, 10 - electrons)))


def mark_oxidation_states(
    host: "SpinelHost", metal: str, reduced: Sequence[int]
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
        has two neighbouring whole states) and ``magmom`` (mu_B, spin only, the first of
        two metals antiparallel to the other).
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


def oxidation_states(metal: str) -> tuple[int, int]:
    """Name the two oxidation states that a charge ordering tells apart.

    Parameters
    ----------
    metal
        Symbol of the metal.

    Returns
    -------
    tuple of int
        Lower and higher state, e: (3, 4) for Mn.

    Raises
    ------
    ChargeError
        If no couple of neighbouring states is known.
    """
    for element, upper, lower in REDOX_LADDER:
        if element == metal and upper > lower:
            return upper - 1, upper
    raise ChargeError(
        f"metal {metal}: no couple of oxidation states is known; order another metal"
    )


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


def _advice(composition: Composition | str, problem: str) -> str:
    """One line: which composition, what is wrong, what to do."""
    formula = Composition(composition).formula
    return (
        f"composition {formula}: {problem} in the formal charges; give the charge of "
        "each element by hand"
    )
