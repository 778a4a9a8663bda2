"""What a caller gives as a number: finite, whole where it counts something, named."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

from structures.errors import CompositionError, StructuresError

FULL = 1e-3
"""Occupancies this close to 1 are full, and to 0 empty."""


A_LIMITS = (6.0, 13.0)
"""A; the cubic cell of oxides has 8 to 9, that of selenides up to 11.5."""
U_LIMITS = (0.2, 0.3)
"""Units of a; 0.25 is ideal close packing."""
MOST_REPEATS = 10
"""Of a cell along one direction: 1000 cubic cells have 56 000 atoms."""


def is_finite(value: Any) -> bool:
    """Return whether a value is a real number that is neither infinite nor NaN."""
    if not isinstance(value, Real) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer above all floats
        return False


def whole(value: Any, name: str, *, least: int = 0) -> int:
    """Return a whole number from `least` up.

    Raises
    ------
    CompositionError
        It is anything else; the message names it.
    """
    if is_finite(value) and value == int(value) and value >= least:
        return int(value)
    raise CompositionError(f"{name} = {shown(value)}: give a whole number >= {least}")


def finite(
    value: Any, name: str, unit: str, error: type[StructuresError] = CompositionError
) -> float:
    """Return a finite number.

    Raises
    ------
    StructuresError
        Of the class `error`: it is anything else; the message names it.
    """
    if is_finite(value):
        return float(value)
    raise error(f"{name} = {shown(value)}: give a finite number, {unit}")


def shown(value: Any) -> str:
    """Return a value for a message, however long it is."""
    try:
        if isinstance(value, float):
            return f"{value:.12g}"
        text = str(value) if isinstance(value, Real) else repr(value)
    except ValueError:  # Python writes no integer of more than 4300 digits
        return "an integer of thousands of digits"
    return text if len(text) <= 60 else f"{text[:57]}..."
