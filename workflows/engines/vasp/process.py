"""VASP under custodian: watched, and never left behind; `job.py` starts it."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from workflows.custodian_settings import check_custodian_settings
from workflows.engines.claim import check_claim, has_claim
from workflows.engines.full_disk import lacks_space, write_error
from workflows.engines.machine import Machine, command_words
from workflows.engines.orphans import (
    end_left_behind,
    end_orphans,
    helpers_ended,
    marked,
    writers,
)
from workflows.engines.protocol import Report
from workflows.engines.vasp.custodian_log import slim_archives
from workflows.engines.vasp.deadline import Clock
from workflows.engines.vasp.launcher_output import (
    CORRECT,
    LOGS,
    NEVER_STARTED,
    STARTED,
    last_meaningful_line,
    left_behind,
)
from workflows.errors import MachineError, printable

if TYPE_CHECKING:
    from pymatgen.core import Structure

OUTPUT_FILE = "vasp.out"
ERROR_FILE = "custodian.error"
"""Why custodian gave up; left in the run directory."""
SETTINGS = "LNMO_VASP_CMD, or vasp_cmd in my_fworker.yaml, which comes first"
"""Where the command of VASP is set."""
WATCH_SECONDS = 1.0
MAX_ERRORS = 5


def vasp_command(line: str | None) -> list[str]:
    """Split the command line of VASP, and check that this machine has it.

    Raises
    ------
    MachineError
        There is none, it cannot be split, or it starts with no executable; or
        custodian, which starts it, cannot be imported with this environment.
    """
    if not line:
        raise MachineError(
            "the engine vasp needs a command: set LNMO_VASP_CMD, such as "
            "'mpirun -np 32 vasp_std', or vasp_cmd in the FWorker's env. Without a "
            "licence: --engine chgnet"
        )
    check_custodian_settings()
    return command_words(line, "VASP", SETTINGS)


def custodian_run(
    directory: Path,
    command: list[str],
    machine: Machine,
    report: Report,
    *,
    structure: Structure,
    relaxes: bool,
) -> Clock:
    """Run VASP until custodian is content or gives up; the files tell which.

    Parameters
    ----------
    directory
        Holds the inputs.
    command
        The VASP command.
    machine
        Says how often to look, and when there is no more time.
    report
        Told the last line of OSZICAR.
    structure
        What POSCAR holds.
    relaxes
        Whether ions move.

    Returns
    -------
    Clock
        Knows whether VASP was ended, or asked to end, for the deadline.

    Raises
    ------
    Terminated
        There was no time to start.
    """
    from custodian.custodian import CustodianError

    from workflows.engines.vasp.custodian_readers import our_readers, raised
    from workflows.engines.vasp.given_up import why_given_up
    from workflows.engines.vasp.handlers import handlers, validators
    from workflows.engines.vasp.job import StartRefused, TimedJob
    from workflows.engines.vasp.only_ours import OnlyOurs

    clock = Clock(directory, machine, relaxes=relaxes)
    clock.refuse_to_start()
    job = TimedJob(command, auto_gamma=False, backup=False)
    job.clock, job.structure = clock, structure
    watched = OnlyOurs(
        handlers=handlers(relaxes=relaxes, frozen_seconds=machine.frozen_seconds),
        jobs=[job],
        validators=validators(),
        max_errors=MAX_ERRORS,
        polling_time_step=machine.poll_seconds,
        monitor_freq=1,
        skip_over_errors=True,
        directory=str(directory),
    )
    try:
        with (
            marked(directory),
            our_readers(lambda: job.returncode is None),
            _watching(directory, clock, report),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")  # custodian's advice; its log has it too
            watched.run()
    except CustodianError as error:
        left = end_left_behind(directory, STARTED)
        others = writers(*(directory / name for name in STARTED))
        if job.returncode == 0 and (left.engine or others):
            why = left_behind(others)
        else:
            why = why_given_up(directory, error, job.returncode)
            why += raised((*watched.handlers, *watched.validators))
            why += helpers_ended(left.names)
        _note(directory, why)
    except StartRefused as refused:
        note_never_started(directory, f"{refused}; {CORRECT}")
    except BaseException:
        job.end()
        raise
    finally:
        if has_claim(directory):
            slim_archives(directory)
    return clock


def note_never_started(directory: Path, why: str) -> None:
    """Leave in the run directory why VASP could not be started at all.

    With the empty output of a command that was.
    """
    _note(directory, f"{NEVER_STARTED}: {why}")
    (directory / OUTPUT_FILE).touch()


def _note(directory: Path, why: str) -> None:
    """Leave why VASP was given up in the run directory, unless it is another's now."""
    check_claim(directory)
    (directory / ERROR_FILE).write_text(f"{printable(why)}\n", "utf-8")


def disk_is_full(directory: Path) -> str:
    """Return what shows that VASP could not write there; empty if nothing does."""
    started = any((directory / name).exists() for name in STARTED)
    said = write_error(directory, LOGS) if started else ""
    return said or lacks_space(directory)


@contextmanager
def _watching(directory: Path, clock: Clock, report: Report) -> Iterator[None]:
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(WATCH_SECONDS):
            if line := last_meaningful_line(directory / "OSZICAR")[:70]:
                report(line)
            if has_claim(directory) and clock.look():
                end_orphans(directory)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
