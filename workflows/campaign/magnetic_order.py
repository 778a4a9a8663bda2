"""The magnetic order a calculation starts from, as moments of its sites.

``fim`` is the paper's: MAGMOM by element, Ni against Mn. ``fm`` has every moment up.
``afm_mn`` turns the Mn of every second (001) layer of 16d down and leaves the rest as
in ``fim``. The layers follow each other at a/4 along c. A 16d site has two neighbours
in its layer and four in the two next ones, so every tetrahedron of metals holds two
sites of either layer: of three Mn in one, two pairs are antiparallel, and no
arrangement has more. In P4_332 exactly half of the Mn point down.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pymatgen.core import Structure

FIM, FM, AFM_MN = "fim", "fm", "afm_mn"
LAYERS = 4
"""(001) layers of 16d in the conventional cell."""


def with_magnetic_order(
    structure: Structure,
    order: str,
    *,
    magmom: Mapping[str, float],
    supercell: Sequence[Sequence[float]],
) -> Structure:
    """Return a structure whose sites carry the moments of an order.

    Parameters
    ----------
    structure
        Start in the setting of the host, displaced by less than half a layer; moments
        its sites carry already (a charge order) keep their size.
    order
        ``fim``, ``fm`` or ``afm_mn``.
    magmom
        Moments by element, signed, muB; of sites that carry none.
    supercell
        Cell vectors, rows, in those of the conventional cubic cell.

    Returns
    -------
    Structure
        With the site property ``magmom``, except for ``fim``, which is the structure
        itself: its moments are those by element.
    """
    if order == FIM:
        return structure
    turned = structure.copy()
    moments = [
        float(site.properties.get("magmom", magmom[site.specie.symbol]))
        for site in structure
    ]
    turn = _TURNS[order]
    turned.add_site_property("magmom", turn(structure, moments, np.array(supercell)))
    return turned


def mn_up_and_down(structure: Structure) -> tuple[int, int]:
    """Count the Mn whose ``magmom`` points up and down."""
    mn = [s.properties["magmom"] for s in structure if s.specie.symbol == "Mn"]
    return sum(m > 0 for m in mn), sum(m < 0 for m in mn)


def _ferromagnetic(
    structure: Structure, moments: list[float], supercell: np.ndarray
) -> list[float]:
    return [abs(moment) for moment in moments]


def _antiferromagnetic_mn(
    structure: Structure, moments: list[float], supercell: np.ndarray
) -> list[float]:
    heights = LAYERS * (structure.frac_coords @ supercell)[:, 2]
    odd = np.round(heights).astype(int) % 2 == 1
    return [
        -moment if site.specie.symbol == "Mn" and down else moment
        for site, moment, down in zip(structure, moments, odd, strict=True)
    ]


_TURNS: Mapping[str, Callable[..., list[float]]] = {
    FM: _ferromagnetic,
    AFM_MN: _antiferromagnetic_mn,
}
