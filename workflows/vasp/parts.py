"""What a VASP directory is described with: blocks, potentials, k-points, cells."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

Vector = tuple[float, float, float]
Lattice = tuple[Vector, ...]
"""Three vectors as rows, A."""


@dataclass(frozen=True)
class Block:
    """A run of atoms of one element in POSCAR, with its own LDAU* and POTCAR."""

    element: str
    count: int


class Correction(NamedTuple):
    """What LDAU* ask for one block: the shell, U - J in eV, and U where it is ignored.

    ``ignored`` is what LDAUU says where LDAUL is -1; ``u`` is 0 there.
    """

    block: Block
    shell: int
    u: float
    ignored: float

    def __str__(self) -> str:
        """Return the entries of the block in the words of the INCAR."""
        value = self.u or self.ignored
        name = f"{self.block.element}{self.block.count}"
        return f"{name}: U {value:g} eV, LDAUL {self.shell}"


@dataclass(frozen=True)
class Potential:
    """One POTCAR.

    Attributes
    ----------
    symbol
        As ``Mn_pv``.
    titel
        As ``PAW_PBE Mn_pv 02Aug2007``; empty when only the symbol is known.
    enmax, zval
        Recommended cutoff in eV and valence electrons; None when not known.
    lexch, vrhfin
        Code of its functional, as ``PE``; element it was made for, as ``Mn``. Empty
        when not known.
    ultrasoft
        LULTRA; None when not known.
    whole
        Whether its data set has its end; None where only lines of a header are known.
    """

    symbol: str
    titel: str = ""
    enmax: float | None = None
    zval: float | None = None
    lexch: str = ""
    vrhfin: str = ""
    ultrasoft: bool | None = None
    whole: bool | None = None

    @property
    def element(self) -> str:
        """The element, without ``_pv`` or ``.25``."""
        return self.symbol.replace(".", "_").split("_")[0]

    @classmethod
    def titled(
        cls, titel: str, enmax: float | None = None, zval: float | None = None
    ) -> Potential:
        """Make one from its TITEL, whose second word is the symbol."""
        words = titel.split()
        symbol = words[1] if len(words) > 1 else titel.strip()
        return cls(symbol, " ".join(words), enmax, zval)


@dataclass(frozen=True)
class Mesh:
    """K-points: ``gamma``, ``monkhorst``, ``line``, ``list`` or ``automatic``."""

    style: str
    divisions: tuple[int, int, int] | None = None
    shift: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def gamma_centred(self) -> bool | None:
        """Whether Gamma is a point of the grid; None for no grid.

        An odd Monkhorst-Pack grid holds Gamma; an even one does not.
        """
        if self.divisions is None:
            return None
        shifted = any(abs(s - round(s)) > 1e-6 for s in self.shift)
        even = self.style == "monkhorst" and any(n % 2 == 0 for n in self.divisions)
        return not (shifted or even)


def reciprocal_lengths(lattice: Lattice) -> tuple[float, float, float] | None:
    """Return the lengths of the reciprocal vectors, 1/A with 2 pi; None if flat."""
    a, b, c = lattice
    volume = abs(_dot(a, _cross(b, c)))
    if volume < 1e-9:
        return None
    x, y, z = (
        2 * math.pi * math.sqrt(_dot(n, n)) / volume
        for n in (_cross(b, c), _cross(c, a), _cross(a, b))
    )
    return x, y, z


def _cross(a: Vector, b: Vector) -> Vector:
    return (
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    )


def _dot(a: Vector, b: Vector) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))
