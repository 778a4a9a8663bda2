"""Who computes a step: the last worker that took it, and only that one records it.

A worker that was given up, because its node or its owner was silent, may still live.
Its successor takes the step by writing a token of its own beside the run directory;
the earlier worker finds that token before it records, starts or corrects anything, and
ends its VASP without touching what is no longer its own.
"""

from __future__ import annotations

import json
import os
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workflows.atomic import read_json
from workflows.engines.process_start import is_alive_since, start_of
from workflows.errors import LnmoError, StoreBusy


class Superseded(LnmoError):
    """Another worker has taken the step over; nothing was recorded."""


class GivenUp(BaseException):
    """As :class:`Superseded`; no ``except Exception`` on the way may swallow it."""


@dataclass(frozen=True)
class _Held:
    """A token of this process, and the directory that it was written to."""

    token: str
    inode: int
    for_life: bool = False


HOLDER = ".holder.json"
"""End of the name of a token, behind a dot and the step."""
STARTED = "process_started"
"""Key of a token that is held for life: see :mod:`workflows.engines.process_start`."""
_HELD: dict[Path, _Held] = {}
"""By step directory."""


@contextmanager
def claim(directory: Path, *, for_life: bool = False) -> Iterator[None]:
    """Take a step for this worker, whoever had it before.

    Parameters
    ----------
    directory
        Of the step; the token is kept beside it, because a step that starts again may
        set the directory aside.
    for_life
        Nobody may take it over while this process lives on this machine: no LaunchPad
        says when the worker is given up, as for a job of jobflow.

    Raises
    ------
    StoreBusy
        A living process has the step for life.
    Superseded
        Another worker took it meanwhile.
    """
    refuse_held_for_life(directory)
    token = uuid.uuid4().hex
    _write(_place(directory), token, for_life=for_life)
    held = _Held(token, directory.parent.stat().st_ino, for_life)
    _HELD[directory] = held
    try:
        yield
    except GivenUp:
        raise Superseded(_words(directory)) from None
    finally:
        _HELD.pop(directory, None)
        if for_life and _token(directory) == token:
            with suppress(OSError):
                _place(directory).unlink()


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
    if pid != os.getpid() and is_alive_since(pid, found[STARTED]):
        raise StoreBusy(
            f"{directory}: process {pid} has been running this step since "
            f"{found.get('since')}, outside of this LaunchPad (a flow of jobflow): "
            "wait until it ends, or stop it, then type this again"
        )


def check_claim(place: Path) -> None:
    """Make sure that this worker still has the step in, or above, a directory.

    Raises
    ------
    GivenUp
        Another one has taken it.
    """
    for directory, held in list(_HELD.items()):
        if not place.is_relative_to(directory):
            continue
        _restore(directory, held)
        if _token(directory) != held.token:
            raise GivenUp


def _restore(directory: Path, held: _Held) -> None:
    """Write the token again if somebody removed it from where it still belongs.

    Whoever takes a step over leaves a token of its own, which stays.
    """
    place = _place(directory)
    with suppress(OSError):
        if not place.exists() and directory.parent.stat().st_ino == held.inode:
            _write(place, held.token, anew=True, for_life=held.for_life)


def _place(directory: Path) -> Path:
    return directory.with_name(f".{directory.name}{HOLDER}")


def _write(
    path: Path, token: str, *, anew: bool = False, for_life: bool = False
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
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{token}.part")
    try:
        part.write_text(json.dumps(content), "utf-8")
        os.link(part, path) if anew else part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _token(directory: Path) -> str | None:
    """Return whose the step is; None if the directory was moved or deleted."""
    token = _holder(directory).get("token")
    return token if isinstance(token, str) else None


def _holder(directory: Path) -> dict[str, Any]:
    try:
        found = read_json(_place(directory))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _words(directory: Path) -> str:
    found = _holder(directory)
    if not found and directory.exists():
        return (
            f"{_place(directory)}: cannot be read, and without it two workers might "
            f"compute {directory}; nothing was recorded. Remove it, and run again"
        )
    if not found:
        return (
            f"{directory}: was moved or deleted while it was computed; nothing was "
            "recorded. Run again where it is now"
        )
    return (
        f"{directory}: process {found.get('pid')} on {found.get('host')} took this "
        f"step over at {found.get('since')}; nothing was recorded here, see its result"
    )
