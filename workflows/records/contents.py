"""Whether formula, ions, formula units, x and cell of a calculation of ours agree."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING

from structures.formula import ION_CHARGES
from workflows.analysis.cell_volume import MOST_VOLUME
from workflows.analysis.ions import working_ion
from workflows.campaign.sections import SAME_X
from workflows.counts import count_of
from workflows.errors import shortened

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from workflows.records.document import TaskDocument

ANION, ANIONS = "O", 4
"""Of a spinel's formula unit, at every x."""
MOST_FORCE = 1e4
"""eV/A; two bare protons 0.04 A apart repel each other with less."""
MOST_SWELLING = 2.0
"""Factor of the volume at the start; no relaxation of a cathode reaches it."""


def problem_of_contents(document: TaskDocument) -> str:
    """Return what of the contents of a calculation of ours contradicts the rest.

    Empty if nothing does, and for a run that is not ours. What an earlier version did
    not record is not compared.
    """
    if document.calculation_id is None:
        return ""
    return (
        _of_the_formula(document)
        or ("" if document.reference else _of_the_units(document))
        or _of_the_cell(document)
        or _of_the_force(document)
    )


def _counts(formula: str) -> Counter[str] | None:
    """Return the atoms of a cell by element; None if it is no formula of a cell."""
    if not re.fullmatch(r"(?:[A-Z][a-z]?\d{0,9})+", formula):
        return None
    counts: Counter[str] = Counter()
    for element, number in re.findall(r"([A-Z][a-z]?)(\d*)", formula):
        counts[element] += int(number or 1)
    return counts


def _of_the_formula(document: TaskDocument) -> str:
    """Compare the formula with the structures and with the number of ions."""
    formula, ions = document.formula, document.n_li
    counts = _counts(formula)
    if counts is None:
        return f"formula is {shortened(formula)}, which names no atoms of a cell"
    if ions:
        ion = working_ion(formula, ions)
        if ion not in ION_CHARGES:
            return f"n_li is {ions}, and the formula {shortened(formula)} has no ion"
        if counts[ion] != ions:
            return (
                f"n_li is {ions}, and the formula {shortened(formula)} has "
                f"{counts[ion]} {ion}"
            )
    if document.structure is None:
        return ""
    for name in ("structure", "initial_structure"):
        structure: Structure | None = getattr(document, name)
        if structure is None:
            continue
        own = Counter(site.specie.symbol for site in structure)
        if own != counts:
            held = "".join(f"{element}{count}" for element, count in own.items())
            return (
                f"{name} holds {shortened(held)}, and formula is {shortened(formula)}"
            )
    return ""


def _of_the_units(document: TaskDocument) -> str:
    """Compare the formula units of a cathode with its oxygen, its ions and its x."""
    units, ions, x = document.formula_units, document.n_li, document.x
    if units is None:
        return ""
    if units < 1:
        return f"formula_units is {units}, below 1"
    anions = (_counts(document.formula) or Counter())[ANION]
    if anions != ANIONS * units:
        return (
            f"formula_units is {units}, and the formula {shortened(document.formula)} "
            f"has {anions} {ANION}, not {ANIONS} in each"
        )
    if ions is None or x is None or abs(ions / units - x) <= SAME_X:
        return ""
    return (
        f"x is {x:g}, and n_li is {ions} in {count_of(units, 'formula unit')}, which "
        f"is x = {ions / units:g}"
    )


def _of_the_cell(document: TaskDocument) -> str:
    """Compare the volume with the largest there is, and with that at the start."""
    structure = document.structure
    if structure is None or not len(structure):
        return ""
    volume = float(structure.volume)
    if volume > MOST_VOLUME * len(structure):
        return (
            f"the volume is {volume / len(structure):g} A^3 an atom, and no crystal of "
            f"these has more than {MOST_VOLUME:g}"
        )
    if document.reference:
        return ""
    for name, first in _first_volumes(document):
        if not first / MOST_SWELLING <= volume <= first * MOST_SWELLING:
            return (
                f"the volume is {volume:g} A^3, and that of {name} {first:g}; no "
                f"relaxation changes it by a factor of {MOST_SWELLING:g}"
            )
    return ""


def _first_volumes(document: TaskDocument) -> list[tuple[str, float]]:
    """Return the volumes that the step, and its calculation, began with, A^3."""
    found = []
    if document.initial_structure is not None:
        found.append(("initial_structure", float(document.initial_structure.volume)))
    if document.start_lattice is not None:
        a, b, c, *angles = document.start_lattice
        x, y, z = (math.cos(math.radians(angle)) for angle in angles)
        square = 1 + 2 * x * y * z - x * x - y * y - z * z
        found.append(("start_lattice", a * b * c * math.sqrt(max(square, 0.0))))
    return found


def _of_the_force(document: TaskDocument) -> str:
    force = document.max_force
    if force is None or force <= MOST_FORCE:
        return ""
    return f"max_force is {force:g} eV/A, above {MOST_FORCE:g}, which no atoms have"
