"""What proves that a cell was relaxed: tags that move it, and a limit that ends it.

ISIF = 3 alone proves nothing: with NSW = 0, or with a force limit of 10 eV/A, a run
ends where it started and converges.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FORCE = 0.05
"""eV/A, largest force limit of a relaxation that counts. Choice: twice to five times
that of the packaged campaigns; with 10 eV/A^2 for a bond, 0.005 A."""
STRESS = 3.0
"""kbar, the same of a component of the stress. Choice: with a bulk modulus near 1 Mbar,
0.1 % of a length."""
ENERGY = 1e-3
"""eV per cell, the same of a change of energy between ionic steps (EDIFFG > 0): ten
times VASP's default at EDIFF = 1e-5."""
MINIMISERS = (1, 2, 3)
"""IBRION of runs that look for a minimum."""
WHOLE_CELL = 3
"""ISIF of runs that move ions, shape and volume."""
GPA_IN_KBAR = 10.0


def relaxes_cell(tags: Mapping[str, Any]) -> bool:
    """Return whether INCAR tags ask for a relaxation of the whole cell that proves one.

    Parameters
    ----------
    tags
        As planned or as applied: ISIF, IBRION, NSW, EDIFFG, EDIFF. One ionic step
        (NSW = 1) ends without a word on EDIFFG.
    """
    moves = tags.get("NSW", 0) > 1 and tags.get("IBRION", -1) in MINIMISERS
    limit = tags.get("EDIFFG", 10 * tags.get("EDIFF", 1e-4))
    strict = -FORCE <= limit < 0 or 0 < limit <= ENERGY
    return bool(moves and strict and tags.get("ISIF") == WHOLE_CELL)


def within(fmax: float, smax: float) -> bool:
    """Return whether limits of force, eV/A, and stress, GPa, are strict enough."""
    return fmax <= FORCE and GPA_IN_KBAR * smax <= STRESS


def at_its_minimum(force: float | None, stress: float | None) -> bool:
    """Return whether forces, eV/A, and stress, kbar, say that a cell is at a minimum.

    What is not known, or not a number, says nothing.
    """
    if force is None or stress is None:
        return False
    return force <= FORCE and stress <= STRESS
