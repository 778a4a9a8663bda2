"""What tells a process from a later one with its number, whatever the clock does.

The start that psutil gives is a time of the clock: it moves when the clock is set. The
kernel counts from its own start, which has an id. Numbers of processes mean something
in one namespace of one machine only, whatever its name is.
"""

from __future__ import annotations

import os
from pathlib import Path

from workflows.atomic import read_regular

SAME_START = 2.0
"""s between two readings of one start by the clock; earlier versions kept that."""
_PROC = Path("/proc")
_BOOT = _PROC / "sys/kernel/random/boot_id"
_MACHINE = Path("/etc/machine-id")
_OF_THE_MACHINE = "4026531836"
"""The namespace of the machine itself: PROC_PID_INIT_INO of the Linux kernel."""
_FIELDS, _FIELDS_BEFORE = 4, 2
"""Of a start, now and in earlier versions."""
_STATE, _TICKS = 0, 19
"""Fields of /proc/PID/stat behind the name: proc(5), 3 and 22."""


def start_of(pid: int) -> str | None:
    """Return the start of a living process, and where it was.

    None if it has ended, or is one that /proc does not show to this user.

    Linux: the id of the start of the kernel, the ticks from then on, the namespace that
    counts processes here (a container has one of its own), and the id of the machine,
    empty if unknown. Elsewhere: psutil's unix time.
    """
    try:
        boot = read_regular(_BOOT).strip()
        fields = read_regular(_PROC / str(pid) / "stat", "replace")
    except FileNotFoundError:
        return None if _BOOT.exists() else _by_the_clock(pid)
    except OSError:
        return _by_the_clock(pid)
    after_name = fields.rpartition(")")[2].split()
    if after_name[_STATE] == "Z":
        return None
    return f"{boot}:{after_name[_TICKS]}:{_namespace()}:{_machine()}"


def _namespace() -> str:
    try:
        return os.readlink(_PROC / "self/ns/pid").strip("pid:[]")
    except OSError:
        return ""


def _machine() -> str:
    try:
        return read_regular(_MACHINE).strip()
    except (OSError, ValueError):
        return ""


def _by_the_clock(pid: int) -> str | None:
    import psutil

    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return str(process.create_time())
    except psutil.Error:
        return None


def is_alive_since(pid: int, recorded: object) -> bool | None:
    """Return whether the process that recorded its start is still alive.

    A name of a host does not tell two machines, or a machine and its containers, from
    each other: None, nobody knows here, if it was another of them. None as well if the
    number is in use, but /proc does not show by whom (its option ``hidepid``).

    Parameters
    ----------
    pid
        Its number, which a later process may have.
    recorded
        What :func:`start_of` gave, on a host of this name. An earlier version gave less
        of it, or a unix time.
    """
    now = start_of(pid)
    then = str(recorded).split(":")
    if len(then) == _FIELDS and _is_elsewhere(then):
        return None
    if now is None:
        return None if _is_hidden(pid) else False
    if now == recorded:
        return True
    if len(then) == _FIELDS_BEFORE:
        return now.split(":")[:_FIELDS_BEFORE] == then
    try:
        by_clock = float(str(_by_the_clock(pid)))
        return abs(by_clock - float(str(recorded))) < SAME_START
    except ValueError:
        return False


def _is_hidden(pid: int) -> bool:
    """Return whether the kernel has a process that /proc does not show to this user."""
    if (
        pid < 1
        or not (_PROC / "self").exists()
        or os.access(_PROC / str(pid) / "stat", os.R_OK)
    ):
        return False
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True


def _is_elsewhere(then: list[str]) -> bool:
    """Return whether a process may live where its number says nothing to us.

    One of the machine itself, outside of containers, has ended if the machine has
    started again.
    """
    own = (start_of(os.getpid()) or "").split(":")
    if len(own) != _FIELDS:
        return True
    (boot, _, namespace, machine), (was, _, before, of) = own, then
    if boot == was:
        return not namespace or namespace != before
    return not machine or machine != of or {namespace, before} != {_OF_THE_MACHINE}
