"""A finished calculation in a wrong electronic state is started once more, elsewhere.

A run that converged to collapsed, turned or evenly spread moments says nothing of the
compound. The same settings from another start may: other displacements and, where Mn3+
and Mn4+ are mixed, another order of them as MAGMOM. ISYM is 0 in every preset; ALGO
and all other tags stay, so that energies compare. The first result is kept beside it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from workflows.analysis.lnmo import FORMULA_UNITS, expected_mn3, lnmo_x
from workflows.campaign.calculation import (
    Calculation,
    content_id,
    digest,
    structure_as_dict,
    structure_from_dict,
)

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from workflows.records.document import TaskDocument

WRONG_STATE = frozenset(
    {
        *("moment_collapsed", "moment_flipped", "symmetrised"),
        *("wrong_valence", "metallic"),
    }
)
"""Findings that another start may cure."""
DISPLACEMENT = 0.02
"""A, Gaussian, each component, on top of the displacements that were there."""


def to_reseed(calculation: Calculation, document: TaskDocument) -> Calculation | None:
    """Return the re-seed that a finished step asks for; None if it asks for none.

    Parameters
    ----------
    calculation
        Says how many re-seeds are allowed, and how many it is already.
    document
        Of one of its steps; only the one whose energy counts is looked at.
    """
    final = "static" if "static" in calculation.steps else calculation.steps[-1]
    number = 1 + int(calculation.ordering.get("reseed", 0))
    wrong = WRONG_STATE & {finding.id for finding in document.findings}
    if calculation.engine != "vasp" or calculation.reference:
        return None
    if document.task_label != final or not document.state.usable or not wrong:
        return None
    return reseeded(calculation, number) if number <= calculation.reseeds else None


def reseeded(calculation: Calculation, n: int) -> Calculation:
    """Return the same calculation from another start, with an id of its own.

    Parameters
    ----------
    calculation
        A planned calculation, or a re-seed of one.
    n
        Which re-seed it becomes, from 1; the start is drawn by sha256 of the
        calculation's id and n.

    Returns
    -------
    Calculation
        Its ``ordering`` has ``reseed_of``, the id of the planned calculation, and
        ``reseed``, which is n.
    """
    from structures.starts import symmetry_broken_start

    seed = int(digest([calculation.id, "reseed", n])[:15], 16)
    # As a Firework carries it: the planned structure itself has more digits.
    start = structure_from_dict(structure_as_dict(calculation.structure))
    moved = symmetry_broken_start(start, displacement=DISPLACEMENT, seed=seed)
    first = calculation.ordering.get("reseed_of", calculation.id)
    derived = replace(
        calculation,
        structure=_charge_ordered(moved, calculation, seed),
        ordering={**calculation.ordering, "reseed_of": first, "reseed": n},
    )
    return replace(derived, id=content_id(derived))


def _charge_ordered(
    structure: Structure, calculation: Calculation, seed: int
) -> Structure:
    """Draw which Mn start as Mn3+; where all are of one valence nothing is changed."""
    import numpy as np

    from structures.charge_ordering import spin_only_moment

    x = lnmo_x(structure)
    manganese = [i for i, s in enumerate(structure) if s.specie.symbol == "Mn"]
    if x is None:
        return structure
    cells = structure.composition["O"] / (4 * FORMULA_UNITS)
    number = round(cells * expected_mn3(x))
    if not 0 < number < len(manganese):
        return structure
    by_element = calculation.settings["magmom"]
    moments = [
        float(s.properties.get("magmom", by_element[s.specie.symbol]))
        for s in structure
    ]
    drawn = np.random.default_rng(seed).choice(manganese, size=number, replace=False)
    reduced = set(drawn.tolist())
    for i in manganese:
        size = spin_only_moment("Mn", 3 if i in reduced else 4)
        moments[i] = -size if moments[i] < 0 else size
    ordered = structure.copy()
    ordered.add_site_property("magmom", moments)
    return ordered
