"""A number with its noun, in the singular where it is 1; and what is a number."""

from __future__ import annotations

import math
from typing import TypeGuard


def is_finite(value: object) -> TypeGuard[int | float]:
    """Tell whether a value is a number that a float can hold; true and false are none.

    A whole number of Python has no end, and ``math.isfinite`` raises at a large one.

    Examples
    --------
    >>> [is_finite(value) for value in (1, 1.5, True, "1", float("nan"), 10**400)]
    [True, True, False, False, False, False]
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def count_of(number: float, one: str, more: str = "", form: str = "") -> str:
    """Return a number and the words that follow it.

    Parameters
    ----------
    number
        How many.
    one
        The words after 1.
    more
        The words after any other number; empty: ``one`` with an s.
    form
        How the number is written, a format of Python such as ``,`` or ``.3g``.

    Examples
    --------
    >>> count_of(1, "step"), count_of(0, "step"), count_of(2, "step is", "steps are")
    ('1 step', '0 steps', '2 steps are')
    >>> count_of(1.0004, "hour", form=".3g"), count_of(1500, "run", form=",")
    ('1 hour', '1,500 runs')
    """
    shown = format(number, form)
    return f"{shown} {one if shown == '1' else more or f'{one}s'}"
