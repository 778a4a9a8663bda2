"""Formal oxidation states, by charge balance and a ladder of redox couples.

All metals start in their highest state and are reduced one couple after the other,
from the highest potential down, until the cell is neutral. For Li_x Ni0.5 Mn1.5 O4 this
gives Ni 4 - 2x and Mn 4+ for x <= 1, then Ni 2+ and Mn (14 - 2x)/3. Equal sites share
the charge evenly: disproportionation is left open.
"""

from pymatgen.core.composition import Composition

from structures.errors import ChargeError
from structures.formula import ANION_CHARGES, ION_CHARGES

REDOX_LADDER: tuple[tuple[str, int, int], ...] = (
    ("Fe", 4, 3), ("Co", 4, 3), ("Cr", 4, 3), ("Cu", 3, 2), ("Ni", 4, 2),
    ("V", 5, 4), ("Mn", 4, 3), ("V", 4, 3), ("Fe", 3, 2), ("Co", 3, 2),
    ("Mn", 3, 2), ("Ti", 4, 3), ("V", 3, 2), ("Cr", 3, 2), ("Rh", 4, 3),
    ("Ga", 3, 3), ("Sc", 3, 3),
)  # fmt: skip
"""Couples (element, from, to), from high to low potential; equal states: no couple."""


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


def oxidation_states(metal: str) -> tuple[int, int]:
    """Name the two oxidation states that a charge ordering distinguishes.

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


def _advice(composition: Composition | str, problem: str) -> str:
    """One line: which composition, what is wrong, what to do."""
    formula = Composition(composition).formula
    return (
        f"composition {formula}: {problem} in the formal charges: no charges that "
        "lnmo knows of these elements balance; choose a spinel of other metals (or, in "
        "Python, give the charge of each element)"
    )
