"""What to do about a Firework: decided from its state, its launch's and its job's.

Pure: reads and changes nothing outside its arguments.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from workflows.cluster.scheduler import Job


class Action(StrEnum):
    """What to do.

    ::

        NOTHING   database and queue agree
        WAIT      too early to decide: a job is ending, or was reserved just now
        RETURN    end the launch with the reason, Firework back to READY
        RETRY     the launch recorded that it was ended from outside: back to READY
        SEND      send the result that its worker could not report
        REFRESH   the launch has ended, the Firework's state was not updated
        ADOPT     a defused Firework whose launch finished: keep the result
        CLOSE     end the launch of a defused Firework whose job is gone
        ASK       only a person can decide
    """

    NOTHING = "nothing"
    WAIT = "wait"
    RETURN = "return"
    RETRY = "retry"
    SEND = "send"
    REFRESH = "refresh"
    ADOPT = "adopt"
    CLOSE = "close"
    ASK = "ask"

    @property
    def acts(self) -> bool:
        """Whether ``--fix`` changes something."""
        return self not in {Action.NOTHING, Action.WAIT, Action.ASK}


@dataclass(frozen=True)
class Facts:
    """What is known of one Firework.

    Attributes
    ----------
    firework
        State of the Firework.
    launch
        State of its current launch; None without one.
    job
        State of that launch's queue job; None if none is noted.
    fresh
        It changed moments ago, so its launcher or worker may still be active.
    unsent
        Its worker saved a result that is not in the database.
    resumable
        Its launch recorded that it was ended from outside.
    exhausted
        It was resumed as often as the profile allows.
    gone
        The process outside the queue that had the launch is known to have ended.
    """

    firework: str
    launch: str | None = None
    job: Job | None = None
    fresh: bool = False
    unsent: bool = False
    resumable: bool = False
    exhausted: bool = False
    gone: bool = False


def decide(facts: Facts) -> Action:
    """Return what to do."""
    if facts.job is not None and facts.job.unasked:
        return Action.NOTHING
    if facts.firework in {"RESERVED", "RUNNING"}:
        return _claimed(facts)
    if facts.firework == "FIZZLED":
        return _fizzled(facts)
    if facts.firework == "DEFUSED":
        return _defused(facts)
    return Action.NOTHING


def _claimed(facts: Facts) -> Action:
    """RESERVED or RUNNING: a launcher or worker should be active."""
    living = facts.job is not None and facts.job.living
    if facts.launch in {"COMPLETED", "FIZZLED"}:
        return Action.WAIT if living or facts.fresh else Action.REFRESH
    if facts.job is None:
        return _claimed_without_job(facts)
    if facts.job is Job.ENDING:
        return Action.WAIT
    if living:
        return Action.NOTHING
    if facts.unsent:
        return Action.SEND
    return Action.ASK if facts.exhausted else Action.RETURN


def _claimed_without_job(facts: Facts) -> Action:
    if facts.fresh and not facts.gone:
        return Action.WAIT
    if facts.unsent:
        return Action.SEND
    lost = facts.firework == "RUNNING" and facts.launch is None
    if lost or (facts.launch == "RUNNING" and not facts.gone):
        return Action.ASK  # outside the queue: lnmo run or rlaunch, maybe elsewhere
    return Action.RETURN


def _fizzled(facts: Facts) -> Action:
    if facts.launch in {"RESERVED", "RUNNING"}:
        # Something was killed between its two writes: the launch never ended.
        living = facts.job is not None and facts.job.living
        return Action.WAIT if living else _claimed(facts)
    if not facts.resumable:
        return Action.ASK
    if facts.job is not None and facts.job.living:
        return Action.WAIT
    return Action.ASK if facts.exhausted else Action.RETRY


def _defused(facts: Facts) -> Action:
    if facts.launch == "COMPLETED":
        return Action.ADOPT
    if facts.launch not in {"RESERVED", "RUNNING"}:
        return Action.NOTHING
    if facts.job is Job.ENDING:
        return Action.WAIT
    if facts.job is not None and facts.job.living:
        return Action.ASK
    if facts.unsent:
        return Action.SEND
    if facts.job is None and facts.launch == "RUNNING" and not facts.gone:
        return Action.ASK
    return Action.WAIT if facts.fresh and not facts.gone else Action.CLOSE
