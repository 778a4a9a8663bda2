"""What reconcile does to FireWorks' states, on FireWorks' own LaunchPad."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fireworks import FWAction

from tests.workflows.cluster.conftest import Queue, Site, long_ago, relax, running
from workflows.cluster.decision import Action
from workflows.cluster.history import history
from workflows.cluster.reconcile import reconcile, unlock
from workflows.cluster.repair import repair, return_to_ready
from workflows.cluster.scheduler import Job, Listed
from workflows.cluster.step_status import ENDED, StepStatus, step_statuses
from workflows.cluster.unsent import UNSENT_FILE, LaunchEnd, write_unsent
from workflows.launchpad.embedded import EmbeddedLaunchPad
from workflows.records.database import Database


@pytest.fixture
def place(tmp_path: Path) -> Path:
    found = tmp_path / "launch"
    found.mkdir()
    return found


def status(pad: EmbeddedLaunchPad, site: Site) -> StepStatus:
    [found] = step_statuses(
        pad, scheduler=site.queue, worker=site.name, max_returns=site.max_returns
    )
    return found


def fixed(pad: EmbeddedLaunchPad, database: Database, site: Site) -> list[str]:
    return [each.reason for each in reconcile(pad, database, site, fix=True)]


@pytest.mark.parametrize("how", [job for job in Job if job.over and job != Job.UNKNOWN])
def test_a_job_that_ended_without_a_report_goes_back_with_its_reason_kept(
    pad: EmbeddedLaunchPad, database: Database, site: Site, place: Path, how: Job
) -> None:
    fw_id, launch_id = running(pad, site, place)
    site.queue.listed["7"] = Listed(how)
    told = f"job 7 ended without a report from its worker: {how}"
    assert fixed(pad, database, site) == [told]
    assert relax(pad)["state"] == "READY"
    assert relax(pad)["archived_launches"] == [launch_id]
    [launched] = history(pad, {"fw_id": fw_id})
    assert (launched.job_id, launched.state, launched.reason) == ("7", "FIZZLED", told)


def test_a_job_not_in_the_queue_has_ended(
    pad: EmbeddedLaunchPad, database: Database, site: Site, place: Path
) -> None:
    running(pad, site, place)
    [told] = fixed(pad, database, site)
    assert told == "job 7 is no longer in the queue, and how it ended is not recorded"
    assert relax(pad)["state"] == "READY"


@pytest.mark.parametrize("how", [Job.PENDING, Job.RUNNING, Job.ENDING])
def test_a_living_job_is_left_alone(
    pad: EmbeddedLaunchPad, database: Database, site: Site, place: Path, how: Job
) -> None:
    running(pad, site, place)
    site.queue.listed["7"] = Listed(how)
    assert fixed(pad, database, site) == []
    assert relax(pad)["state"] == "RUNNING"


def test_without_fix_it_only_reports(
    pad: EmbeddedLaunchPad, database: Database, site: Site, place: Path
) -> None:
    running(pad, site, place)
    before = list(pad.fireworks.find()), list(pad.launches.find())
    [told] = reconcile(pad, database, site, fix=False)
    assert (told.action, told.done) == ("return", False)
    assert (list(pad.fireworks.find()), list(pad.launches.find())) == before


def test_a_reservation_without_a_launch_is_found(
    pad: EmbeddedLaunchPad, database: Database, site: Site
) -> None:
    pad.fireworks.update_one({"spec.step": "relax"}, {"$set": {"state": "RESERVED"}})
    long_ago(pad)
    [told] = fixed(pad, database, site)
    assert told == "reserved by a launcher that died before it submitted"
    assert relax(pad)["state"] == "READY"


def test_a_reservation_without_a_job_is_waited_for_and_then_given_back(
    pad: EmbeddedLaunchPad, database: Database, site: Site, place: Path
) -> None:
    pad.reserve_fw(site.worker(place), str(place))
    assert fixed(pad, database, site) == []
    long_ago(pad)
    [told] = fixed(pad, database, site)
    assert told == "reserved but never submitted: its launcher died"
    assert relax(pad)["state"] == "READY"


def test_a_kept_result_is_sent_and_its_file_goes(
    pad: EmbeddedLaunchPad, database: Database, site: Site, place: Path
) -> None:
    fw_id, launch_id = running(pad, site, place)
    spec = {k: relax(pad)["spec"][k] for k in ("calculation_id", "step")}
    action = FWAction(stored_data={"state": "DONE"}).to_dict()
    write_unsent(place, LaunchEnd(fw_id, launch_id, "COMPLETED", action, spec))
    assert len(fixed(pad, database, site)) == 1
    states = {f["spec"]["step"]: f["state"] for f in pad.fireworks.find()}
    assert states["relax"] == "COMPLETED"
    assert states["static"] == "READY"
    assert not (place / UNSENT_FILE).exists()


def test_a_finished_launch_of_a_defused_firework_is_adopted(
    pad: EmbeddedLaunchPad, database: Database, site: Site, place: Path
) -> None:
    fw_id, launch_id = running(pad, site, place)
    pad.fireworks.update_one({"fw_id": fw_id}, {"$set": {"state": "DEFUSED"}})
    pad.complete_launch(launch_id, FWAction(), "COMPLETED")
    assert relax(pad)["state"] == "DEFUSED"
    [told] = fixed(pad, database, site)
    assert told.startswith("finished after it was cancelled")
    assert relax(pad)["state"] == "COMPLETED"


def test_a_launch_that_ended_while_the_workflow_was_locked_is_updated(
    pad: EmbeddedLaunchPad, database: Database, site: Site, place: Path
) -> None:
    fw_id, launch_id = running(pad, site, place)
    ended = {"$set": {"state": "COMPLETED", "action": FWAction().to_dict()}}
    pad.launches.update_one({"launch_id": launch_id}, ended)
    pad.workflows.update_one({"nodes": fw_id}, {"$set": {"locked": True}})
    unlock(pad, fw_id)
    assert fixed(pad, database, site) == [
        "its launch is COMPLETED, its own state was not updated"
    ]
    assert relax(pad)["state"] == "COMPLETED"


def test_what_recorded_its_end_is_taken_up_again_so_often_and_no_more(
    pad: EmbeddedLaunchPad, database: Database, site: Site, place: Path
) -> None:
    for count in range(site.max_returns + 1):
        _, launch_id = running(pad, site, place)
        action = FWAction(stored_data={ENDED: "terminated"}, exit=True)
        pad.complete_launch(launch_id, action, "FIZZLED")
        assert status(pad, site).returns == count
        fixed(pad, database, site)
    assert relax(pad)["state"] == "FIZZLED"
    assert status(pad, site).action is Action.ASK


def test_what_the_queue_says_of_a_recorded_end_is_kept_with_it(
    pad: EmbeddedLaunchPad, database: Database, site: Site, place: Path
) -> None:
    fw_id, launch_id = running(pad, site, place)
    site.queue.listed["7"] = Listed(Job.NODE_FAIL)
    stored = {"_message": "ended by SIGTERM, job 7", ENDED: "terminated"}
    pad.complete_launch(launch_id, FWAction(stored_data=stored, exit=True), "FIZZLED")
    fixed(pad, database, site)
    [launched] = history(pad, {"fw_id": fw_id})
    assert launched.reason == "ended by SIGTERM, job 7; the queue says: node failure"
    assert relax(pad)["state"] == "READY"


def test_what_changed_in_the_meantime_stands(
    pad: EmbeddedLaunchPad, database: Database, site: Site, place: Path
) -> None:
    _, launch_id = running(pad, site, place)
    before = status(pad, site)
    assert before.action is Action.RETURN
    pad.complete_launch(launch_id, FWAction(), "COMPLETED")
    assert not repair(pad, before, database.root)
    assert relax(pad)["state"] == "COMPLETED"


@pytest.mark.parametrize("state", ["RESERVED", "RUNNING"])
def test_mending_twice_is_mending_once(
    pad: EmbeddedLaunchPad, database: Database, site: Site, place: Path, state: str
) -> None:
    running(pad, site, place)
    pad.fireworks.update_one({"spec.step": "relax"}, {"$set": {"state": state}})
    found = status(pad, site)
    assert repair(pad, found, database.root)
    assert not repair(pad, found, database.root)
    assert not repair(pad, replace(found, launch_id=99), database.root)


def test_a_later_launch_is_not_ended_for_an_earlier_ones_sake(
    pad: EmbeddedLaunchPad, database: Database, site: Site, place: Path
) -> None:
    _, first = running(pad, site, place)
    found = status(pad, site)
    pad.rerun_fw(found.fw_id)
    _, second = running(pad, site, place)
    assert pad.launches.find_one({"launch_id": first})["state"] == "RUNNING"
    assert not repair(pad, found, database.root)
    assert relax(pad)["launches"] == [second]


def test_a_silent_scheduler_lets_nothing_be_concluded(
    pad: EmbeddedLaunchPad, database: Database, site: Site, place: Path, queue: Queue
) -> None:
    from workflows.errors import QueueError

    running(pad, site, place)
    queue.silent = True
    with pytest.raises(QueueError, match="Unable to contact"):
        reconcile(pad, database, site, fix=True)
    assert relax(pad)["state"] == "RUNNING"


def test_another_workers_job_is_left_to_its_machine(
    pad: EmbeddedLaunchPad, database: Database, site: Site, place: Path
) -> None:
    running(pad, site, place)
    other: Any = replace(site, fworker={**site.fworker, "name": "elsewhere"})
    assert reconcile(pad, database, other, fix=True) == []
    assert relax(pad)["state"] == "RUNNING"


def test_a_step_that_another_launch_has_taken_is_not_given_back(
    pad: EmbeddedLaunchPad, site: Site, tmp_path: Path
) -> None:
    fw_id, first = running(pad, site, tmp_path)
    return_to_ready(pad, fw_id, first, "its job ended")
    worker = site.worker(tmp_path)
    _, second = pad.reserve_fw(worker, str(tmp_path), fw_id=fw_id)
    return_to_ready(pad, fw_id, first, "told late")
    (found,) = pad.fireworks.find({"fw_id": fw_id})
    assert (found["state"], found["launches"]) == ("RESERVED", [second])
