"""Ranking orderings by their electrostatic energy, and a record of what was dropped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
from pymatgen.core.structure import Structure

from structures.cell import FloatArray
from structures.ewald import ewald_energies
from structures.orderings import Ordering

_DECIMALS = 6
"""Energies (eV per cell) are rounded so that ties do not depend on the processor."""


@dataclass(frozen=True)
class RankedOrdering:
    """An ordering with its electrostatic energy.

    Attributes
    ----------
    ordering
        The ordering.
    ewald_energy
        Ewald energy of formal charges, eV per cell, rounded to 1e-6.
    """

    ordering: Ordering
    ewald_energy: float

    @property
    def structure(self) -> Structure:
        """Structure of the ordering."""
        return self.ordering.structure

    @property
    def occupied(self) -> tuple[int, ...]:
        """Sorted indices of the occupied sites of the role."""
        return self.ordering.occupied

    @property
    def degeneracy(self) -> int:
        """Number of equivalent orderings."""
        return self.ordering.degeneracy


@dataclass(frozen=True)
class Dropped:
    """What a ranking left out.

    Attributes
    ----------
    count
        Number of orderings that were ranked but not kept.
    energies
        Their Ewald energies, eV per cell, lowest first.
    window
        From the lowest energy kept to the highest one dropped, eV per cell; 0 if
        nothing was dropped.
    gap
        From the highest energy kept to the lowest one dropped, eV per cell; infinite if
        nothing was dropped, 0 for a tie that the canonical order decided.
    """

    count: int
    energies: tuple[float, ...]
    window: float
    gap: float


@dataclass(frozen=True)
class Ranking:
    """Orderings of lowest energy and a record of the others."""

    kept: tuple[RankedOrdering, ...]
    dropped: Dropped


def rank_orderings(
    orderings: Sequence[Ordering],
    *,
    keep: int | None = 1,
    charges: Mapping[str, float] | None = None,
) -> Ranking:
    """Keep the orderings of lowest electrostatic energy.

    Parameters
    ----------
    orderings
        Orderings of one host, role and size.
    keep
        Number to keep; None keeps all.
    charges
        Charge of each element, e; by default formal charges.

    Returns
    -------
    Ranking
        Kept orderings, lowest energy first; equal energies (to 1e-6 eV) in the
        canonical order of `occupied`, whatever the order given.
    """
    energies = _merge_ties(ewald_energies(orderings, charges=charges))
    ranked = sorted(
        (
            RankedOrdering(ordering, float(energy))
            for ordering, energy in zip(orderings, energies, strict=True)
        ),
        key=lambda each: (each.ewald_energy, each.occupied),
    )
    kept, rest = ranked[:keep], ranked[len(ranked[:keep]) :]
    left_out = tuple(each.ewald_energy for each in rest)
    return Ranking(
        tuple(kept),
        Dropped(
            count=len(rest),
            energies=left_out,
            window=round(left_out[-1] - kept[0].ewald_energy, _DECIMALS)
            if rest
            else 0.0,
            gap=round(left_out[0] - kept[-1].ewald_energy, _DECIMALS) if rest else inf,
        ),
    )


def _merge_ties(energies: FloatArray) -> FloatArray:
    """Give energies within 1e-6 eV of each other one and the same rounded value."""
    order = np.argsort(energies)
    ascending = energies[order]
    starts = np.diff(ascending, prepend=-inf) > 10.0**-_DECIMALS
    merged = np.empty_like(energies)
    merged[order] = np.round(ascending[starts], _DECIMALS)[np.cumsum(starts) - 1]
    return merged
