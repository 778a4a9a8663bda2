"""The ``gpaw`` engine: DFT+U with free software, one process a step.

``geometry: chgnet`` makes the first step a relaxation with the surrogate, through the
engine that does nothing else; its structure is all that the DFT+U takes from it.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from workflows.campaign.calculation import Calculation
from workflows.campaign.step_names import GEOMETRY
from workflows.engines.chgnet.engine import ChgnetEngine
from workflows.engines.claim import check_claim
from workflows.engines.gpaw.inputs import (
    CONVERGED,
    RELAXED,
    RESULT_FILE,
    more_steps,
    read_input,
    write_input,
    write_runner,
)
from workflows.engines.gpaw.process import run_gpaw
from workflows.engines.gpaw.state import read_result, unfinished
from workflows.engines.gpaw.to_document import parse_gpaw
from workflows.engines.machine import Machine
from workflows.engines.orphans import end_orphans
from workflows.engines.protocol import Report, read_run_file, write_run_file
from workflows.errors import StoreError
from workflows.records.document import State, TaskDocument


class GpawEngine:
    """Runs GPAW's own Python, or what ``gpaw_cmd`` says."""

    name = "gpaw"

    def write_inputs(
        self,
        calculation: Calculation,
        step: str,
        directory: Path,
        previous: Path | None,
    ) -> None:
        """Write ``input.json`` and the program beside it."""
        if step != GEOMETRY:
            before = self.parse(previous) if previous is not None else None
            check_claim(directory)
            write_input(calculation, step, directory, previous, before)
        check_claim(directory)
        directory.mkdir(parents=True, exist_ok=True)
        write_run_file(directory, calculation, step)

    def run(self, directory: Path, machine: Machine, report: Report) -> None:
        """Run GPAW unless it ran to its end; go on from its last state."""
        calculation, step = _run_file(directory)
        if step == GEOMETRY:
            ChgnetEngine().run(directory, machine, report)
            return
        check_claim(directory)
        end_orphans(directory)
        if unfinished(directory) is not None:
            if read_input(directory) is None:  # lost by the disk
                _write_again(self, calculation, step, directory)
            check_claim(directory)
            (directory / RESULT_FILE).unlink(missing_ok=True)
            write_runner(directory)
            run_gpaw(directory, machine, report)
        if parse_gpaw(directory, calculation, step).state.usable:
            check_claim(directory)
            _remove_used(directory, calculation, step)

    def parse(self, directory: Path) -> TaskDocument:
        """Read what is there, finished or not."""
        calculation, step = _run_file(directory)
        if step == GEOMETRY:
            return ChgnetEngine().parse(directory)
        return parse_gpaw(directory, calculation, step)

    def clean_up(
        self,
        calculation: Calculation,
        step: str,
        directory: Path,
        previous: Path | None,
        state: State,
    ) -> None:
        """Leave everything: ``run`` has removed what it used."""


def prepare_resume(directory: Path) -> bool:
    """Prepare a failed step for going on where it stopped; tell whether it can."""
    found = read_run_file(directory)
    if found is None or found[0].engine != "gpaw" or found[1] == GEOMETRY:
        return False
    state = parse_gpaw(directory, found[0], found[1]).state
    if state is State.UNCONVERGED:
        result = read_result(directory)
        if isinstance(result, str) or "energy" not in result:
            return False  # the ladder has ended: another start is needed
        more_steps(directory, len(result["geometries"]))
        (directory / RESULT_FILE).unlink()
        with suppress(OSError):
            (directory / RELAXED).rename(directory / "restart.gpw")
        return True
    return state is State.TRUNCATED


def _remove_used(directory: Path, calculation: Calculation, step: str) -> None:
    """Remove the state that this step has started from, as large as a WAVECAR."""
    names = {"static": RELAXED, "dos": CONVERGED}
    if step in names:
        (directory.parent / calculation.steps[calculation.steps.index(step) - 1]
         / names[step]).unlink(missing_ok=True)  # fmt: skip
    if step == "static" and "dos" not in calculation.steps:
        (directory / CONVERGED).unlink(missing_ok=True)
    if step == calculation.steps[-1]:
        (directory / RELAXED).unlink(missing_ok=True)


def _write_again(
    engine: GpawEngine, calculation: Calculation, step: str, directory: Path
) -> None:
    number = calculation.steps.index(step)
    before = directory.with_name(calculation.steps[number - 1]) if number else None
    engine.write_inputs(calculation, step, directory, before)


def _run_file(directory: Path) -> tuple[Calculation, str]:
    found = read_run_file(directory)
    if found is None:
        raise StoreError(f"{directory}: no readable run file; write the inputs first")
    return found[0], found[1]
