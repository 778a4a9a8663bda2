"""Cancel and rerun: Firework and job together."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fireworks import FWAction

from tests.workflows.cluster.conftest import Queue, Site, long_ago, relax, running
from workflows.campaign.calculation import Calculation
from workflows.campaign.plan import plan
from workflows.cli.selection import Selection, StepSelection
from workflows.cluster.cancel import cancel
from workflows.cluster.cancelled_jobs import outcome
from workflows.cluster.launch import launch
from workflows.cluster.reconcile import reconcile
from workflows.cluster.rerun import rerun
from workflows.cluster.scheduler import Job, Listed
from workflows.errors import LnmoError
from workflows.launchpad.embedded import EmbeddedLaunchPad
from workflows.launchpad.launch_owner import LOCAL_RUN, this_process
from workflows.launchpad.submission import submit
from workflows.records.database import Database
from workflows.records.file_store import FileResults


@pytest.fixture
def live(
    pad: EmbeddedLaunchPad, site: Site, queue: Queue, tmp_path: Path
) -> EmbeddedLaunchPad:
    """The relaxation runs as job 7."""
    running(pad, site, tmp_path)
    queue.listed["7"] = Listed(Job.RUNNING, "lnmo-1-1")
    return pad


def states(pad: EmbeddedLaunchPad) -> dict[str, str]:
    return {f["spec"]["step"]: f["state"] for f in pad.fireworks.find()}


def test_cancel_defuses_and_cancels_the_job(
    live: EmbeddedLaunchPad, site: Site, queue: Queue
) -> None:
    done = cancel(live, site, {})
    assert set(states(live).values()) == {"DEFUSED"}
    assert queue.listed["7"].job is Job.CANCELLED
    assert "job 7 cancelled" in {d.name: d.action for d in done}["x=1 relax"]
    assert cancel(live, site, {}) == []


DENIED = "scancel 7: Kill job error on job id 7: Access/permission denied"


def test_a_job_that_the_scheduler_did_not_cancel_is_not_said_to_be_cancelled(
    live: EmbeddedLaunchPad, site: Site, queue: Queue
) -> None:
    queue.immortal["7"] = DENIED
    done = {d.name: d for d in cancel(live, site, {})}
    assert not done["x=1 relax"].done
    told = f"defused, job 7 NOT cancelled, the queue says: running; {DENIED}; "
    assert done["x=1 relax"].reason.startswith(told)
    assert done["x=1 static"].done
    queue.immortal.clear()
    [again] = cancel(live, site, {})
    assert (again.action, again.done) == ("job 7 cancelled", True)


def test_a_job_that_goes_on_though_its_scheduler_took_the_command_is_said_to(
    live: EmbeddedLaunchPad, site: Site, queue: Queue
) -> None:
    queue.immortal["7"] = ""
    done = {d.name: d for d in cancel(live, site, {})}
    told = "job 7 told to end, the queue says: running; look again with lnmo status"
    assert told in done["x=1 relax"].action


@pytest.mark.parametrize(
    ("now", "refused", "said", "done"),
    [
        (Job.UNKNOWN, "Invalid job id", "job 7 had ended", True),
        (Job.FINISHED, "Invalid job id", "job 7 had ended", True),
        (Job.ENDING, "already completing", "job 7 cancelled", True),
        (Job.CANCELLED, "", "job 7 cancelled", True),
        (Job.PENDING, "", "job 7 told to end, the queue says: pending; look", True),
        (Job.NOT_KNOWN, "", "job 7 told to end, the queue does not answer; ", True),
        (Job.NOT_KNOWN, "no", "job 7 NOT cancelled, the queue does not an", False),
        (
            Job.PENDING,
            "no",
            "job 7 NOT cancelled, the queue says: pending; no; type",
            False,
        ),
    ],
)
def test_what_became_of_a_job_is_what_the_queue_says_afterwards(
    now: Job, refused: str, said: str, done: bool
) -> None:
    found = outcome("7", now, refused)
    assert found.words.startswith(said)
    assert found.done is done


def test_a_dry_cancel_changes_nothing(
    live: EmbeddedLaunchPad, site: Site, queue: Queue
) -> None:
    before = live.path.read_bytes()
    assert len(cancel(live, site, {}, dry_run=True)) == 3
    assert live.path.read_bytes() == before
    assert queue.listed["7"].job is Job.RUNNING


def test_a_finished_step_is_not_cancelled(
    live: EmbeddedLaunchPad, site: Site, queue: Queue
) -> None:
    live.complete_launch(1, FWAction(), "COMPLETED")
    queue.end("7", Job.FINISHED)
    cancel(live, site, {})
    assert states(live) == {
        "relax": "COMPLETED",
        "static": "DEFUSED",
        "dos": "DEFUSED",
    }


def test_rerun_is_refused_while_a_job_lives(
    live: EmbeddedLaunchPad, database: Database, site: Site
) -> None:
    [done] = rerun(live, database, site, {})
    assert done.reason == "its job 7 is running; first: lnmo cancel --fw-id 3"
    assert states(live)["relax"] == "RUNNING"


def test_what_was_cancelled_runs_again(
    live: EmbeddedLaunchPad, database: Database, site: Site
) -> None:
    cancel(live, site, {})
    assert not any(each.reason for each in rerun(live, database, site, {}))
    assert states(live) == {"relax": "READY", "static": "WAITING", "dos": "WAITING"}
    assert len(launch(live, database, site)[0]) == 1


def test_what_ended_too_often_runs_again_by_hand_and_is_counted_from_zero(
    pad: EmbeddedLaunchPad, database: Database, site: Site, tmp_path: Path
) -> None:
    for _ in range(site.max_returns + 1):
        running(pad, site, tmp_path)
        reconcile(pad, database, site, fix=True)
    assert states(pad)["relax"] == "RUNNING"
    [done] = rerun(pad, database, site, {})
    assert (done.reason, states(pad)["relax"]) == ("", "READY")
    running(pad, site, tmp_path)
    assert [each.action for each in reconcile(pad, database, site, fix=True)] == [
        "return"
    ]


def test_a_second_rerun_finds_nothing_to_do(
    live: EmbeddedLaunchPad, database: Database, site: Site
) -> None:
    cancel(live, site, {})
    rerun(live, database, site, {})
    assert rerun(live, database, site, {}) == []


def test_what_finished_after_it_was_cancelled_is_adopted(
    live: EmbeddedLaunchPad, database: Database, site: Site
) -> None:
    cancel(live, site, {"spec.step": "relax"})
    live.complete_launch(1, FWAction(), "COMPLETED")
    [done] = rerun(live, database, site, {})
    assert done.action == "had finished: result adopted, not run again"
    assert states(live)["relax"] == "COMPLETED"


def test_a_failed_run_is_set_aside_and_a_cut_one_goes_on(
    live: EmbeddedLaunchPad,
    database: Database,
    site: Site,
    queue: Queue,
    calculations: tuple[Calculation, ...],
    finished: object,
) -> None:
    from workflows.records.document import State

    results = FileResults(database.root)
    own = relax(live)["spec"]["calculation_id"]
    directory = results.directory(own, "relax")
    directory.mkdir(parents=True)
    queue.end("7", Job.FAILED)
    live.complete_launch(1, FWAction(exit=True), "FIZZLED")
    [done] = rerun(live, database, site, {})
    assert done.action == "READY again"
    assert directory.exists()
    [calculation] = [c for c in calculations if c.id == own]
    results.put(finished(calculation, "relax", state=State.FAILED))  # type: ignore[operator]
    live.checkout_fw(site.worker(database.root), "/", fw_id=relax(live)["fw_id"])
    live.complete_launch(2, FWAction(exit=True), "FIZZLED")
    [done] = rerun(live, database, site, {})
    assert done.action == "READY again; the failed run directory was set aside"
    assert not directory.exists()


def outside(pad: EmbeddedLaunchPad, site: Site, **env: object) -> dict[str, Any]:
    """Start the relaxation outside of the queue; by default as this process does."""
    worker = site.worker(site.path)
    worker.name, worker.env = LOCAL_RUN, {**this_process(), **env}
    pad.checkout_fw(worker, "/", fw_id=relax(pad)["fw_id"])
    long_ago(pad)
    return relax(pad)


@pytest.mark.parametrize("state", ["DEFUSED", "FIZZLED"])
@pytest.mark.parametrize("host", ["here", "n2"])
def test_nothing_is_taken_from_what_still_runs_outside_the_queue(
    pad: EmbeddedLaunchPad, database: Database, site: Site, state: str, host: str
) -> None:
    env = {} if host == "here" else {"host": host}
    own = outside(pad, site, **env)["fw_id"]
    pad.fireworks.update_one({"fw_id": own}, {"$set": {"state": state}})
    for dead in (False, True) if host == "here" else (False,):
        [told] = rerun(pad, database, site, {"fw_id": own}, dead=dead)
        assert not told.done
        assert f"lnmo run (process {os.getpid()} on " in told.reason
    [found] = reconcile(pad, database, site, fix=True)
    assert not found.done
    assert "compute it" in found.reason.replace("computes", "compute")
    assert relax(pad)["state"] == state
    if host == "n2":
        assert f"if it is dead: lnmo rerun --fw-id {own} --dead" in found.action
        [told] = rerun(pad, database, site, {"fw_id": own}, dead=True)
        assert told.action == "READY again"
        assert [each["state"] for each in pad.launches.find()] == ["FIZZLED"]


def test_what_lpad_took_from_a_living_run_waits_for_its_end(
    pad: EmbeddedLaunchPad, database: Database, site: Site
) -> None:
    own = outside(pad, site)["fw_id"]
    pad.rerun_fw(own)  # as lpad defuse_fws does first
    pad.defuse_fw(own)
    assert relax(pad)["launches"] == []
    [told] = rerun(pad, database, site, {"fw_id": own}, dead=True)
    assert not told.done
    assert "still computes it" in told.reason


def test_cancel_says_what_a_lnmo_run_still_computes(
    pad: EmbeddedLaunchPad, site: Site
) -> None:
    outside(pad, site)
    [told] = cancel(pad, site, {"spec.step": "relax"})
    assert told.action.startswith(f"defused; lnmo run (process {os.getpid()} on ")
    assert "ends its VASP within a minute" in told.action


def test_a_cancelled_job_of_another_queue_is_not_taken_from_it(
    live: EmbeddedLaunchPad, database: Database, site: Site
) -> None:
    live.launches.update_many({}, {"$set": {"fworker.name": "there"}})
    [told] = cancel(live, site, {"spec.step": "relax"})
    assert "job 7 is in the queue of the worker there: lnmo cancel" in told.action
    [told] = rerun(live, database, site, {"spec.step": "relax"})
    assert not told.done
    assert "job 7 may be alive, and its queue, of the worker there" in told.reason
    assert "--dead" in told.reason


def test_the_job_of_a_paused_step_is_cancelled_with_it(
    pad: EmbeddedLaunchPad, database: Database, site: Site, queue: Queue
) -> None:
    launch(pad, database, site)
    pad.pause_fw(relax(pad)["fw_id"])
    assert rerun(pad, database, site, {}) == [], "it has neither failed nor ended"
    cancel(pad, site, {})
    assert [each.job for each in queue.listed.values()] == [Job.CANCELLED]


def test_a_choice_is_by_campaign_engine_x_and_id(
    pad: EmbeddedLaunchPad, calculations: tuple[Calculation, ...], paper: object
) -> None:
    submit(pad, calculations)
    submit(pad, plan(paper.override(engine="chgnet", x=[1])))  # type: ignore[attr-defined]

    def names(ids: tuple[str, ...] = (), **options: object) -> set[str]:
        chosen = StepSelection(Selection(**{"name": None, **options}), ids)  # type: ignore[arg-type]
        query = chosen.of_fireworks(pad)
        return {f["name"] for f in pad.fireworks.find({**query, "spec.step": "relax"})}

    everything = names()
    assert names(name="paper") == everything
    assert names(x=(2.0,)) - {"Li metal relax"} == {
        "x=2 tet_8b relax",
        "x=2 oct_16c_rocksalt relax",
    }
    assert {name for name in names(engine="chgnet") if "Li" not in name} == {
        "x=1 relax"
    }
    assert names((calculations[0].id,)) == {f"{calculations[0].label} relax"}
    assert StepSelection(Selection(None)).everything
    with pytest.raises(LnmoError, match="nothing chosen to cancel"):
        StepSelection(Selection(None)).must_choose("cancel")


def test_a_variant_has_what_another_campaign_submitted_first(
    pad: EmbeddedLaunchPad,
) -> None:
    first = Selection("convergence", x=(0.0,), variant="reference")
    second = Selection("u-sensitivity", x=(0.0,))
    submit(pad, first.calculations() or ())
    both = submit(pad, second.calculations() or ())
    assert both.present

    def ids(variant: str) -> set[str]:
        chosen = StepSelection(replace(second, variant=variant)).of_fireworks(pad)
        return set(pad.fireworks.distinct("spec.calculation_id", chosen))

    variants = {name: ids(name) for name in second.campaign().variants}
    assert variants["paper"] >= {c.id for c in both.present}
    assert set.union(*variants.values()) == {c.id for c in both.present + both.added}
    assert len({frozenset(each) for each in variants.values()}) == len(variants)


def test_without_a_queue_the_steps_of_a_lnmo_run_are_cancelled_and_run_again(
    pad: EmbeddedLaunchPad, database: Database, site: Site
) -> None:
    own = outside(pad, site, host="n2")["fw_id"]
    [told] = rerun(pad, database, None, {"fw_id": own})
    assert not told.done
    assert told.reason.endswith("make sure that it is dead, then add --dead")
    [told] = cancel(pad, None, {"fw_id": own})
    assert told.action.startswith("defused; lnmo run (process ")
    [found] = reconcile(pad, database, None, fix=True)
    assert f"lnmo rerun --fw-id {own} --dead" in found.action
    [told] = rerun(pad, database, None, {"fw_id": own}, dead=True)
    assert (told.action, relax(pad)["state"]) == ("READY again", "READY")


def test_without_a_queue_the_job_of_another_machine_is_named_and_left(
    live: EmbeddedLaunchPad, database: Database, queue: Queue
) -> None:
    [told] = cancel(live, None, {"spec.step": "relax"})
    assert "job 7 is in the queue of the worker here: lnmo cancel" in told.action
    assert queue.listed["7"].job is Job.RUNNING
    [told] = rerun(live, database, None, {"spec.step": "relax"})
    assert not told.done
    assert "job 7 may be alive, and its queue, of the worker here" in told.reason
    [found] = reconcile(live, database, None, fix=True)
    assert not found.done
    assert states(live)["relax"] == "DEFUSED"


@pytest.mark.parametrize("queue_here", [True, False])
def test_a_job_of_an_earlier_launch_in_a_queue_that_was_not_asked_may_be_alive(
    live: EmbeddedLaunchPad, database: Database, site: Site, queue_here: bool
) -> None:
    live.launches.update_many({}, {"$set": {"fworker.name": "there"}})
    own = relax(live)["fw_id"]
    live.rerun_fw(own)  # as lpad rerun_fws does, its job still running
    live.fireworks.update_one({"fw_id": own}, {"$set": {"state": "FIZZLED"}})
    here = site if queue_here else None
    [told] = rerun(live, database, here, {"fw_id": own})
    assert (told.done, relax(live)["state"]) == (False, "FIZZLED")
    assert told.reason == (
        "job 7 of an earlier launch may be alive in the queue of the worker there: "
        f"lnmo cancel --fw-id {own} there; if the job is dead, add --dead"
    )
    [told] = rerun(live, database, here, {"fw_id": own}, dead=True)
    assert told.action == "READY again"
    [told] = cancel(live, here, {"fw_id": own})
    assert "job 7 of an earlier launch may be alive in the queue" in told.action


def test_a_step_whose_launch_is_lost_is_not_taken_from_a_job_that_lives(
    live: EmbeddedLaunchPad, database: Database, site: Site, queue: Queue
) -> None:
    own = relax(live)["fw_id"]
    queue.listed["7"] = Listed(Job.RUNNING, f"lnmo-{own}-1")
    live.launches.delete_many({})
    (told,) = rerun(live, database, site, {}, dead=True)
    assert (told.done, told.reason.startswith("its job 7 is alive")) == (False, True)
    queue.end("7", Job.FINISHED)
    (told,) = rerun(live, database, site, {}, dead=True)
    assert told.done
    assert states(live)["relax"] == "READY"


def test_a_step_that_another_process_took_is_not_said_to_be_done(
    live: EmbeddedLaunchPad,
    database: Database,
    site: Site,
    queue: Queue,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue.end("7", Job.FAILED)
    taken = "workflows.cluster.rerun.rerun_if"
    monkeypatch.setattr(taken, lambda *_, **__: False)
    (told,) = rerun(live, database, site, {})
    assert (told.done, "another process took it" in told.reason) == (False, True)
