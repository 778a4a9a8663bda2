"""Jahn-Teller modes of a six-coordinated ion, from its three mean trans-pair lengths.

Kanamori's normal modes of the bond lengths; Q2 and Q3 span the plane of eg
distortions, rho is their size and phi says which axis is long.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

ACTIVE = 0.15
"""rho, A, above which an octahedron counts as Jahn-Teller distorted (Mn3+)."""
CANCELLED = 1e-9
"""|mean exp(i phi)| below which only rounding is left of a sum of phases."""
INACTIVE = 0.06
"""rho, A, below which it does not (Mn4+); in between it is mixed."""
_MODES = {
    0: "z elongated",
    60: "y compressed",
    120: "x elongated",
    180: "z compressed",
    -120: "y elongated",
    -60: "x compressed",
}


@dataclass(frozen=True)
class JahnTellerModes:
    """Distortion of one octahedron.

    Attributes
    ----------
    q2
        sqrt2 (l_x - l_y), A.
    q3
        (2/sqrt6)(2 l_z - l_x - l_y), A.
    rho
        sqrt(q2^2 + q3^2), A; the same whatever the axes are called.
    phi
        atan2(q2, q3), degrees in (-180, 180]: 0 z elongated, 180 z compressed, 120 x
        elongated, -120 y elongated.
    """

    q2: float
    q3: float
    rho: float
    phi: float

    @property
    def activity(self) -> str:
        """``active``, ``inactive`` or ``mixed``, by rho."""
        if self.rho > ACTIVE:
            return "active"
        return "inactive" if self.rho < INACTIVE else "mixed"

    @property
    def mode(self) -> str:
        """The pure mode nearest to phi, such as ``z elongated``; none if inactive."""
        if self.activity == "inactive":
            return "none"
        nearest = 60 * round(self.phi / 60)
        return _MODES[180 if nearest == -180 else nearest]


def jahn_teller_modes(l_x: float, l_y: float, l_z: float) -> JahnTellerModes:
    """Return Q2, Q3, rho and phi of an octahedron.

    Parameters
    ----------
    l_x, l_y, l_z
        Mean length of the two opposite bonds along each axis, A.

    Examples
    --------
    >>> jahn_teller_modes(1.93, 1.93, 2.27).phi
    0.0
    """
    q2 = math.sqrt(2) * (l_x - l_y)
    q3 = 2 / math.sqrt(6) * (2 * l_z - l_x - l_y)
    phi = math.degrees(math.atan2(q2, q3))
    return JahnTellerModes(q2, q3, math.hypot(q2, q3), 180.0 if phi == -180 else phi)


@dataclass(frozen=True)
class CooperativeOrder:
    """How alike the distortions of several sites are.

    Attributes
    ----------
    order
        |mean exp(i phi)|: 1 all in the same mode, 0.5 x and y alternating, 0 phases
        that cancel, such as equal numbers along x, y and z.
    phi
        Phase of that mean, degrees; NaN where it vanishes.
    """

    order: float
    phi: float


def cooperative_order(phases: Sequence[float]) -> CooperativeOrder:
    """Compare the phases of the Jahn-Teller active sites.

    Parameters
    ----------
    phases
        phi of each site, degrees.

    Raises
    ------
    ValueError
        There is no site.
    """
    if not phases:
        raise ValueError("no phases: there is no Jahn-Teller active site to compare")
    angles = [math.radians(phi) for phi in phases]
    real = math.fsum(map(math.cos, angles)) / len(angles)
    imaginary = math.fsum(map(math.sin, angles)) / len(angles)
    order = math.hypot(real, imaginary)
    vanishes = order < CANCELLED
    phi = math.nan if vanishes else math.degrees(math.atan2(imaginary, real))
    return CooperativeOrder(order, phi)
