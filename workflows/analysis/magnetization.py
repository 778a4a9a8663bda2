"""Site moments of an element: what Figure 2e of the paper plots.

m_i is the projection into VASP's PAW sphere (OUTCAR, "magnetization (x)", tot),
or CHGNet's predicted |m|. The spread is site to site; it is not a statistical error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MIXED_SIGN = 0.05
"""mean |m| - |mean m|, muB, above which an element holds both signs."""


@dataclass(frozen=True)
class ElementMoments:
    """Moments of all sites of one element, muB.

    Attributes
    ----------
    signed, absolute
        Mean of m and of |m|; ``absolute`` is the paper's Figure 2e.
    std
        Population standard deviation of |m| over the sites.
    mixed_sign
        The element holds moments of both signs.
    """

    signed: float
    absolute: float
    std: float
    mixed_sign: bool


def element_moments(
    species: Sequence[str], magnetization: Sequence[float], element: str
) -> ElementMoments | None:
    """Average the moments of an element; None if the cell holds none of it.

    Parameters
    ----------
    species
        Element of each site.
    magnetization
        Moment of each site, muB, in the same order.
    element
        Whose.
    """
    chosen = [m for s, m in zip(species, magnetization, strict=True) if s == element]
    if not chosen:
        return None
    moments = np.asarray(chosen, dtype=float)
    signed, absolute = float(moments.mean()), float(np.abs(moments).mean())
    return ElementMoments(
        signed=signed,
        absolute=absolute,
        std=float(np.abs(moments).std()),
        mixed_sign=absolute - abs(signed) > MIXED_SIGN,
    )
