"""Bands and densities of states of an ionic crystal.

Every orbital of every ion is one Gaussian, filled with the electrons that the formal
charge leaves on the ion. The counts are therefore exact: all states below the Fermi
energy hold NELECT electrons, and up minus down is the formal total moment.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from workflows.fake_vasp.inputs import Inputs
from workflows.fake_vasp.metals import VALENCE, filling
from workflows.fake_vasp.refusal import Refusal
from workflows.fake_vasp.spinel import Crystal, Ion

FERMI = 3.0  # eV, absolute
ORBITALS = ("s", "py", "pz", "px", "dxy", "dyz", "dz2", "dxz", "x2-y2")
_P, _T2G, _EG = (1, 2, 3), (4, 5, 7), (6, 8)
_VALENCE = {"Li": 1, "O": 6, **VALENCE}
_SEMICORE_P = {"Ni": -65.0}
_OTHER_SEMICORE_P = -47.0
_EMPTY_HIGH = 12.0  # eV above the Fermi energy, for NBANDS beyond the model's own
_EMPTY_BANDS = 4  # so many of them unless NBANDS says otherwise
_DISPERSION = 0.05  # eV
_METAL_WIDTH = 1.2  # eV, the half-filled 2s of lithium


@dataclass(frozen=True)
class Level:
    """One orbital of one spin: a Gaussian; energies in eV from the Fermi energy."""

    orbital: int
    spin: int  # 0 up, 1 down
    centre: float
    width: float


@dataclass(frozen=True)
class Kind:
    """What decides the levels of an ion. Most ions of a cell share a few kinds."""

    element: str
    charge: int
    direction: int
    semicore: int  # electrons below the valence shell in this data set

    @property
    def levels(self) -> list[Level]:
        """All levels of one such ion."""
        shells = {"Li": _lithium, "O": _oxygen, "Ni": _nickel, "Mn": _manganese}
        shell = shells.get(self.element)
        majority, minority = shell(self.charge) if shell else _metal(self)
        up, down = (majority, minority) if self.direction > 0 else (minority, majority)
        both = _semicore(self.element, self.semicore)
        return [
            Level(orbital, spin, centre, width)
            for spin, shell in ((0, up), (1, down))
            for orbital, centre, width in both + shell
        ]


Shell = list[tuple[int, float, float]]  # orbital, centre, width


def _semicore(element: str, electrons: int) -> Shell:
    if element == "Li":
        return [(0, -45.0, 0.3)] if electrons else []
    if element == "O" or not electrons:
        return []
    deep = _SEMICORE_P.get(element, _OTHER_SEMICORE_P)
    s = [(0, deep - 35.0, 0.3)] if electrons > 6 else []
    return s + [(orbital, deep, 0.3) for orbital in _P]


def _lithium(charge: int) -> tuple[Shell, Shell]:
    shell = [(0, 6.0, 0.4)] if charge else [(0, 0.0, _METAL_WIDTH)]
    return shell, shell


def _oxygen(_charge: int) -> tuple[Shell, Shell]:
    shell = [(0, -18.0, 0.4)] + [(orbital, -3.4, 0.55) for orbital in _P]
    return shell, shell


def _manganese(charge: int) -> tuple[Shell, Shell]:
    t2g = [(orbital, -4.5, 0.4) for orbital in _T2G]
    minority = [(orbital, 3.2, 0.3) for orbital in _T2G]
    minority += [(orbital, 4.4, 0.3) for orbital in _EG]
    return t2g + _eg(4 - charge, -0.9, 1.6), minority


def _nickel(charge: int) -> tuple[Shell, Shell]:
    majority = [(orbital, -4.8, 0.4) for orbital in _T2G] + _eg(4 - charge, -1.6, 1.2)
    minority = [(orbital, -2.2, 0.3) for orbital in _T2G] + _eg(0, 0.0, 2.0)
    return majority, minority


def _metal(kind: Kind) -> tuple[Shell, Shell]:
    own = filling(kind.element, kind.charge)
    t2g, minority_t2g = (
        [(orbital, filled if i < n else empty, 0.3) for i, orbital in enumerate(_T2G)]
        for n, filled, empty in ((own.t2g, -4.5, 1.4), (own.minority_t2g, -2.2, 3.2))
    )
    majority = t2g + _eg(own.eg, -1.2, 1.8)
    return majority, minority_t2g + _eg(own.minority_eg, -0.9, 4.4)


def _eg(electrons: int, filled: float, empty: float) -> Shell:
    """Fill dz2 before dx2-y2: the long axis of a Jahn-Teller ion is z."""
    centres = [filled] * electrons + [empty] * (2 - electrons)
    return [(orbital, c, 0.15) for orbital, c in zip(_EG, centres, strict=True)]


def kinds(inputs: Inputs, crystal: Crystal) -> list[Kind]:
    """Kind of every atom, in POSCAR order."""
    zval = {p.element: round(p.zval) for p in inputs.potentials}
    return [_kind(ion, zval[ion.element]) for ion in crystal.ions]


def _kind(ion: Ion, zval: int) -> Kind:
    semicore = zval - _VALENCE[ion.element]
    return Kind(ion.element, ion.charge, ion.direction, semicore)


@dataclass(frozen=True)
class Densities:
    """States per eV on a grid: DOS of the cell, of every kind, and the integral."""

    energies: list[float]
    total: list[list[float]]  # [spin][grid point]
    integrated: list[list[float]]  # [spin][grid point]
    partial: dict[Kind, list[list[list[float]]]]  # [spin][orbital][grid point]


def densities(inputs: Inputs, all_kinds: list[Kind]) -> Densities:
    """Evaluate every level once on the grid of NEDOS points from EMIN to EMAX."""
    energies = _grid(inputs, all_kinds)
    step = energies[1] - energies[0]
    start = energies[0] - step if inputs.get("ISMEAR") == -5 else None
    counts = Counter(all_kinds)
    zeros = [0.0] * len(energies)
    total, integrated = ([list(zeros) for _ in range(2)] for _ in range(2))
    partial = {kind: [[zeros] * 9, [zeros] * 9] for kind in counts}
    for kind, count in counts.items():
        for level in kind.levels:
            below = [_filled(level, energy) for energy in energies]
            density = _difference(level, below, step, start)
            column = partial[kind][level.spin]
            column[level.orbital] = _sum(column[level.orbital], density)
            total[level.spin] = _sum(total[level.spin], density, count)
            integrated[level.spin] = _sum(integrated[level.spin], below, count)
    if inputs.spins == 1:
        total, integrated = [_both(total)], [_both(integrated)]
        partial = {
            kind: [[_both(pair) for pair in zip(*spins, strict=True)]]
            for kind, spins in partial.items()
        }
    return Densities(energies, total, integrated, partial)


def _grid(inputs: Inputs, all_kinds: list[Kind]) -> list[float]:
    """EMIN to EMAX are absolute energies; where EMIN > EMAX all levels are shown."""
    low, high = inputs.get("EMIN"), inputs.get("EMAX")
    if low >= high:
        centres = [level.centre for kind in set(all_kinds) for level in kind.levels]
        low, high = FERMI + min(centres) - 3.0, FERMI + max(centres) + 3.0
    points = inputs.get("NEDOS")
    return [low + (high - low) * i / (points - 1) for i in range(points)]


def _filled(level: Level, energy: float) -> float:
    """Share of a level that lies below an absolute energy."""
    distance = (energy - FERMI - level.centre) / level.width
    return 0.5 * (1 + math.erf(distance / math.sqrt(2)))


def _difference(
    level: Level, below: list[float], step: float, start: float | None
) -> list[float]:
    """Differentiate the integral, as VASP does.

    Without the tetrahedron method the first point is measured from zero: everything
    below EMIN falls into it.
    """
    first = 0.0 if start is None else _filled(level, start)
    shifted = [first, *below[:-1]]
    return [(b - a) / step for a, b in zip(shifted, below, strict=True)]


def _both(spins: Sequence[list[float]]) -> list[float]:
    up, down = spins
    return _sum(up, down)


def _sum(a: list[float], b: list[float], times: int = 1) -> list[float]:
    return [p + times * q for p, q in zip(a, b, strict=True)]


@dataclass(frozen=True)
class Bands:
    """Eigenvalues (absolute, eV) and occupations of every spin and k point."""

    energies: list[list[list[float]]]  # [spin][k point][band]
    occupied: list[list[int]]  # [spin][k point]: number of filled bands

    @property
    def number(self) -> int:
        """NBANDS."""
        return len(self.energies[0][0])


def bands(inputs: Inputs, crystal: Crystal, all_kinds: list[Kind]) -> Bands:
    """Every level gives one band, spread over 3 widths and shifted a little with k."""
    asked = inputs.incar.get("NBANDS", 0)
    energies, occupied = [], []
    for spin in range(inputs.spins):
        flat = _flat_bands(all_kinds, spin)
        flat += [_EMPTY_HIGH] * max(_EMPTY_BANDS, asked - len(flat))
        filled = sum(energy < 0 for energy in flat)
        if 0 < asked < filled + 1:
            raise Refusal(f"INCAR: NBANDS = {asked}, {filled} bands are occupied")
        flat = flat[: asked or None]
        rows = [_at_k(flat, k, crystal) for k, _ in inputs.mesh.points]
        energies.append(rows)
        occupied.append([sum(energy < FERMI for energy in row) for row in rows])
    return Bands(energies, occupied)


def _flat_bands(all_kinds: list[Kind], spin: int) -> list[float]:
    counts: Counter[tuple[float, float]] = Counter()
    for kind, count in Counter(all_kinds).items():
        for level in kind.levels:
            if level.spin == spin:
                counts[level.centre, level.width] += count
    return sorted(
        centre + 1.5 * width * (2 * (i + 0.5) / count - 1)
        for (centre, width), count in counts.items()
        for i in range(count)
    )


def _at_k(flat: list[float], k: tuple[float, ...], crystal: Crystal) -> list[float]:
    wave = sum(math.cos(2 * math.pi * component) for component in k) / 3
    size = _METAL_WIDTH if crystal.is_lithium else _DISPERSION
    return [FERMI + energy - size * wave for energy in flat]
