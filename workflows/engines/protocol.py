"""The seam between a calculation and what computes it.

An engine is a process in a directory: inputs are written, the directory runs,
the directory is parsed. Production, surrogate and fake go through here alike.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from workflows.campaign.calculation import Calculation
from workflows.engines.machine import Machine
from workflows.records.document import TaskDocument

RUN_FILE = "lnmo.json"
"""In every run directory: the calculation, the step, the intended inputs."""

Report = Callable[[str], None]
"""Takes one short line on how far a run is."""


class Engine(Protocol):
    """Something that computes calculations."""

    name: str

    def write_inputs(
        self,
        calculation: Calculation,
        step: str,
        directory: Path,
        previous: Path | None,
    ) -> None:
        """Fill a new run directory; ``previous`` holds the finished step before."""

    def run(self, directory: Path, machine: Machine, report: Report) -> None:
        """Compute what the directory asks for; go on where a killed run stopped."""

    def parse(self, directory: Path) -> TaskDocument:
        """Read what is there, finished or not, without raising for a broken run."""


def write_run_file(
    directory: Path, calculation: Calculation, step: str, **more: Any
) -> None:
    """Leave a directory's identity in it, last, so that it marks complete inputs."""
    content = {"calculation": calculation.as_dict(), "step": step, **more}
    temporary = directory / f".{RUN_FILE}.part"
    temporary.write_text(json.dumps(content, indent=1), "utf-8")
    temporary.replace(directory / RUN_FILE)


def read_run_file(directory: Path) -> tuple[Calculation, str, dict[str, Any]] | None:
    """Return calculation, step and the rest; None in a directory that is not ours."""
    try:
        content = json.loads((directory / RUN_FILE).read_text("utf-8"))
        calculation = Calculation.from_dict(content.pop("calculation"))
        return calculation, content.pop("step"), content
    except (OSError, ValueError, KeyError, TypeError):
        return None


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
        "reference": calculation.reference,
        "engine": calculation.engine,
    }
