"""Which elements have an open d or f shell: the ones that +U and moments are for."""

from __future__ import annotations

from functools import cache
from typing import Literal

Family = Literal["d", "f", "anion", "metal", "other"]

SYMBOLS = frozenset(
    """
    H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga
    Ge As Se Br Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr
    Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr
    Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc
    Lv Ts Og
    """.split()  # noqa: SIM905
)
"""Symbols of all elements."""
ANIONS = frozenset({"O", "S", "Se", "F", "Cl", "Br", "I"})
CUSTOMARY_U = frozenset({"V", "Cr", "Mn", "Fe", "Co", "Ni"})
"""3d metals that are hardly ever left without U beside one that has it."""
CLOSED_D = frozenset({"Sc", "Y", "La", "Zn", "Cd", "Hg"})
"""d0 or d10 in nearly all compounds: nothing for U to act on, no moment."""
SEMICORE_D = frozenset({"Ga", "Ge", "In", "Sn", "Tl", "Pb", "Bi"})
"""p metals whose filled d shell is sometimes given a U."""
HIGH_SPIN = frozenset({"Cr", "Mn"})
"""d metals that keep a moment in every common oxidation state of their oxides."""


@cache
def family(element: str) -> Family:
    """Return d or f metal, anion former, other metal, or other.

    The d metals are groups 3 to 12, the f metals lanthanides and actinides. What is
    not an element is ``other``.
    """
    from pymatgen.core import Element

    if element in ANIONS:
        return "anion"
    if not Element.is_valid_symbol(element):
        return "other"
    known = Element(element)
    if known.is_lanthanoid or known.is_actinoid:  # La and Ac too
        return "f"
    if known.is_transition_metal:
        return "d"
    return "metal" if known.is_metal else "other"
