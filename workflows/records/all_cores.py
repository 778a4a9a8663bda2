"""Make many summaries at once, one process a core.

After an upgrade every summary is made anew, 2 to 3 ms of processor time each: ten
thousand are half a minute of one core.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

MODULE = "workflows.records.summarize_share"
MOST = 8
"""Processes; more would burden a login node."""
WORTH_IT = 1000
"""Summaries; below, starting the processes takes longer than they save."""


def on_all_cores(root: Path) -> None:
    """Make the summaries that are missing; one that fails is left to be made."""
    own = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    cores = min(own, MOST)
    if cores < 2 or not sys.executable:
        return
    command = [sys.executable, "-P", "-m", MODULE, str(root)]
    started = []
    try:
        with suppress(OSError):
            for share in range(cores):
                started.append(_started([*command, str(share), str(cores)]))
        for process in started:
            process.wait()
    finally:
        for process in started:
            process.kill()
            process.wait()


def _started(command: list[str]) -> subprocess.Popen[bytes]:
    # One thread each: the linear algebra is of 3 x 3 matrices.
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
