"""Numbers and rows in the layout that VASP's Fortran gives them."""

from __future__ import annotations

import math
from collections.abc import Iterable


def fortran(value: float, digits: int, width: int) -> str:
    """Print 1234.5 as 0.12345E+04, which is how OSZICAR has it."""
    exponent = 0 if value == 0 else math.floor(math.log10(abs(value))) + 1
    mantissa = f"{value / 10**exponent:.{digits}f}"
    if mantissa.lstrip("-").startswith("1"):
        exponent += 1
        mantissa = f"{value / 10**exponent:.{digits}f}"
    text = f"{mantissa}E{exponent:+03d}"
    return text.rjust(width)


def bare(value: float, digits: int, width: int) -> str:
    """Do as `fortran`, without the zero before the point: -.12345E+04."""
    return fortran(value, digits, 0).replace("0.", ".", 1).rjust(width)


def row(values: Iterable[object], form: str) -> str:
    """Join numbers, each in the same format: row([1, 2], '{:8.3f}')."""
    return "".join(form.format(value) for value in values)
