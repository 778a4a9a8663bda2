"""What all writers need to know about one run."""

from __future__ import annotations

from dataclasses import dataclass

from workflows.fake_vasp.inputs import Inputs
from workflows.fake_vasp.metals import VALENCE
from workflows.fake_vasp.relaxation import Step
from workflows.fake_vasp.spinel import Crystal
from workflows.fake_vasp.states import Bands, Kind

VERSION = "1.0-fake"  # pymatgen capitalises a version that begins with a letter
_ENTROPY = 0.0005  # eV/atom between sigma -> 0 and the free energy
_SPHERE_SHARES = (0.01, 0.01)  # of a moment in s and p; the rest is d
_SPHERE_CHARGE = {
    "Li": (2.0, 0.1, 0.0),
    "O": (1.55, 3.5, 0.0),
    "Mn": (0.3, 6.3, 4.8),
    "Ni": (0.4, 6.3, 8.3),
}
_OTHER_METAL = (0.3, 6.3)  # s and p


@dataclass(frozen=True)
class Run:
    """Inputs, and everything the model says about them before the first ionic step."""

    inputs: Inputs
    crystal: Crystal
    kinds: list[Kind]
    bands: Bands
    equal_mn: bool = False

    @property
    def half_entropy(self) -> float:
        """Half of the entropy term, eV; none with tetrahedra."""
        smeared = self.inputs.get("ISMEAR") != -5
        return _ENTROPY * len(self.crystal.ions) if smeared else 0.0

    def energies(self, sigma_to_zero: float) -> tuple[float, float, float]:
        """Free energy, energy without entropy, and sigma -> 0."""
        half = self.half_entropy
        return sigma_to_zero - half, sigma_to_zero + half, sigma_to_zero

    def forces(self, step: Step) -> list[tuple[float, float, float]]:
        """Return the forces on the ions, eV/Å, summing to zero."""
        atoms = len(self.crystal.ions)
        signs = [(-1) ** i if i < atoms - atoms % 2 else 0 for i in range(atoms)]
        return [(sign * step.force, 0.0, 0.0) for sign in signs]

    def sphere_charges(self) -> list[tuple[float, ...]]:
        """Charges inside the PAW spheres: s, p, d and their sum."""
        rows = [
            _SPHERE_CHARGE.get(ion.element)
            or (*_OTHER_METAL, VALENCE[ion.element] - ion.charge + 0.8)
            for ion in self.crystal.ions
        ]
        return [(*row, sum(row)) for row in rows]

    def sphere_moments(self) -> list[tuple[float, ...]]:
        """Moments inside the PAW spheres, μB: s, p, d and their sum."""
        return [_moment_row(ion.moment) for ion in self.crystal.ions]


def _moment_row(moment: float) -> tuple[float, ...]:
    s, p = (round(share * moment, 3) for share in _SPHERE_SHARES)
    return s, p, moment - s - p, moment
