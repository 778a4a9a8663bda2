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

from workflows.errors import QueueError, one_line, shortened

NAME_PREFIX = "lnmo-"
"""Our jobs are named ``lnmo-<fw_id>-<launch_id>``."""
PATIENCE_SECONDS = 60.0
"""A scheduler under load answers within seconds; after a minute it is down."""

EXCERPT = 400
"""Characters quoted of what a scheduler prints; a broken one may print megabytes."""


class Job(StrEnum):
    """The state of a queue job.

    ``UNKNOWN`` is not ``FINISHED``: the scheduler answered but does not list the job,
    so it has ended, and how is not known. ``NOT_KNOWN``: it does not answer.
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
    NOT_KNOWN = "not known"

    @property
    def living(self) -> bool:
        """Whether it may still write: pending, running or ending."""
        return self in {Job.PENDING, Job.RUNNING, Job.ENDING}

    @property
    def unasked(self) -> bool:
        """Whether its queue did not say anything, so that it may be alive."""
        return self in {Job.ELSEWHERE, Job.NOT_KNOWN}

    @property
    def over(self) -> bool:
        """Whether it will never write again."""
        return not self.living and not self.unasked


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

    def cancel(self, ids: Sequence[str]) -> Mapping[str, str]:
        """Cancel jobs; return, by id, why some were refused: perhaps they have ended.

        Raises
        ------
        QueueError
            The scheduler does not answer.
        """


class CommandFailed(QueueError):
    """A command of the scheduler ended with an error.

    Parameters
    ----------
    shown
        The command.
    answer
        What it printed, whole; the message has an excerpt.
    """

    def __init__(self, shown: str, answer: str) -> None:
        super().__init__(f"{shown}: {excerpt(answer)}")
        self.answer = answer


def excerpt(text: str) -> str:
    """Return what a scheduler printed in one line; of a long text, start and end."""
    if len(text) <= EXCERPT:
        return one_line(text)
    half = EXCERPT // 2
    return f"{one_line(text[:half])} ... {one_line(text[-half:])}"


def without_job_id(command: str, answer: str) -> QueueError:
    """Return the error if a command that submits ended well, but named no job."""
    return QueueError(
        f"{command} answered without a job id: {excerpt(answer)!r}. It may have "
        "submitted a job all the same, and each further lnmo launch one more: cancel "
        f"those called {NAME_PREFIX}..., and let submit_cmd in my_qadapter.yaml print "
        "what the scheduler's own command prints"
    )


def cancel_each(command: Sequence[str], ids: Sequence[str]) -> dict[str, str]:
    """Cancel jobs with one command; if that fails, one by one.

    Returns, by id, why some were refused.

    Raises
    ------
    QueueError
        It does not answer.
    """
    if not ids:
        return {}
    try:
        ask([*command, *ids])
    except CommandFailed as error:
        if len(ids) == 1:
            return {ids[0]: str(error)}
        found = [cancel_each(command, [each]) for each in ids]
        return {job: why for each in found for job, why in each.items()}
    return {}


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
    CommandFailed
        It failed; the message quotes it.
    QueueError
        It is not installed or does not end.
    """
    shown = shortened(shlex.join(command), EXCERPT)
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
        answer = ran.stderr.strip() or ran.stdout.strip()
        raise CommandFailed(shown, answer or f"exit code {ran.returncode}")
    return ran.stdout
