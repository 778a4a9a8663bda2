"""Adjacent averaging of a curve, the smoothing of the paper's PDOS.

"Adjacent averaging" is Origin's name for a moving average. Its window runs from
i - floor(n/2) to i + floor(n/2), both included, so that its 10 points are 11 (Origin
manual, Smooth algorithm; that the ends are included is our reading). A window of ten
points about a point does not exist, hence three modes.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Mode = Literal["origin", "strict", "centred"]
MODES: tuple[Mode, ...] = ("origin", "strict", "centred")


def adjacent_average(
    y: ArrayLike, n: int = 10, mode: Mode = "origin"
) -> NDArray[np.float64]:
    """Average every point of a curve with its neighbours.

    At the ends the window is cut off, and the sum divided by the weight that is left:
    a constant stays what it is everywhere.

    Parameters
    ----------
    y
        Values on an even grid, any unit, shape (..., points).
    n
        Points of the window.
    mode
        ``"origin"``: i - n//2 to i + n//2, equal weights (11 points for n = 10).
        ``"strict"``: i - n//2 to i - n//2 + n - 1, exactly n points; for even n the
        result belongs half a grid step to the left, a shift left to the caller.
        ``"centred"``: as ``"origin"``, and for even n half the weight at both ends, so
        that the weights sum to n.

    Returns
    -------
    ndarray
        Same shape and unit.

    Raises
    ------
    ValueError
        n is below 1, or the mode is unknown.

    Examples
    --------
    >>> adjacent_average([0, 0, 3, 0, 0], n=2).tolist()
    [0.0, 1.0, 1.0, 1.0, 0.0]
    """
    if n < 1:
        raise ValueError(f"a window of {n} points averages nothing: n >= 1")
    if mode not in MODES:
        raise ValueError(f"mode is {mode!r}: one of {', '.join(MODES)}")
    half = n // 2
    after = n - 1 - half if mode == "strict" else half
    weights = np.ones(half + 1 + after)
    if mode == "centred" and n % 2 == 0:
        weights[[0, -1]] = 0.5
    values = np.asarray(y, dtype=float)
    if values.shape[-1] == 0:
        return values.copy()
    total = np.apply_along_axis(_windowed, -1, values, weights, after)
    smoothed: NDArray[np.float64] = total / _windowed(
        np.ones(values.shape[-1]), weights, after
    )
    return smoothed


def half_step(energies: ArrayLike, n: int, mode: Mode) -> float:
    """Return what to subtract from the grid of a ``strict`` average, in its unit."""
    grid = np.asarray(energies, dtype=float)
    shifted = mode == "strict" and n % 2 == 0 and len(grid) > 1
    return float(grid[1] - grid[0]) / 2 if shifted else 0.0


def _windowed(
    values: NDArray[np.float64], weights: NDArray[np.float64], after: int
) -> NDArray[np.float64]:
    """Sum the weighted window about every point; beyond the ends there is nothing."""
    whole = np.convolve(values, weights[::-1])
    return whole[after : after + len(values)]
