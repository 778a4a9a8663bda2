"""When two values of a tag, or two structures, are the same to VASP."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pymatgen.core import Structure


def same_value(old: Any, new: Any, *, printed: float = 0.0) -> bool:
    """Tell whether two values of one INCAR tag mean the same to VASP.

    Numbers may differ by five digits, and by `printed` if one was read from decimals.
    """
    if isinstance(old, str) and isinstance(new, str):
        return old.strip().upper() == new.strip().upper()
    if isinstance(old, list) != isinstance(new, list):
        # pymatgen reads of POMASS = 58.69 16.0 the first number.
        first, second = (v[:1] if isinstance(v, list) else [v] for v in (old, new))
        return bool(first and second) and same_value(first[0], second[0])
    if isinstance(old, list) and isinstance(new, list):
        first, second = flat(old), flat(new)
        if any(isinstance(value, str) for value in (*first, *second)):
            return bool(first == second)
        return len(first) == len(second) and bool(np.allclose(first, second, atol=1e-3))
    if isinstance(old, str) or isinstance(new, str):
        return bool(old == new)
    if isinstance(old, float) or isinstance(new, float):
        if old is None or new is None:
            return False
        return bool(np.isclose(old, new, rtol=1e-5, atol=printed))
    return bool(old == new)


def flat(values: Sequence[Any]) -> list[Any]:
    """Return a list without the lists in it.

    pymatgen puts MAGMOM in threes if the tags beside it are of a noncollinear run.
    """
    parts = (flat(v) if isinstance(v, list | tuple) else [v] for v in values)
    return [value for part in parts for value in part]


def first_difference(
    settings: Sequence[Mapping[str, Any]], *, apart: Collection[str] = ()
) -> tuple[str, Any, Any] | None:
    """Return the first tag with two values in a set of runs, and both; None for none.

    Parameters
    ----------
    settings
        The tags of each run. A tag that a run lacks is None, and a difference: VASP's
        default may be anything.
    apart
        Tags that are not compared.
    """
    for tag in sorted({tag for tags in settings for tag in tags} - set(apart)):
        first, *others = (tags.get(tag) for tags in settings)
        for other in others:
            if not same_value(first, other):
                return tag, first, other
    return None


def same_structure(first: Structure, second: Structure, *, tolerance: float) -> bool:
    """Tell whether two list the same atoms in one order at the same places.

    `tolerance` is in A, for lattice vectors and for positions; whole lattice vectors
    between positions do not count.
    """
    if [s.specie.symbol for s in first] != [s.specie.symbol for s in second]:
        return False
    if not np.allclose(first.lattice.matrix, second.lattice.matrix, atol=tolerance):
        return False
    away = first.frac_coords - second.frac_coords
    away -= np.round(away)
    return bool((np.abs(away @ first.lattice.matrix) <= tolerance).all())
