"""Name of an arrangement of lithium by the sites it is found on.

A row of the table over x whose lithium moved is read as what it became: the model it
ended as, or the sites themselves where no model has them.
"""

from __future__ import annotations

from collections.abc import Mapping

from structures.insertion import INSERTION_MODELS

NONE = "none"


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
