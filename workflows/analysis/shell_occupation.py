"""Whether an on-site occupation matrix can be that of a shell of electrons."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from workflows.analysis.d_orbitals import OnsiteOccupation

ASYMMETRY = 2e-3
"""Electrons; VASP prints four decimals, and real runs print symmetric matrices."""
LEAST, MOST = -0.1, 1.2
"""Electrons in one orbital of one spin. Projections onto a shell may leave 0 to 1 by a
little; 14 real runs have 0 to 0.98."""
SAME_MOMENT = 0.8
"""muB; moment of the shell less that of the site: at most 0.06 in those runs, 0.56 in
the wrong states of the fake VASP."""


def impossible_shell(
    occupations: Iterable[OnsiteOccupation], moments: Sequence[float] | None
) -> str:
    """Return in what a matrix cannot be of a shell; empty if all can.

    Parameters
    ----------
    occupations
        As printed.
    moments
        Site moments, muB, signed; None leaves them out.
    """
    for one in occupations:
        name = f"the occupation matrix of atom {one.site + 1}"
        spins = [np.array(rows, dtype=float) for rows in (one.up, one.down) if rows]
        for matrix in spins:
            if np.abs(matrix - matrix.T).max() > ASYMMETRY:
                return f"{name} is not symmetric"
            filled = np.linalg.eigvalsh(matrix)
            worst = filled[-1] if filled[-1] > MOST else filled[0]
            if not LEAST <= worst <= MOST:
                return f"{name} has {worst:.2f} electrons in one orbital, not 0 to 1"
        if len(spins) < 2 or moments is None or one.site >= len(moments):
            continue
        moment = float(np.trace(spins[0]) - np.trace(spins[1]))
        if abs(moment - moments[one.site]) > SAME_MOMENT:
            return (
                f"{name} has a moment of {moment:.2f} muB, and the atom "
                f"{moments[one.site]:.2f}"
            )
    return ""
