"""``lnmo.json``: what a run directory is for: calculation, step, intended inputs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from workflows.atomic import flush_files, read_json, write_part
from workflows.campaign.calculation import Calculation, digest, structure_from_dict

if TYPE_CHECKING:
    from pymatgen.core import Structure

RUN_FILE = "lnmo.json"
"""In every run directory: the calculation, the step, the intended inputs."""
SEAL = "sha256"
"""Key: the hash of all the rest, so that an edit of what is in no id is noticed."""


class _Calculation(BaseModel):
    """The form of a calculation; what a key means is not judged here."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    id: str
    x: float | None
    n_li: int
    formula: str
    formula_units: int | None
    insertion: str
    engine: str
    steps: list[str] = Field(min_length=1)
    settings: dict[str, Any]
    ordering: dict[str, Any]
    supercell: list[list[float]] = Field(default_factory=list)
    campaign: str = ""
    notes: list[str]
    reference: str = ""
    variant: str = ""
    reseeds: int = 0


class _Inputs(BaseModel):
    """The form of the inputs as intended."""

    model_config = ConfigDict(strict=True)

    incar: dict[str, Any]
    kpoints: list[int] = Field(min_length=3, max_length=3)
    structure: dict[str, Any]
    potcar_symbols: list[str] = Field(default_factory=list)

    @field_validator("structure")
    @classmethod
    def _is_a_structure(cls, value: dict[str, Any]) -> dict[str, Any]:
        structure_from_dict(value)
        return value


class _Form(BaseModel):
    """The form of a run file: what every reader of it relies on."""

    model_config = ConfigDict(strict=True)

    calculation: _Calculation
    step: str
    inputs: _Inputs | None = None
    charge: str | None = None
    orbitals: dict[str, Any] | None = None
    sha256: str | None = None

    @model_validator(mode="after")
    def _not_null(self) -> _Form:
        if self.inputs is None and "inputs" in self.model_fields_set:
            raise ValueError("inputs are null")
        return self


def write_run_file(
    directory: Path, calculation: Calculation, step: str, **more: Any
) -> None:
    """Write what a directory is for, last, so that the file marks complete inputs.

    They are on the disk before it: no power cut leaves it beside files that are not.
    """
    content = {"calculation": calculation.as_dict(), "step": step, **more}
    content[SEAL] = _seal(json.loads(json.dumps(content)))
    path = directory / RUN_FILE
    flush_files(directory)
    write_part(path, json.dumps(content, indent=1)).replace(path)


def _seal(content: Mapping[str, Any]) -> str:
    return digest({key: value for key, value in content.items() if key != SEAL})


def problem_of_run_file(directory: Path) -> str:
    """Return why a readable run file is not the one that was written; else empty.

    One that an earlier version wrote has no seal; it must have its inputs all the same.
    """
    try:
        content = read_json(directory / RUN_FILE)
        sealed = content.get(SEAL)
        if sealed is not None:
            whole = sealed == _seal(content)
            return "" if whole else "not what was written: it was edited, or damaged"
        ran_here = content["calculation"]["engine"] == "vasp" and _runs(content)
        if ran_here and "inputs" not in content:
            return "without the inputs as intended: it was edited, or damaged"
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return ""  # not readable: :func:`read_run_file` says so
    except RecursionError:
        return ""
    return ""


def _runs(content: Mapping[str, Any]) -> bool:
    """Return whether VASP runs in a directory itself, not below it or elsewhere."""
    return content["step"] != "relax" and "collected" not in content


def read_run_file(directory: Path) -> tuple[Calculation, str, dict[str, Any]] | None:
    """Return calculation, step and the rest; None in a directory that is not ours.

    A file of this name that is not a regular file, or not ours, or damaged, counts as
    missing.
    """
    try:
        content = read_json(directory / RUN_FILE)
        _Form.model_validate(content)
        calculation = Calculation.from_dict(content.pop("calculation"))
        return calculation, content.pop("step"), content
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
    except AttributeError:  # a list or a number where a section must be
        return None


def collected_from(directory: Path) -> str:
    """Return where a run was made whose result was collected here; else empty."""
    found = read_run_file(directory)
    origin = None if found is None else found[2].get("collected")
    path = origin.get("path") if isinstance(origin, dict) else None
    return path if isinstance(path, str) else ""


def cell_of(structure: Structure) -> tuple[float, ...]:
    """Return a, b, c in A and alpha, beta, gamma in degrees of a structure."""
    return tuple(round(value, 8) for value in structure.lattice.parameters)


def identity(calculation: Calculation, step: str) -> dict[str, Any]:
    """Return the fields of a task document that come from the plan."""
    return {
        "calculation_id": calculation.id,
        "task_label": step,
        "campaign": calculation.campaign,
        "x": calculation.x,
        "n_li": calculation.n_li,
        "formula": calculation.formula,
        "formula_units": calculation.formula_units,
        "insertion": calculation.insertion,
        "ordering": dict(calculation.ordering),
        "steps": calculation.steps,
        "supercell": calculation.supercell,
        "start_lattice": cell_of(calculation.structure),
        "reference": calculation.reference,
        "engine": calculation.engine,
    }
