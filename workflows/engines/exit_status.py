"""How a process of an engine ended: by which signal, with which code, and likely why.

A shell or a launcher passes a signal n on as exit code 128 + n, but a program may end
by itself with such a code: Open MPI does, with 134, where it started nothing.
"""

from __future__ import annotations

import signal

SHELL_OFFSET = 128
"""Exit code of a shell, or a launcher, minus the signal that ended its child."""

SIGNALS = {
    signal.SIGKILL: "likely out of memory, or ended by the queue or a person; ask for "
    "more memory, or run fewer ranks on a node",
    signal.SIGSEGV: "likely a small stack, or a library of another build; ulimit -s "
    "unlimited before the command",
    signal.SIGBUS: "likely a full /dev/shm or /tmp, or memory that fails; free some, "
    "or take another node",
    signal.SIGILL: "the program was built for another processor; build it here",
    signal.SIGFPE: "an arithmetic error (division by zero?); check inputs and build",
    signal.SIGABRT: "the program or its MPI gave up; its output says why, if anything",
    signal.SIGTERM: "ended by the queue (wall time, cancelled) or a person",
    signal.SIGINT: "interrupted from the keyboard, or by the queue",
    signal.SIGHUP: "its terminal was closed; start it under nohup, tmux or the queue",
    signal.SIGXCPU: "the limit of processor time, or the queue's warning; raise ulimit "
    "-t, or the wall time",
    signal.SIGXFSZ: "the limit of file size; raise ulimit -f",
    signal.SIGPIPE: "the program that read its output has ended; run again",
}
"""Signal -> likely cause and cure."""

CODES = {
    126: "the command exists but may not be executed; chmod +x, or name another file",
    127: "the command, or a library that it needs, was not found; correct its path, "
    "or load its module",
}
"""Exit codes with which a shell says that it started nothing."""


def ended_by(returncode: int | None, *, started_nothing: bool = False) -> str:
    """Return how a process ended, with the likely cause; empty if it still runs.

    Parameters
    ----------
    returncode
        As ``Popen`` has it: minus the signal that ended the process itself.
    started_nothing
        The process said so: a code of 128 + n is its own, no signal of a child.
    """
    if returncode is None:
        return ""
    if returncode < 0:
        return _killed_by(-returncode)
    cause = CODES.get(returncode, "")
    if was_killed(returncode, started_nothing=started_nothing):
        cause = f"perhaps {_killed_by(returncode - SHELL_OFFSET)}"
    return f"exit code {returncode}{f': {cause}' if cause else ''}"


def was_killed(returncode: int | None, *, started_nothing: bool = False) -> bool:
    """Return whether a signal ended a process, or perhaps the one that it started.

    ``started_nothing``: as of :func:`ended_by`.
    """
    if returncode is None:
        return False
    if returncode < 0:
        return True
    return not started_nothing and bool(_name(returncode - SHELL_OFFSET))


def signal_words(returncode: int | None) -> str:
    """Return what a shell prints of a child whose signal it passes on, or empty."""
    if returncode is None or not _name(returncode - SHELL_OFFSET):
        return ""
    return signal.strsignal(returncode - SHELL_OFFSET) or ""


def _killed_by(number: int) -> str:
    name = _name(number)
    if not name:
        return f"killed by signal {number}"
    cause = SIGNALS.get(signal.Signals(number), "")
    return f"killed by signal {number} ({name}){f': {cause}' if cause else ''}"


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return ""
