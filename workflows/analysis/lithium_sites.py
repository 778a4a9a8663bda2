"""Name of an arrangement of lithium by the sites it is found on.

A row of the table over x whose lithium moved is read as what it became: the model it
ended as, or the sites themselves where no model has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from structures.insertion import INSERTION_MODELS

NONE = "none"
SITES_PER_UNIT = {"8a": 1, "8b": 1, "16c": 2, "48f": 6}
"""Role -> its sites per formula unit; the number of its name is that of 8 units."""


def model_at_the_end(
    counts: Mapping[str, int],
    formula_units: int,
    *,
    planned: str,
    ordering: Mapping[str, Any],
) -> str:
    """Return the insertion model that an arrangement ended as.

    A start that is still on the sites it was planned with keeps its name: the model
    ``relaxed_8a16c`` may be planned on 16c alone, as ``oct_16c_rocksalt`` always is.
    Any other is named by its sites, see :func:`model_of_sites`.

    Parameters
    ----------
    counts
        Role -> lithium ions found there.
    formula_units
        Formula units in the cell.
    planned
        The insertion model of the start.
    ordering
        Of the calculation: its ``role`` and ``occupied`` say where the ions were put.

    Examples
    --------
    >>> start = {"role": "8a+16c", "occupied": [8, 9, 10, 11, 13, 15, 16, 17, 18]}
    >>> model_at_the_end({"16c": 9}, 8, planned="relaxed_8a16c", ordering=start)
    'relaxed_8a16c'
    """
    found = {role: n for role, n in counts.items() if n}
    kept = bool(found) and found == _planned_counts(ordering, formula_units)
    if planned in INSERTION_MODELS and kept:
        return planned
    return model_of_sites(counts, formula_units)


def _planned_counts(ordering: Mapping[str, Any], formula_units: int) -> dict[str, int]:
    """Count the ions of a joined role, such as 8a+16c: one role after the other."""
    roles = str(ordering.get("role") or "").split("+")
    if len(roles) < 2 or not set(roles) <= set(SITES_PER_UNIT):
        return {}
    names = [role for role in roles for _ in range(SITES_PER_UNIT[role])]
    sites = [role for role in names for _ in range(formula_units)]
    put = [sites[i] for i in ordering.get("occupied", ()) if i < len(sites)]
    return {role: put.count(role) for role in put}


def model_of_sites(counts: Mapping[str, int], formula_units: int) -> str:
    """Return the insertion model whose sites are the occupied ones.

    Parameters
    ----------
    counts
        Role, such as ``8a``, or ``off-site`` -> lithium ions found there.
    formula_units
        Formula units in the cell; as many 8a sites.

    Returns
    -------
    str
        Name of a model; ``none`` for lithium on 8a alone, or none at all; otherwise the
        sites, such as ``3 8a + 8 16c + 5 48f``.

    Examples
    --------
    >>> model_of_sites({"8a": 8, "8b": 2}, 8)
    'tet_8b'
    >>> model_of_sites({"16c": 16}, 8)
    'oct_16c_rocksalt'
    """
    found = {role: n for role, n in counts.items() if n}
    if set(found) <= {"8a"}:
        return NONE
    for model in INSERTION_MODELS.values():
        kept = found.get("8a", 0) == formula_units
        if model.keeps_8a and kept and set(found) == {"8a", model.role}:
            return model.name
        if not model.keeps_8a and set(found) <= set(model.role.split("+")):
            return model.name
    return " + ".join(f"{n} {role}" for role, n in sorted(found.items()))
