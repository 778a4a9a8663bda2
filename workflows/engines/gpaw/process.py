"""One GPAW process in a run directory: started, watched, stopped in time."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

from workflows.atomic import read_regular
from workflows.engines.cause_lines import (
    cause_of_silence,
    last_lines,
    ranked,
    started_nothing,
)
from workflows.engines.claim import GivenUp, check_claim
from workflows.engines.exit_status import ended_by, was_killed
from workflows.engines.full_disk import lacks_space, write_error
from workflows.engines.gpaw.inputs import INPUT_FILE, RESULT_FILE, RUNNER_FILE
from workflows.engines.gpaw.text import last_text
from workflows.engines.machine import Machine, command_words
from workflows.engines.orphans import (
    MARK,
    end_left_behind,
    end_orphans,
    end_tree,
    helpers_ended,
)
from workflows.engines.protocol import Report
from workflows.engines.refused_start import refused_start
from workflows.errors import MachineError, StoreError, Terminated, printable
from workflows.vasp.log_text import LONGEST_LINE, read_log, shown

ERROR_FILE, OUTPUT_FILE, STOPPED_FILE = "gpaw.err", "gpaw.out", "stopped.json"
TEXT_FILES = ("gpaw-*.txt",)
"""Texts that GPAW writes, and keeps open."""
MOST_BYTES = 100_000
"""Read of standard error, half of them from its end."""
MOST_CHARACTERS = 800
NOTE = "lnmo: "
"""Begins a line of this program on standard error."""
WAIT = "wait until GPAW ends (srun or mpirun in the foreground; no &, no sbatch)"
LEFT_BEHIND = "the GPAW command ended (exit code 0) before GPAW, which was ended"
CORRECT = "correct the GPAW command"
NEVER_STARTED = "GPAW never started"
"""First words of the reason; the state of such a step is NEVER_STARTED."""
LOOK_SECONDS = 0.5
GRACE_SECONDS = 30.0
"""A stopped GPAW may finish its iteration and write its state for so long."""
_ITERATION = re.compile(
    r"\|iter:\s*(\d+)\|[^|]*\|\s*([-+.\d]+)c?\s*\|[^|]*\|[^|]*\|\s*([-+.\d]+)c?\s*\|"
)


def gpaw_command(line: str | None) -> list[str]:
    """Split the command line that runs a Python program with GPAW.

    Raises
    ------
    MachineError
        It cannot be split, starts with no executable, or, where none is given, GPAW is
        not installed beside this program.
    """
    if line:
        example = "LNMO_GPAW_CMD, such as 'mpirun -np 4 gpaw python'"
        return command_words(line, "GPAW", example)
    from importlib.util import find_spec

    if find_spec("gpaw") is None:
        raise MachineError(
            "the engine gpaw is not installed here: in a clone, make setup-gpaw (it "
            "needs make system, as root, once); or set LNMO_GPAW_CMD to a Python that "
            "has GPAW, such as 'mpirun -np 4 gpaw python'"
        )
    return [sys.executable]


def processes(line: str | None) -> int:
    """Return how many MPI processes a command starts, by its -n, -np or -P."""
    words = shlex.split(line or "")
    for option, value in pairwise(words):
        if option in {"-n", "-np", "-P", "--ntasks"} and value.isdigit():
            return int(value)
    return 1


def run_gpaw(directory: Path, machine: Machine, report: Report) -> None:
    """Run the step of a directory until it ends, or there is no more time.

    Raises
    ------
    Terminated
        The deadline came; what is there goes on next time.
    GivenUp
        Another worker has taken the step over. The GPAW of this one was ended, and
        nothing else was touched.
    """
    try:
        command = gpaw_command(machine.gpaw_cmd)
    except MachineError as error:  # it was there when the run began, or on another node
        _note(directory, printable(error))
        return
    stop_at = (
        None if machine.deadline is None else machine.deadline - machine.stop_margin
    )
    if stop_at is not None and time.time() >= stop_at:
        raise Terminated(_no_time())
    check_claim(directory)
    end_orphans(directory, grace=GRACE_SECONDS)
    check_claim(directory)  # ending may have taken long
    limit = [] if stop_at is None else ["--deadline", f"{stop_at:.0f}"]
    place = {MARK: str(directory.resolve()), "OMP_NUM_THREADS": "1"}
    mode = "wb" if last_text(directory) is None else "ab"
    with (
        (directory / OUTPUT_FILE).open(mode) as output,
        (directory / ERROR_FILE).open("wb") as errors,
    ):
        try:
            process = subprocess.Popen(
                [*command, RUNNER_FILE, INPUT_FILE, *limit],
                cwd=directory,
                env={**os.environ, **place},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
            )
        except OSError as error:
            if not (why := refused_start(command, error)):
                raise
            _note(directory, printable(why))
            return
        try:
            _watch(process, directory, machine, report)
        except GivenUp:  # what else runs there is its successor's
            end_tree(process.pid)
            process.wait()
            raise
        finally:
            if process.poll() is None:
                end_orphans(directory, grace=GRACE_SECONDS)
                process.wait()
    check_claim(directory)
    if (directory / STOPPED_FILE).exists():
        raise Terminated(_no_time())
    if process.returncode == 0 and not (directory / RESULT_FILE).exists():
        _note_left_behind(directory)
    check_claim(directory)
    said = last_words(directory) or "nothing"
    _note_end(directory, process.returncode)
    if process.returncode and (full := _disk_is_full(directory)):
        raise Terminated(
            f"{directory}: no space left on the disk ({full}); free some and run "
            f"again, it goes on from the last density. GPAW said: {said}"
        )


def _disk_is_full(directory: Path) -> str:
    """Return what shows that GPAW could not write there; empty if nothing does.

    A command that never started may have lacked space anywhere.
    """
    if last_text(directory) is None:
        return ""
    return write_error(directory, [ERROR_FILE]) or lacks_space(directory)


def _note_left_behind(directory: Path) -> None:
    """End what a command that did not wait left running, and add to what it said."""
    left, said = end_left_behind(directory, TEXT_FILES), last_words(directory)
    if not left.names:
        return
    if said and not left.engine:
        line = f"{said}{helpers_ended(left.names)}"
    else:
        line = f"{LEFT_BEHIND}: the command must {WAIT}"
    _note(directory, line)


def _note_end(directory: Path, returncode: int) -> None:
    """Add how GPAW was killed, how it ended without a word, or why it did not begin."""
    said, ended = last_words(directory, returncode), ended_by(returncode)
    if said.startswith(LEFT_BEHIND):
        return
    if last_text(directory) is None:
        texts = [_printed(directory / name) for name in (ERROR_FILE, OUTPUT_FILE)]
        nothing = started_nothing(texts, returncode)
        _note(directory, _why_not_begun(said, returncode, nothing=nothing))
    elif was_killed(returncode) or (returncode and not said):
        _note(directory, f"{said}; {ended}" if said else ended)


def _why_not_begun(said: str, returncode: int, *, nothing: bool) -> str:
    """Return why there is no text of GPAW, by what its command printed and its end.

    ``nothing``: the command said that nothing started.
    """
    ended = ended_by(returncode, started_nothing=nothing)
    words = said or "the command printed nothing"
    if returncode == 0:
        return (
            f"{words} ({ended}, no {TEXT_FILES[0]}); {CORRECT}: it must run the "
            f"program that lnmo adds to it ({RUNNER_FILE}) where it starts, and {WAIT}"
        )
    killed = was_killed(returncode) and not nothing
    return f"{words}; {ended}" if killed else f"{words} ({ended})"


def _watch(
    process: subprocess.Popen[bytes], directory: Path, machine: Machine, report: Report
) -> None:
    told = ""
    last = (
        None if machine.deadline is None else machine.deadline - _last_seconds(machine)
    )
    while process.poll() is None:
        time.sleep(LOOK_SECONDS)
        check_claim(directory)
        if (line := progress(directory)) and line != told:
            told = line
            report(line)
        if last is not None and time.time() > last:
            raise Terminated(_no_time())


def _last_seconds(machine: Machine) -> float:
    """Return the time before the deadline at which GPAW is ended by force, s."""
    return min(GRACE_SECONDS + 15.0, machine.stop_margin / 2)


def _no_time() -> str:
    return "the wall time ends; run again, it goes on from the last density"


def progress(directory: Path) -> str:
    """Return one line on the last iteration that GPAW has printed."""
    path = last_text(directory)
    if path is None:
        return ""
    try:
        text = read_regular(path, "replace")
    except OSError:
        return ""
    found = list(_ITERATION.finditer(text))
    if not found:
        return "GPAW starts"
    number, energy, moment = found[-1].groups()
    geometry = 1 + text[: found[-1].start()].count("\nConverged in ")
    return (
        f"#{geometry} iter {number}  E {float(energy):.4f} eV  M {float(moment):+.2f}"
    )


def last_words(directory: Path, returncode: int | None = None) -> str:
    """Return why GPAW ended: what this program noted, else what was printed.

    ``returncode``: of the command, as ``Popen`` has it; None if it is unknown.
    """
    errors = _printed(directory / ERROR_FILE)
    lines = [words for line in errors.split("\n") if (words := shown(line))]
    if lines and lines[-1].startswith(NOTE):
        return lines[-1].removeprefix(NOTE)[:MOST_CHARACTERS]
    if last_text(directory) is None:
        printed = _printed(directory / OUTPUT_FILE)
        return cause_of_silence([errors, printed], returncode)
    told = ranked(errors)
    said = [line.text for line in told if line.names_cause] or last_lines(told, 1)
    return said[-1][:MOST_CHARACTERS] if said else ""


def _printed(path: Path) -> str:
    try:
        lines = read_log(path, MOST_BYTES).text.split("\n")
    except (OSError, StoreError):
        return ""
    return "\n".join(line[-LONGEST_LINE:] for line in lines)


def _note(directory: Path, line: str) -> None:
    """Add a line of this program to standard error: it says why GPAW ended."""
    with (directory / ERROR_FILE).open("a", encoding="utf-8") as errors:
        errors.write(f"\n{NOTE}{line}\n")
