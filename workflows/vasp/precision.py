"""How far two prints of one number may differ: VASP rounds each file in its own way."""

from __future__ import annotations

import re
from typing import Any

VASPRUN_REAL = 6e-9
"""vasprun.xml prints eight decimals: an EDIFF of 1e-9 is 0 there."""

OUTCAR_U = 0.051
"""eV; OUTCAR prints U and J with one decimal before VASP 6.3."""

OUTCAR_CUTOFF = 0.1
"""eV; OUTCAR prints ENCUT with one or two decimals."""

OUTCAR_EDIFF = 0.5
"""Relative; OUTCAR prints EDIFF with one digit."""

ELECTRONS = 1e-3
"""OUTCAR prints NELECT with four decimals."""

MOMENT = 1e-3
"""muB; both files print the moments of MAGMOM with at least three decimals."""

LETTERS = 5
"""Letters of a word that count; OUTCAR prints six of PREC, five of some others."""

_PRINTED = re.compile(r"[-+]?\d*(?:\.(?P<decimals>\d*))?(?:[EDed](?P<power>[-+]?\d+))?")


def agrees_with_print(printed: str, value: Any) -> bool | None:
    """Return whether a value may have been printed so by VASP; None if none can tell.

    Parameters
    ----------
    printed
        As in OUTCAR: ``520.0``, ``0.1E-05``, ``T``, ``accura``; stars of a number that
        did not fit tell nothing.
    value
        A number, a switch or a word, with all its digits.

    Examples
    --------
    >>> [agrees_with_print("0.1E-02", value) for value in (0.0014, 0.002)]
    [True, False]
    """
    if isinstance(value, bool):
        switch = {"T": True, "F": False}.get(printed.strip(".").upper()[:1])
        return None if switch is None else switch == value
    if not isinstance(value, int | float):
        own, other = (word.strip().lower()[:LETTERS] for word in (printed, str(value)))
        return own == other
    found = _PRINTED.fullmatch(printed)
    if found is None or not any(letter.isdigit() for letter in printed):
        return None
    step = 10.0 ** (int(found["power"] or 0) - len(found["decimals"] or ""))
    number = float(printed.upper().replace("D", "E"))
    return abs(number - value) <= 0.51 * step + VASPRUN_REAL
