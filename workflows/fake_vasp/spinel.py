"""Formal valences, moments, lattice and energy of LixM2O4.

Nothing here is computed from first principles; main.py states the rules.
Bcc lithium, the reference of the voltages, is the one other crystal that is known.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from workflows.fake_vasp.crystal import Cell, Vector, volume
from workflows.fake_vasp.metals import MOMENT, VALENCE, filling, total_charges
from workflows.fake_vasp.refusal import Refusal

_MU_LI = -1.90  # eV/atom of bcc Li
_A_BCC_LI = 3.44  # Å
_E_0 = -45.24  # eV per formula unit at x = 0
_V_01, _V_12 = 4.7, 2.8  # average voltages, V
_BOW_01, _BOW_12 = -0.08, 0.05  # eV per formula unit
_NI_MN_PARALLEL = 0.06  # eV per formula unit, for Ni2+
_MN_MN_ANTIPARALLEL = 0.04  # eV per formula unit
_SYMMETRISED = 0.10  # eV per formula unit, wrong_valence only
_STIFFNESS = {"spinel": 3600.0, "lithium": 400.0}  # kB per unit of axial strain
_EV_PER_KB_A3 = 1 / 1602.1766

_OXYGEN_MOMENT = 0.01


@dataclass(frozen=True)
class Ion:
    """One atom: formal charge, direction of its spin (+1 or -1), moment in μB."""

    element: str
    charge: int
    direction: int
    moment: float

    @property
    def spin(self) -> int:
        """Formal number of unpaired electrons, with its sign."""
        if self.element not in VALENCE:
            return 0
        return self.direction * filling(self.element, self.charge).spin


@dataclass(frozen=True)
class Crystal:
    """The model's answer for one composition and one set of starting moments."""

    ions: list[Ion]
    formula_units: float
    energy: float  # eV per cell, in the model's own lattice

    @property
    def is_lithium(self) -> bool:
        """Whether this is the metal."""
        return all(ion.element == "Li" for ion in self.ions)

    @property
    def total_moment(self) -> int:
        """Formal total, μB per cell; what OSZICAR prints as mag."""
        return sum(ion.spin for ion in self.ions)

    @property
    def x(self) -> float:
        """Li per formula unit."""
        return sum(ion.element == "Li" for ion in self.ions) / self.formula_units

    @property
    def stiffness(self) -> float:
        """Stress per unit of axial strain, kB."""
        return _STIFFNESS["lithium" if self.is_lithium else "spinel"]


def model(cell: Cell, moments: list[float], *, symmetrised: bool) -> Crystal:
    """Apply the model to a POSCAR and its MAGMOM."""
    if set(cell.atoms) == {"Li"}:
        atoms = [Ion("Li", 0, 1, 0.0) for _ in cell.atoms]
        return Crystal(atoms, len(atoms) / 2, _MU_LI * len(atoms))
    charges = _charges(cell)
    directions = [-1 if moment < 0 else 1 for moment in moments]
    ions = [
        Ion(element, charge, direction, direction * _moment(element, charge))
        for element, charge, direction in zip(
            cell.atoms, charges, directions, strict=True
        )
    ]
    if symmetrised:
        ions = _with_equal_mn(ions)
    formula_units = cell.composition["O"] / 4
    energy = formula_units * _energy(ions, formula_units, symmetrised=symmetrised)
    return Crystal(ions, formula_units, energy)


def _charges(cell: Cell) -> list[int]:
    """Formal charge of every atom, down the ladder of couples."""
    n = cell.composition
    metals = {element: n[element] for element in VALENCE if n[element]}
    if 2 * sum(metals.values()) != n["O"] or n["Li"] * 4 > 2 * n["O"]:
        raise Refusal(f"POSCAR: {dict(n)} is not LixM2O4 with x from 0 to 2")
    totals = total_charges(metals, 2 * n["O"] - n["Li"])
    if totals is None:
        raise Refusal(f"POSCAR: {dict(n)} leaves a metal outside its charges")
    queues = {m: iter(_shared(totals[m], metals[m])) for m in metals}
    fixed = {"Li": 1, "O": -2}
    return [fixed[a] if a in fixed else next(queues[a]) for a in cell.atoms]


def _shared(total: int, sites: int) -> list[int]:
    """Integers as equal as they can be, the smaller ones first."""
    if not sites:
        return []
    base, rest = divmod(total, sites)
    return [base] * (sites - rest) + [base + 1] * rest


def _moment(element: str, charge: int) -> float:
    if element in VALENCE:
        return MOMENT[element, charge]
    return _OXYGEN_MOMENT if element == "O" else 0.0


def _with_equal_mn(ions: list[Ion]) -> list[Ion]:
    """Give every Mn the mean |moment|: what a symmetrised run would find."""
    sizes = [abs(ion.moment) for ion in ions if ion.element == "Mn"]
    mean = sum(sizes) / max(1, len(sizes))
    return [
        Ion(ion.element, ion.charge, ion.direction, ion.direction * mean)
        if ion.element == "Mn"
        else ion
        for ion in ions
    ]


def _energy(ions: list[Ion], formula_units: float, *, symmetrised: bool) -> float:
    """Energy per formula unit, eV."""
    x = sum(ion.element == "Li" for ion in ions) / formula_units
    low, high = min(x, 1.0), max(x - 1.0, 0.0)
    chemical = low * (_MU_LI - _V_01) + high * (_MU_LI - _V_12)
    bow = _BOW_01 * low * (1 - low) + _BOW_12 * high * (1 - high)
    penalty = _SYMMETRISED if symmetrised and high > 0 else 0.0
    return _E_0 + chemical + bow + _exchange(ions, formula_units) + penalty


def _exchange(ions: list[Ion], formula_units: float) -> float:
    """Zero for Mn parallel to each other and Ni antiparallel to Mn."""
    mn = [ion.direction for ion in ions if ion.element == "Mn"]
    if not mn:
        return 0.0
    order = sum(mn) / len(mn)
    majority = 1 if order >= 0 else -1
    ni = [ion.spin * majority for ion in ions if ion.element == "Ni"]
    parallel = sum(spin for spin in ni if spin > 0) / formula_units
    return _NI_MN_PARALLEL * parallel + _MN_MN_ANTIPARALLEL * (1 - abs(order))


def axes(x: float) -> Vector:
    """Edges of the 56-atom cell, Å."""
    if x <= 1:
        a = 8.00 + 0.17 * x
        return a, a, a
    size = 8.17**3 + (x - 1) * (1.118 * 8.00**3 - 8.17**3)
    ratio = 1 + 0.07 * (x - 1)
    a = (size / ratio) ** (1 / 3)
    return a, a, ratio * a


def factors_to_model(crystal: Crystal, cell: Cell) -> Vector:
    """Factors on the three lattice vectors that lead to the model's lattice.

    A pseudo-cubic cell, or a multiple of it, gets the edges a, b and c. Any other shape
    is scaled uniformly to the right volume.
    """
    if crystal.is_lithium:
        wanted = crystal.formula_units * _A_BCC_LI**3
        return _uniform(wanted / volume(cell.lattice))
    edges = axes(crystal.x)
    lengths = [math.dist((0, 0, 0), row) for row in cell.lattice]
    repeats = [max(1, round(length / 8.17)) for length in lengths]
    if 8 * math.prod(repeats) != crystal.formula_units:
        wanted = math.prod(edges) * crystal.formula_units / 8
        return _uniform(wanted / volume(cell.lattice))
    a, b, c = (
        n * edge / length
        for n, edge, length in zip(repeats, edges, lengths, strict=True)
    )
    return a, b, c


def _uniform(volume_ratio: float) -> Vector:
    factor = volume_ratio ** (1 / 3)
    return factor, factor, factor


def stress(crystal: Crystal, cell: Cell) -> Vector:
    """Diagonal of VASP's `in kB` line: positive where the cell is too short."""
    a, b, c = (
        crystal.stiffness * (factor - 1) for factor in factors_to_model(crystal, cell)
    )
    return a, b, c


def energy_in(crystal: Crystal, cell: Cell) -> float:
    """Energy of the cell as it stands: the model's, plus the elastic energy, eV."""
    strains = [factor - 1 for factor in factors_to_model(crystal, cell)]
    per_volume = 0.5 * crystal.stiffness * sum(strain**2 for strain in strains)
    return crystal.energy + per_volume * volume(cell.lattice) * _EV_PER_KB_A3
