"""Run steps again, unless something may still compute them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from fireworks import LaunchPad

from workflows.cluster.asked_steps import jobs_elsewhere, statuses_of
from workflows.cluster.decision import Action
from workflows.cluster.problems import still_running
from workflows.cluster.profile import Profile, asked_of
from workflows.cluster.repair import adopt, end_launch, repair
from workflows.cluster.scheduler import NAME_PREFIX, Job, Scheduler
from workflows.cluster.step_report import StepReport
from workflows.cluster.step_status import (
    FORGIVEN,
    StepStatus,
    jobs_of_earlier_launches,
)
from workflows.launchpad.copies import copies_in
from workflows.launchpad.guarded_rerun import rerun_if
from workflows.launchpad.judged import judgements
from workflows.launchpad.launch_owner import UNENDED
from workflows.launchpad.recovery import retry_failed
from workflows.launchpad.steps import steps_of
from workflows.records.database import Database
from workflows.records.file_store import FileResults

TAKEN = "another process took it meanwhile; nothing was changed"


def rerun(
    launchpad: LaunchPad,
    database: Database,
    profile: Profile | None,
    wanted: Mapping[str, Any],
    *,
    dead: bool = False,
    dry_run: bool = False,
    confirm_lease: Callable[[], None] = lambda: None,
) -> list[StepReport]:
    """Make failed and cancelled Fireworks READY again, unless their job is alive.

    ``dead`` assumes that launches outside the queue are dead, unless their process is
    known to live. ``profile`` is None where no queue is; jobs of other queues count as
    alive. ``confirm_lease`` is called before each change.

    Raises
    ------
    QueueError
        The scheduler does not answer, so a job may be alive.
    """
    asked = asked_of(profile)
    scheduler, worker = asked.scheduler, asked.worker
    statuses = statuses_of(launchpad, asked, wanted)
    earlier = {
        **jobs_of_earlier_launches(launchpad, scheduler, worker, wanted),
        **_jobs_of_lost_launches(scheduler, statuses),
    }
    elsewhere = {} if dead else jobs_elsewhere(launchpad, worker, wanted)
    reports = []
    for status in statuses:
        if status.state == "PAUSED":
            continue  # neither failed nor cancelled: lpad resume_fws
        report = _may_run(status, earlier, dead=dead)
        if report.done and (why := elsewhere.get(status.fw_id)):
            why += "; if the job is dead, add --dead"
            report = StepReport(status.fw_id, status.name, "", why, done=False)
        if report.done and not dry_run:
            confirm_lease()
            did = _run_again(launchpad, database, status)
            report = _told(report, did)
        reports.append(report)
    if "fw_id" in wanted:  # of a whole campaign, directories may be gone on purpose
        for step in _without_record(launchpad, database, wanted):
            own = step["fw_id"], str(step["name"])
            report = StepReport(*own, "would be READY again")
            if not dry_run:
                confirm_lease()
                done = rerun_if(launchpad, own[0], may="COMPLETED".__eq__)
                report = _told(report, "READY again" if done else TAKEN)
            reports.append(report)
    return reports


def _jobs_of_lost_launches(
    scheduler: Scheduler | None, statuses: Iterable[StepStatus]
) -> dict[int, str]:
    """Return, by fw_id, a living job whose launch the LaunchPad has lost."""
    lost = {s.fw_id for s in statuses if s.launch_id is None and s.state in UNENDED}
    if scheduler is None or not lost:
        return {}
    found = {}
    for job, listed in scheduler.jobs().items():
        own = re.fullmatch(rf"{re.escape(NAME_PREFIX)}(\d+)-\d+", listed.name)
        if listed.job.living and own and int(own[1]) in lost:
            found[int(own[1])] = job
    return found


def _told(report: StepReport, did: str) -> StepReport:
    if did == TAKEN:
        return replace(report, action="", reason=did, done=False)
    return replace(report, action=did)


def _without_record(
    launchpad: LaunchPad, database: Database, wanted: Mapping[str, Any]
) -> list[Mapping[str, Any]]:
    """Return the COMPLETED steps of which there is no record of an end."""
    steps = steps_of(launchpad, {**wanted, "state": "COMPLETED"})
    found = judgements(database, steps, copies_in(launchpad))
    return [s for s in steps if s["fw_id"] in found and found[s["fw_id"]].lost]


def _may_run(
    status: StepStatus, earlier: Mapping[int, str], *, dead: bool
) -> StepReport:
    s = status
    alive = s.job is not None and s.job.living
    job = s.job_id if alive else earlier.get(s.fw_id)
    if job is not None:
        state = s.job if alive else "alive"
        why = f"its job {job} is {state}; first: lnmo cancel --fw-id {s.fw_id}"
        return StepReport(s.fw_id, s.name, "", why, done=False)
    if why := _why_not(s, dead=dead):
        return StepReport(s.fw_id, s.name, "", why, done=False)
    return StepReport(s.fw_id, s.name, "would be READY again")


def _why_not(status: StepStatus, *, dead: bool) -> str:
    """Say why a step with no living job of this queue may not run; empty if it may."""
    s = status
    living = s.earlier or (s.owner if s.launch_state == "RUNNING" else None)
    if living is not None and living.alive:
        cancelled = s.state == "DEFUSED"
        ends = living.end_of(s.fw_id, cancelled=cancelled)
        return f"{living.computes}: {ends}. Then type this again"
    over = s.job is not None and s.job.over
    unended = s.state in UNENDED or s.launch_state in UNENDED
    if dead or over or s.action.acts or not unended:
        return ""
    if (held := still_running(s)) is not None:
        return f"{held.reason}: {held.action}"
    if s.job is Job.ELSEWHERE:
        return (
            f"its job {s.job_id} is in the queue of the worker {s.worker}: type this "
            "there; if the job is dead, add --dead"
        )
    if s.action is Action.ASK:
        return "it runs outside this queue; make sure that it is dead, then add --dead"
    return "its launcher or worker is still active; try again in a minute"


def _run_again(launchpad: LaunchPad, database: Database, status: StepStatus) -> str:
    """Make a Firework READY; adopt a finished result instead of running again."""
    s = status
    if s.launch_id is not None:
        forgiven = {"$set": {f"spec.{FORGIVEN}": s.launch_id}}
        launchpad.fireworks.update_one({"fw_id": s.fw_id}, forgiven)
    if s.unsent is not None:
        repair(launchpad, replace(s, action=Action.SEND), database.root)
        return "its saved result was sent"
    if s.state in UNENDED and s.launch_state in {"COMPLETED", "FIZZLED"}:
        launchpad._refresh_wf(s.fw_id)  # its process was killed while it told the end
        if s.launch_state == "COMPLETED":
            return "had finished: its end is recorded now, not run again"
    if s.state == "DEFUSED":
        if adopt(launchpad, s.fw_id):
            return "had finished: result adopted, not run again"
        if s.launch_state in UNENDED and s.launch_id is not None:
            end_launch(launchpad, s.launch_id, "cancelled")
        launchpad.reignite_fw(s.fw_id)
    elif s.launch_state in UNENDED and s.launch_id is not None:
        end_launch(launchpad, s.launch_id, "declared dead by lnmo rerun")
    if _failed_document(database, s):
        step = {"fw_id": s.fw_id, "state": "FIZZLED"}
        own = {"calculation_id": s.calculation_id, "step": s.step}
        done = bool(retry_failed(launchpad, database.root, [{**step, **own}]))
        kept = FileResults(database.root).directory(*own.values()).exists()
        did = "is read first" if kept else "was set aside"
        again = f"READY again; the failed run directory {did}"
    else:
        lost = s.state if s.launch_id is None else ""
        done = rerun_if(
            launchpad,
            s.fw_id,
            may=lambda state: state == lost or state not in UNENDED,
        )
        again = "READY again"
    return again if done else TAKEN


def _failed_document(database: Database, status: StepStatus) -> bool:
    """Return whether the run directory records a failure, which would be reused."""
    document = FileResults(database.root).get(status.calculation_id, status.step)
    return document is not None and not document.state.usable
