"""Standard output and error: characters they cannot show, and errors of writing.

What a verb prints is its result, so standard output that cannot be written is an error.
What stands on standard error is said beside it: where nobody can read that, the verb
and its exit code are the same.

Python flushes both once more when it ends. A failure then is printed as ``Exception
ignored``, which helps nobody.
"""

from __future__ import annotations

import errno
import fcntl
import io
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, TextIO

from workflows.errors import MachineError

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


class _Errors(io.FileIO):
    """Standard error that nobody may be able to read: closed, full, a terminal gone."""

    def write(self, data: Any, /) -> int:
        """Write some bytes, or drop them."""
        try:
            return super().write(data) or 0
        except OSError:
            return len(data)


def prepare() -> None:
    r"""Let the streams write every text, and name standard output in its errors.

    A character that a stream lacks becomes its number: ``\u2265``.
    """
    _reopen()
    for stream in (sys.stdout, sys.stderr):
        change = getattr(stream, "reconfigure", None)
        if change is not None and stream.errors in {"strict", "surrogateescape"}:
            change(errors="backslashreplace")
    sys.stdout = _written_by(_Output, sys.stdout)
    sys.stderr = _written_by(_Errors, sys.stderr)


def _reopen() -> None:
    """Give a stream that the shell has closed a file that holds nothing.

    Otherwise the next file that is opened would have its number, and what a library
    prints would be written into that file. Standard output gets one that cannot be
    written, as ``>&-`` asks for; standard error one that takes all.
    """
    flags = (os.O_RDONLY, os.O_RDONLY, os.O_WRONLY)
    for number, flag in enumerate(flags):
        try:
            os.fstat(number)
        except OSError:
            nowhere = os.open(os.devnull, flag)  # the lowest number: this one
            os.set_inheritable(nowhere, True)
    sys.stdin = sys.stdin or os.fdopen(0, "r", -1, "utf-8", closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", -1, "utf-8", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", 1, "utf-8", closefd=False)


def _written_by(kind: type[io.FileIO], told: TextIO) -> TextIO:
    """Return a stream that writes by one of the kinds here, if it is a file."""
    if type(told) is not io.TextIOWrapper or not _is_file(told):
        return told
    with suppress(OSError):
        told.flush()
    raw = kind(told.fileno(), "w", closefd=False)
    return io.TextIOWrapper(
        raw if told.write_through else io.BufferedWriter(raw),
        told.encoding,
        told.errors,
        line_buffering=told.line_buffering,
        write_through=told.write_through,
    )


def check_output() -> None:
    """Look, before anything is done, whether its result could be written.

    Raises
    ------
    MachineError
        Standard output is closed, or open for reading alone.
    """
    if not _is_file(sys.stdout):
        return
    mode = fcntl.fcntl(sys.stdout.fileno(), fcntl.F_GETFL) & os.O_ACCMODE
    if mode == os.O_RDONLY:
        raise MachineError(
            f"{OUTPUT} is closed, or open for reading alone: perhaps the command line "
            "has >&-. Send it to a file, or to /dev/null. Nothing was done"
        )


def is_of_output(error: BaseException) -> bool:
    """Return whether an error is that nobody takes standard output any more."""
    return isinstance(error, OSError) and (
        error.errno == errno.EPIPE or error.filename == OUTPUT
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
