"""Slurm: sbatch, squeue, sacct, scancel and their words.

``squeue -t all`` lists a job for ``MinJobAge`` (often 300 s) after its end; later only
``sacct`` knows it, where accounting is kept. A job that neither knows has ended.
"""

from __future__ import annotations

import getpass
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from workflows.cluster.scheduler import Job, Listed, ask
from workflows.errors import QueueError

STATES = {
    **dict.fromkeys(
        (
            *("PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD"),
            *("RESV_DEL_HOLD", "SPECIAL_EXIT"),
        ),
        Job.PENDING,
    ),
    **dict.fromkeys(
        ("RUNNING", "SUSPENDED", "STOPPED", "SIGNALING", "RESIZING", "STAGE_OUT"),
        Job.RUNNING,
    ),
    "COMPLETING": Job.ENDING,
    "COMPLETED": Job.FINISHED,
    "FAILED": Job.FAILED,
    **dict.fromkeys(("CANCELLED", "REVOKED"), Job.CANCELLED),
    **dict.fromkeys(("TIMEOUT", "DEADLINE"), Job.TIMEOUT),
    **dict.fromkeys(("NODE_FAIL", "BOOT_FAIL"), Job.NODE_FAIL),
    "OUT_OF_MEMORY": Job.OUT_OF_MEMORY,
    "PREEMPTED": Job.PREEMPTED,
}
"""Slurm's job states (squeue(1), JOB STATE CODES, 22.05) in ours."""
_SUBMITTED = re.compile(r"Submitted batch job\s+(\d+)")


class Slurm:
    """The Slurm of this machine.

    Parameters
    ----------
    submit_command
        ``sbatch``, or what the site has instead.
    """

    name = "Slurm"

    def __init__(self, submit_command: Sequence[str] = ("sbatch",)) -> None:
        self._submit = tuple(submit_command)

    def submit(self, script: Path) -> str:
        """Submit; a job that lost its node is not started again behind our back."""
        command = [*self._submit, "--no-requeue", script.name]
        said = ask(command, where=script.parent)
        found = _SUBMITTED.search(said)
        if found is None:
            words = " ".join(said.split())
            raise QueueError(f"sbatch answered without a job id: {words!r}")
        return found.group(1)

    def jobs(self, ids: Iterable[str] = ()) -> Mapping[str, Listed]:
        """Ask squeue once, and sacct for what it no longer lists."""
        user = getpass.getuser()
        shown = ask(["squeue", "-h", "-t", "all", "-u", user, "-o", "%i|%T|%r|%j"])
        found = read_squeue(shown)
        missing = [i for i in dict.fromkeys(ids) if i not in found]
        known = {**self._account(missing), **found}
        return known | {i: Listed(Job.UNKNOWN) for i in missing if i not in known}

    def _account(self, ids: Sequence[str]) -> dict[str, Listed]:
        if not ids:
            return {}
        fields = "--format=JobIDRaw,State,JobName"
        command = ["sacct", "-X", "-n", "-P", "-j", ",".join(ids), fields]
        try:
            return read_sacct(ask(command))
        except QueueError:
            return {}  # no accounting here: then nobody knows how they ended

    def cancel(self, ids: Sequence[str]) -> None:
        """Cancel; scancel is silent about jobs that have ended."""
        if not ids:
            return
        try:
            ask(["scancel", *ids])
        except QueueError as error:
            if "Invalid job id" not in str(error):
                raise


def read_squeue(text: str) -> dict[str, Listed]:
    """Read lines ``id|STATE|reason|name``."""
    found = {}
    for line in text.splitlines():
        fields = line.strip().split("|", 3)
        if len(fields) == 4:
            job_id, state, reason, name = fields
            why = "" if reason in {"None", "(null)"} else reason
            found[job_id] = Listed(_state(state), name, why)
    return found


def read_sacct(text: str) -> dict[str, Listed]:
    """Read lines ``id|STATE ...|name``; a cancelled one says by whom."""
    found = {}
    for line in text.splitlines():
        fields = line.strip().split("|", 2)
        if len(fields) == 3:
            job_id, state, name = fields
            word, _, rest = state.partition(" ")
            found[job_id] = Listed(_state(word), name, rest)
    return found


def _state(word: str) -> Job:
    """Translate; a word of a later Slurm counts as alive, which loses nothing."""
    return STATES.get(word, Job.RUNNING)
