"""One step of one calculation: from its directory to its recorded document.

The document in the run directory is the record. It is written once, atomically,
so a step that has one is never computed again, whoever asks and after whatever
kill.
"""

from __future__ import annotations

from pathlib import Path

from workflows.calculation import Calculation
from workflows.engines import engine
from workflows.engines.base import RUN_FILE, Machine, Report
from workflows.errors import StepFailed
from workflows.store import FileResults
from workflows.taskdoc import TaskDocument


def run_step(
    calculation: Calculation,
    step: str,
    *,
    root: Path,
    machine: Machine,
    report: Report,
) -> TaskDocument:
    """Compute a step unless its document is recorded, and record it.

    Parameters
    ----------
    calculation
        What to compute.
    step
        One of its steps; the ones before it are recorded already.
    root
        Data directory.
    machine
        What this machine gives the engine.
    report
        Takes short lines on the progress.

    Returns
    -------
    TaskDocument
        DONE or NEEDS_REVIEW.

    Raises
    ------
    StepFailed
        The step ended in another state; its document is recorded all the same.
    """
    results = FileResults(root)
    document = results.get(calculation.id, step)
    if document is None:
        document = _compute(calculation, step, results, machine, report)
        results.put(document)
    if not document.state.usable:
        raise StepFailed(f"{document.state} in {document.dir_name}: {document.reason}")
    return document


def _compute(
    calculation: Calculation,
    step: str,
    results: FileResults,
    machine: Machine,
    report: Report,
) -> TaskDocument:
    runner = engine(calculation.engine)
    directory = results.directory(calculation.id, step)
    if not (directory / RUN_FILE).exists():
        position = calculation.steps.index(step)
        before = calculation.steps[position - 1] if position else None
        previous = results.directory(calculation.id, before) if before else None
        runner.write_inputs(calculation, step, directory, previous)
    runner.run(directory, machine, report)
    document = runner.parse(directory)
    relative = str(directory.relative_to(results.root))
    return document.model_copy(update={"dir_name": relative})
