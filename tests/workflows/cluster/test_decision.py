"""The whole table: every Firework state, launch state and job state, decided once."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest

from workflows.cluster.decision import Action, Facts, decide
from workflows.cluster.scheduler import Job

FIREWORK = (
    *("READY", "WAITING", "RESERVED", "RUNNING", "COMPLETED"),
    *("FIZZLED", "DEFUSED", "PAUSED", "ARCHIVED"),
)
LAUNCH = (None, "RESERVED", "RUNNING", "COMPLETED", "FIZZLED")
JOBS = (None, *Job)
OVER = tuple(job for job in Job if job.over)
EVERYTHING = [
    Facts(state, launch, job, fresh, unsent, resumable, exhausted)
    for state, launch, job in product(FIREWORK, LAUNCH, JOBS)
    for fresh, unsent, resumable, exhausted in product((False, True), repeat=4)
]


def where(condition: Callable[[Facts], bool]) -> list[Facts]:
    """Select from the whole table; a condition that fits nothing tests nothing."""
    found = [facts for facts in EVERYTHING if condition(facts)]
    assert found
    return found


def test_every_combination_is_decided() -> None:
    assert {decide(facts) for facts in EVERYTHING} == set(Action)


def test_over_and_living_are_apart_and_a_job_nothing_is_known_of_is_neither() -> None:
    assert not any(job.over and job.living for job in Job)
    neither = [job for job in Job if not job.over and not job.living]
    assert neither == [Job.ELSEWHERE, Job.NOT_KNOWN] == [j for j in Job if j.unasked]


def test_nothing_is_taken_from_a_living_job() -> None:
    taking = {Action.RETURN, Action.RETRY, Action.SEND, Action.CLOSE, Action.REFRESH}
    for facts in where(lambda f: f.job is not None and f.job.living):
        assert decide(facts) not in taking, facts


@pytest.mark.parametrize("job", [Job.ELSEWHERE, Job.NOT_KNOWN])
def test_jobs_of_another_machine_or_a_silent_queue_are_left_alone(job: Job) -> None:
    found = where(lambda f: f.job is job)
    assert {decide(facts) for facts in found} == {Action.NOTHING}


def test_a_running_step_without_a_launch_is_for_a_person_to_decide() -> None:
    found = where(
        lambda f: f.firework == "RUNNING" and f.launch is None and f.job is None
    )
    settled = [f for f in found if not f.fresh and not f.unsent]
    assert {decide(facts) for facts in settled} == {Action.ASK}


def test_what_just_changed_and_has_no_job_yet_is_waited_for() -> None:
    found = where(lambda f: f.fresh and f.job is None and f.firework == "RESERVED")
    assert {decide(facts) for facts in found} == {Action.WAIT}


def test_a_finished_calculation_is_never_run_again() -> None:
    for facts in where(lambda f: f.launch == "COMPLETED" and f.firework != "FIZZLED"):
        assert decide(facts) not in {Action.RETURN, Action.RETRY}, facts


def test_a_kept_result_is_sent_before_anything_is_returned() -> None:
    for facts in where(lambda f: f.unsent and f.firework in {"RESERVED", "RUNNING"}):
        assert decide(facts) is not Action.RETURN, facts


@pytest.mark.parametrize("state", ["READY", "WAITING", "COMPLETED", "PAUSED"])
def test_states_that_need_no_job_are_left_alone(state: str) -> None:
    found = {decide(facts) for facts in EVERYTHING if facts.firework == state}
    assert found == {Action.NOTHING}


@pytest.mark.parametrize("state", ["RESERVED", "RUNNING"])
@pytest.mark.parametrize("job", OVER)
def test_whose_job_has_ended_without_a_report_goes_back(state: str, job: Job) -> None:
    for launch in ("RESERVED", "RUNNING"):
        assert decide(Facts(state, launch, job)) is Action.RETURN
        assert decide(Facts(state, launch, job, exhausted=True)) is Action.ASK
        assert decide(Facts(state, launch, job, unsent=True)) is Action.SEND


@pytest.mark.parametrize(
    ("facts", "action"),
    [
        (Facts("RESERVED"), Action.RETURN),
        (Facts("RESERVED", fresh=True), Action.WAIT),
        (Facts("RESERVED", "RESERVED"), Action.RETURN),
        (Facts("RESERVED", "RESERVED", Job.PENDING), Action.NOTHING),
        (Facts("RESERVED", "RESERVED", Job.RUNNING), Action.NOTHING),
        (Facts("RESERVED", "RESERVED", Job.ENDING), Action.WAIT),
        (Facts("RUNNING", "RUNNING"), Action.ASK),
        (Facts("RUNNING", "RUNNING", unsent=True), Action.SEND),
        (Facts("RUNNING", "RUNNING", Job.RUNNING), Action.NOTHING),
        (Facts("RUNNING", "RUNNING", Job.RUNNING, unsent=True), Action.NOTHING),
        (Facts("RUNNING", "RUNNING", Job.ENDING), Action.WAIT),
        (Facts("RUNNING", "COMPLETED", Job.RUNNING), Action.WAIT),
        (Facts("RUNNING", "COMPLETED", Job.FINISHED), Action.REFRESH),
        (Facts("RUNNING", "FIZZLED", Job.UNKNOWN), Action.REFRESH),
        (Facts("FIZZLED", "FIZZLED", Job.FAILED), Action.ASK),
        (Facts("FIZZLED", "FIZZLED", Job.ENDING, resumable=True), Action.WAIT),
        (Facts("FIZZLED", "FIZZLED", Job.TIMEOUT, resumable=True), Action.RETRY),
        (
            Facts("FIZZLED", "FIZZLED", Job.TIMEOUT, resumable=True, exhausted=True),
            Action.ASK,
        ),
        (Facts("FIZZLED", "RUNNING", Job.FAILED), Action.RETURN),
        (Facts("FIZZLED", "RUNNING", Job.UNKNOWN), Action.RETURN),
        (Facts("FIZZLED", "RESERVED", Job.CANCELLED), Action.RETURN),
        (Facts("FIZZLED", "RESERVED"), Action.RETURN),
        (Facts("FIZZLED", "RUNNING", Job.FAILED, unsent=True), Action.SEND),
        (Facts("FIZZLED", "RUNNING", Job.FAILED, exhausted=True), Action.ASK),
        (Facts("FIZZLED", "RUNNING", Job.RUNNING), Action.WAIT),
        (Facts("FIZZLED", "RUNNING", Job.ENDING), Action.WAIT),
        (Facts("FIZZLED", "RUNNING", fresh=True), Action.WAIT),
        (Facts("FIZZLED", "RUNNING"), Action.ASK),
        (Facts("DEFUSED", "COMPLETED", Job.FINISHED), Action.ADOPT),
        (Facts("DEFUSED", "RUNNING", Job.RUNNING), Action.ASK),
        (Facts("DEFUSED", "RUNNING", Job.CANCELLED), Action.CLOSE),
        (Facts("DEFUSED", "RUNNING", Job.CANCELLED, unsent=True), Action.SEND),
        (Facts("DEFUSED", "FIZZLED", Job.CANCELLED), Action.NOTHING),
        (Facts("DEFUSED", "RUNNING"), Action.ASK),
        (Facts("DEFUSED", "RUNNING", fresh=True), Action.ASK),
        (Facts("DEFUSED", "RUNNING", fresh=True, gone=True), Action.CLOSE),
        (Facts("DEFUSED", "RUNNING", Job.ENDING), Action.WAIT),
        (Facts("DEFUSED", "RESERVED", fresh=True), Action.WAIT),
        (Facts("DEFUSED", "RESERVED"), Action.CLOSE),
        (Facts("RUNNING", "RUNNING", gone=True), Action.RETURN),
        (Facts("FIZZLED", "RUNNING", gone=True), Action.RETURN),
        (Facts("DEFUSED"), Action.NOTHING),
    ],
)
def test_the_rows_a_reader_may_look_up(facts: Facts, action: Action) -> None:
    assert decide(facts) is action
