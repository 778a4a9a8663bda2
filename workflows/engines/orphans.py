"""Processes of an engine: marked as ours, found again, and never left behind."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil

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

    left = []
    for process, _ in _marked_in(directory):
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            process.terminate()
            left.append(process)
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


def engine_processes(*directories: Path) -> dict[Path, list[int]]:
    """Return the processes of engines that run on this machine, by directory.

    Parameters
    ----------
    directories
        None of them in another. A process in or below one is listed under it; those
        without a process are left out.
    """
    found = dict[Path, list[int]]()
    for process, directory in _marked_in(*directories):
        found.setdefault(directory, []).append(process.pid)
    return found


def is_alive(directory: Path) -> bool:
    """Return whether a process that carries our mark runs in or below a directory."""
    return any(True for _ in _marked_in(directory))


def _marked_in(*directories: Path) -> Iterator[tuple[psutil.Process, Path]]:
    """Yield each living process with our mark, and which directory it belongs to.

    Directories are compared by device and inode: their project may have been moved, or
    mounted at another path, since the process was started.
    """
    import psutil

    places = dict[tuple[int, int], Path]()
    for directory in directories:
        with suppress(OSError):
            places[_identity(directory)] = directory
    paths = {directory.resolve(): directory for directory in directories}
    for process in psutil.process_iter():
        try:
            mark = process.environ().get(MARK, "")
            if not os.path.isabs(mark) or process.status() == psutil.STATUS_ZOMBIE:
                continue
            found = _belongs_to(process, mark, places, paths)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        if found is not None:
            yield process, found


def _belongs_to(
    process: psutil.Process,
    mark: str,
    places: Mapping[tuple[int, int], Path],
    paths: Mapping[Path, Path],
) -> Path | None:
    """Return where a process belongs: by its mark, by where it is, by what it writes.

    Linux shows its mark and working directory as the process itself sees them, which
    may be in a container. A mark that leads nowhere is compared as text.
    """
    import psutil

    own = f"/proc/{process.pid}" if psutil.LINUX else ""
    marked_place = f"{own}/root{mark}" if own else mark
    if found := _above(marked_place, places):
        return found
    if found := _above(f"{own}/cwd" if own else process.cwd(), places):
        return found
    for file in process.open_files():
        if _writes(file) and (found := _above(os.path.dirname(file.path), places)):
            return found
    if os.path.exists(marked_place):
        return None
    above = (Path(mark), *Path(mark).parents)
    return next((paths[path] for path in above if path in paths), None)


def _above(start: str, places: Mapping[tuple[int, int], Path]) -> Path | None:
    """Return which of some directories a path is, or lies in."""
    place, before = start, None
    with suppress(OSError):
        while (found := _identity(place)) != before:
            if found in places:
                return places[found]
            place, before = f"{place}/..", found
    return None


def _identity(path: Path | str) -> tuple[int, int]:
    found = os.stat(path)
    return found.st_dev, found.st_ino


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
    for process, _ in _marked_in(directory):
        with suppress(psutil.Error):
            names.add(process.name())
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

    places, found = set[tuple[int, int]](), []
    for path in paths:
        with suppress(OSError):
            places.add(_identity(path))
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if any(
                _writes(file) and _identity(file.path) in places
                for file in process.open_files()
            ):
                found.append(process.pid)
    return found


def _writes(file: object) -> bool:
    return getattr(file, "mode", "w") != "r"


@contextmanager
def marked(directory: Path) -> Iterator[None]:
    """Give the mark of a directory to every process started meanwhile."""
    os.environ[MARK] = str(directory.resolve())
    try:
        yield
    finally:
        del os.environ[MARK]
