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
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from workflows.errors import LnmoError
from workflows.records.atomic import read_regular


class Superseded(LnmoError):
    """Another worker has taken the step over; nothing was recorded."""


class GivenUp(BaseException):
    """As :class:`Superseded`; no ``except Exception`` on the way may swallow it."""


_HELD: dict[Path, str] = {}
"""Tokens of this process by step directory."""


@contextmanager
def claim(directory: Path) -> Iterator[None]:
    """Take a step for this worker, whoever had it before.

    Parameters
    ----------
    directory
        Of the step; the token is kept beside it, because a step that starts again may
        set the directory aside.

    Raises
    ------
    Superseded
        Another worker took it meanwhile.
    """
    token = uuid.uuid4().hex
    _write(_place(directory), token)
    _HELD[directory] = token
    try:
        yield
    except GivenUp:
        raise Superseded(_words(directory)) from None
    finally:
        _HELD.pop(directory, None)


def check_claim(place: Path) -> None:
    """Make sure that this worker still has the step in, or above, a directory.

    Raises
    ------
    GivenUp
        Another one has taken it.
    """
    for directory, token in list(_HELD.items()):
        if place.is_relative_to(directory) and _token(directory) != token:
            raise GivenUp


def _place(directory: Path) -> Path:
    return directory.with_name(f".{directory.name}.holder.json")


def _write(path: Path, token: str) -> None:
    content = {
        "token": token,
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{token}.part")
    try:
        part.write_text(json.dumps(content), "utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _token(directory: Path) -> str | None:
    """Return whose the step is; None if the directory was moved or deleted."""
    return _holder(directory).get("token")


def _holder(directory: Path) -> dict[str, str]:
    try:
        found = json.loads(read_regular(_place(directory)))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _words(directory: Path) -> str:
    found = _holder(directory)
    if not found:
        return (
            f"{directory}: was moved or deleted while it was computed; nothing was "
            "recorded. Run again where it is now"
        )
    return (
        f"{directory}: process {found.get('pid')} on {found.get('host')} took this "
        f"step over at {found.get('since')}; nothing was recorded here, see its result"
    )
