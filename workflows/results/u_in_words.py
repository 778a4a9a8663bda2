"""+U of each element in words: U - J, or U and J where J counts by itself."""

from __future__ import annotations

from collections.abc import Mapping

NO_U = "none"


def u_by_element(
    hubbards: Mapping[str, float], js: Mapping[str, float] | None = None
) -> dict[str, str]:
    """Return the +U of each element in words, eV.

    Parameters
    ----------
    hubbards
        U_eff = U - J.
    js
        J where it counts by itself: two runs of one U_eff are then two Hamiltonians.

    Examples
    --------
    >>> u_by_element({"Mn": 3.9, "Ni": 4.5}, {"Mn": 1.0})
    {'Mn': 'U 4.9 J 1', 'Ni': '4.5'}
    """
    own = js or {}
    found = {element: f"{u:g}" for element, u in hubbards.items()}
    return found | {
        e: f"U {hubbards.get(e, 0.0) + j:g} J {j:g}" for e, j in own.items()
    }


def u_in_words(
    hubbards: Mapping[str, float], js: Mapping[str, float] | None = None
) -> str:
    """Return +U by element, such as ``Mn 5.96, Ni 4.5``; ``none`` without any.

    Parameters as of :func:`u_by_element`.

    Examples
    --------
    >>> u_in_words({"Ni": 4.5, "Mn": 5.96, "O": 0.0})
    'Mn 5.96, Ni 4.5'
    >>> u_in_words({"Mn": 3.9}, {"Mn": 1.0})
    'Mn U 4.9 J 1'
    """
    found = u_by_element({e: u for e, u in hubbards.items() if u}, js)
    return ", ".join(f"{e} {words}" for e, words in sorted(found.items())) or NO_U
