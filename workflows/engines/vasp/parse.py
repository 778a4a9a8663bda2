"""VASP output in a directory -> ``TaskDocument``, with the truth about its end.

pymatgen reads a vasprun.xml that was cut in the middle as converged. Here a run is
DONE only if its files come to their end and agree, every ionic step converged
electronically, a relaxation converged ionically, and the inputs that ran are the
intended ones wherever that matters; ``state`` has the whole list. What can be
read of any other run is kept, under a state that says what it is.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflows.campaign.calculation import Calculation
from workflows.checks.sites import other_atoms
from workflows.counts import count_of
from workflows.engines.orphans import is_alive
from workflows.engines.protocol import read_run_file
from workflows.engines.vasp.custodian_log import read_corrections
from workflows.engines.vasp.state import converged, settled_already, unfinished
from workflows.engines.vasp.to_document import describe, with_numbers
from workflows.engines.vasp.unreadable import unreadable
from workflows.records.document import State, TaskDocument
from workflows.records.identity import problem_of_directory
from workflows.vasp.file_ends import file_ends
from workflows.vasp.numbers import VaspNumbers
from workflows.vasp.read_numbers import read_numbers
from workflows.vasp.run_files import VaspFiles, last_run, run_files


@dataclass(frozen=True)
class RelaxationChain:
    """A chain of restarts, and whether its volume has settled."""

    document: TaskDocument
    settled: bool


def has_output(directory: Path) -> bool:
    """Return whether VASP was ever started here."""
    return bool(run_files(directory))


def parse_vasp(directory: Path) -> TaskDocument:
    """Read one VASP directory; if it holds several runs, the last by its suffix.

    Raises
    ------
    StoreError
        There is neither a run file of ours nor any VASP output, or several runs
        that no suffix puts in order.
    """
    found = read_run_file(directory)
    if found is None:
        return parse_files(last_run(directory))
    files = next(iter(run_files(directory)), VaspFiles(directory, "", {}))
    return parse_files(files)


def parse_files(files: VaspFiles, read: VaspNumbers | None = None) -> TaskDocument:
    """Read one run of a directory.

    Parameters
    ----------
    files
        The run.
    read
        Its numbers, if somebody has read them already.
    """
    found = read_run_file(files.directory)
    calculation, step, more = found or (None, files.label or files.directory.name, {})
    if calculation is not None and (
        problem := problem_of_directory(files.directory, calculation.id, step, None)
    ):
        with suppress(AttributeError, TypeError, ValueError):
            describe(files, calculation, step)  # raises with the name of a lost setting
        unknown = describe(files, None, step)
        return TaskDocument(state=State.FAILED, reason=problem, **unknown)
    common = describe(files, calculation, step)
    ours = calculation is not None
    if ours and not has_output(files.directory):
        if is_alive(files.directory):
            return TaskDocument(state=State.RUNNING, reason="VASP starts", **common)
        return TaskDocument(state=State.PLANNED, reason="not started", **common)
    ends = file_ends(files)
    end = unfinished(files, ends, ours=ours)
    try:
        if end is not None:
            numbers = read or read_numbers(files, cut=True)
            end = _with_what_is_certain(end, numbers)
            return with_numbers(files, numbers, end, ends, common, calculation)
        numbers = read or read_numbers(files)
        verdict = _of_another_run(calculation, numbers) or converged(numbers)
        return with_numbers(files, numbers, verdict, ends, common, calculation, more)
    except Exception as error:
        # pymatgen raises whatever the broken file leads it to; none of it is a result.
        state, reason = end or (State.FAILED, "")
        why = f"{reason}; {unreadable(error)}" if reason else unreadable(error)
        return TaskDocument(state=state, reason=why, **common)


def _of_another_run(
    calculation: Calculation | None, numbers: VaspNumbers
) -> tuple[State, str] | None:
    if calculation is None or numbers.structure is None:
        return None
    problem = other_atoms(calculation, numbers.structure)
    return (State.FAILED, problem) if problem else None


def _with_what_is_certain(
    end: tuple[State, str], numbers: VaspNumbers
) -> tuple[State, str]:
    """Add to the reason of a cut run that it had not converged, if that is certain."""
    state, reason = end
    problem = settled_already(numbers) if state is State.TRUNCATED else ""
    if problem:
        reason += f"; and what is there did not converge: {problem}"
    return state, reason


def parse_relaxation(directory: Path) -> RelaxationChain:
    """Read a chain ``relax-1``, ``relax-2``, ... by its last member.

    DONE means: at least two, and the last restart changed the volume by less than
    ``settled_volume`` in at most ``settled_steps`` ionic steps.
    """
    members = sorted(
        (path for path in directory.glob("relax-*") if is_member(path)),
        key=lambda path: int(path.name.rpartition("-")[2]),
    )
    if not members:
        return RelaxationChain(parse_vasp(directory), settled=False)
    last = parse_vasp(members[-1])
    found = read_run_file(directory)
    updates: dict[str, Any] = {"dir_name": str(directory), "task_label": "relax"}
    updates["corrections"] = read_corrections(directory)
    settled = False
    if found is not None and last.state.usable:
        settings = found[0].settings
        settled = len(members) > 1 and is_settled(last, settings)
        if not settled:
            updates["state"] = State.UNCONVERGED
            updates["reason"] = (
                f"volume not settled after {count_of(len(members), 'relaxation')} "
                f"(limit {1 + settings['max_restarts']})"
            )
    return RelaxationChain(last.model_copy(update=updates), settled)


def is_member(path: Path) -> bool:
    """Return whether it is a run with whole inputs that was not set aside."""
    numbered = path.name.rpartition("-")[2].isdigit() and "." not in path.name
    return numbered and (read_run_file(path) is not None or has_output(path))


def is_settled(last: TaskDocument, settings: Any) -> bool:
    """Return whether a restart hardly changed the volume, in few ionic steps."""
    if last.structure is None or last.initial_structure is None:
        return False
    change = abs(last.structure.volume / last.initial_structure.volume - 1)
    steps = last.n_ionic_steps or 0
    return bool(
        change < settings["settled_volume"] and steps <= settings["settled_steps"]
    )
