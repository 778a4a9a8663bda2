"""The value of any INCAR tag that a run applied, whichever file says it."""

from __future__ import annotations

from typing import Any

from workflows.vasp.equality import flat
from workflows.vasp.incar_text import leading_numbers, logical
from workflows.vasp.numbers import VaspNumbers


def numbers_applied(numbers: VaspNumbers, tag: str) -> tuple[float, ...]:
    """Return the numbers of a tag as applied, or else as asked; empty if none is said.

    Examples
    --------
    >>> numbers_applied(VaspNumbers(parameters={"NUPDOWN": -1.0}), "NUPDOWN")
    (-1.0,)
    """
    value = _value(numbers, tag)
    if isinstance(value, str):
        return tuple(leading_numbers(value))
    values = flat(value) if isinstance(value, list | tuple) else [value]
    return tuple(float(v) for v in values if isinstance(v, bool | int | float))


def number_applied(numbers: VaspNumbers, tag: str, default: float = 0.0) -> float:
    """Return the first number of a tag; see :func:`numbers_applied`."""
    return next(iter(numbers_applied(numbers, tag)), default)


def switched_on(numbers: VaspNumbers, tag: str) -> bool:
    """Return whether a logical tag is .TRUE."""
    return bool(logical(str(_value(numbers, tag))))


def _value(numbers: VaspNumbers, tag: str) -> Any:
    head = numbers.outcar.header if numbers.outcar is not None else None
    places = [numbers.parameters, numbers.incar]
    printed = [] if head is None else [head.incar, head.tags]
    for place in (*places, *printed):
        if place.get(tag) is not None:
            return place[tag]
    return None
