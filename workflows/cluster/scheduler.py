"""The interface to a batch system: states of a job, and the commands to ask it."""

from __future__ import annotations

import getpass
import os
import pwd
import re
import shlex
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from workflows.errors import QueueError, one_line

NAME_PREFIX = "lnmo-"
"""Our jobs are named ``lnmo-<fw_id>-<launch_id>``."""
PATIENCE_SECONDS = 60.0
"""A scheduler under load answers within seconds; after a minute it is down."""


class Job(StrEnum):
    """The state of a queue job.

    ``UNKNOWN`` is not ``FINISHED``: the scheduler answered but does not list the job,
    so it has ended, and how is not known.
    """

    PENDING = "pending"
    RUNNING = "running"
    ENDING = "ending"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMEOUT = "wall time"
    NODE_FAIL = "node failure"
    OUT_OF_MEMORY = "out of memory"
    PREEMPTED = "preempted"
    UNKNOWN = "unknown to the queue"
    ELSEWHERE = "another machine's"

    @property
    def living(self) -> bool:
        """Whether it may still write: pending, running or ending."""
        return self in {Job.PENDING, Job.RUNNING, Job.ENDING}

    @property
    def over(self) -> bool:
        """Whether it will never write again."""
        return not self.living and self is not Job.ELSEWHERE


@dataclass(frozen=True)
class Listed:
    """A job as the queue lists it.

    Attributes
    ----------
    job
        Its state.
    name
        Job name.
    why
        The scheduler's reason why it waits, or its note on how it ended.
    """

    job: Job
    name: str = ""
    why: str = ""


class Scheduler(Protocol):
    """A batch system, accessed through its own commands."""

    name: str

    def submit(self, script: Path) -> str:
        """Submit a script from its directory and return the job id.

        Raises
        ------
        QueueError
            It was refused; the message is the scheduler's own.
        """

    def jobs(self, ids: Iterable[str] = ()) -> Mapping[str, Listed]:
        """Return the user's jobs, and ``UNKNOWN`` for requested ids not listed.

        Raises
        ------
        QueueError
            The scheduler does not answer: nothing is known.
        """

    def cancel(self, ids: Sequence[str]) -> None:
        """Cancel jobs; jobs that have ended are ignored.

        Raises
        ------
        QueueError
            The scheduler refused or does not answer.
        """


def own_name() -> str:
    """Return the user's name, as the scheduler knows it.

    By the user's number: a variable that names another user would list their jobs.

    Raises
    ------
    QueueError
        Neither the system nor the environment has one, as in a container.
    """
    with suppress(KeyError):
        return pwd.getpwuid(os.getuid()).pw_name
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        raise QueueError(
            f"user {os.getuid()} has no name on this machine; set USER to the name "
            "that the scheduler knows"
        ) from None


_FILTERS = re.compile(r"(SQUEUE|SACCT|SCANCEL)_(?!CLUSTERS|FEDERATION|LOCAL)")


def unfiltered(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without the options by which a user shortens a listing.

    ``SQUEUE_PARTITION`` and its like hide jobs (squeue(1), ENVIRONMENT VARIABLES), and
    a job that is not listed counts as ended. Those of sbatch are kept.
    """
    return {k: v for k, v in environment.items() if not _FILTERS.match(k)}


def ask(
    command: Sequence[str], *, where: Path | None = None, stdin: Path | None = None
) -> str:
    """Run a command of the scheduler and return its output.

    Raises
    ------
    QueueError
        It failed, is not installed or does not end; the message quotes it.
    """
    shown = shlex.join(command)
    try:
        with (stdin or Path("/dev/null")).open("rb") as source:
            ran = subprocess.run(
                command,
                cwd=where,
                stdin=source,
                env=unfiltered(os.environ),
                capture_output=True,
                text=True,
                errors="replace",  # names of jobs may be in any encoding
                timeout=PATIENCE_SECONDS,
                check=False,
            )
    except OSError as error:
        raise QueueError(
            f"{shown}: {error.strerror}; is this a login node of the cluster?"
        ) from None
    except subprocess.TimeoutExpired:
        raise QueueError(
            f"{shown}: no answer within {PATIENCE_SECONDS:g} s; try again later"
        ) from None
    if ran.returncode != 0:
        message = one_line(ran.stderr or ran.stdout)
        raise QueueError(f"{shown}: {message or f'exit code {ran.returncode}'}")
    return ran.stdout
