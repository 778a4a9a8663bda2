"""An automatic k-point mesh and its points."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from workflows.fake_vasp.crystal import Vector


@dataclass(frozen=True)
class Mesh:
    """An automatic k-point mesh."""

    style: str
    divisions: tuple[int, int, int]
    shift: Vector

    @property
    def holds_gamma(self) -> bool:
        """Whether Gamma is one of the points, as the tetrahedron method needs."""
        even = any(n % 2 == 0 for n in self.divisions)
        return not any(self.shift) and (self.style == "Gamma" or not even)

    @property
    def points(self) -> list[tuple[Vector, float]]:
        """Points and weights, reduced by time reversal only (as with ISYM = 0)."""
        kept: dict[tuple[int, ...], list[int]] = {}
        for index in product(*(range(n) for n in self.divisions)):
            partner = self._reversed(index)
            kept.setdefault(min(index, partner), []).append(1)
        total = self.divisions[0] * self.divisions[1] * self.divisions[2]
        return [(self._fractions(i), len(ones) / total) for i, ones in kept.items()]

    def _offset(self, axis: int) -> float:
        """Shift of the mesh from Gamma along one axis, in steps of the mesh."""
        n = self.divisions[axis]
        half = 0.5 if self.style == "Monkhorst-Pack" and n % 2 == 0 else 0.0
        return self.shift[axis] + half

    def _reversed(self, index: tuple[int, ...]) -> tuple[int, ...]:
        twice = [round(2 * self._offset(axis)) for axis in range(3)]
        steps = zip(index, twice, self.divisions, strict=True)
        return tuple((-i - t) % n for i, t, n in steps)

    def _fractions(self, index: tuple[int, ...]) -> Vector:
        values = []
        for axis, (i, n) in enumerate(zip(index, self.divisions, strict=True)):
            value = (i + self._offset(axis)) / n
            values.append(value - 1.0 if value > 0.5 + 1e-9 else value)
        return values[0], values[1], values[2]
