"""Why a step will not go on by itself, and the command that solves it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from typing import Any

from workflows.cluster.categories import known_categories
from workflows.cluster.decision import Action
from workflows.cluster.fworker_file import ENV_KEYS, FWORKER_FILE
from workflows.cluster.profile import Profile
from workflows.cluster.repair import reason
from workflows.cluster.scheduler import Job
from workflows.cluster.step_report import StepReport
from workflows.cluster.step_status import StepStatus
from workflows.counts import count_of

BLOCKING_REASONS = (
    "JobHeldUser",
    "JobHeldAdmin",
    "PartitionTimeLimit",
    "PartitionNodeLimit",
    "BadConstraints",
    "DependencyNeverSatisfied",
    "InvalidAccount",
    "InvalidQOS",
    "AssocMaxWallDurationPerJobLimit",
    "QOSMaxWallDurationPerJobLimit",
)
"""Slurm's reasons with which a job waits until a person changes something."""
SILENT_SECONDS = 4 * 3600.0
"""Launches outside the queue ping the database every hour, as FireWorks' rockets do."""


BLOCKED_STATES = (
    (re.compile(r"(?=.*E)(?=.*q)[EhRqw]+"), "correct the cause, then: qmod -cj {job}"),
    (re.compile(r"(?=.*h)(?=.*q)[hRqw]+"), "qrls {job}"),
    (re.compile(r"H"), "qrls {job}"),
    (re.compile(r"PSUSP|USUSP"), "bresume {job}"),
)
"""States of SGE (Eqw, hqw), PBS (H) and LSF in which a job stays, and their cures."""


def blocked_job(status: StepStatus) -> StepReport | None:
    """Report a job that will not start or go on by itself, quoting the scheduler."""
    s = status
    if s.listed is None or s.job not in {Job.PENDING, Job.RUNNING}:
        return None
    state, _, words = s.listed.why.partition(": ")
    again = f"lnmo cancel --fw-id {s.fw_id}, lnmo rerun --fw-id {s.fw_id}"
    command = ""
    if s.job is Job.PENDING and s.listed.why in BLOCKING_REASONS:
        command = f"correct my_qadapter.yaml, {again}"
    for form, cure in BLOCKED_STATES:
        if not command and form.fullmatch(state):
            command = f"{cure.format(job=s.job_id)}; or give it up: {again}"
    if not command:
        return None
    shown = f"{state} ({words})" if words else state
    verb = "start" if s.job is Job.PENDING else "go on"
    why = f"job {s.job_id} will not {verb} by itself: {shown}"
    return StepReport(s.fw_id, s.name, command, why, done=False)


def problems_of(status: StepStatus) -> list[StepReport]:
    """Return what keeps a Firework from going on, and the command that solves it."""
    s = status

    def problem(why: str, command: str) -> list[StepReport]:
        return [StepReport(s.fw_id, s.name, command, why, done=False)]

    if s.action.acts:
        return problem(reason(s), "lnmo reconcile --fix")
    if (blocked := blocked_job(s)) is not None:
        return [blocked]
    if (unended := still_running(s)) is not None:
        return [unended]
    if s.action is not Action.ASK:
        return []
    if s.state == "FIZZLED" and s.ended:
        return problem(
            f"ended from outside {count_of(s.returns + 1, 'time')}, last: {s.message}",
            f"give the step {s.step} more walltime in my_qadapter.yaml, lnmo rerun "
            f"--fw-id {s.fw_id}",
        )
    if s.state == "FIZZLED":
        again = f"lnmo rerun --fw-id {s.fw_id}"
        return problem(s.message or "failed", f"{to_correct(s.message)}{again}")
    if s.job is not None:
        return problem(
            f"job {s.job_id} ended ({s.job}), and so did {s.returns} before it",
            f"correct the cause, lnmo rerun --fw-id {s.fw_id}",
        )
    return _outside_the_queue(s)


_SETTING = re.compile(r"(?:^|; correct |: set )(LNMO_[A-Z_]+|env\.\w+)")
"""A setting of the machine in a message: at its start, or in its cure."""


def to_correct(message: str) -> str:
    """Say which setting of the machine failed a step; empty if none did.

    Examples
    --------
    >>> to_correct("LNMO_POLL_SECONDS = 'x' is not a number")
    'correct env.poll_seconds in my_fworker.yaml, or LNMO_POLL_SECONDS where the job \
gets it, '
    """
    found = _SETTING.search(message)
    if found is None:
        return ""
    name = found[1].removeprefix("LNMO_").removeprefix("env.").lower()
    name = "incar" if name == "vasp_incar" else name
    variable = "LNMO_VASP_INCAR" if name == "incar" else f"LNMO_{name.upper()}"
    if name not in ENV_KEYS:
        return f"correct {variable} where the job gets it, "
    return (
        f"correct env.{name} in {FWORKER_FILE}, or {variable} where the job gets it, "
    )


STOPPED = {"DEFUSED": "cancelled", "FIZZLED": "failed"}
"""States whose last launch should have ended, in words."""


def still_running(status: StepStatus) -> StepReport | None:
    """Report what may still compute a cancelled or failed Firework.

    Its reason says what; its action says how that ends.
    """
    s = status
    over = s.action.acts or (s.job is not None and s.job.over)
    if s.state not in STOPPED or over:
        return None

    def report(why: str, command: str) -> StepReport:
        words = f"{STOPPED[s.state]}, but {why}"
        return StepReport(s.fw_id, s.name, command, words, done=False)

    cancelled = s.state == "DEFUSED"
    if s.earlier is not None:
        ends = s.earlier.end_of(s.fw_id, cancelled=cancelled)
        return report(s.earlier.computes, ends)
    if s.launch_state not in {"RESERVED", "RUNNING"}:
        return None
    if s.job is Job.ENDING:
        return report(f"job {s.job_id} is still ending", "wait until it has ended")
    if s.job is Job.NOT_KNOWN:
        return report(
            f"job {s.job_id} may be alive: its queue does not answer", "try again later"
        )
    if s.job is Job.ELSEWHERE:
        return report(
            f"job {s.job_id} may be alive, and its queue, of the worker {s.worker}, "
            "was not asked",
            "lnmo reconcile --fix where that queue is; if the job is dead: lnmo rerun "
            f"--fw-id {s.fw_id} --dead",
        )
    if s.job is not None:
        return report(f"job {s.job_id} is {s.job}", f"lnmo cancel --fw-id {s.fw_id}")
    gone = s.owner is None or s.owner.alive is False
    if s.launch_state == "RUNNING" and s.owner is not None and not gone:
        return report(s.owner.computes, s.owner.end_of(s.fw_id, cancelled=cancelled))
    if s.action is not Action.WAIT:
        return None
    why = "only moments ago: its launcher or worker may still end"
    return report(why, "try again in a minute")


def _outside_the_queue(status: StepStatus) -> list[StepReport]:
    """Report a launch outside the queue once it has stopped pinging, or is lost."""
    if status.launch_id is None:
        why = "it runs, but the LaunchPad has lost its launch: nobody knows where"
        command = (
            f"make sure nothing computes it, lnmo rerun --fw-id {status.fw_id} --dead"
        )
        return [StepReport(status.fw_id, status.name, command, why, done=False)]
    silent = time.time() - status.pinged
    if silent < SILENT_SECONDS:
        return []
    why = f"runs outside the queue on {status.host}, no ping for {silent / 3600:.0f} h"
    command = f"make sure it is dead, lnmo rerun --fw-id {status.fw_id} --dead"
    return [StepReport(status.fw_id, status.name, command, why, done=False)]


def without_worker(
    launchpad: Any, steps: Iterable[Mapping[str, Any]], profile: Profile | None
) -> list[StepReport]:
    """Report the READY steps whose category no known worker accepts."""
    known = known_categories(launchpad)
    known |= set() if profile is None else set(profile.categories)
    if not known:
        return []  # nothing was launched yet, so no worker has registered
    return [
        StepReport(
            step["fw_id"],
            step["name"],
            "add it to category in my_fworker.yaml, lnmo launch (or, on one machine, "
            "lnmo run)",
            f"no known worker accepts category {step['category'] or '(none)'}; they "
            f"accept {', '.join(sorted(known))}",
            done=False,
        )
        for step in steps
        if step["state"] == "READY" and step["category"] not in known
    ]
