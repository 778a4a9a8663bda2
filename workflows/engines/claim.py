"""Who computes a step: the last worker that took it, and only that one records it.

A worker that was given up, because its node or its owner was silent, may still live.
Its successor takes the step by writing a token of its own beside the run directory;
the earlier worker finds that token before it records, starts or corrects anything, and
ends its VASP without touching what is no longer its own. A copy of the directory has a
copy of the token: the directories themselves are compared as well.

One that was stopped before it had taken the step would replace the token when it wakes.
So each launch first leaves a mark with its number, that nothing replaces. A launch that
finds the mark of a later one has been given up; one that finds the token of an earlier
launch writes its own again.
"""

from __future__ import annotations

import json
import os
import re
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workflows.atomic import read_json
from workflows.engines.process_start import is_alive_since, start_of
from workflows.errors import LnmoError, StoreBusy
from workflows.records.held_directory import hold, leads_to, path_of


class Superseded(LnmoError):
    """Another worker has taken the step over; nothing was recorded."""


@dataclass(frozen=True)
class Turn:
    """The place of a launch among all launches of a database.

    Attributes
    ----------
    epoch
        Of the database's counters: numbers of another epoch are not compared.
    launch_id
        FireWorks' number; a later launch has a greater one.
    """

    epoch: str
    launch_id: int


class GivenUp(BaseException):
    """As :class:`Superseded`; no ``except Exception`` on the way may swallow it."""


@dataclass(frozen=True)
class _Held:
    """What this process took.

    Attributes
    ----------
    token
        Of this process.
    above
        The directory that holds the token, open.
    for_life, turn
        As for :func:`claim`.
    places
        The run directories that were seen since, open.
    """

    token: str
    above: int
    for_life: bool = False
    places: dict[Path, int] = field(default_factory=dict)
    turn: Turn | None = None

    def close(self) -> None:
        """Close the directories."""
        for descriptor in (self.above, *self.places.values()):
            os.close(descriptor)


HOLDER = ".holder.json"
"""End of the name of a token, behind a dot and the step."""
MARK = ".launch-"
"""Between the step and the number of a launch, in the name of its mark."""
STARTED = "process_started"
"""Key of a token that is held for life: see :mod:`workflows.engines.process_start`."""
EPOCH, LAUNCH = "launchpad", "launch_id"
"""Keys of a token that has a turn."""
_HELD: dict[Path, _Held] = {}
"""By step directory."""


@contextmanager
def claim(
    directory: Path, *, for_life: bool = False, turn: Turn | None = None
) -> Iterator[None]:
    """Take a step for this worker, whoever had it before, but for a later launch.

    Parameters
    ----------
    directory
        Of the step; the token is kept beside it, because a step that starts again may
        set the directory aside.
    for_life
        Nobody may take it over while this process lives on this machine: no LaunchPad
        says when the worker is given up, as for a job of jobflow.
    turn
        Of the launch; None where no other worker can have been given the step.

    Raises
    ------
    StoreBusy
        A living process has the step for life.
    Superseded
        Another worker took it meanwhile, or a later launch has had it.
    """
    refuse_held_for_life(directory)
    token = uuid.uuid4().hex
    directory.parent.mkdir(parents=True, exist_ok=True)
    held = _Held(token, hold(directory.parent), for_life, turn=turn)
    try:
        if turn is not None:
            _mark(directory, turn)
        _write(_place(directory), token, for_life=for_life, turn=turn)
        _HELD[directory] = held
        check_claim(directory)
        yield
    except GivenUp as given_up:
        raise Superseded(str(given_up)) from None
    finally:
        _HELD.pop(directory, None)
        if for_life and _is_held_here(directory, held):
            with suppress(OSError):
                _place(directory).unlink()
        held.close()


def refuse_held_for_life(directory: Path) -> None:
    """Refuse a step that another living process of this machine has for life.

    Raises
    ------
    StoreBusy
        Names the process, and what to do.
    """
    found = _holder(directory)
    if found.get(STARTED) is None or found.get("host") != socket.gethostname():
        return
    try:
        pid = int(found["pid"])
    except (LookupError, TypeError, ValueError):
        return
    alive = is_alive_since(pid, found[STARTED])
    if alive is None:
        raise StoreBusy(
            f"{directory}: process {pid} of a container, of another machine that is "
            f"called {found['host']} too, or of a user whose processes /proc does not "
            f"show here, has had this step since {found.get('since')} (a flow of "
            "jobflow), and nobody knows here whether it lives: wait until it ends; if "
            f"it has, remove {_place(directory)}, then type this again"
        )
    if alive and pid != os.getpid():
        raise StoreBusy(
            f"{directory}: process {pid} has been running this step since "
            f"{found.get('since')}, outside of this LaunchPad (a flow of jobflow): "
            "wait until it ends, or stop it, then type this again"
        )


def check_claim(place: Path) -> None:
    """Make sure that this worker still has the step in, or above, a directory.

    To be asked right before each start, change or removal that cannot be undone, not
    only before the work that leads to it.

    Raises
    ------
    GivenUp
        Another one has taken it, or the directory is no longer the same.
    """
    for directory, held in list(_HELD.items()):
        if not place.is_relative_to(directory):
            continue
        if not leads_to(directory.parent, held.above):
            raise GivenUp(_replaced(directory.parent, held.above))
        for path in (directory, *_between(directory, place)):
            if not _is_the_same(path, held.places):
                raise GivenUp(_replaced(path, held.places[path]))
        _refuse_earlier(directory, held.turn)
        _restore(directory, held)
        if _token(directory) != held.token:
            raise GivenUp(_words(directory))


def has_claim(place: Path) -> bool:
    """Return whether :func:`check_claim` raises nothing."""
    try:
        check_claim(place)
    except GivenUp:
        return False
    return True


def let_go(place: Path) -> None:
    """Expect another directory at a path: this worker is about to set one aside."""
    for held in list(_HELD.values()):
        if (descriptor := held.places.pop(place, None)) is not None:
            os.close(descriptor)


def _between(directory: Path, place: Path) -> list[Path]:
    """Return a path and those above it, below a directory."""
    return [path for path in (place, *place.parents) if directory in path.parents]


def _is_the_same(path: Path, places: dict[Path, int]) -> bool:
    """Return whether a run directory is the one that was seen first, or is not there.

    Without it nothing can be recorded, and the engine says what it lacks.
    """
    if path in places:
        return leads_to(path, places[path]) or not path.exists()
    with suppress(OSError):
        found = hold(path)
        if places.setdefault(path, found) != found:  # another thread was first
            os.close(found)
    return True


def _is_held_here(directory: Path, held: _Held) -> bool:
    here = leads_to(directory.parent, held.above)
    return here and _token(directory) == held.token


def _restore(directory: Path, held: _Held) -> None:
    """Write the token again if somebody removed it, or an earlier launch replaced it.

    Whoever takes a step over leaves a token of its own, which stays.
    """
    place, life, turn = _place(directory), held.for_life, held.turn
    with suppress(OSError):
        if not place.exists():
            _write(place, held.token, anew=True, for_life=life, turn=turn)
        elif _is_earlier(_content(place), turn):
            _write(place, held.token, for_life=life, turn=turn)


def _place(directory: Path) -> Path:
    return directory.with_name(f".{directory.name}{HOLDER}")


def _write(
    path: Path,
    token: str,
    *,
    anew: bool = False,
    for_life: bool = False,
    turn: Turn | None = None,
) -> None:
    """Write a token; ``anew`` only where there is none, or FileExistsError."""
    content: dict[str, Any] = {
        "token": token,
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    if for_life:
        content[STARTED] = start_of(os.getpid())
    if turn is not None:
        content |= {EPOCH: turn.epoch, LAUNCH: turn.launch_id}
    part = path.with_name(f"{path.name}.{token}.part")
    try:
        part.write_text(json.dumps(content), "utf-8")
        os.link(part, path) if anew else part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def last_launch(calculations: Path, epoch: str) -> int:
    """Return the greatest number of a launch that left a mark; 0 if none did.

    Parameters
    ----------
    calculations
        With a directory for each calculation.
    epoch
        Of the counters: numbers of another one are left out.
    """
    if not epoch:
        return 0
    mark = re.compile(rf"\..+{re.escape(MARK)}{re.escape(epoch[:8])}-(\d+)")
    greatest = 0
    with suppress(OSError):
        for place in sorted(calculations.iterdir()):
            with suppress(OSError):
                names = map(mark.fullmatch, os.listdir(place))
                numbers = (int(found[1]) for found in names if found)
                greatest = max(greatest, *numbers, 0)
    return greatest


def _mark(directory: Path, turn: Turn) -> None:
    """Leave the mark of a launch."""
    name = f".{directory.name}{MARK}{turn.epoch[:8]}-{turn.launch_id}"
    directory.with_name(name).touch()


def _refuse_earlier(directory: Path, turn: Turn | None) -> None:
    """Refuse a launch of which a later one has left a mark.

    Raises
    ------
    GivenUp
        Names that launch.
    """
    if turn is None:
        return
    begin = f".{directory.name}{MARK}{turn.epoch[:8]}-"
    with suppress(OSError):
        ends = [name.removeprefix(begin) for name in os.listdir(directory.parent)]
        later = max((int(end) for end in ends if end.isdecimal()), default=0)
        if later > turn.launch_id:
            raise GivenUp(
                f"{directory}: launch {later} took this step over from launch "
                f"{turn.launch_id}; nothing was recorded here, see its result"
            )


def _is_earlier(token: dict[str, Any], turn: Turn | None) -> bool:
    """Return whether a token is that of an earlier launch."""
    number = token.get(LAUNCH)
    if turn is None or token.get(EPOCH) != turn.epoch or not isinstance(number, int):
        return False
    return number < turn.launch_id


def _token(directory: Path) -> str | None:
    """Return whose the step is; None if the directory was moved or deleted."""
    token = _holder(directory).get("token")
    return token if isinstance(token, str) else None


def _holder(directory: Path) -> dict[str, Any]:
    return _content(_place(directory))


def _content(path: Path) -> dict[str, Any]:
    try:
        found = read_json(path)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _words(directory: Path) -> str:
    found = _holder(directory)
    if not found:
        return (
            f"{_place(directory)}: cannot be read, and without it two workers might "
            f"compute {directory}; nothing was recorded. Remove it, and run again"
        )
    return (
        f"{directory}: process {found.get('pid')} on {found.get('host')} took this "
        f"step over at {found.get('since')}; nothing was recorded here, see its result"
    )


def _replaced(path: Path, descriptor: int) -> str:
    now = path_of(descriptor)
    elsewhere = f" (it is now {now})" if now and now != os.path.realpath(path) else ""
    if not path.exists():
        return (
            f"{path}: was moved or deleted while it was computed{elsewhere}; nothing "
            "was recorded. Run again where it is now"
        )
    return (
        f"{path}: was replaced while it was computed: by a copy, from a backup, or its "
        "disk was mounted anew; nothing was recorded. Put the one that was computed "
        f"back in its place{elsewhere}, and run again: what has ended there is read, "
        "not computed again"
    )
