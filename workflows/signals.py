"""The signals that end a command: Ctrl-C, SIGTERM and SIGHUP, all alike.

The first one is a ``KeyboardInterrupt``. While that is on its way, so while what runs
is tidied up, later ones are ignored: a queue sends several, a person types Ctrl-C
twice, and a terminal that closes sends SIGHUP after it.
"""

from __future__ import annotations

import signal
import sys

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C; ``scancel``, a wall time, ``kill``; a terminal or connection that closed."""


class Interrupted(KeyboardInterrupt):
    """An interruption that was answered; its message is what the reader is told."""


def take() -> None:
    """Let each of them raise ``KeyboardInterrupt``.

    One that is ignored, such as SIGHUP under nohup, stays ignored.
    """
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def ignore() -> None:
    """Let none of them change the end of the process: its exit code is decided.

    The interpreter takes its time to end, and by default a signal would kill it.
    """
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)


def interruption(error: BaseException | None) -> KeyboardInterrupt | None:
    """Return the interruption that an error is, or during which it was raised."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error


def _interrupt(*_: object) -> None:
    if interruption(sys.exc_info()[1]) is None:
        raise KeyboardInterrupt
