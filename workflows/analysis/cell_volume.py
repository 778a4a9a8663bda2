"""How small and how large a cell may be; without numpy, for what only reads a file."""

from __future__ import annotations

from collections.abc import Sequence

LEAST_VOLUME = 1.0
"""A^3 an atom; diamond, with the densest packing at 1 bar, has 5.7."""
MOST_VOLUME = 100.0
"""A^3 an atom; a spinel of selenides without its ion has 30."""


def determinant(rows: Sequence[Sequence[float]]) -> float:
    """Return the determinant of three rows; infinity and NaN go through."""
    (a, b, c), (d, e, f), (g, h, i) = rows
    return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
