"""Cancel queue jobs, and ask the queue what became of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workflows.cluster.scheduler import Job, Listed, Scheduler
from workflows.errors import QueueError


@dataclass(frozen=True)
class Outcome:
    """What became of a job that was to be cancelled.

    Attributes
    ----------
    words
        In words, with the scheduler's own on a refusal.
    done
        False if it may go on.
    """

    words: str
    done: bool = True


def cancel_jobs(scheduler: Scheduler, ids: Sequence[str]) -> dict[str, Outcome]:
    """Cancel jobs and return, by id, what became of each.

    A command that fails may have cancelled some; one that ends well, none. So the
    queue is asked afterwards.
    """
    wanted = [*dict.fromkeys(ids)]
    if not wanted:
        return {}
    refused: Mapping[str, str]
    try:
        refused = scheduler.cancel(wanted)
    except QueueError as error:
        refused = dict.fromkeys(wanted, str(error))
    listed: Mapping[str, Listed]
    try:
        listed = scheduler.jobs(wanted)
    except QueueError:
        listed = {}
    silent = Listed(Job.NOT_KNOWN)
    return {
        i: outcome(i, listed.get(i, silent).job, refused.get(i, "")) for i in wanted
    }


def outcome(job_id: str, now: Job, refused: str) -> Outcome:
    """Decide what became of a job.

    Parameters
    ----------
    job_id
        The job.
    now
        Its state after the attempt.
    refused
        Why the scheduler did not cancel it; empty if it took the command.
    """
    own = f"job {job_id}"
    if now.over or now is Job.ENDING:
        return Outcome(
            f"{own} had ended" if refused and now.over else f"{own} cancelled"
        )
    state = "the queue does not answer" if now.unasked else f"the queue says: {now}"
    if refused:
        again = "type this again, or end it with the scheduler's own command"
        return Outcome(f"{own} NOT cancelled, {state}; {refused}; {again}", done=False)
    return Outcome(f"{own} told to end, {state}; look again with lnmo status")
