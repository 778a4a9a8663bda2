"""Whether a data set is of the kind its POTCAR family has; pure, from its head.

A data set of another functional, or an ultrasoft one, runs and converges all the same.
"""

from __future__ import annotations

from dataclasses import dataclass

from pymatgen.core import Element

from workflows.vasp.parts import Potential

ODD_TITLES = {"Ru_sv": ("PAW_GGA",), "H_AE": ("AE", "H")}
"""First words of TITEL that VASP's own PBE libraries have for these symbols alone."""


@dataclass(frozen=True)
class Family:
    """What every data set of a POTCAR family has.

    Attributes
    ----------
    functional, lexch
        Its name, and its code in LEXCH.
    words
        First words of TITEL.
    ultrasoft
        LULTRA; None where a family has both.
    """

    functional: str
    lexch: str
    words: tuple[str, ...]
    ultrasoft: bool | None = False


def family_of(name: str) -> Family | None:
    """Return what is known of a family of pymatgen's, such as PBE_54; None if nothing.

    The words are those of pymatgen's potcar-summary-stats: the PBE libraries before 5.4
    title some sets ``PAW``, the LDA libraries some ``PAW_PBE``; LEXCH tells them apart.
    """
    if name in {"LDA_US", "PW91_US"}:
        return Family(name, "CA" if name == "LDA_US" else "91", ("US", "NC"), None)
    if name in {"PBE", "PBE_52"}:
        return Family("PBE", "PE", ("PAW_PBE", "PAW", "PAW_GGA"))
    if name.startswith("PBE"):
        return Family("PBE", "PE", ("PAW_PBE",))
    if name.startswith("LDA") or name == "Perdew_Zunger81":
        return Family("LDA", "CA", ("PAW", "PAW_PBE"))
    if name == "PW91":
        return Family("PW91", "91", ("PAW_GGA", "PAW", "PAW_RPBE"))
    return None


def kind_problem(head: Potential, symbol: str, family: Family | None) -> str:
    """Return what a data set has against what it should have; empty if it fits.

    Parameters
    ----------
    head
        As read from its file.
    symbol
        As asked, such as ``Mn_pv``.
    family
        None: only what holds in any family is looked at.
    """
    element = Potential(symbol).element
    if head.element != element:
        return f"it is of another element than {element}"
    if other := other_element(head):
        return f"VRHFIN = {other}: it is of another element than {element}"
    if family is None:
        return ""
    words = (*family.words, *ODD_TITLES.get(symbol, ()))
    if head.titel.split()[0].lstrip("^") not in words:
        return f"a title of {family.functional} begins with {' or '.join(words)}"
    if head.lexch != family.lexch:
        return (
            f"LEXCH = {head.lexch or 'missing'}, {family.lexch} is "
            f"{family.functional}: it is of another functional"
        )
    if family.ultrasoft is not None and head.ultrasoft is not family.ultrasoft:
        found = "missing" if head.ultrasoft is None else "T"
        return f"LULTRA = {found}, F is PAW: it is an ultrasoft potential"
    return ""


def other_element(head: Potential) -> str:
    """Return the element of VRHFIN if it is another than TITEL's; else nothing.

    What is no element is no proof: VASP's own files have ``X`` for Xe.
    """
    titled = head.element.rstrip("0123456789")  # H1.25 is hydrogen
    if head.vrhfin == titled or not Element.is_valid_symbol(head.vrhfin):
        return ""
    return head.vrhfin
