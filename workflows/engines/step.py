"""One step of one calculation: from its directory to its recorded document.

The document in the run directory is the record. It is written once, atomically,
so a step that has one is never computed again, whoever asks and after whatever
kill. A step that is ended from outside leaves a note instead, and goes on next time.
"""

from __future__ import annotations

import errno
import json
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from workflows.campaign.calculation import Calculation
from workflows.checks.physics import static_matches_relaxation
from workflows.engines import engine
from workflows.engines.claim import Turn, check_claim, claim, refuse_held_for_life
from workflows.engines.directory_check import refuse_foreign, refuse_outside
from workflows.engines.machine import Machine
from workflows.engines.protocol import RUN_FILE, Report
from workflows.errors import StepFailed, StoreError, StoreUnwritable, Terminated
from workflows.records.aside import free_name
from workflows.records.document import TaskDocument
from workflows.records.file_store import FileResults
from workflows.records.identity import problem_of_directory, problem_of_document
from workflows.records.other_start import started_elsewhere
from workflows.records.summary import summarize
from workflows.vasp.file_kinds import in_the_way

ENDED_FILE = "ended.json"
"""In a step's directory: why its last run was ended from outside, and when."""


DISK_CURES = {
    errno.ENOSPC: "no space left on the disk; free some",
    errno.EDQUOT: "the disk quota is used up; free some space",
    errno.EROFS: "the disk has become read-only; have it mounted for writing",
    errno.EIO: "the disk reports input/output errors; ask the administrator",
    errno.ESTALE: "the network disk is gone (stale file handle); have it mounted",
    errno.ENOTCONN: "the network disk is gone (not connected); have it mounted",
}
"""What a disk refuses, and what to do; the step itself is sound."""


class _Signal(BaseException):
    """A signal came; no ``except Exception`` on the way may swallow it."""

    def __init__(self, number: int) -> None:
        self.name = signal.Signals(number).name

    def as_end(self) -> Terminated:
        """Return how the step ended."""
        return Terminated(f"ended by {self.name}", signal=self.name)


@contextmanager
def terminable() -> Iterator[None]:
    """Turn SIGTERM, and SIGHUP, into :class:`Terminated`, in the main thread.

    The first signal raises in whatever is being done; the later ones, which a queue
    sends while we tidy up, are ignored. So is SIGHUP under nohup. Elsewhere than in the
    main thread, where Python can handle no signal, this does nothing.

    Raises
    ------
    Terminated
        A signal came while no step was running.
    """

    def tell(number: int, _: object) -> None:
        for each in before:
            signal.signal(each, signal.SIG_IGN)
        raise _Signal(number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {
        each: signal.getsignal(each)
        for each in (signal.SIGTERM, signal.SIGHUP)
        if each is signal.SIGTERM or signal.getsignal(each) is not signal.SIG_IGN
    }
    try:
        for each in before:
            signal.signal(each, tell)
        yield
    except _Signal as came:
        raise came.as_end() from None
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def record_end(directory: Path, end: Terminated) -> None:
    """Leave a note on why a step was ended; it is gone once the step goes on."""
    note = {
        "reason": str(end),
        "signal": end.signal,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    try:
        (directory / ENDED_FILE).write_text(json.dumps(note, indent=1), "utf-8")
    except OSError:  # a full disk, or a directory that was never made
        with suppress(OSError):
            (directory / ENDED_FILE).unlink(missing_ok=True)


def run_step(
    calculation: Calculation,
    step: str,
    *,
    root: Path,
    machine: Machine,
    report: Report,
    for_life: bool = False,
    turn: Turn | None = None,
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
    for_life
        Nobody takes the step over while this process lives, see :func:`claim`.
    turn
        Of the launch, see :func:`claim`; one of a later turn keeps the step.

    Returns
    -------
    TaskDocument
        DONE or NEEDS_REVIEW.

    Raises
    ------
    StoreError
        Its directory, its document or the step before belong to another calculation,
        cannot be read, or lead outside of ``root``; nothing was changed. A
        :class:`StoreBusy` if a living process has the step for life.
    StepFailed
        The step ended in another state; its document is recorded all the same.
    Superseded
        Another worker took the step over; nothing was recorded.
    Terminated
        A signal (under :func:`terminable`) or the machine's deadline ended it. There
        is not a document yet; the next call goes on from where it was.
    """
    results = FileResults(root)
    document = _recorded(results, calculation, step)
    if document is not None and _is_stale(results, calculation, document):
        _set_aside(results.directory(calculation.id, step), report)
        document = None
    if document is None:
        directory = results.directory(calculation.id, step)
        refuse_outside(root, directory)
        refuse_foreign(directory, calculation, step)
        try:
            with claim(directory, for_life=for_life, turn=turn):
                document = _run(calculation, step, results, machine, report)
        except (OSError, StoreUnwritable) as error:  # refused before the step began
            raise _as_end(error, directory) from None
    with suppress(OSError):  # what is left is large, not wrong
        engine(calculation.engine).clean_up(
            calculation,
            step,
            results.directory(calculation.id, step),
            _previous(results, calculation, step),
            document.state,
        )
    if not document.state.usable:
        raise StepFailed(f"{document.state} in {document.dir_name}: {document.reason}")
    return document


def _run(
    calculation: Calculation,
    step: str,
    results: FileResults,
    machine: Machine,
    report: Report,
) -> TaskDocument:
    """Compute and record, or leave a note on what ended it from outside."""
    directory = results.directory(calculation.id, step)
    (directory / ENDED_FILE).unlink(missing_ok=True)
    try:
        document = _compute(calculation, step, results, machine, report)
        results.put(document, confirm=lambda: check_claim(directory))
    except (Terminated, _Signal, OSError, StoreUnwritable) as error:
        check_claim(directory)
        end = _as_end(error, directory)
        record_end(directory, end)
        raise end from None
    return document


def _as_end(error: BaseException, directory: Path) -> Terminated:
    """Convert what ended a step from outside; raise any other error as it is.

    Raises
    ------
    StoreError
        Something else stands where a file or a directory belongs.
    StepFailed
        Files of the run are gone.
    """
    if isinstance(error, Terminated):
        return error
    if isinstance(error, _Signal):
        return error.as_end()
    refused = error.errno if isinstance(error, OSError | StoreUnwritable) else None
    if cure := DISK_CURES.get(refused or 0):
        return Terminated(
            f"{directory}: {cure} and run again, it goes on from the last whole "
            "structure"
        )
    if isinstance(error, OSError) and (obstacle := in_the_way(error)):
        raise StoreError(f"{obstacle} and run again") from None
    if isinstance(error, FileNotFoundError) and _lies_in(error.filename, directory):
        raise StepFailed(
            f"{error.filename}: gone while the step ran: did the engine's command, or "
            "a clean-up of the disk, remove it? Correct that first"
        ) from None
    raise error


def _lies_in(path: object, directory: Path) -> bool:
    return isinstance(path, str) and Path(path).is_relative_to(directory)


def _recorded(
    results: FileResults, calculation: Calculation, step: str
) -> TaskDocument | None:
    """Return the step's document; None if there is none, or none at its end.

    Earlier versions recorded RUNNING where a worker that was given up ended late.
    """
    document = results.get(calculation.id, step)
    if document is None or document.state.goes_on:
        return None
    directory = results.directory(calculation.id, step)
    problem = problem_of_directory(directory, calculation.id, step, calculation)
    problem = problem or problem_of_document(
        document, calculation.id, step, calculation
    )
    if problem:
        raise StoreError(problem)
    return document


def _is_stale(
    results: FileResults, calculation: Calculation, document: TaskDocument
) -> bool:
    """Tell whether a step did not start where the recorded step before it ended.

    What was collected is never computed here in its place.
    """
    steps = calculation.steps
    position = steps.index(document.task_label)
    if not position or document.collected is not None:
        return False
    try:
        before = _recorded(results, calculation, steps[position - 1])
    except StoreError:  # that step says what is wrong with it
        return False
    if before is None or not before.state.usable or not document.state.usable:
        return False
    return started_elsewhere([summarize(before), summarize(document)])


def _set_aside(directory: Path, report: Report) -> None:
    """Rename a step's directory to a name that no table reads."""
    refuse_held_for_life(directory)
    aside = free_name(directory, "of-another-start")
    directory.rename(aside)
    report(f"the step before was computed again; what was here is {aside.name}")


def _previous(results: FileResults, calculation: Calculation, step: str) -> Path | None:
    """Return the directory of the step before, or None."""
    position = calculation.steps.index(step)
    before = calculation.steps[position - 1] if position else None
    return results.directory(calculation.id, before) if before else None


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
        previous = _previous(results, calculation, step)
        if previous is not None:
            refuse_foreign(previous, calculation, previous.name)
        runner.write_inputs(calculation, step, directory, previous)
    runner.run(directory, machine, report)
    document = runner.parse(directory)
    relative = str(directory.relative_to(results.root))
    relaxed = _recorded(results, calculation, "relax") if step == "static" else None
    more = static_matches_relaxation(relaxed, document) if relaxed else ()
    findings = (*document.findings, *more)
    return document.model_copy(update={"dir_name": relative, "findings": findings})
