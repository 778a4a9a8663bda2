"""Restart a calculation that converged to a wrong electronic state from another start.

A run that converged to collapsed, turned or evenly spread moments says nothing of the
compound. The same settings from another start may: other displacements and, where Mn3+
and Mn4+ are mixed, another order of them as MAGMOM and as stretched bonds. ISYM is 0 in
every preset; ALGO and all other tags stay, so that energies compare. The first result
is kept beside it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from workflows.campaign.calculation import (
    Calculation,
    content_id,
    digest,
    structure_as_dict,
    structure_from_dict,
)
from workflows.campaign.starts import seeded_by, with_charge_order

if TYPE_CHECKING:
    from workflows.records.document import TaskDocument

WRONG_STATE = frozenset(
    {
        "moment_collapsed",
        "moment_flipped",
        "symmetrised",
        "wrong_valence",
        "metallic",
    }
)
"""Findings that another start may cure."""
DISPLACEMENT = 0.02
"""A, Gaussian, each component, on top of the displacements that were there."""


def to_reseed(calculation: Calculation, document: TaskDocument) -> Calculation | None:
    """Return the re-seed that a finished step asks for; None if it asks for none.

    Only the step whose energy counts is looked at.
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
        Its ``ordering`` has ``reseed_of``, the id of the planned calculation,
        ``reseed``, which is n, and ``seeded``, the charge order if it has one.
    """
    from structures.seeds import drawn_order, seeded_start
    from structures.starts import symmetry_broken_start

    seed = int(digest([calculation.id, "reseed", n])[:15], 16)
    # As a Firework carries it: the planned structure itself has more digits.
    start = structure_from_dict(structure_as_dict(calculation.structure))
    own = dict(calculation.ordering)
    first = own.get("reseed_of", calculation.id)
    before = own.pop("seeded", {}).get("reduced", ())
    order = drawn_order(start, seed) if "magmom" in calculation.settings else None
    if order is None:
        moved = symmetry_broken_start(start, displacement=DISPLACEMENT, seed=seed)
    else:
        moved = seeded_start(
            start, order, displacement=DISPLACEMENT, seed=seed, before=before
        )
        moved = with_charge_order(moved, order, calculation.settings["magmom"])
        own["seeded"] = seeded_by(order)
    derived = replace(
        calculation,
        structure=moved,
        ordering={**own, "reseed_of": first, "reseed": n},
    )
    return replace(derived, id=content_id(derived))
