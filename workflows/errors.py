"""What can go wrong, by what the reader may do next.

::

    LnmoError                 one line for the reader; the command exits with 2
    |-- CampaignError         fix the campaign file
    |-- InputError            fix the calculation's settings (U, POTCAR, MAGMOM)
    |-- MachineError          set up the machine (vasp_cmd, an optional package)
    |-- StoreError            fix the database or its file
    |   |-- StoreBusy         wait for, or stop, the process that is writing
    |   `-- StoreUnwritable   free the disk, or correct its rights, and run again
    |-- QueueError            ask the scheduler's administrator, or correct the profile
    |-- ResultsError          choose what may be tabulated together
    |-- StepFailed            a calculation step ended in a state that is not DONE
    `-- Terminated            run again: the step continues where it was
"""

from __future__ import annotations

import difflib
import errno
import os


class LnmoError(Exception):
    """Base of every error whose message is all that the reader needs."""


class CampaignError(LnmoError):
    """The campaign file asks for something impossible or misspelled."""


class InputError(LnmoError):
    """The settings of a calculation do not give consistent engine inputs."""


class MachineError(LnmoError):
    """Something is missing on this machine: a command, a package."""


class StoreError(LnmoError):
    """The LaunchPad or the results cannot be read or written."""


class StoreBusy(StoreError):
    """Another process owns the embedded LaunchPad."""


class StoreUnwritable(StoreError):
    """A file of ours cannot be written; all that was written before is whole.

    Parameters
    ----------
    message
        One line.
    errno
        What the disk, or its rights, answered.
    """

    def __init__(self, message: str, errno: int | None) -> None:
        super().__init__(message)
        self.errno = errno


class QueueError(LnmoError):
    """The scheduler refused, or does not answer; the message quotes it."""


class ResultsError(LnmoError):
    """The documents asked for do not belong in one table."""


class StepFailed(LnmoError):
    """A step ran and did not end as DONE; its document says why."""


class Terminated(LnmoError):
    """A step was ended from outside, by a signal or the walltime; it can continue.

    Parameters
    ----------
    reason
        One line.
    signal
        Name of the signal, if one came.
    """

    def __init__(self, reason: str, *, signal: str | None = None) -> None:
        super().__init__(reason)
        self.signal = signal


ELSEWHERE = "another place"
OTHER_DATA = "another data directory with LNMO_ROOT"
"""What the owner of a file in the data directory may choose."""

_CURES = {
    errno.EROFS: "the disk is read-only; run again once it can be written, or choose "
    f"{ELSEWHERE}",
    errno.ENOSPC: "the disk is full; free some space and run again",
    errno.EDQUOT: "the disk quota is used up; free some space and run again",
    errno.EFBIG: "a file may not be larger here; raise ulimit -f, and run again",
    errno.EACCES: "chmod u+rwX it and its directory, or ask its owner",
    errno.EPERM: "chmod u+rwX it and its directory; where lsattr shows i or a of one, "
    "chattr -i -a; or ask its owner",
    errno.EMFILE: "too many open files; raise ulimit -n",
    errno.EEXIST: f"something else has that name; move it away, or choose {ELSEWHERE}",
    errno.ENOTDIR: f"a file stands where a directory belongs; choose {ELSEWHERE}",
    errno.ENAMETOOLONG: "choose a shorter name",
}


def cure_of(error: OSError, elsewhere: str = "") -> str:
    """Return what to do about what a disk or its permissions refused.

    ``elsewhere`` is what may be chosen instead; it is said once.
    """
    cure = _CURES.get(error.errno or 0, "check the path and the disk, then run again")
    if not elsewhere:
        return cure
    if ELSEWHERE in cure:
        return cure.replace(ELSEWHERE, elsewhere)
    return f"{cure}, or choose {elsewhere}"


FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
"""What a disk that is full answers, or one of which a user has had his share."""


def unwritable(
    path: os.PathLike[str] | str, error: OSError, elsewhere: str = ""
) -> str:
    """Say that a path cannot be written, why, and what to do; see :func:`cure_of`.

    Examples
    --------
    >>> unwritable("out", OSError(28, "No space left on device"))
    'out: cannot be written (No space left on device): the disk is full; free some \
space and run again'
    """
    told = error.strerror or type(error).__name__
    return f"{os.fspath(path)}: cannot be written ({told}): {cure_of(error, elsewhere)}"


def one_line(text: object) -> str:
    """Return a message, of another program or an exception, without line breaks."""
    return " ".join(str(text).split())


LIKENESS = 0.4
"""Least similarity; below difflib's 0.6, for short names with two errors."""


def nearest(name: str, known: tuple[str, ...]) -> str:
    """Suggest the known name that is most similar to a wrong one, if any is."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=LIKENESS)
    return f" (did you mean {close[0]}?)" if close else ""


def printable(text: object) -> str:
    r"""Return text for a terminal: one line, control characters shown, not sent.

    Names of files may hold any byte. ``\x1b`` stands for the escape character that
    would command the terminal, ``\xff`` for a byte that is not UTF-8.
    """
    try:
        plain = os.fsencode(str(text)).decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # half a pair of UTF-16, as JSON may hold
        plain = str(text).encode("utf-8", "backslashreplace").decode("utf-8")
    if plain.isprintable():
        return plain
    return "".join(
        c if c.isprintable() or c == "\u00a0" else c.encode("unicode_escape").decode()
        for c in plain
    )


def printable_lines(text: str) -> str:
    """Return :func:`printable` text that keeps its lines and tabs."""
    lines = (map(printable, line.split("\t")) for line in text.split("\n"))
    return "\n".join("\t".join(parts) for parts in lines)


def is_utf8(path: os.PathLike[str] | str) -> bool:
    """Whether a path is text that a database, or a reader of XML, can hold."""
    try:
        os.fspath(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def shortened(value: object, length: int = 40) -> str:
    """Return a value in one line of at most `length` characters."""
    text = " ".join(str(value).split())
    return text if len(text) <= length else f"{text[: length - 3]}..."
