"""Which process computes a launch outside of a queue, and whether it lives.

A launch of ``lnmo run`` holds the process that checked it out. On this machine it is
known whether that process lives; of another machine, or a container, only a person
knows, even if it has the same name.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workflows.engines.process_start import is_alive_since, start_of

UNENDED = ("RESERVED", "RUNNING")
"""States of a launch, or a Firework, whose process or job has not told its end."""
LOCAL_RUN = "lnmo run"
"""Name of the FWorker of a local run."""


@dataclass(frozen=True)
class Owner:
    """The process that has a launch.

    Attributes
    ----------
    host
        Its machine.
    pid
        Its number; None if the launch does not hold it.
    local_run
        Whether it is a ``lnmo run``, which ends what is cancelled.
    alive
        Whether it lives; None if nobody can know here.
    """

    host: str
    pid: int | None = None
    local_run: bool = False
    alive: bool | None = None

    def __str__(self) -> str:
        """Return it as a message names it."""
        what = LOCAL_RUN if self.local_run else "a process outside the queue"
        host = self.host or "an unknown host"
        return (
            f"{what} (process {self.pid} on {host})"
            if self.pid
            else f"{what} on {host}"
        )

    @property
    def computes(self) -> str:
        """Return, as a sentence, that it has the step, or may have it."""
        return f"{self} {'still computes' if self.alive else 'may still compute'} it"

    def end_of(self, fw_id: int, *, cancelled: bool) -> str:
        """Return how what it computes ends, and the command if it is dead already."""
        if self.local_run and cancelled:
            ends = "it sees that and ends its VASP within a minute"
        elif self.local_run:
            ends = f"to end it: Ctrl-C there, or lnmo cancel --fw-id {fw_id}"
        else:
            ends = "end it there"
        if self.alive:
            return f"{ends}; if not: kill -9 {self.pid}"
        return f"{ends}; if it is dead: lnmo rerun --fw-id {fw_id} --dead"


def owner_of(launch: Mapping[str, Any]) -> Owner:
    """Return the process that has a launch, as the LaunchPad holds the launch."""
    fworker = launch.get("fworker") or {}
    env = fworker.get("env") or {}
    pid = env.get("pid")
    return Owner(
        host=str(env.get("host") or launch.get("host") or ""),
        pid=pid if isinstance(pid, int) else None,
        local_run=fworker.get("name") == LOCAL_RUN,
        alive=is_alive(env),
    )


def this_process() -> dict[str, Any]:
    """Return what a launch stores of the process that checked it out."""
    pid = os.getpid()
    return {"host": socket.gethostname(), "pid": pid, "started": start_of(pid)}


def is_alive(owner: Mapping[str, Any]) -> bool | None:
    """Tell whether what `this_process` returned lives; None where nobody knows."""
    pid = owner.get("pid")
    if owner.get("host") != socket.gethostname() or not owner.get("started"):
        return None
    return is_alive_since(pid, owner["started"]) if isinstance(pid, int) else None
