"""Density of states of one run, on its own energy scale, as VASP wrote it.

From vasprun.xml through pymatgen; :mod:`workflows.vasp.dos_files` reads the same
from DOSCAR.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workflows.analysis.band_gap import NO_GAP, BandGap

if TYPE_CHECKING:
    from pymatgen.core import Structure

Values = NDArray[np.float64]

ORBITALS = ("s", "py", "pz", "px", "dxy", "dyz", "dz2", "dxz", "dx2")
"""Order of VASP's columns; ``dx2`` stands for d(x2-y2)."""

TINY = 1e-3
"""States/eV; an occupied edge has more."""

FIRST_POINT = 5.0
"""A first grid point this much above the next nine holds all states below it."""


@dataclass(frozen=True)
class Origin:
    """What a file with a density of states says of the run that it is of.

    Attributes
    ----------
    structure
        Atoms of that run in the order of the sites; None where the file has none.
    lengths
        Length of each lattice vector, A; empty where the file does not say.
    settings
        Tags as applied, named and written as in ``TaskDocument.settings``.
    hubbards
        U - J in eV by element; None where the file does not say.
    hubbard_j
        J in eV by element where it counts by itself; None where the file does not say.
    potcar
        Element -> TITEL of its POTCAR; empty where the file does not say.
    """

    structure: Structure | None = None
    lengths: tuple[float, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    hubbards: Mapping[str, float] | None = None
    hubbard_j: Mapping[str, float] | None = None
    potcar: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DensityOfStates:
    """Total and site-projected density of states.

    Attributes
    ----------
    energies
        Grid, eV, on the run's own scale, shape (n,).
    total
        States/eV per cell, shape (spins, n); spins is 1 or 2.
    integrated
        States per cell up to each energy, shape (spins, n).
    projected
        States/eV, shape (sites, orbitals, spins, n); no site where the run has none.
    orbitals
        Names of the orbitals.
    efermi
        Fermi level of this very run, eV.
    nsw
        Ionic steps that the run was allowed.
    nelect
        Electrons in the cell; None where the file does not say.
    levels
        Edges and gaps from the eigenvalues of this run; None where the file has none.
    origin
        What else the file says of the run.
    """

    energies: Values
    total: Values
    integrated: Values
    projected: Values
    orbitals: tuple[str, ...]
    efermi: float
    nsw: int
    nelect: float | None = None
    levels: BandGap | None = None
    origin: Origin = field(default_factory=Origin)

    @property
    def vbm(self) -> float | None:
        """Highest occupied eigenvalue, eV; None for a metal, or if not known."""
        if self.levels is None or self.levels.gap <= NO_GAP:
            return None
        return self.levels.vbm

    @property
    def step(self) -> float:
        """Spacing of the grid, eV."""
        return float((self.energies[-1] - self.energies[0]) / (len(self.energies) - 1))

    @property
    def electrons(self) -> float:
        """Integrated total density at the Fermi level, electrons per cell.

        A grid point's integral reaches up to that point; beyond it nothing is known, so
        that in a gap the value is exact.
        """
        below = self.integrated.sum(axis=0)
        return float(np.interp(self.efermi, self.energies, below))

    @property
    def occupied_edge(self) -> float:
        """Highest occupied level, eV: the eigenvalue, or the edge of the total DOS."""
        if self.vbm is not None:
            return self.vbm
        filled = (self.energies <= self.efermi) & (self.total.sum(axis=0) > TINY)
        return float(self.energies[filled][-1]) if filled.any() else self.efermi

    def without_first_point(self) -> DensityOfStates:
        """Drop the first grid point if it holds the states below the grid.

        With Methfessel-Paxton or Fermi smearing the DOS is a difference of integrals,
        and the first one reaches down to minus infinity (vasp.at/wiki DOSCAR).
        """
        whole = self.total.sum(axis=0)
        if len(whole) < 10 or whole[0] <= FIRST_POINT * whole[1:10].max():
            return self
        return replace(
            self,
            energies=self.energies[1:],
            total=self.total[:, 1:],
            integrated=self.integrated[:, 1:],
            projected=self.projected[..., 1:],
        )
