"""One VASP process under custodian: started, watched, and never left behind."""

from __future__ import annotations

import os
import shlex
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which

from workflows.engines.base import Report
from workflows.errors import MachineError

MARK = "LNMO_RUN_DIRECTORY"
"""Environment variable by which a VASP process is known to be ours."""
ERROR_FILE = "custodian.error"
"""Why custodian gave up; left in the run directory."""
WATCH_SECONDS = 1.0
MAX_ERRORS = 5


def vasp_command(line: str | None) -> list[str]:
    """Split the command line of VASP, and check that this machine has it.

    Raises
    ------
    MachineError
        There is none, it cannot be split, or it starts with no executable.
    """
    if not line:
        raise MachineError(
            "the engine vasp needs a command: set LNMO_VASP_CMD, such as "
            "'mpirun -np 32 vasp_std', or vasp_cmd in the FWorker's env. Without a "
            "licence: --engine chgnet"
        )
    try:
        command = shlex.split(line)
    except ValueError as error:
        raise MachineError(
            f"the VASP command {line!r} cannot be split into words ({error}); correct "
            "LNMO_VASP_CMD"
        ) from None
    if not command or which(command[0]) is None:
        raise MachineError(
            f"the VASP command {line!r} starts with no executable of this machine; "
            "correct LNMO_VASP_CMD"
        )
    return command


def custodian_run(
    directory: Path, command: list[str], poll_seconds: float, report: Report
) -> None:
    """Run VASP until custodian is content or gives up; the files tell which.

    Parameters
    ----------
    directory
        Holds the inputs.
    command
        The VASP command.
    poll_seconds
        Pause between two looks at the running process.
    report
        Told the last line of OSZICAR.
    """
    from custodian import Custodian
    from custodian.custodian import CustodianError
    from custodian.vasp.handlers import (
        NonConvergingErrorHandler,
        PositiveEnergyErrorHandler,
        PotimErrorHandler,
        StdErrHandler,
        UnconvergedErrorHandler,
        VaspErrorHandler,
    )
    from custodian.vasp.jobs import VaspJob
    from custodian.vasp.validators import VaspFilesValidator, VasprunXMLValidator

    watched = Custodian(
        handlers=[
            VaspErrorHandler(),
            StdErrHandler(),
            UnconvergedErrorHandler(),
            NonConvergingErrorHandler(),
            PotimErrorHandler(),
            PositiveEnergyErrorHandler(),
        ],
        jobs=[VaspJob(command, auto_gamma=False)],
        validators=[VasprunXMLValidator(), VaspFilesValidator()],
        max_errors=MAX_ERRORS,
        polling_time_step=poll_seconds,
        monitor_freq=1,
        directory=str(directory),
    )
    with _marked(directory), _watching(directory / "OSZICAR", report):
        try:
            watched.run()  # type: ignore[no-untyped-call]
        except CustodianError as error:
            (directory / ERROR_FILE).write_text(f"{error}\n", "utf-8")


def end_orphans(directory: Path) -> None:
    """Kill VASP processes that a killed worker left running in or below a directory.

    Only processes that carry our mark are touched.
    """
    import psutil

    place = directory.resolve()
    for process in psutil.process_iter():
        try:
            mark = process.environ().get(MARK)
            if mark is not None and Path(mark).is_relative_to(place):
                process.kill()
                process.wait(timeout=10)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue


@contextmanager
def _marked(directory: Path) -> Iterator[None]:
    os.environ[MARK] = str(directory.resolve())
    try:
        yield
    finally:
        del os.environ[MARK]


@contextmanager
def _watching(oszicar: Path, report: Report) -> Iterator[None]:
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(WATCH_SECONDS):
            if line := _last_line(oszicar):
                report(line)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _last_line(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 400))
            lines = file.read().decode("utf-8", "replace").strip().splitlines()
    except OSError:
        return ""
    return " ".join(lines[-1].split())[:70] if lines else ""
