"""Whether the atoms of a CIF are those of the formula that it states.

A row of atoms or a symmetry operation that was lost leaves another crystal, and the
formula as the only witness.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Mapping
from statistics import median
from typing import TYPE_CHECKING, Any

from workflows.analysis.elements import SYMBOLS
from workflows.errors import printable, shortened

if TYPE_CHECKING:
    from pymatgen.core import Structure

FORMULA, UNITS = "_chemical_formula_sum", "_cell_formula_units_Z"
NONE = ("?", ".")
"""Values of a CIF that say that there is none."""
WHOLE = 0.01
"""Of an amount; full sites and a formula of whole numbers are counted."""
REFINED = 0.15
"""Of an amount; a formula is often the nominal one, and occupancies are refined."""
TRACE = 0.01
"""Of all atoms of the formula; so much of an element may be rounded away."""
_PART = re.compile(r"([A-Z][a-z]?)(\d+\.?\d*|\.\d+)?(?:\(\d+\))?(?:\s+|(?=[A-Z])|$)")


def formula_problem(data: Mapping[str, Any], found: Structure) -> str:
    """Say in what a CIF's formula contradicts its atoms; empty for nothing.

    Programs write the formula of one unit, or of the cell; both are accepted. A formula
    that cannot be read is refused: it is the only witness. Z of a magnetic cell says
    nothing, as it may be that of its parent.

    Parameters
    ----------
    data
        Names of the block -> values.
    found
        Its crystal, with the atoms in every equivalent place.
    """
    if data.get(FORMULA, "?") in NONE:
        return ""
    stated = _amounts(data[FORMULA])
    if not stated:
        return (
            f"{FORMULA} is {printable(shortened(data[FORMULA]))!r}, which cannot be "
            "read: write elements and amounts, such as 'Li1 Mn2 O4', or ? for none"
        )
    atoms: dict[str, float] = defaultdict(float)
    for site in found:
        for species, amount in site.species.items():
            atoms[str(getattr(species, "symbol", species))] += amount
    shown = " ".join(f"{element}{atoms[element]:g}" for element in sorted(atoms))
    told = f"{FORMULA} is {printable(shortened(data[FORMULA]))!r}, and its atoms are"
    cure = (
        "a row or an operation was lost, or one is too many: complete the atoms, or "
        "correct the formula"
    )
    ratio = median(atoms[element] / amount for element, amount in stated.items())
    whole = all(map(_is_whole, (*stated.values(), *atoms.values())))
    limit = WHOLE if whole and found.is_ordered else REFINED
    trace = 0.0 if limit == WHOLE else TRACE * sum(stated.values())
    for element in {**stated, **atoms}:
        wanted = stated.get(element, 0.0)
        away = abs(atoms[element] - ratio * wanted)
        if not ratio or away > ratio * max(limit * wanted, trace):
            return f"{told} {shown}, another ratio of {element}: {cure}"
    units = _units(data)
    if units and all(abs(ratio / one - 1) > limit for one in (units, 1.0)):
        return f"{told} {shown}, {ratio:g} times that, with {UNITS} = {units:g}: {cure}"
    return ""


def _amounts(formula: Any) -> dict[str, float]:
    """Read ``Li1 Mn2 O4``; empty for no formula, or one in another form."""
    text = formula.strip() if isinstance(formula, str) else ""
    found: dict[str, float] = defaultdict(float)
    place = 0
    while place < len(text):
        match = _PART.match(text, place)
        amount = float(match[2] or 1) if match else 0.0
        if match is None or match[1] not in SYMBOLS or not 0 < amount < math.inf:
            return {}
        found[match[1]] += amount
        place = match.end()
    return dict(found)


def _units(data: Mapping[str, Any]) -> float:
    """Return Z; 0 where it is not known."""
    magnetic = any("magn" in name or "moment" in name for name in data)
    value = str(data.get(UNITS))
    return float(value) if value.isdecimal() and not magnetic else 0.0


def _is_whole(amount: float) -> bool:
    return abs(amount - round(amount)) < 1e-6
