"""``lnmo.json``: what a run directory is for: calculation, step, intended inputs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflows.campaign.calculation import Calculation
from workflows.records.atomic import read_regular, write_part

if TYPE_CHECKING:
    from pymatgen.core import Structure

RUN_FILE = "lnmo.json"
"""In every run directory: the calculation, the step, the intended inputs."""


def write_run_file(
    directory: Path, calculation: Calculation, step: str, **more: Any
) -> None:
    """Write what a directory is for, last, so that the file marks complete inputs."""
    content = {"calculation": calculation.as_dict(), "step": step, **more}
    path = directory / RUN_FILE
    write_part(path, json.dumps(content, indent=1)).replace(path)


def read_run_file(directory: Path) -> tuple[Calculation, str, dict[str, Any]] | None:
    """Return calculation, step and the rest; None in a directory that is not ours.

    A file of this name that is not a regular file, or not ours, counts as missing.
    """
    try:
        content = json.loads(read_regular(directory / RUN_FILE))
        if not isinstance(content, dict) or not isinstance(content["step"], str):
            return None
        calculation = Calculation.from_dict(content.pop("calculation"))
        return calculation, content.pop("step"), content
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
    except AttributeError:  # a list or a number where a section must be
        return None


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
