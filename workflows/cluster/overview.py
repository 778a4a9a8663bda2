"""Database and queue side by side, with a command for each problem."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from workflows.cluster.problems import problems_of, without_worker
from workflows.cluster.profile import Profile, asked_of
from workflows.cluster.scheduler import Listed, Scheduler
from workflows.cluster.step_report import StepReport
from workflows.cluster.step_status import (
    StepStatus,
    jobs_of_earlier_launches,
    step_statuses,
)
from workflows.errors import QueueError, StoreError
from workflows.launchpad.copies import copies_in
from workflows.launchpad.deleted import left_in_bin
from workflows.launchpad.file_lock import is_owned
from workflows.launchpad.halves import halves
from workflows.launchpad.judged import Judgement, judgements
from workflows.launchpad.opening import LOCK_FILE
from workflows.launchpad.stale_locks import LEFT, stale_locks
from workflows.launchpad.steps import steps_of
from workflows.launchpad.unfinished_updates import WHY, unfinished_updates
from workflows.records.calculations import missing
from workflows.records.database import Database
from workflows.records.file_store import FileResults
from workflows.records.identity import ASIDE

HOLDING = ("FIZZLED", "DEFUSED", "PAUSED")
"""States of a step that keep those after it WAITING whatever is run."""


@dataclass(frozen=True)
class Overview:
    """Contents of ``lnmo status``.

    Attributes
    ----------
    steps
        fw_id, calculation_id, engine, step, state, name, reason, category; by x.
    jobs
        Queue jobs by fw_id: job id, and the queue's entry.
    problems
        Steps that will not go on by themselves; ``action`` is the command to run.
    queue
        Name of the scheduler, or why it does not answer; empty without one.
    """

    steps: Sequence[Mapping[str, Any]]
    jobs: Mapping[int, tuple[str, Listed]] = field(default_factory=dict)
    problems: Sequence[StepReport] = ()
    queue: str = ""


def overview(
    launchpad: Any,
    database: Database,
    wanted: Mapping[str, Any],
    profile: Profile | None,
) -> Overview:
    """Read the steps that a query finds, their jobs and their problems.

    ``profile`` is that of this machine's queue; None if it has no queue.
    """
    steps = steps_of(launchpad, wanted)
    wrong = judgements(database, steps, copies_in(launchpad))
    if database.embedded:
        local = _judged(_local_overview(steps, database), wrong)
        return replace(
            local, problems=[*_deleted(database, launchpad), *local.problems]
        )
    asked_now = asked_of(profile)
    scheduler, worker = asked_now.scheduler, asked_now.worker
    limit = asked_now.max_returns
    queue = "" if scheduler is None else scheduler.name

    def statuses(asked: Scheduler | None) -> list[StepStatus]:
        return step_statuses(
            launchpad, scheduler=asked, worker=worker, max_returns=limit, wanted=wanted
        )

    try:
        found = statuses(scheduler)
        earlier = jobs_of_earlier_launches(launchpad, scheduler, worker, wanted)
    except QueueError as error:
        queue, found, earlier = str(error), statuses(None), {}
    jobs = {s.fw_id: (s.job_id, s.listed) for s in found if s.job_id and s.listed}
    problems = [
        *_deleted(database, launchpad),
        *(problem for status in found for problem in problems_of(status)),
        *_still_alive(earlier, steps),
        *without_worker(launchpad, steps, profile),
        *_without_calculation(launchpad, steps),
        *(
            StepReport(half.fw_id, half.name, half.cure, half.why, done=False)
            for half in halves(launchpad)
        ),
        *(
            StepReport(fw_id, "workflow", "lnmo reconcile --fix", WHY, done=False)
            for fw_id in unfinished_updates(launchpad)
        ),
        *(
            StepReport(fw_id, "workflow", "lnmo reconcile --fix", LEFT, done=False)
            for fw_id in stale_locks(launchpad)
        ),
    ]
    return _judged(Overview(steps, jobs, problems, queue), wrong)


def _deleted(database: Database, launchpad: Any) -> list[StepReport]:
    """Report what a deletion that was interrupted moved aside."""
    return [
        StepReport(each.fw_id, each.name, each.cure, each.why, done=False)
        for each in left_in_bin(database, launchpad)
    ]


def _without_calculation(
    launchpad: Any, steps: Sequence[Mapping[str, Any]]
) -> list[StepReport]:
    """Report the steps to do whose calculation the database has lost."""
    left = [s for s in steps if s["state"] in {"READY", "WAITING", "FIZZLED"}]
    numbers = {"fw_id": {"$in": [step["fw_id"] for step in left]}}
    whole = {**numbers, "spec.calculation.structure": {"$exists": True}}
    kept = {f["fw_id"] for f in launchpad.fireworks.find(whole, {"fw_id": 1})}
    left = [step for step in left if step["fw_id"] not in kept]
    lost = missing(launchpad.db, (str(step["calculation_id"]) for step in left))
    return [
        StepReport(
            step["fw_id"],
            str(step["name"]),
            f"submit it again: {', '.join(step['campaigns']) or 'by its file'}",
            "its calculation is not in the database any more: no worker can begin it",
            done=False,
        )
        for step in left
        if step["calculation_id"] in lost
    ]


def _judged(found: Overview, wrong: Mapping[int, Judgement]) -> Overview:
    """Show COMPLETED steps as their records judge them, as the tables do."""
    shown, reports = [], []
    for step in found.steps:
        own = wrong.get(step["fw_id"])
        shown.append(step if own is None else {**step, "state": own.state})
        if own is not None:
            name = str(step["name"])
            reports.append(
                StepReport(step["fw_id"], name, own.cure, own.reason, done=False)
            )
    return replace(found, steps=shown, problems=[*reports, *found.problems])


def _local_overview(steps: Sequence[Mapping[str, Any]], database: Database) -> Overview:
    """Report failed steps, and show as what they are those that nobody runs any more.

    Whatever ended the run before (a kill, a power cut, a data directory that was moved
    away, a disk that lost what was written last, a person's hand), the record of a step
    is its document: a finished step is shown as such, any other as READY, which the
    next run makes it. What happened is not known here, so it is not told.
    """
    owned = is_owned(database.root / LOCK_FILE)
    results = FileResults(database.root)
    shown: list[Mapping[str, Any]] = []
    found = []
    for step in steps:
        state, reason, action = str(step["state"]), "", "lnmo run"
        known = "" if owned else _recorded(results, step)
        if state == "FIZZLED" and known == "COMPLETED":
            state = known
            reason = (
                "FIZZLED in the LaunchPad, but its result is recorded and can be read; "
                "nothing is computed again"
            )
        elif state == "FIZZLED":
            reason = str(step["reason"]) or f"no reason kept; see {database.root}/logs"
            first = "" if ASIDE in reason else "correct the cause, then: "
            action = f"{first}lnmo run --retry"
        elif known:
            state = known
            reason = (
                f"{step['state']} in the LaunchPad, but its result is recorded; "
                "nothing is computed again"
            )
            action = _after_what_holds(step, steps, results)
        elif not owned and state in {"RUNNING", "RESERVED"}:
            state = "READY"
            reason = (
                "the LaunchPad has it running, but no lnmo run owns this data "
                "directory; nothing is lost"
            )
        if reason:
            own = step["fw_id"], str(step["name"])
            found.append(StepReport(*own, action, reason, done=False))
        shown.append({**step, "state": state})
    return Overview(shown, problems=found)


def _after_what_holds(
    step: Mapping[str, Any],
    steps: Sequence[Mapping[str, Any]],
    results: FileResults,
) -> str:
    """Return the command for a recorded step, or what it waits for before that."""
    held = (
        each
        for each in steps
        if step["state"] == "WAITING"
        and each["calculation_id"] == step["calculation_id"]
        and each["state"] in HOLDING
        and _recorded(results, each) != "COMPLETED"
    )
    if (first := next(held, None)) is None:
        return "lnmo run"
    return f"it waits for {first['name']}, which is {first['state']}: mend that first"


def _recorded(results: FileResults, step: Mapping[str, Any]) -> str:
    """Return the state that a step's document gives it; empty without one, or if known.

    That of an unfinished run is no record.
    """
    if step["state"] not in {"READY", "WAITING", "RESERVED", "RUNNING", "FIZZLED"}:
        return ""
    with suppress(StoreError):  # the step itself says what is wrong with it
        document = results.get(str(step["calculation_id"]), str(step["step"]))
        if document is not None and document.state.at_its_end:
            return "COMPLETED" if document.state.usable else "FIZZLED"
    return ""


def _still_alive(
    earlier: Mapping[int, str], steps: Sequence[Mapping[str, Any]]
) -> list[StepReport]:
    names = {step["fw_id"]: str(step["name"]) for step in steps}
    return [
        StepReport(
            fw_id,
            names.get(fw_id, "?"),
            f"lnmo cancel --fw-id {fw_id}",
            f"job {job} of an earlier launch is still alive; not launched until it "
            "ends",
            done=False,
        )
        for fw_id, job in earlier.items()
    ]
