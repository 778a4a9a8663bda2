"""A crystal cell, and the little vector geometry it needs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Cell:
    """A POSCAR: lattice rows in Å, one species block after another."""

    comment: str
    lattice: list[Vector]
    symbols: list[str]
    counts: list[int]
    fractions: list[Vector]

    @property
    def atoms(self) -> list[str]:
        """Element of every atom, in POSCAR order."""
        blocks = zip(self.symbols, self.counts, strict=True)
        return [symbol for symbol, count in blocks for _ in range(count)]

    @property
    def composition(self) -> Counter[str]:
        """Number of atoms of every element."""
        return Counter(self.atoms)

    def with_lattice(self, lattice: list[Vector]) -> Cell:
        """Return the same atoms, at the same fractions, in another lattice."""
        return Cell(self.comment, lattice, self.symbols, self.counts, self.fractions)


def volume(lattice: list[Vector]) -> float:
    """Volume of the cell, Å³."""
    a, b, c = lattice
    return abs(sum(a[i] * cross(b, c)[i] for i in range(3)))


def reciprocal(lattice: list[Vector]) -> list[Vector]:
    """Rows of the reciprocal lattice, without 2π."""
    a, b, c = lattice
    size = sum(a[i] * cross(b, c)[i] for i in range(3))
    products = (cross(b, c), cross(c, a), cross(a, b))
    return [(p[0] / size, p[1] / size, p[2] / size) for p in products]


def cross(u: Vector, v: Vector) -> Vector:
    """Vector product."""
    return (
        u[1] * v[2] - u[2] * v[1],
        u[2] * v[0] - u[0] * v[2],
        u[0] * v[1] - u[1] * v[0],
    )


def to_cartesian(lattice: list[Vector], fractions: Vector) -> Vector:
    """Cartesian position, Å."""
    x, y, z = (sum(fractions[i] * lattice[i][k] for i in range(3)) for k in range(3))
    return x, y, z


def to_fractions(lattice: list[Vector], position: Vector) -> Vector:
    """Fractions of the lattice vectors at a Cartesian position in Å."""
    rows = reciprocal(lattice)
    x, y, z = (sum(position[k] * row[k] for k in range(3)) for row in rows)
    return x, y, z
