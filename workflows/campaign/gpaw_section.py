"""The section ``gpaw`` of a campaign file: DFT+U with free software."""

from typing import Literal

from pydantic import Field, field_validator

from workflows.campaign import presets
from workflows.campaign.sections import (
    Composition,
    Element,
    HubbardU,
    Mesh,
    Moment,
    Section,
    known_name,
)


class GpawSection(Section):
    """Settings of GPAW; energies in eV, moments in muB, lengths in A.

    Attributes
    ----------
    geometry
        ``gpaw``: atoms and cell relaxed with DFT+U. ``chgnet``: relaxed with CHGNet,
        the electrons alone with DFT+U.
    kpoints, centring
        Mesh of the cell itself, through Gamma or shifted by half a step.
    kpoints_dos
        Mesh of the density of states, through Gamma; that of the static step if null.
    symmetry
        How far an atom may be moved to a symmetric place before the static step; 0
        leaves every atom where it is.
    fmax, smax, max_steps
        Largest force (eV/A), largest stress (GPa) and number of steps of a relaxation.
    check
        A small crystal calculated beside, to see that GPAW is right on this machine.
    """

    geometry: Literal["gpaw", "chgnet"] = "gpaw"
    dos_at: tuple[Composition, ...] = (1.0, 2.0)
    functional: Literal["PBE"] = "PBE"
    hubbard_u: str | dict[Element, HubbardU] = "paper"
    cutoff: float = Field(700.0, ge=200, le=2000)
    kpoints: Mesh = (2, 2, 2)
    centring: Literal["gamma", "shifted"] = "shifted"
    kpoints_dos: Mesh | None = None
    kpoints_lithium: Mesh = (12, 12, 12)
    width: float = Field(0.05, gt=0, le=0.5)
    energy: float = Field(1e-6, gt=0, le=1)
    max_iterations: int = Field(150, ge=1, le=100_000)
    magmom: dict[Element, Moment] = Field(
        default_factory=lambda: {"Li": 0.0, "Ni": -2.0, "Mn": 4.0, "O": 0.0}
    )
    symmetry: float = Field(0.05, ge=0, le=0.2)
    fmax: float = Field(0.05, gt=0, le=100)
    smax: float = Field(0.3, gt=0, le=100)
    max_steps: int = Field(40, ge=1, le=1_000_000)
    check: Literal["NiO"] | None = None

    @field_validator("hubbard_u")
    @classmethod
    def _known_preset(cls, value: str | dict[str, float]) -> str | dict[str, float]:
        if isinstance(value, str):
            return known_name("U preset", value, presets.hubbard_presets())
        return value

    def hubbards(self) -> dict[str, float]:
        """Return U_eff in eV by element, the preset looked up."""
        if isinstance(self.hubbard_u, str):
            return presets.hubbard_values(self.hubbard_u)
        return dict(self.hubbard_u)
