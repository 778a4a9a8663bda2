"""What a calculation costs does not grow with the campaign: counted, not timed.

Every command that goes to MongoDB is counted. `benchmarks/queue.py` has the seconds.
"""

from __future__ import annotations

import gc
import json
import os
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymongo.monitoring
import pytest

from tests.clusters import Cluster, cluster
from tests.servers import Mongo, Slurm
from workflows.cli import app

FEW, MANY = 10, 40
THOUSAND = 1000


class Listener(pymongo.monitoring.CommandListener):
    """Counts the commands of this process, by the name of the collection's database."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()

    def started(self, event: pymongo.monitoring.CommandStartedEvent) -> None:
        self.seen[event.database_name] += 1

    def succeeded(self, event: Any) -> None: ...

    def failed(self, event: Any) -> None: ...


LISTENER = Listener()


@pytest.fixture(scope="module", autouse=True)
def _listening() -> Iterator[None]:
    pymongo.monitoring.register(LISTENER)
    yield
    pymongo.monitoring._LISTENERS.command_listeners.remove(LISTENER)


def campaign(place: Path, mongo: Mongo, slurm: Slurm, number: int) -> Cluster:
    """One cell strained along c in many ways: as many calculations, quickly planned."""
    strains = [{"x": 1, "c_strain": n * 1e-4} for n in range(1, number)]
    made = cluster(place / f"costs{number}", mongo, slurm, start={"more": strains})
    made.profile(queue="closed")
    return made


@pytest.fixture(scope="module")
def costs(
    mongo: Mongo, slurm: Slurm, tmp_path_factory: pytest.TempPathFactory
) -> dict[int, dict[str, int]]:
    """Commands to the database that each verb sends, by size of the campaign."""
    place = tmp_path_factory.mktemp("costs")
    return {n: _costs(campaign(place, mongo, slurm, n)) for n in (FEW, MANY)}


def _costs(of: Cluster) -> dict[str, int]:
    campaign_file = str(of.place / "c.yaml")
    verbs = {
        "submit": ["submit", campaign_file],
        "submit again": ["submit", campaign_file],
        "launch": ["launch", "--max-jobs", "1000"],
        "status": ["status"],
        "reconcile": ["reconcile", "--fix"],
    }
    before = dict(os.environ)
    os.environ.update(of.environment)
    counted = {}
    try:
        for name, words in verbs.items():
            seen = LISTENER.seen[of.name]
            with warnings.catch_warnings():
                # A command that ends at once leaves its connection to the end.
                warnings.simplefilter("ignore", ResourceWarning)
                words += ["--launchpad", str(of.place), "--json"]
                app(words, standalone_mode=False)
                gc.collect()
            counted[name] = LISTENER.seen[of.name] - seen
    finally:
        os.environ.clear()
        os.environ.update(before)
        of.slurm.call("scancel", "--partition=closed", "--state=PENDING")
    return counted


@pytest.mark.parametrize("verb", ["status", "reconcile"])
def test_reading_asks_as_often_for_many_as_for_few(
    costs: dict[int, dict[str, int]], verb: str
) -> None:
    assert costs[MANY][verb] == costs[FEW][verb] <= 24


@pytest.mark.parametrize(
    ("verb", "most"), [("submit", 8), ("submit again", 2), ("launch", 24)]
)
def test_a_calculation_costs_the_same_in_a_large_campaign(
    costs: dict[int, dict[str, int]], verb: str, most: int
) -> None:
    each = (costs[MANY][verb] - costs[FEW][verb]) / (MANY - FEW)
    assert each <= most
    assert costs[MANY][verb] / MANY <= costs[FEW][verb] / FEW


def test_a_campaign_of_a_thousand_is_submitted_once_and_all_told(
    mongo: Mongo, slurm: Slurm, tmp_path: Path
) -> None:
    made = campaign(tmp_path, mongo, slurm, THOUSAND)
    assert "1000 calculations added" in made.lnmo("submit", "c.yaml", "--yes").stdout
    steps = json.loads(made.lnmo("status", "--json").stdout)
    assert Counter(step["state"] for step in steps) == {"READY": THOUSAND}
    assert len({step["calculation_id"] for step in steps}) == THOUSAND
    largest = max(len(json.dumps(f, default=str)) for f in made.documents("fireworks"))
    assert largest < 16_000
