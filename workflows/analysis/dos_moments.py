"""Moments that a density of states adds up to, of the cell and of each site, in muB.

They say which magnetic order a density of states is of, without a moment beside it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from workflows.analysis.dos import DensityOfStates, Values


class SiteSums(NamedTuple):
    """Moments of the sites.

    Attributes
    ----------
    moments
        Spin up less spin down below the Fermi level, muB, shape (sites,).
    lost
        Electrons between grid points where no site has a state: levels narrower than
        the grid. With many of them the moments say little.
    """

    moments: Values
    lost: float


def total_moment(dos: DensityOfStates) -> float | None:
    """Return the moment of the cell at the Fermi level, muB; None without spin."""
    if len(dos.integrated) != 2:
        return None
    up, down = (np.interp(dos.efermi, dos.energies, each) for each in dos.integrated)
    return float(up - down)


def site_sums(dos: DensityOfStates) -> SiteSums | None:
    """Add up the moments of the sites; None without spin or projections.

    With tetrahedra the density is that of a point of the grid and its sum is poor,
    while the integrated total is exact: what it gains between two points goes to the
    sites by their shares there.
    """
    if len(dos.total) != 2 or not len(dos.projected):
        return None
    below = dos.energies <= dos.efermi
    gained = np.diff(dos.integrated, axis=1, prepend=dos.integrated[:, :1])
    gained = np.clip(gained, 0, None)[:, below]
    sites = np.clip(dos.projected.sum(axis=1), 0, None)[..., below]
    whole = np.maximum(dos.total[:, below], sites.sum(axis=0))
    shares = np.divide(sites, whole, out=np.zeros_like(sites), where=whole > 0)
    electrons = (shares * gained).sum(axis=2)
    lost = float(gained[whole <= 0].sum())
    return SiteSums(electrons[:, 0] - electrons[:, 1], lost)
