"""Voltage against the metal of the working ion, and capacity.

From static energies alone: the terms in PV and entropy, some 10 mV, are neglected.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from workflows.analysis.hull import convex_hull
from workflows.analysis.ions import FIXED, LITHIUM, working_ion
from workflows.analysis.lnmo import FORMULA

if TYPE_CHECKING:
    from pymatgen.apps.battery.insertion_battery import InsertionElectrode
    from pymatgen.core import Structure

FARADAY = 96485.33212
"""C/mol, N_A e of the SI of 2019 to the digits of CODATA."""
SECONDS = 3.6
"""C in 1 mAh."""


def average_voltage(
    x1: float, e1: float, x2: float, e2: float, mu_li: float, *, charge: int = 1
) -> float:
    """Return V(x1 -> x2) = -[E(x2) - E(x1) - (x2 - x1) mu]/(z (x2 - x1)), volts.

    Parameters
    ----------
    x1, x2
        Ions per formula unit, x2 > x1.
    e1, e2
        Static energies, eV per formula unit.
    mu_li
        Energy of the ion's metal (bcc lithium) with the same settings, eV per atom.
    charge
        z of the ion, e: 2 of Mg.

    Raises
    ------
    ValueError
        x2 is not above x1.
    """
    if x2 <= x1:
        raise ValueError(
            f"a voltage from x = {x1:g} to {x2:g}: the second is not larger"
        )
    return -((e2 - e1) - (x2 - x1) * mu_li) / (charge * (x2 - x1))


def voltage_steps(
    energies: Mapping[float, float], mu_li: float, *, charge: int = 1
) -> list[tuple[float, float, float]]:
    """Return the steps of the voltage curve, between consecutive hull vertices.

    Parameters
    ----------
    energies
        x -> lowest static energy, eV per formula unit.
    mu_li, charge
        As of `average_voltage`.

    Returns
    -------
    list of (x1, x2, volts)
        x ascending; the voltage never rises with x, since the hull is convex.

    Raises
    ------
    ValueError
        There are fewer than two x.

    Examples
    --------
    >>> voltage_steps({0: 0.0, 1: -6.0, 2: -10.0}, mu_li=-2.0)
    [(0, 1, 4.0), (1, 2, 2.0)]
    """
    vertices = convex_hull(energies).vertices
    return [
        (
            x1,
            x2,
            average_voltage(x1, energies[x1], x2, energies[x2], mu_li, charge=charge),
        )
        for x1, x2 in pairwise(vertices)
    ]


def capacity(delta_x: float, formula: str = FORMULA) -> float:
    """Return Q = z delta_x F/(3.6 M), mAh per gram of the formula.

    Parameters
    ----------
    delta_x
        Ions exchanged per formula unit.
    formula
        Composition whose mass is counted; the ion, first in it, gives the charge z.

    Examples
    --------
    >>> round(capacity(1), 2)
    146.7
    """
    from pymatgen.core import Composition

    charge = FIXED.get(working_ion(formula, 1), 1)
    return charge * delta_x * FARADAY / (SECONDS * float(Composition(formula).weight))


@cache
def reference_formula(formula: str, ion: str = LITHIUM) -> str:
    """Return the composition, with one ion, that a capacity of this host is given for.

    Parameters
    ----------
    formula
        Of any cell of a spinel oxide, at any x.
    ion
        The working ion, which is not there at x = 0.

    Examples
    --------
    >>> reference_formula("Li4Ni4Mn12O32"), reference_formula("Mn16O32")
    ('LiNi0.5Mn1.5O4', 'LiMn2O4')
    """
    from pymatgen.core import Composition

    amounts = Composition(formula).get_el_amt_dict()
    units = amounts["O"] / 4
    shares = {e: n / units for e, n in amounts.items() if e != ion}
    return ion + "".join(e if n == 1 else f"{e}{n:g}" for e, n in shares.items())


def insertion_electrode(
    cells: Iterable[tuple[Structure, float]], mu_li: float, *, ion: str = LITHIUM
) -> InsertionElectrode:
    """Hand cells to pymatgen: energy densities, volume changes, sub-electrodes.

    Its capacities are per mass of the fully lithiated compound.

    Parameters
    ----------
    cells
        Relaxed structure and static energy, eV per cell, of one host at several x.
    mu_li
        Energy of the ion's metal with the same settings, eV per atom.
    ion
        The working ion.
    """
    from pymatgen.apps.battery.insertion_battery import InsertionElectrode
    from pymatgen.entries.computed_entries import (
        ComputedEntry,
        ComputedStructureEntry,
    )

    entries = [ComputedStructureEntry(cell, energy) for cell, energy in cells]
    return InsertionElectrode.from_entries(
        entries, ComputedEntry(ion, mu_li), strip_structures=False
    )
