"""Run a GPAW script with the d occupations integrated to another radius.

``python wider_projector.py BOHR SCRIPT ARGUMENTS``. GPAW integrates the density of
l = 2 that U acts on to the radius of the d partial waves; ABINIT to the largest radius
of the data set. Nothing else is changed. A diagnosis, never part of a result.
"""

from __future__ import annotations

import runpy
import sys
from typing import Any

import gpaw.setup

METALS = ("Mn", "Ni")


def widen(radius: float) -> None:
    """Let every data set of a metal that GPAW makes from now have this radius."""
    original = gpaw.setup.Setup.get_compensation_charges

    def patched(self: Any, phi: Any, *others: Any) -> Any:
        found = original(self, phi, *others)
        if self.symbol in METALS:
            grid = self.local_corr.rgd2
            to = grid.ceil(radius)
            weight = grid.r_g[:to] ** 2 * grid.dr_g[:to]
            pairs = [(i, j) for i in range(self.nj) for j in range(i, self.nj)]
            for q, (i, j) in enumerate(pairs):
                if self.l_j[i] == self.l_j[j] == 2:
                    self.N0_q[q] = (phi[i][:to] * phi[j][:to] * weight).sum()
        return found

    gpaw.setup.Setup.get_compensation_charges = patched


if __name__ == "__main__":
    widen(float(sys.argv[1]))
    del sys.argv[:2]
    runpy.run_path(sys.argv[0], run_name="__main__")
