"""What goes wrong on a cluster, provoked on a real one, and what is left of it.

Each scenario plays a mishap on a project of its own, then does what a user does:
`lnmo reconcile --fix`, `lnmo launch`. They share one Slurm and are played side by side,
because most of their time is waiting. Whatever happened: every calculation ends DONE,
was run to its end once, and says in its history what happened to it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import CalledProcessError

import psutil
import pytest
from fireworks import FWorker, LaunchPad

from tests import forked
from tests.clusters import HANGS, Cluster, cluster
from tests.servers import Mongo, Slurm, slurm_running

SIDE_BY_SIDE = 5
Scenario = Callable[[Cluster], None]


def wall_time(at: Cluster) -> None:
    at.profile(walltime="00:01:00")
    at.lnmo("submit", "c.yaml")
    at.lnmo("launch", **HANGS)
    at.wait_for_start()
    at.wait_for_jobs()
    assert "wall time" in at.lnmo("reconcile", code=1).stdout
    at.profile(walltime="01:00:00")
    at.finish()
    assert "wall time" in at.reasons()[0]


def cancelled_while_pending(at: Cluster) -> None:
    at.profile(queue="closed")
    at.lnmo("submit", "c.yaml")
    at.lnmo("launch")
    ((job, state),) = at.jobs().items()
    assert state == "PENDING"
    at.slurm.call("scancel", job)
    assert f"job {job}" in at.lnmo("reconcile", code=1).stdout
    assert at.states() == {"RESERVED": 1}
    at.profile(queue="debug")
    at.finish()
    assert re.search(f"job {job} .*: cancelled", at.reasons()[0])


def cancelled_while_running(at: Cluster) -> None:
    at.lnmo("submit", "c.yaml")
    at.lnmo("launch", **HANGS)
    at.wait_for_start()
    (job,) = at.jobs()
    at.slurm.call("scancel", job)
    at.wait_for_jobs()
    assert at.states() == {"FIZZLED": 1}
    at.finish()
    assert re.search(f"cancelled .*job {job}", at.reasons()[0])


def refused_by_sbatch(at: Cluster) -> None:
    at.profile(queue="nowhere")
    at.lnmo("submit", "c.yaml")
    refused = at.lnmo("launch", code=1)
    assert "invalid partition specified: nowhere" in refused.stderr
    assert at.states() == {"READY": 2}
    at.profile(queue="debug")
    at.finish()
    assert "invalid partition specified" in at.reasons()[0]


def worker_killed(at: Cluster) -> None:
    at.lnmo("submit", "c.yaml")
    at.lnmo("launch", **HANGS)
    at.wait_for_start()
    (worker,) = workers(at)
    (job,) = at.jobs()
    worker.kill()
    at.wait_for_jobs()
    assert at.states() == {"RUNNING": 1}
    at.finish()
    assert f"job {job} ended without a report from its worker" in at.reasons()[0]


def node_lost(at: Cluster) -> None:
    with slurm_running(at.place / "slurm") as own:
        there = replace(at, slurm=own)
        there.lnmo("submit", "c.yaml")
        there.lnmo("launch", **HANGS)
        there.wait_for_start()
        node = f"NodeName={own.call('sinfo', '-h', '-o', '%n').split()[0]}"
        own.call("scontrol", "update", node, "State=DOWN", "Reason=test")
        there.wait_for_jobs()
        # ReturnToService = 2: a node that answers comes back by itself, or is let back.
        with suppress(CalledProcessError):
            own.call("scontrol", "update", node, "State=RESUME")
        there.finish()
        assert re.search("SIGTERM .*job 1|job 1 .*node fail", there.reasons()[0])


def scheduler_away(at: Cluster) -> None:
    """Its controller is down: nothing is concluded, the job runs on and is recorded."""
    with slurm_running(at.place / "slurm") as own:
        there = replace(at, slurm=own)
        there.lnmo("submit", "c.yaml")
        there.lnmo("launch", FAKE_VASP_SECONDS="20")
        there.wait_for_start()
        own.stop_controller()
        told = there.lnmo("reconcile", "--fix", code=2)
        assert "squeue" in told.stderr
        assert there.states().keys() <= {"RUNNING", "COMPLETED"}
        own.start()
        there.wait_for_jobs()
        assert there.states() == {"COMPLETED": 1}


def database_away_when_the_jobs_end(at: Cluster) -> None:
    """The results are kept, and sent later: nothing is run again."""
    at.lnmo("submit", "c.yaml")
    until = at.place / "go on"
    at.lnmo("launch", FAKE_VASP_UNTIL=str(until), LNMO_REPORT_SECONDS="2")
    at.wait_for_start(2)
    at.mongo.kill()
    until.touch()
    at.wait_for_jobs()
    assert len(at.ledger("end")) == 2
    assert "no MongoDB answers" in at.lnmo("reconcile", "--fix", code=2).stderr
    at.mongo.start()
    assert at.states() == {"RUNNING": 2}
    mended = at.lnmo("reconcile", "--fix").stdout
    assert mended.count("result sent") == 2
    assert at.states() == {"COMPLETED": 2}
    assert len(at.ledger("start")) == 2


def database_back_before_the_jobs_end(at: Cluster) -> None:
    """The jobs wait for it: nobody has to do anything."""
    at.lnmo("submit", "c.yaml")
    until = at.place / "go on"
    at.lnmo("launch", FAKE_VASP_UNTIL=str(until))
    at.wait_for_start(2)
    at.mongo.kill()
    until.touch()
    at.wait_for("end", lambda: len(at.ledger("end")) == 2)
    at.mongo.start()
    at.wait_for_jobs()
    assert at.states() == {"COMPLETED": 2}
    assert len(at.ledger("start")) == 2


def two_of_everything_at_once(at: Cluster) -> None:
    at.in_one_save(("submit", "c.yaml"), ("submit", "c.yaml"))
    assert at.states() == {"READY": 3}
    reconcile = ("reconcile", "--fix")
    at.in_one_save(("launch",), ("launch",), reconcile, reconcile)
    at.in_one_save(("launch",), reconcile, reconcile)
    at.wait_for_jobs()
    at.in_one_save(reconcile, reconcile)
    assert at.states() == {"COMPLETED": 3}
    assert len(at.ledger("start")) == 3


def rerun_twice_while_its_job_waits(at: Cluster) -> None:
    """By lnmo it is refused; by lpad, behind its back, nothing is launched twice."""
    at.profile(queue="closed")
    at.lnmo("submit", "c.yaml")
    at.lnmo("launch")
    (job,) = at.jobs()
    rerun = ("rerun", "--fw-id", "1")
    assert at.in_one_save(rerun, rerun) == [1, 1]
    assert f"its job {job} is pending" in at.lnmo(*rerun, code=1).stdout
    pad = LaunchPad("127.0.0.1", at.mongo.port, at.name, strm_lvl="ERROR")
    pad.rerun_fw(1)
    pad.connection.close()
    assert at.states() == {"READY": 1}
    at.lnmo("launch", code=None)
    assert list(at.jobs()) == [job]
    at.lnmo("cancel", "--fw-id", "1")
    at.wait_for_jobs()
    assert at.states() == {"DEFUSED": 1}
    assert at.in_one_save(rerun, rerun) == [0, 0]
    at.profile(queue="debug")
    at.finish()
    assert len(at.ledger("start")) == 1


def rerun_twice_after_a_failure(at: Cluster) -> None:
    at.lnmo("submit", "c.yaml")
    at.lnmo("launch", FAKE_VASP_FAIL="crash")
    at.wait_for_jobs()
    assert at.states() == {"FIZZLED": 1}
    told = at.lnmo("status").stdout
    assert "TRUNCATED" in told
    assert "-> lnmo rerun --fw-id 1" in told
    at.lnmo("reconcile", "--fix")
    assert at.states() == {"FIZZLED": 1}
    rerun = ("rerun", "--fw-id", "1")
    assert at.in_one_save(rerun, rerun) == [0, 0]
    at.finish()


def cancelled_by_lnmo(at: Cluster) -> None:
    """Jobs and steps together, one running, one waiting; taken up again later."""
    at.lnmo("submit", "c.yaml")
    at.lnmo("launch", "-m", "100", **HANGS)
    at.wait_for_start(2)
    at.lnmo("cancel", "c.yaml", "--dry-run")
    assert at.states() == {"RUNNING": 2}
    at.in_one_save(("cancel", "c.yaml"), ("cancel", "c.yaml"))
    at.wait_for_jobs()
    at.lnmo("reconcile", "--fix")
    assert at.states() == {"DEFUSED": 2}
    at.lnmo("launch")
    assert at.jobs() == {}
    at.lnmo("rerun", "c.yaml")
    at.finish()


def launcher_killed(at: Cluster) -> None:
    """Dead between two of its writes: a reservation without job or launch, a lock."""
    at.lnmo("submit", "c.yaml")
    pad = LaunchPad("127.0.0.1", at.mongo.port, at.name, strm_lvl="ERROR")
    worker = FWorker(name=at.name, category=["vasp"])
    (first, _), (second, _) = pad.reserve_fw(worker, "/"), pad.reserve_fw(worker, "/")
    pad.connection.close()
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    at.change("fireworks", {}, {"$set": {"updated_on": long_ago.replace(tzinfo=None)}})
    old = {
        "state_history.0.created_on": long_ago,
        "state_history.0.updated_on": long_ago,
    }
    at.change("launches", {}, {"$set": old})
    at.change("fireworks", {"fw_id": second.fw_id}, {"$set": {"launches": []}})
    at.change("workflows", {"nodes": first.fw_id}, {"$set": {"locked": True}})
    assert at.states() == {"RESERVED": 2, "READY": 1}
    found = at.lnmo("reconcile", code=1).stdout
    assert "a killed process left the Workflow's lock" in found
    assert found.count("its launcher died") + found.count("a launcher that died") == 2
    at.finish()


SCENARIOS: dict[str, tuple[Scenario, int]] = {
    each.__name__: (each, number)
    for each, number in (
        (wall_time, 1),
        (node_lost, 1),
        (scheduler_away, 1),
        (database_away_when_the_jobs_end, 2),
        (database_back_before_the_jobs_end, 2),
        (cancelled_while_pending, 1),
        (cancelled_while_running, 1),
        (refused_by_sbatch, 2),
        (rerun_twice_while_its_job_waits, 1),
        (rerun_twice_after_a_failure, 1),
        (cancelled_by_lnmo, 2),
        (worker_killed, 1),
        (two_of_everything_at_once, 3),
        (launcher_killed, 3),
    )
}
"""Each with its number of calculations; those that wait longest first."""


RUN_TO_ITS_END = {"rerun_twice_after_a_failure": 2}
"""VASP that fails by itself has ended, too; else it is once."""
BEHIND_OUR_BACK = {"rerun_twice_while_its_job_waits"}
"""`lpad rerun_fws` leaves the launch it takes away without a word."""


@pytest.fixture(scope="module")
def played(
    request: pytest.FixtureRequest,
    mongo: Mongo,
    slurm: Slurm,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, Future[Cluster]]]:
    """Every scenario that is asked for, some side by side."""
    asked = {
        item.callspec.params["name"]
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.module is request.module
    }
    place = tmp_path_factory.mktemp("played")
    killed = [Mongo(place / f"mongo-{name}") for name in asked if "database" in name]
    own = {server.place.name.removeprefix("mongo-"): server for server in killed}

    def play(name: str) -> Cluster:
        scenario, number = SCENARIOS[name]
        server = own[name].start() if name in own else mongo
        x = tuple(n / 8 for n in range(number))
        made = cluster(place / name, server, slurm, x=x)
        scenario(made)
        return made

    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        yield {name: pool.submit(play, name) for name in SCENARIOS if name in asked}
    for server in killed:
        server.stop()


@pytest.mark.parametrize("name", SCENARIOS)
def test_all_is_done_once_and_the_history_tells(
    played: dict[str, Future[Cluster]], name: str
) -> None:
    at = played[name].result()
    number = SCENARIOS[name][1]
    assert at.states() == {"COMPLETED": number}
    documents = at.documents("lnmo_task_documents")
    assert Counter(each["state"] for each in documents) == {"DONE": number}
    whole = Counter(at.ledger("end"))
    assert len(whole) == number
    assert set(whole.values()) == {RUN_TO_ITS_END.get(name, 1)}
    assert at.jobs() == {}
    assert processes(at) == []
    for firework in at.documents("fireworks"):
        *failed, last = at.launches(firework["fw_id"])
        assert last["state"] == "COMPLETED"
        reasons = at.reasons(firework["fw_id"])[:-1]
        assert all(
            reason or name in BEHIND_OUR_BACK
            for _, reason in zip(failed, reasons, strict=True)
        )
    assert at.lnmo("reconcile").stdout.startswith("nothing to repair")


def processes(at: Cluster) -> list[psutil.Process]:
    """Every process of a project; a Slurm of its own is none."""
    own = at.place.resolve() / "slurm"
    found = []
    for process in forked.processes_in(at.place):
        with suppress(psutil.Error):
            if not Path(process.cwd()).is_relative_to(own):
                found.append(process)
    return found


def workers(at: Cluster) -> list[psutil.Process]:
    return [each for each in processes(at) if "worker" in each.cmdline()]
