"""Walltimes: the notations of the queues, and the time at which a job must end."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping

from workflows.cluster.scheduler import ask
from workflows.errors import QueueError


def seconds(text: str, *, lsf: bool = False) -> float:
    """Read a walltime, in seconds.

    Parameters
    ----------
    text
        Slurm's ``minutes``, ``minutes:seconds``, ``hours:minutes:seconds``,
        ``days-hours[:minutes[:seconds]]`` (sbatch(1), --time), which include PBS'.
    lsf
        LSF's ``[hours:]minutes`` (bsub(1), -W) instead.

    Raises
    ------
    ValueError
        It is none of these.
    """
    if not text.isascii() or "_" in text:  # int() reads other digits, and 1_000
        raise ValueError(text)
    days, dash, clock = text.strip().rpartition("-")
    parts = [int(part) for part in clock.split(":")]
    if any(part < 0 for part in parts) or len(parts) > 3:
        raise ValueError(text)
    unit = [3600, 60, 1]
    if lsf or (not dash and len(parts) == 1):
        unit = [3600, 60]  # minutes come last
    factors = unit if dash else unit[len(unit) - len(parts) :]
    if len(parts) > len(factors):
        raise ValueError(text)
    total = sum(n * f for n, f in zip(parts, factors, strict=False))
    return total + (int(days) * 86_400 if dash else 0)


def deadline(
    environment: Mapping[str, str] | None = None, *, walltime: float | None = None
) -> float | None:
    """Return the unix time at which the queue ends this job; None if unknown.

    Parameters
    ----------
    environment
        Of the job; that of this process if None.
    walltime
        What was requested, in s, for queues that do not report the end.
    """
    found = os.environ if environment is None else environment
    if (end := _seconds(found.get("SLURM_JOB_END_TIME"))) is not None:
        return end
    if "SLURM_JOB_ID" in found and (end := _slurm_end(found["SLURM_JOB_ID"])):
        return end
    if (left := _seconds(found.get("PBS_WALLTIME"))) is not None:
        return time.time() + left
    return None if walltime is None else time.time() + walltime


def _seconds(text: str | None) -> float | None:
    """Read whole seconds; None for anything else that a site may have set."""
    return float(text) if text and text.isascii() and text.isdecimal() else None


def _slurm_end(job_id: str) -> float | None:
    try:
        shown = ask(["squeue", "-h", "-j", job_id, "-o", "%e"]).strip()
        return time.mktime(time.strptime(shown, "%Y-%m-%dT%H:%M:%S"))
    except (QueueError, ValueError):
        return None
