"""Standard output and error: characters they cannot show, and errors of writing.

Python flushes both once more when it ends. A failure then is printed as ``Exception
ignored``, which helps nobody.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, TextIO

OUTPUT = "standard output"


class _Output(io.FileIO):
    """Standard output whose write errors name standard output as the file."""

    def write(self, data: Any, /) -> int:
        """Write some bytes."""
        try:
            return super().write(data)
        except OSError as error:
            error.filename = OUTPUT
            raise


def prepare() -> None:
    r"""Let the streams write every text, and name standard output in its errors.

    A character that a stream lacks becomes its number: ``\u2265``.
    """
    for stream in (sys.stdout, sys.stderr):
        change = getattr(stream, "reconfigure", None)
        if change is not None and stream.errors in {"strict", "surrogateescape"}:
            change(errors="backslashreplace")
    told = sys.stdout
    if type(told) is io.TextIOWrapper and _is_file(told):
        told.flush()
        raw = _Output(told.fileno(), "w", closefd=False)
        sys.stdout = io.TextIOWrapper(
            raw if told.write_through else io.BufferedWriter(raw),
            told.encoding,
            told.errors,
            line_buffering=told.line_buffering,
            write_through=told.write_through,
        )


def _is_file(stream: TextIO) -> bool:
    """Return whether the system knows a stream by a number."""
    try:
        return stream.fileno() >= 0
    except (OSError, ValueError):
        return False


def flush() -> None:
    """Write what was printed, so that what refuses it is an error of the command.

    Raises
    ------
    OSError
        Nobody reads standard output any more, or its disk is full.
    """
    if sys.stdout is not None:  # closed by the shell: >&-
        sys.stdout.flush()


def let_go() -> None:
    """Drop what a stream cannot write, so that Python says nothing when it ends."""
    for stream in _streams():
        try:
            stream.flush()
        except (OSError, ValueError):
            with suppress(OSError, ValueError):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, stream.fileno())
                os.close(nowhere)


def _streams() -> Iterator[TextIO]:
    """Yield the streams, and what click has wrapped around them."""
    for stream in (sys.stdout, sys.__stdout__, sys.stderr, sys.__stderr__):
        if stream is not None:
            yield getattr(stream, "wrapped", stream)
