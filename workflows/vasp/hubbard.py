"""+U as LDAUL, LDAUU and LDAUJ give it, one number a block -> U - J by element.

In Dudarev's form (LDAUTYPE = 2) only U - J counts. In the others J counts by itself.
Liechtenstein's form (1) is Dudarev's where J is 0; form 4 is not.
"""

from __future__ import annotations

from collections.abc import Sequence

DUDAREV = 2
"""LDAUTYPE of +U in which only U - J counts."""
LIECHTENSTEIN = 1
"""LDAUTYPE of +U that is Dudarev's where J is 0."""


def u_by_block(
    shells: Sequence[float], us: Sequence[float], js: Sequence[float]
) -> list[float]:
    """Return U - J of each block, eV; 0 where LDAUL is negative: no +U."""
    rows = zip(shells, us, js, strict=False)
    return [0.0 if shell < 0 else round(float(u - j), 6) for shell, u, j in rows]


def u_by_element(
    elements: Sequence[str], columns: Sequence[Sequence[float] | None]
) -> dict[str, tuple[float, ...]] | None:
    """Return U - J of the blocks of each element, eV.

    `columns` are LDAUL, LDAUU and LDAUJ. None if one of them does not have a number
    for each block.
    """
    if any(column is None or len(column) != len(elements) for column in columns):
        return None
    found: dict[str, tuple[float, ...]] = {}
    us = u_by_block(*(column or () for column in columns))
    for element, u in zip(elements, us, strict=True):
        found[element] = (*found.get(element, ()), u)
    return found


def largest_u(by_element: dict[str, tuple[float, ...]]) -> dict[str, float]:
    """Return one U - J for each element that has any, eV."""
    return {element: max(us) for element, us in by_element.items() if any(us)}


def own_j(
    elements: Sequence[str],
    columns: Sequence[Sequence[float] | None],
    form: float | None,
) -> dict[str, float]:
    """Return J of each element, eV, where it counts by itself; empty for Dudarev's +U.

    A J of 0 is there for the elements with U of a form that is not Dudarev's then.

    Parameters
    ----------
    elements, columns
        As of :func:`u_by_element`.
    form
        LDAUTYPE; None for VASP's default, 2.

    Examples
    --------
    >>> own_j(["Mn", "O"], ([2, -1], [4.9, 0], [1, 0]), 1)
    {'Mn': 1.0}
    >>> own_j(["Mn", "O"], ([2, -1], [4.9, 0], [1, 0]), 2)
    {}
    >>> own_j(["Mn", "O"], ([2, -1], [3.9, 0], [0, 0]), 4)
    {'Mn': 0.0}
    """
    shells, us, js = columns
    if form in (None, DUDAREV) or u_by_element(elements, columns) is None:
        return {}
    found: dict[str, float] = {}
    rows = zip(elements, shells or (), us or (), js or (), strict=True)
    for element, shell, u, j in rows:
        corrected = j or (u and form != LIECHTENSTEIN)
        if shell >= 0 and corrected:
            found[element] = max(float(j), found.get(element, float(j)))
    return found
