"""Band gap and half-metallicity, from eigenvalues and never from a smoothed DOS.

A metallic x = 1 or x = 2 is a collapsed or symmetrised state until proven otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

OCCUPIED = 0.5
"""Occupation, per spin, above which a level counts as occupied."""
PARTLY = (0.05, 0.95)
"""Occupations between these are partial: the level lies at the Fermi level."""
NO_GAP = 1e-3
"""eV; a gap below the digits of the eigenvalues is none, and so is a negative one."""
HALF_METAL = 0.1
"""Gap, eV, that the insulating channel of a half-metal has at least."""


@dataclass(frozen=True)
class BandGap:
    """Edges and gaps on the k mesh of the run.

    Attributes
    ----------
    gap
        min CBM - max VBM over both spins, eV; 0 in a metal.
    gap_up, gap_down
        The same within one spin channel; equal where the run has no spin.
    vbm, cbm
        Highest occupied and lowest empty level, eV, on the run's own energy scale.
    half_metal
        One channel is metallic and the other has a gap above `HALF_METAL`.
    partly
        Levels, of all k points and spins, whose occupation is partial, see `PARTLY`.
    between
        min CBM - max VBM by the occupation of 0.5 alone, eV, at least 0: what would be
        called a gap if no level were partly occupied.
    reach
        Lowest energy of the highest band, eV, on the run's own scale: above it the
        bands, and a density of states, are not complete.
    """

    gap: float
    gap_up: float
    gap_down: float
    vbm: float
    cbm: float
    half_metal: bool
    partly: int = 0
    between: float = 0.0
    reach: float = np.inf


@dataclass(frozen=True)
class _Channel:
    vbm: float
    cbm: float
    crossed: bool
    partly: int = 0
    reach: float = np.inf

    @property
    def between(self) -> float:
        return 0.0 if self.crossed else max(0.0, self.cbm - self.vbm)

    @property
    def gap(self) -> float:
        return 0.0 if self.partly else self.between


def band_gap(eigenvalues: Mapping[Any, ArrayLike]) -> BandGap:
    """Measure the gap of each spin channel and of both together.

    VBM_s is the highest level with an occupation above 0.5, CBM_s the lowest of the
    rest. A band that is occupied at one k point and empty at another crosses the
    Fermi level: that channel has no gap, whatever the spacing of its levels. Nor has
    one with a level that is partly occupied, see `PARTLY`.

    Parameters
    ----------
    eigenvalues
        ``"up"`` and, with spin, ``"down"`` (or pymatgen's ``Spin``) -> energies in eV
        and occupations 0 to 1, shape (k points, bands, 2).

    Raises
    ------
    ValueError
        There is no channel, or one of another shape.

    Examples
    --------
    >>> one = [[[-1.0, 1.0], [2.0, 0.0]]]
    >>> band_gap({"up": one}).gap
    3.0
    """
    channels = {
        str(getattr(spin, "name", spin)): _channel(np.asarray(levels, dtype=float))
        for spin, levels in eigenvalues.items()
    }
    if not channels or not set(channels) <= {"up", "down"}:
        raise ValueError(
            f"spin channels are {sorted(channels)}: 'up' and 'down' wanted"
        )
    first = next(iter(channels.values()))
    up, down = channels.get("up", first), channels.get("down", first)
    crossed = up.crossed or down.crossed
    both = _Channel(
        max(up.vbm, down.vbm),
        min(up.cbm, down.cbm),
        crossed,
        sum(channel.partly for channel in channels.values()),
        min(up.reach, down.reach),
    )
    gaps = sorted((up.gap, down.gap))
    return BandGap(
        gap=both.gap,
        gap_up=up.gap,
        gap_down=down.gap,
        vbm=both.vbm,
        cbm=both.cbm,
        half_metal=gaps[0] == 0 and gaps[1] > HALF_METAL,
        partly=both.partly,
        between=both.between,
        reach=both.reach,
    )


def _channel(levels: NDArray[np.float64]) -> _Channel:
    if levels.ndim != 3 or levels.shape[2] != 2:
        raise ValueError(
            f"eigenvalues have shape {levels.shape}: (nk, nband, 2) wanted"
        )
    energies, occupied = levels[..., 0], levels[..., 1] > OCCUPIED
    counts = occupied.sum(axis=1)
    partly = (levels[..., 1] > PARTLY[0]) & (levels[..., 1] < PARTLY[1])
    return _Channel(
        vbm=float(energies[occupied].max(initial=-np.inf)),
        cbm=float(energies[~occupied].min(initial=np.inf)),
        crossed=bool(counts.min() != counts.max()),
        partly=int(partly.sum()),
        reach=float(energies.max(axis=1).min()),
    )
