"""A campaign of 15 calculations on a real Slurm of two cores, as a user runs it.

Every calculation is a queue job; two run at a time. Counted outside the database.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.clusters import Cluster, cluster
from tests.servers import Mongo, missing_for_slurm, need, slurm_running

EIGHTHS = tuple(n / 8 for n in range(5, 12))
CALCULATIONS = 15
"""Orderings of Li on 8a (x <= 1), then on 8b, of P4_332 LiNi0.5Mn1.5O4: Burnside."""


@pytest.fixture(scope="module")
def finished_campaign(
    mongo: Mongo, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    need("slurm", missing_for_slurm())
    place = tmp_path_factory.mktemp("fifteen")
    with slurm_running(place / "slurm", cpus=2) as two_cores:
        made = cluster(
            place / "campaign", mongo, two_cores, x=EIGHTHS, orderings={"keep": 100}
        )
        submitted = made.lnmo("submit", "c.yaml")
        assert f"{CALCULATIONS} calculations added" in submitted.stdout
        launched = made.lnmo("launch", "-m", str(CALCULATIONS))
        assert f"{CALCULATIONS} jobs submitted" in launched.stdout
        made.wait_for_jobs(seconds=600)
        yield made


def test_every_calculation_is_executed_exactly_once(finished_campaign: Cluster) -> None:
    started, ended = (finished_campaign.ledger(event) for event in ("start", "end"))
    assert len(set(started)) == CALCULATIONS
    assert Counter(started) == Counter(ended) == dict.fromkeys(set(started), 1)


def test_every_calculation_is_done_by_one_job(finished_campaign: Cluster) -> None:
    assert finished_campaign.states() == {"COMPLETED": CALCULATIONS}
    documents = finished_campaign.documents("lnmo_task_documents")
    assert Counter(each["state"] for each in documents) == {"DONE": CALCULATIONS}
    launches = finished_campaign.documents("launches")
    jobs = {
        entry["reservation_id"]
        for launch in launches
        for entry in launch["state_history"]
        if "reservation_id" in entry
    }
    assert len(launches) == len(jobs) == CALCULATIONS


def test_two_jobs_ran_at_a_time(finished_campaign: Cluster) -> None:
    """From Slurm's own account of starts and ends."""
    moments = []
    for line in (
        (finished_campaign.slurm.place / "jobcomp.log").read_text().splitlines()
    ):
        told = dict(word.split("=", 1) for word in line.split() if "=" in word)
        moments += [(told["EndTime"], -1), (told["StartTime"], 1)]
    running = most = 0
    for _, change in sorted(moments):
        running += change
        most = max(most, running)
    assert (running, most) == (0, 2)


def test_a_second_submit_and_launch_do_nothing(finished_campaign: Cluster) -> None:
    again = finished_campaign.lnmo("submit", "c.yaml")
    assert f"0 calculations added, {CALCULATIONS} there already" in again.stdout
    assert "nothing is READY" in finished_campaign.lnmo("launch").stdout
    assert finished_campaign.jobs() == {}


def test_status_tells_that_all_is_well(finished_campaign: Cluster) -> None:
    steps = json.loads(finished_campaign.lnmo("status", "--json").stdout)
    assert Counter(step["state"] for step in steps) == {"COMPLETED": CALCULATIONS}
    assert finished_campaign.lnmo("reconcile").stdout.startswith("nothing to repair")


def test_lpad_reads_the_same_file_unchanged(finished_campaign: Cluster) -> None:
    program = [sys.executable, "-m", "fireworks.scripts.lpad_run"]
    counted = subprocess.run(
        [*program, "-l", "launchpad.yaml", "get_fws", "-s", "COMPLETED", "-d", "count"],
        cwd=finished_campaign.place,
        capture_output=True,
        text=True,
        check=True,
    )
    assert counted.stdout.split()[-1] == str(CALCULATIONS)


def test_no_result_waits_to_be_sent(finished_campaign: Cluster) -> None:
    queue = finished_campaign.place / "lnmo-data" / "queue"
    assert len(list(queue.rglob("*.script"))) == CALCULATIONS
    assert list(queue.rglob("unsent.json")) == []
