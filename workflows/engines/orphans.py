"""Processes of an engine: marked as ours, found again, and never left behind."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MARK = "LNMO_RUN_DIRECTORY"
"""Environment variable by which a process of an engine is known to be ours."""
GRACE_SECONDS = 5.0
LOOK_SECONDS = 0.2


def end_orphans(directory: Path, *, grace: float = GRACE_SECONDS) -> None:
    """End processes of an engine that were left running in or below a directory.

    Only processes that carry our mark are touched: SIGTERM, by which ``srun`` and
    ``mpirun`` end their ranks, then SIGKILL.
    """
    import psutil

    place = directory.resolve()
    left = []
    for process in psutil.process_iter():
        try:
            mark = process.environ().get(MARK)
            if mark is not None and Path(mark).is_relative_to(place):
                process.terminate()
                left.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    _, stubborn = psutil.wait_procs(left, timeout=grace)
    for process in stubborn:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(stubborn, timeout=GRACE_SECONDS)


def end_tree(pid: int, *, grace: float = GRACE_SECONDS) -> None:
    """End a process that we started and all that it has started: SIGTERM, SIGKILL."""
    import psutil

    try:
        top = psutil.Process(pid)
        left = [*top.children(recursive=True), top]
    except psutil.NoSuchProcess:
        return
    for process in left:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, stubborn = psutil.wait_procs(left, timeout=grace)
    for process in stubborn:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(stubborn, timeout=GRACE_SECONDS)


def engine_processes(directory: Path) -> dict[Path, list[int]]:
    """Return the processes of engines that run on this machine, by their directory.

    Only those in or below a directory.
    """
    import psutil

    place, found = directory.resolve(), dict[Path, list[int]]()
    for process in psutil.process_iter():
        try:
            mark = process.environ().get(MARK)
            if mark is None or process.status() == psutil.STATUS_ZOMBIE:
                continue
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        if Path(mark).is_relative_to(place):
            found.setdefault(Path(mark), []).append(process.pid)
    return found


def is_alive(directory: Path) -> bool:
    """Return whether a process that carries our mark runs in this directory."""
    import psutil

    place = str(directory.resolve())
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == place:
                return bool(process.status() != psutil.STATUS_ZOMBIE)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return False


def end_left_behind(directory: Path) -> bool:
    """End what a command that has ended left running; return whether there was any.

    Ranks end a moment after the launcher that started them: only what lives on for
    :data:`GRACE_SECONDS` was left behind.
    """
    end = time.monotonic() + GRACE_SECONDS
    while is_alive(directory):
        if time.monotonic() > end:
            end_orphans(directory)
            return True
        time.sleep(LOOK_SECONDS)
    return False


def writers(path: Path) -> list[int]:
    """Return the processes of this machine that have a file open for writing.

    Whose files this user may not look at is left out.
    """
    import psutil

    place, found = str(path.resolve()), []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if any(
                file.path == place and getattr(file, "mode", "w") != "r"
                for file in process.open_files()
            ):
                found.append(process.pid)
    return found


@contextmanager
def marked(directory: Path) -> Iterator[None]:
    """Give the mark of a directory to every process started meanwhile."""
    os.environ[MARK] = str(directory.resolve())
    try:
        yield
    finally:
        del os.environ[MARK]
