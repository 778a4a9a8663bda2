"""+U as LDAUL, LDAUU and LDAUJ give it, one number a block -> U - J by element."""

from __future__ import annotations

from collections.abc import Sequence


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
