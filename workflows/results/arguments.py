"""What a person gives in a Python shell, checked by the name of the argument."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from structures.values import is_finite, shown
from workflows.errors import ResultsError, nearest

ANY_NUMBER = (-math.inf, math.inf)
ABOVE_ZERO = (math.ulp(0.0), math.inf)
NOT_BELOW_ZERO = (0.0, math.inf)


def number(value: Any, name: str, *, within: tuple[float, float] = ANY_NUMBER) -> float:
    """Return a finite number within two limits, both allowed.

    Raises
    ------
    ResultsError
        It is text, a list, NaN, infinite or out of the limits; the message names the
        argument.
    """
    least, most = within
    if is_finite(value) and least <= value <= most:
        return float(value)
    wanted = {ABOVE_ZERO: " above 0", NOT_BELOW_ZERO: ", 0 or above"}.get(within, "")
    raise ResultsError(f"{name} = {shown(value)}: give a number{wanted}")


def whole(value: Any, name: str) -> int:
    """Return a whole number, 0 or above.

    Raises
    ------
    ResultsError
        As :func:`number`, or it is no whole number.
    """
    if is_finite(value) and value >= 0 and value == int(value):
        return int(value)
    raise ResultsError(f"{name} = {shown(value)}: give a whole number, 0 or above")


def all_x(value: Any) -> tuple[float, ...]:
    """Return one x, or several, as a tuple; None and empty mean all.

    Raises
    ------
    ResultsError
        As :func:`number`.
    """
    if value is None:
        return ()
    several = isinstance(value, Iterable) and not isinstance(value, str | bytes)
    return tuple(number(each, "x") for each in (value if several else (value,)))


def one_of(value: Any, name: str, known: Sequence[str]) -> None:
    """Refuse what is not one of some words.

    Raises
    ------
    ResultsError
        The message lists them, the nearest first.
    """
    if isinstance(value, str) and value in known:
        return
    near = nearest(value, tuple(known)) if isinstance(value, str) else ""
    raise ResultsError(f"{name} = {shown(value)}{near}: give one of {', '.join(known)}")


def word(value: Any, name: str) -> str | None:
    """Return a text, or None.

    Raises
    ------
    ResultsError
        It is anything else.
    """
    if value is None or isinstance(value, str):
        return value
    raise ResultsError(f"{name} = {shown(value)}: give a text, or None")
