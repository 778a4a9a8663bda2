"""What tells a process from a later one with its number, whatever the clock does.

The start that psutil gives is a time of the clock: it moves when the clock is set. The
kernel counts from its own start, which has an id.
"""

from __future__ import annotations

from pathlib import Path

from workflows.atomic import read_regular

SAME_START = 2.0
"""s between two readings of one start by the clock; earlier versions kept that."""
_PROC = Path("/proc")
_BOOT = _PROC / "sys/kernel/random/boot_id"
_STATE, _TICKS = 0, 19
"""Fields of /proc/PID/stat behind the name: proc(5), 3 and 22."""


def start_of(pid: int) -> str | None:
    """Return the start of a living process; None if it has ended.

    Linux: the ticks from the start of the kernel, and the id of that start. Elsewhere:
    psutil's unix time.
    """
    try:
        boot = read_regular(_BOOT).strip()
        fields = read_regular(_PROC / str(pid) / "stat", "replace")
    except FileNotFoundError:
        return None if _BOOT.exists() else _by_the_clock(pid)
    except OSError:
        return _by_the_clock(pid)
    after_name = fields.rpartition(")")[2].split()
    return None if after_name[_STATE] == "Z" else f"{boot}:{after_name[_TICKS]}"


def _by_the_clock(pid: int) -> str | None:
    import psutil

    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return str(process.create_time())
    except psutil.Error:
        return None


def is_alive_since(pid: int, recorded: object) -> bool:
    """Return whether the process that recorded its start is still alive.

    Parameters
    ----------
    pid
        Its number, which a later process may have.
    recorded
        What :func:`start_of` gave; or a unix time, from an earlier version.
    """
    now = start_of(pid)
    if now is None or now == recorded:
        return now is not None
    try:
        by_clock = float(str(_by_the_clock(pid)))
        return abs(by_clock - float(str(recorded))) < SAME_START
    except ValueError:
        return False
