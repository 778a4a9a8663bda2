"""Processes of an engine: marked as ours, found again, and never left behind."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
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


@dataclass(frozen=True)
class LeftBehind:
    """What a command that has ended left running.

    Attributes
    ----------
    names
        Of the programs that were ended.
    engine
        Whether the engine was among them. Others are a wrapper's helpers.
    """

    names: tuple[str, ...] = ()
    engine: bool = False


def end_left_behind(directory: Path, outputs: Iterable[str]) -> LeftBehind:
    """End what a command that has ended left running; return what there was.

    Ranks end a moment after the launcher that started them: only what lives on for
    :data:`GRACE_SECONDS` was left behind.

    Parameters
    ----------
    directory
        Of the run.
    outputs
        Patterns of files there that only the engine writes, and keeps open. If they
        grow in the second half of the grace, it runs too, on another node.
    """
    patterns = tuple(outputs)
    half = time.monotonic() + GRACE_SECONDS / 2
    end, before = half + GRACE_SECONDS / 2, None
    while is_alive(directory):
        now = time.monotonic()
        if now > half and before is None:
            before = _sizes(directory, patterns)
        if now > end:
            names, sizes = _names_of(directory), _sizes(directory, patterns)
            engine = sizes != before or bool(writers(*sizes))
            end_orphans(directory)
            return LeftBehind(names, engine=engine)
        time.sleep(LOOK_SECONDS)
    return LeftBehind()


def helpers_ended(names: Iterable[str]) -> str:
    """Add to a reason which programs a command left beside the engine, if any."""
    said = ", ".join(names)
    return f"; the command also left running, now ended: {said}" if said else ""


def _names_of(directory: Path) -> tuple[str, ...]:
    import psutil

    names = set[str]()
    for pid in engine_processes(directory).get(directory.resolve(), ()):
        with suppress(psutil.Error):
            names.add(psutil.Process(pid).name())
    return tuple(sorted(names))


def _sizes(directory: Path, patterns: Iterable[str]) -> dict[Path, int]:
    sizes = dict[Path, int]()
    for path in (each for pattern in patterns for each in directory.glob(pattern)):
        with suppress(OSError):
            sizes[path] = path.stat().st_size
    return sizes


def writers(*paths: Path) -> list[int]:
    """Return the processes of this machine that have one of these open for writing.

    Whose files this user may not look at is left out.
    """
    import psutil

    places, found = {str(path.resolve()) for path in paths}, []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if any(
                file.path in places and getattr(file, "mode", "w") != "r"
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
