"""``TaskDocument``: the result of one step of one calculation, parsed and judged.

Field names are emmet's where emmet has one. Every number has its unit in its
description. ``state`` distinguishes a finished result from one that is only present.
"""

from __future__ import annotations

import json
import math
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    model_validator,
)
from pydantic_core import PydanticSerializationError
from pymatgen.core import Structure

from workflows.analysis.d_orbitals import OnsiteOccupation
from workflows.campaign.calculation import (
    CONVENTIONAL,
    structure_as_dict,
    structure_from_dict,
)
from workflows.errors import printable

Length = Annotated[float, Field(gt=0)]
"""Length of an axis, A; or an angle, degrees."""

FORMER_FIELDS = ("restarts",)
"""Fields of earlier documents that are ignored; ``restarts`` counted corrections."""

OF_THE_FILE = ("sha256",)
"""Keys of a recorded file that are no fields; see `workflows.records.seal`."""

INCAR = "incar"
"""Key of ``TaskDocument.settings`` that holds the INCAR tags."""


class State(StrEnum):
    """How far a calculation, or one step of it, has come."""

    PLANNED = "PLANNED"
    NEVER_STARTED = "NEVER_STARTED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    UNCONVERGED = "UNCONVERGED"
    TRUNCATED = "TRUNCATED"
    NEEDS_REVIEW = "NEEDS_REVIEW"
    FAILED = "FAILED"

    @property
    def usable(self) -> bool:
        """Whether a next step may start from it."""
        return self in {State.DONE, State.NEEDS_REVIEW}

    @property
    def goes_on(self) -> bool:
        """Whether nothing has ended; no record of a step that ended has it."""
        return self in {State.PLANNED, State.RUNNING}

    @property
    def at_its_end(self) -> bool:
        """Whether the engine finished, whatever the result."""
        return self.usable or self in {State.UNCONVERGED, State.FAILED}


class Finding(BaseModel):
    """Something that a reader of the result must know."""

    model_config = ConfigDict(frozen=True)

    id: str = Field(description="stable name, such as li_left_site")
    severity: Literal["info", "warning", "error"]
    message: str = Field(description="what, where, value against limit, cure")


class Collected(BaseModel):
    """The origin of a result that was not computed here."""

    model_config = ConfigDict(frozen=True)

    path: str = Field(description="directory of the run, absolute")
    files: dict[str, str] = Field(description="file -> SHA-256, as it was read")
    collected_at: str = Field(description="ISO 8601, UTC")
    order: tuple[int, ...] = Field(
        description="place of each planned atom in the files of the run"
    )


PlainStructure = Annotated[
    Structure,
    BeforeValidator(
        lambda s: s if isinstance(s, Structure) else structure_from_dict(s)
    ),
    PlainSerializer(structure_as_dict),
]


class TaskDocument(BaseModel):
    """The result of one step.

    Energies are per cell unless the name says otherwise; arrays over sites are
    in the site order of ``structure``, which is that of the POSCAR.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    calculation_id: str | None = Field(None, description="id given by plan, if any")
    task_label: str = Field(description="step: relax, static, dos, ...")
    campaign: str = Field("", description="campaign that first planned it")
    reference: str = Field("", description="Li for the metal that voltages count from")
    x: float | None = Field(None, description="Li per Ni0.5Mn1.5O4")
    n_li: int | None = Field(None, description="Li atoms in the cell")
    formula: str = Field(description="contents of the cell, in site order")
    formula_units: int | None = Field(None, description="formula units in the cell")
    insertion: str | None = Field(None, description="insertion model, none at x <= 1")
    ordering: dict[str, Any] = Field(
        default_factory=dict, description="provenance of the Li arrangement"
    )
    steps: tuple[str, ...] = Field((), description="all steps of the calculation")

    state: State = Field(description="what the files prove")
    reason: str = Field("", description="why the state is not DONE, one line")
    findings: tuple[Finding, ...] = ()

    engine: str = Field(description="vasp, chgnet, ...")
    engine_version: str = Field("", description="as the engine itself prints it")
    surrogate: bool = Field(False, description="a machine-learned stand-in for DFT")
    fake: bool = Field(False, description="synthetic output, of lnmo-fake-vasp")
    settings: dict[str, Any] = Field(
        default_factory=dict, description="what must agree within one series"
    )

    structure: PlainStructure | None = Field(None, description="final structure, A")
    initial_structure: PlainStructure | None = Field(
        None, description="start of this step, A"
    )
    supercell: tuple[tuple[float, ...], ...] = Field(
        CONVENTIONAL, description="cell vectors in those of the conventional cell"
    )
    final_sites: dict[str, dict[str, int]] = Field(
        default_factory=dict, description="element -> role -> ions found there"
    )
    start_lattice: tuple[Length, Length, Length, Length, Length, Length] | None = Field(
        None,
        description="a, b, c in A, alpha, beta, gamma in degrees of the cell that the "
        "first step of the calculation began with, before any link of a chain",
    )
    cell_relaxed: bool = Field(
        False,
        description="this step, or one before it, relaxed the whole cell to its end, "
        "by a limit that proves a minimum",
    )
    energy: float | None = Field(None, description="eV per cell, sigma -> 0")
    energy_per_atom: float | None = Field(None, description="eV per atom")
    efermi: float | None = Field(None, description="Fermi level, eV")
    magnetization: tuple[float, ...] | None = Field(
        None, description="site moments, muB, one per site; see moments_signed"
    )
    moments_signed: bool = Field(True, description="False: magnetization holds |m|")
    moment_vectors: tuple[tuple[float, float, float], ...] | None = Field(
        None, description="noncollinear site moments (x, y, z), muB, one per site"
    )
    total_magnetization: float | None = Field(None, description="muB per cell")
    occupations: tuple[OnsiteOccupation, ...] | None = Field(
        None,
        description="electrons in the d or f shell of each ion with U, as matrices in "
        "real harmonics m = -l to l about the Cartesian axes; None if not printed",
    )
    hubbards: dict[str, float] = Field(
        default_factory=dict, description="U_eff in eV by element, as applied"
    )
    hubbard_j: dict[str, float] = Field(
        default_factory=dict,
        description="J in eV by element where it counts by itself (LDAUTYPE other than "
        "2), as applied; U is U_eff + J",
    )
    nelect: float | None = Field(None, description="valence electrons in the cell")
    potcar: dict[str, str] = Field(
        default_factory=dict, description="element -> TITEL of its POTCAR, as applied"
    )
    bandgap: float | None = Field(None, description="eV, both spins; 0 for a metal")
    bandgap_up: float | None = Field(None, description="gap of spin up alone, eV")
    bandgap_down: float | None = Field(None, description="gap of spin down alone, eV")
    max_force: float | None = Field(None, description="largest |F|, eV/A")
    pressure_kbar: float | None = Field(None, description="external pressure, kbar")
    max_stress_kbar: float | None = Field(
        None, description="largest |component| of the stress left in the cell, kbar"
    )
    n_ionic_steps: int | None = None
    corrections: tuple[dict[str, Any], ...] = Field(
        (), description="what custodian did about errors, as it recorded it, in order"
    )

    dir_name: str = Field(
        description="run directory, relative to the data directory; of a collected run "
        "the absolute path of where it ran"
    )
    collected: Collected | None = Field(
        None, description="where a run that was made elsewhere was read, and when"
    )
    run_seconds: float | None = Field(None, description="wall time of the step, s")
    completed_at: str | None = Field(None, description="ISO 8601, UTC")
    versions: dict[str, str] = Field(
        default_factory=dict, description="packages that made the number"
    )

    @model_validator(mode="before")
    @classmethod
    def _without_former_fields(cls, content: Any) -> Any:
        """Accept fields that only earlier versions recorded, and keys of the file."""
        if isinstance(content, dict):
            ignored = {*FORMER_FIELDS, *OF_THE_FILE}
            return {key: v for key, v in content.items() if key not in ignored}
        return content

    @property
    def result_step(self) -> str:
        """Name of the step with the final numbers: static, or the only step."""
        return "static" if "static" in self.steps else "relax"

    def plain(self) -> dict[str, Any]:
        """Return it as JSON values: null for NaN and infinity."""
        try:
            content: dict[str, Any] = json.loads(self.model_dump_json())
        except PydanticSerializationError:  # a path that is not UTF-8
            content = _encodable(self.model_dump(mode="json"))
        return content


def _encodable(value: Any) -> Any:
    """Show the bytes of text that is not UTF-8; null for what is not a number."""
    if isinstance(value, dict):
        return {_encodable(key): _encodable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_encodable(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return printable(value) if isinstance(value, str) else value
