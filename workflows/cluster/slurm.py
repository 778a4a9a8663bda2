"""Slurm: sbatch, squeue, sacct and scancel.

``squeue -t all`` lists a job for ``MinJobAge`` (often 300 s) after its end, ``sacct``
for longer where accounting is kept. A job that neither lists has ended.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from workflows.cluster.scheduler import (
    CommandFailed,
    Job,
    Listed,
    ask,
    cancel_each,
    excerpt,
    own_name,
    without_job_id,
)
from workflows.errors import QueueError

STATES = {
    "PENDING": Job.PENDING,
    "CONFIGURING": Job.PENDING,
    "REQUEUED": Job.PENDING,
    "REQUEUE_FED": Job.PENDING,
    "REQUEUE_HOLD": Job.PENDING,
    "RESV_DEL_HOLD": Job.PENDING,
    "SPECIAL_EXIT": Job.PENDING,
    "RUNNING": Job.RUNNING,
    "SUSPENDED": Job.RUNNING,
    "STOPPED": Job.RUNNING,
    "SIGNALING": Job.RUNNING,
    "RESIZING": Job.RUNNING,
    "STAGE_OUT": Job.RUNNING,
    "COMPLETING": Job.ENDING,
    "COMPLETED": Job.FINISHED,
    "FAILED": Job.FAILED,
    "CANCELLED": Job.CANCELLED,
    "REVOKED": Job.CANCELLED,
    "TIMEOUT": Job.TIMEOUT,
    "DEADLINE": Job.TIMEOUT,
    "NODE_FAIL": Job.NODE_FAIL,
    "BOOT_FAIL": Job.NODE_FAIL,
    "OUT_OF_MEMORY": Job.OUT_OF_MEMORY,
    "PREEMPTED": Job.PREEMPTED,
}
"""Slurm's job states (squeue(1), JOB STATE CODES, 22.05)."""
HEADER = "JOBID|STATE|REASON|NAME"
"""What squeue prints above ``%i|%T|%r|%j``, and so above a list without a job."""
_LISTING = ("squeue", "-t", "all", "-o", "%i|%T|%r|%j")
_INVALID = "Invalid job id"
_SUBMITTED = re.compile(r"Submitted batch job\s+(\d+)")
_PARSABLE = re.compile(r"\s*(\d+)\s*")
"""The whole answer of ``sbatch --parsable``, as scripts of a site often call it."""


class Slurm:
    """The Slurm of this machine.

    Parameters
    ----------
    submit_command
        ``sbatch``, or the site's replacement.
    """

    name = "Slurm"

    def __init__(self, submit_command: Sequence[str] = ("sbatch",)) -> None:
        self._submit = tuple(submit_command)

    def submit(self, script: Path) -> str:
        """Submit with ``--no-requeue``: a job that lost its node must not restart."""
        command = [*self._submit, "--no-requeue", script.name]
        answer = ask(command, where=script.parent)
        found = _SUBMITTED.search(answer) or _PARSABLE.fullmatch(answer)
        if found is None:
            raise without_job_id("sbatch", answer)
        return found.group(1)

    def jobs(self, ids: Iterable[str] = ()) -> Mapping[str, Listed]:
        """Ask squeue, again for the jobs that it does not list, and sacct for those."""
        found = read_squeue(ask([*_LISTING, "-u", own_name()]))
        found |= self._by_id([i for i in dict.fromkeys(ids) if i not in found])
        missing = [i for i in dict.fromkeys(ids) if i not in found]
        known = {**self._from_accounting(missing), **found}
        return known | {i: Listed(Job.UNKNOWN) for i in missing if i not in known}

    def _by_id(self, ids: Sequence[str]) -> dict[str, Listed]:
        """Ask for jobs by themselves: a list by user may be short."""
        if not ids:
            return {}
        try:
            listed = read_squeue(ask([*_LISTING, "-j", ",".join(ids)]))
        except CommandFailed as error:
            if _INVALID in error.answer:  # Slurm says so of a single job that it forgot
                return {}
            raise
        return {i: listed[i] for i in ids if i in listed}

    def _from_accounting(self, ids: Sequence[str]) -> dict[str, Listed]:
        if not ids:
            return {}
        fields = "--format=JobIDRaw,State,JobName"
        command = ["sacct", "-X", "-n", "-P", "-j", ",".join(ids), fields]
        try:
            return read_sacct(ask(command))
        except QueueError:
            return {}  # no accounting on this cluster: how they ended is not recorded

    def cancel(self, ids: Sequence[str]) -> Mapping[str, str]:
        """Cancel; scancel refuses a job that Slurm has forgotten."""
        return cancel_each(["scancel"], ids)


def read_squeue(text: str) -> dict[str, Listed]:
    """Read lines ``id|STATE|reason|name`` below their header.

    Raises
    ------
    QueueError
        There is no header: this is not the list, and no job counts as ended by it.
    """
    lines = [line.strip() for line in text.splitlines()]
    if HEADER not in lines:
        raise QueueError(
            f"squeue answered without its header {HEADER}: {excerpt(text)!r}; it is "
            "not known which jobs there are. If squeue is a script of the site here, "
            "let it pass on the output of Slurm's own"
        )
    found = {}
    for line in lines[lines.index(HEADER) + 1 :]:
        fields = line.split("|", 3)
        if len(fields) == 4 and line != HEADER:  # one for each cluster of several
            job_id, state, reason, name = fields
            why = "" if reason in {"None", "(null)"} else reason
            found[job_id] = Listed(_state(state), name, why)
    return found


def read_sacct(text: str) -> dict[str, Listed]:
    """Read lines ``id|STATE ...|name``; CANCELLED is followed by the user."""
    found = {}
    for line in text.splitlines():
        fields = line.strip().split("|", 2)
        if len(fields) == 3:
            job_id, state, name = fields
            word, _, rest = state.partition(" ")
            found[job_id] = Listed(_state(word), name, rest)
    return found


def _state(word: str) -> Job:
    """Return our state; an unknown one of a later Slurm counts as alive."""
    return STATES.get(word, Job.RUNNING)
