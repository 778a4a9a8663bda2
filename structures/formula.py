"""The chemistry of a spinel, read from its formula.

A spinel here is one working ion, two metals and four anions: ``LiNi0.5Mn1.5O4`` or
any multiple of it. Charges of metals are in :mod:`structures.charges`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from pymatgen.core.composition import Composition

from structures.errors import FormulaError
from structures.values import shown

ION_CHARGES: Mapping[str, int] = {
    "Li": 1, "Na": 1, "K": 1, "Mg": 2, "Ca": 2, "Zn": 2, "Al": 3,
}  # fmt: skip
"""Charge of the ions that may leave and enter the host, in e."""

WORKING_IONS = ("Li", "Na", "Mg")
"""Ions whose metal is known as the reference of a voltage."""
_WRITTEN = re.compile(r"[A-Za-z0-9.()]+")
LARGEST_AMOUNT = 1000.0
"""Largest amount of one element in a formula; the 56-atom cell has 32 O."""

ANION_CHARGES: Mapping[str, int] = {"O": -2, "S": -2, "Se": -2, "F": -1}
"""Charge of the anions that may build the close packing, in e."""


@dataclass(frozen=True)
class SpinelFormula:
    """One formula unit of a spinel host, in the order in which it was written.

    Attributes
    ----------
    ion
        Working ion: the one that fills 8a at x = 1.
    metals
        Metals of the octahedral 16d sites with their number per formula unit (exact;
        they sum to 2), in the order of the formula.
    anion
        Anion on 32e, four per formula unit.
    """

    ion: str
    metals: tuple[tuple[str, Fraction], ...]
    anion: str

    @property
    def metal_names(self) -> tuple[str, ...]:
        """Metals in the order of the formula."""
        return tuple(name for name, _ in self.metals)

    @property
    def species(self) -> tuple[str, ...]:
        """Species in the order of every structure: ion, metals, anion."""
        return (self.ion, *self.metal_names, self.anion)

    def __str__(self) -> str:
        """Return the formula normalised to four anions."""
        metals = "".join(name + _amount(n) for name, n in self.metals)
        return f"{self.ion}{metals}{self.anion}4"

    def metals_in(self, formula_units: int) -> dict[str, int]:
        """Return the number of 16d sites of each metal in so many formula units.

        Raises
        ------
        FormulaError
            If the cell would need a fraction of an atom.
        """
        counts = {}
        for name, amount in self.metals:
            total = amount * formula_units
            if total.denominator != 1:
                need = formula_units * total.denominator
                raise FormulaError(
                    f"formula {self}: {formula_units} formula units hold "
                    f"{float(total):g} {name}, not a whole number; write a formula "
                    f"whose metals are multiples of 1/{formula_units}, or use a cell "
                    f"of {need} formula units"
                )
            counts[name] = int(total)
        return counts


def parse_formula(formula: str) -> SpinelFormula:
    """Read a spinel formula and normalise it to four anions.

    Parameters
    ----------
    formula
        Working ion first, anion last, in any multiple: ``"LiNi0.5Mn1.5O4"`` or
        ``"Li8Ni4Mn12O32"``.

    Returns
    -------
    SpinelFormula
        The formula of one formula unit.

    Raises
    ------
    FormulaError
        If it cannot be a spinel: the message counts ions, metals and charge.
    """
    amounts = _element_amounts(formula)
    (ion, *metals, anion) = amounts
    if ion not in ION_CHARGES or anion not in ANION_CHARGES or not metals:
        raise FormulaError(
            f"formula {formula!r}: expected a working ion ({', '.join(ION_CHARGES)}), "
            f"then one or more metals, then an anion ({', '.join(ANION_CHARGES)}); "
            "write the host at x = 1, for example LiNi0.5Mn1.5O4"
        )
    unit = amounts[anion] / 4
    per_unit = {name: amount / unit for name, amount in amounts.items()}
    n_metal = sum((per_unit[name] for name in metals), Fraction(0))
    if per_unit[ion] != 1 or n_metal != 2:
        raise FormulaError(_not_a_spinel(formula, amounts))
    return SpinelFormula(ion, tuple((name, per_unit[name]) for name in metals), anion)


def with_ion(formula: str, ion: str) -> str:
    """Return a formula with another working ion in the place of its own.

    Examples
    --------
    >>> with_ion("LiNi0.5Mn1.5O4", "Na")
    'NaNi0.5Mn1.5O4'
    """
    own = re.match(r"[A-Z][a-z]?", formula)
    if own is None or own[0] not in ION_CHARGES:
        return formula
    return ion + formula[own.end() :]


def _element_amounts(formula: str) -> dict[str, Fraction]:
    """Amounts of the elements, exact, in the order of the formula."""
    if not isinstance(formula, str) or _WRITTEN.fullmatch(formula) is None:
        raise FormulaError(
            f"formula {shown(formula)} cannot be read: letters A to Z and digits are "
            "expected, without blanks; write for example LiNi0.5Mn1.5O4"
        )
    try:
        amounts = Composition(formula).get_el_amt_dict()
        if any(amount > LARGEST_AMOUNT for amount in amounts.values()):
            raise ValueError(f"an amount above {LARGEST_AMOUNT:g}")
    except (ValueError, KeyError, TypeError) as error:
        raise FormulaError(
            f"formula {shown(formula)} cannot be read ({error}); "
            "write for example LiNi0.5Mn1.5O4"
        ) from None
    if len(amounts) < 3:
        raise FormulaError(
            f"formula {formula!r} has too few elements ({len(amounts)}), a spinel "
            "needs at least 3 (ion, metal, anion); write for example LiMn2O4"
        )
    return {
        name: Fraction(amount).limit_denominator(10_000)
        for name, amount in amounts.items()
    }


def _not_a_spinel(formula: str, amounts: Mapping[str, Fraction]) -> str:
    """Explain by counting why the formula fills no spinel cell."""
    (ion, *metals, anion) = amounts
    cell_sites = amounts[anion] / 2
    n_metal = sum((amounts[name] for name in metals), Fraction(0))
    text = (
        f"formula {formula!r} is not a spinel: per {_number(amounts[anion])} {anion} "
        f"there are {_number(cell_sites)} octahedral 16d sites for "
        f"{_number(n_metal)} metals and {_number(cell_sites / 2)} tetrahedral 8a "
        f"sites for {_number(amounts[ion])} {ion}"
    )
    if (ion, tuple(sorted(metals)), anion) == ("Li", ("Mn", "Ni"), "O"):
        li, ni, mn, oxygen = (amounts[name] for name in ("Li", "Ni", "Mn", "O"))
        charge = li + 2 * ni + 4 * mn - 2 * oxygen
        text += (
            f"; Mn:Ni is {_number(mn / ni)} instead of 3 and the charge with "
            f"Ni2+/Mn4+ is {int(charge):+d} instead of 0"
        )
        if mn / ni == 6:
            text += "; Li8Ni4Mn24O32 is a misprint: the 56-atom cell is Li8Ni4Mn12O32"
    return f"{text}; write the host at x = 1 as one ion, two metals, four anions"


def _amount(number: Fraction) -> str:
    """Amount as it is written in a formula: nothing for one."""
    return "" if number == 1 else f"{float(number):.6g}"


def _number(number: Fraction) -> str:
    """Shortest decimal form."""
    return f"{float(number):g}"
