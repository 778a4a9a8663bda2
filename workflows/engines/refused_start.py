"""What the system answers if it refuses to start a command, and the likely cause."""

from __future__ import annotations

import errno

_CAUSES = {
    errno.ENOENT: "it is gone, or what its first line (#!) or its loader names is not "
    "on this machine",
    errno.EACCES: "chmod +x; or its disk is mounted noexec",
    errno.ENOEXEC: "it is for another processor, or a script without a first line (#!)",
    errno.E2BIG: "the command line, or the environment, is too long",
    errno.ENOMEM: "free memory, or run fewer workers",
    errno.EAGAIN: "too many processes; raise ulimit -u, or run fewer workers",
    errno.EMFILE: "too many open files; raise ulimit -n",
    errno.ETXTBSY: "another process still writes it; wait until it is whole",
}


def refused_start(command: list[str], error: OSError) -> str:
    """Return which program was refused, and why, in one line.

    Empty if the error is not on its start, but on a file or a directory of the run.

    Parameters
    ----------
    command
        As it was given to ``Popen``.
    error
        Raised while files were opened, or the command was started.
    """
    if error.filename not in (None, command[0]):
        return ""
    told = error.strerror or type(error).__name__
    cause = _CAUSES.get(error.errno or 0, "")
    return f"{command[0]}: {told}{f' ({cause})' if cause else ''}"
