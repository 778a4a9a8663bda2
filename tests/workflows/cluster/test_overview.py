"""Each trouble has one line and the command that mends it."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.workflows.cluster.conftest import Queue, Site, running
from workflows.cli.selection import Selection, StepSelection
from workflows.cli.status import plain
from workflows.cluster.categories import register
from workflows.cluster.decision import Action
from workflows.cluster.overview import overview
from workflows.cluster.problems import problems_of
from workflows.cluster.scheduler import Job, Listed
from workflows.cluster.step_status import StepStatus
from workflows.launchpad.embedded import EmbeddedLaunchPad
from workflows.records.database import Database

CHOSEN = StepSelection(Selection(None))
BASE = StepStatus(4, "x=1 relax", "RUNNING", "1b06246d2206", "relax", 1, "RUNNING")


@pytest.mark.parametrize(
    ("change", "said", "command"),
    [
        (
            {"action": Action.RETURN, "listed": Listed(Job.TIMEOUT), "job_id": "7"},
            "job 7 ended without a report from its worker: wall time",
            "lnmo reconcile --fix",
        ),
        (
            {"listed": Listed(Job.PENDING, "", "JobHeldUser"), "job_id": "7"},
            "job 7 will not start by itself: JobHeldUser",
            "correct my_qadapter.yaml, lnmo cancel --fw-id 4, lnmo rerun --fw-id 4",
        ),
        (
            {"action": Action.ASK, "state": "FIZZLED", "message": "FAILED: no POTCAR"},
            "FAILED: no POTCAR",
            "lnmo rerun --fw-id 4",
        ),
        *(
            (
                {"action": Action.ASK, "state": "FIZZLED", "message": message},
                message,
                f"correct env.{key} in my_fworker.yaml, or {name} where the job gets "
                "it, lnmo rerun --fw-id 4",
            )
            for message, key, name in (
                (
                    "LNMO_VASP_INCAR, env.incar: NCORE = nan: a number",
                    *("incar", "LNMO_VASP_INCAR"),
                ),
                (
                    "env.incar in my_fworker.yaml: NCORE = nan: give a whole number",
                    *("incar", "LNMO_VASP_INCAR"),
                ),
                (
                    "LNMO_POLL_SECONDS = 'x' is not a number",
                    *("poll_seconds", "LNMO_POLL_SECONDS"),
                ),
                (
                    "the VASP command 'x' cannot be split; correct LNMO_VASP_CMD",
                    *("vasp_cmd", "LNMO_VASP_CMD"),
                ),
            )
        ),
        (
            {
                **{"action": Action.ASK, "state": "FIZZLED"},
                "message": "LNMO_DEADLINE = 'x' is not a number",
            },
            "LNMO_DEADLINE = 'x' is not a number",
            "correct LNMO_DEADLINE where the job gets it, lnmo rerun --fw-id 4",
        ),
        (
            {
                **{"action": Action.ASK, "state": "FIZZLED"},
                "message": "d: the disk is full; free some, or set LNMO_ROOT",
            },
            "d: the disk is full",
            "lnmo rerun --fw-id 4",
        ),
        (
            {
                **{"action": Action.ASK, "state": "FIZZLED", "ended": "terminated"},
                **{"returns": 5, "message": "the wall time"},
            },
            "ended from outside 6 times, last: the wall time",
            "give the step relax more walltime in my_qadapter.yaml, "
            "lnmo rerun --fw-id 4",
        ),
        (
            {
                **{"action": Action.ASK, "state": "DEFUSED", "job_id": "7"},
                "listed": Listed(Job.RUNNING),
            },
            "cancelled, but job 7 is running",
            "lnmo cancel --fw-id 4",
        ),
        (
            {"action": Action.ASK, "host": "n1"},
            "runs outside the queue on n1, no ping for",
            "make sure it is dead, lnmo rerun --fw-id 4 --dead",
        ),
    ],
)
def test_a_problem_names_its_cause_and_its_cure(
    change: dict[str, object], said: str, command: str
) -> None:
    [told] = problems_of(replace(BASE, **change))  # type: ignore[arg-type]
    assert told.reason.startswith(said)
    assert told.action == command


@pytest.mark.parametrize(("hours", "reported"), [(3.9, False), (4.1, True)])
def test_a_launch_outside_the_queue_is_reported_after_four_silent_hours(
    hours: float, reported: bool
) -> None:
    pinged = time.time() - 3600 * hours
    status = replace(BASE, action=Action.ASK, host="n1", pinged=pinged)
    found = problems_of(status)
    assert [problem.fw_id for problem in found] == [4] * reported
    assert all("no ping for 4 h" in problem.reason for problem in found)


def test_what_goes_on_by_itself_is_no_trouble() -> None:
    assert problems_of(replace(BASE, listed=Listed(Job.RUNNING))) == []
    assert problems_of(replace(BASE, action=Action.WAIT)) == []


def test_database_and_queue_are_shown_side_by_side(
    pad: EmbeddedLaunchPad, database: Database, site: Site, queue: Queue, tmp_path: Path
) -> None:
    running(pad, site, tmp_path)
    queue.listed["7"] = Listed(Job.RUNNING, "lnmo-3-1")
    rows = {r["step"]: r for r in plain(overview(pad, database, {}, site))}
    assert (rows["relax"]["job_id"], rows["relax"]["job"]) == ("7", "running")
    assert (rows["static"]["job_id"], rows["static"]["trouble"]) == (None, None)


def test_a_silent_queue_is_said_and_the_database_shown(
    pad: EmbeddedLaunchPad, database: Database, site: Site, queue: Queue, tmp_path: Path
) -> None:
    running(pad, site, tmp_path)
    queue.silent = True
    found = overview(pad, database, {}, site)
    assert "Unable to contact" in found.queue
    assert len(found.steps) == 3
    assert found.problems == []
    [(job_id, listed)] = found.jobs.values()
    assert (job_id, str(listed.job)) == ("7", "not known")
    pad.fireworks.update_many({}, {"$set": {"state": "DEFUSED"}})
    [problem] = overview(pad, database, {}, site).problems
    assert problem.reason == (
        "cancelled, but job 7 may be alive: its queue does not answer"
    )


def test_a_job_of_another_worker_is_another_machines_though_the_queue_here_is_silent(
    pad: EmbeddedLaunchPad, database: Database, site: Site, queue: Queue, tmp_path: Path
) -> None:
    running(pad, site, tmp_path)
    queue.silent = True
    there = replace(site, fworker={**site.fworker, "name": "there"})
    pad.launches.update_many({}, {"$set": {"fworker.name": there.name}})
    [(_, listed)] = overview(pad, database, {}, site).jobs.values()
    assert listed.job is Job.ELSEWHERE
    [(_, listed)] = overview(pad, database, {}, None).jobs.values()
    assert listed.job is Job.ELSEWHERE


def test_a_ready_step_no_known_worker_takes_is_reported(
    pad: EmbeddedLaunchPad, database: Database, site: Site
) -> None:
    pad.fireworks.update_many({}, {"$set": {"spec._category": "vasp-large"}})
    [told] = overview(pad, database, {}, site).problems
    assert told.reason.startswith(
        "no known worker accepts category vasp-large; they acc"
    )
    register(pad, "big", ["vasp-large"], "2026-11-24")
    assert overview(pad, database, {}, site).problems == []
