"""Wall times: the notation of each queue, and the time at which a job must end."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from workflows.cluster.scheduler import ask
from workflows.errors import QueueError, shortened

MOST_SECONDS = 2**31 - 1
"""68 years; Slurm counts the seconds in an integer of 32 bits."""
MOST_DIGITS = 12
"""Characters of one number."""
UNITS = {"days": 86_400, "hours": 3600, "minutes": 60, "seconds": 1}
"""Seconds in each."""
LIMITS = {"hours": 24, "minutes": 60, "seconds": 60}
"""A number after a longer unit is below this; a larger one is a slip."""


@dataclass(frozen=True)
class Notation:
    """How a queue writes a wall time.

    Attributes
    ----------
    queue
        Its name, for a reader.
    forms
        In the words of its manual; each word is a unit.
    option
        Where the manual has them.
    example
        A day.
    octal
        Whether it reads a single number with a leading zero as an octal one.
    """

    queue: str
    forms: tuple[str, ...]
    option: str
    example: str = "24:00:00"
    octal: bool = False

    def parts(self, text: str) -> Mapping[str, str] | None:
        """Return the digits of each unit; None if the queue would not take it."""
        if self.octal and text.isdecimal() and text.startswith("0"):
            return None
        for form in self.forms:
            pattern = re.sub("[a-z]+", r"(?P<\g<0>>[0-9]+)", form)
            if found := re.fullmatch(pattern, text):
                return found.groupdict()
        return None

    @property
    def right(self) -> str:
        """What to write instead."""
        return f"give {', '.join(self.forms)} ({self.option}), such as {self.example!r}"


NOTATIONS: Mapping[str, Notation] = {
    "SLURM": Notation(
        "Slurm",
        (
            *("minutes", "minutes:seconds", "hours:minutes:seconds", "days-hours"),
            *("days-hours:minutes", "days-hours:minutes:seconds"),
        ),
        "sbatch --time",
    ),
    "PBS": Notation(
        "PBS",
        ("seconds", "minutes:seconds", "hours:minutes:seconds"),
        "qsub -l walltime",
    ),
    "SGE": Notation(
        "SGE", ("seconds", "hours:minutes:seconds"), "qsub -l h_rt", octal=True
    ),
    "LoadSharingFacility": Notation(
        "LSF", ("minutes", "hours:minutes"), "bsub -W", "24:00"
    ),
}
"""By FireWorks' name of a queue. The same text is another time in another queue."""


def seconds(text: str, queue: str) -> float:
    """Read a wall time, in s, as a queue reads it.

    Parameters
    ----------
    text
        The wall time.
    queue
        FireWorks' name of the queue, a key of ``NOTATIONS``.

    Raises
    ------
    ValueError
        The queue would not take it, or a part is a slip; the message, a predicate,
        has the right notation.
    """
    notation = NOTATIONS[queue]
    parts = notation.parts(text)
    if parts is None:
        raise ValueError(f"is not a time of {notation.queue}: {notation.right}")
    total = 0
    for place, (unit, digits) in enumerate(parts.items()):
        number = int(digits) if len(digits) <= MOST_DIGITS else MOST_SECONDS + 1
        if place and number >= LIMITS[unit]:
            raise ValueError(
                f"has {shortened(digits)} {unit} after a longer unit, where "
                f"{LIMITS[unit] - 1} are the most: {notation.right}"
            )
        total += number * UNITS[unit]
    if total > MOST_SECONDS:
        raise ValueError(f"is longer than {MOST_SECONDS} s, 68 years: {notation.right}")
    return float(total)


def least_seconds(text: str, queue: str | None) -> float:
    """Read a wall time, in s; if the queue is not known, as that which gives least.

    Raises
    ------
    ValueError
        The queue, or no queue, would take it.
    """
    if queue is not None and queue in NOTATIONS:
        return seconds(text, queue)
    found = []
    for each in NOTATIONS:
        with suppress(ValueError):
            found.append(seconds(text, each))
    if not found:
        raise ValueError("is not a time of any queue: give '24:00:00'")
    return min(found)


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
    # With -V, a job that was submitted from within a job has the PBS_WALLTIME of that.
    given = [_seconds(found.get("PBS_WALLTIME")), walltime]
    known = [each for each in given if each is not None]
    return time.time() + min(known) if known else None


def _seconds(text: str | None) -> float | None:
    """Read whole seconds; None for anything else that a site may have set."""
    return float(text) if text and text.isascii() and text.isdecimal() else None


def _slurm_end(job_id: str) -> float | None:
    try:
        shown = ask(["squeue", "-h", "-j", job_id, "-o", "%e"]).strip()
        return time.mktime(time.strptime(shown, "%Y-%m-%dT%H:%M:%S"))
    except (QueueError, ValueError):
        return None
