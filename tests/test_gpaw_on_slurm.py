"""A step of GPAW as a job of a real Slurm: FireWorks' queue launcher, MongoDB, GPAW."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml

from tests.clusters import cluster
from tests.servers import Mongo, Slurm

CAMPAIGN = {
    "name": "c",
    "engine": "gpaw",
    "host": {"ordering": "R-3m", "primitive": True},
    "x": [],
    "lithium_reference": False,
    "gpaw": {
        **{"check": "NiO", "cutoff": 400, "kpoints": [1, 1, 1], "centring": "gamma"},
        **{"fmax": 0.2, "smax": 5.0},
    },
}


def test_a_queue_job_runs_gpaw_and_records_what_it_gave(
    mongo: Mongo, slurm: Slurm, tmp_path: Path, require_gpaw: None
) -> None:
    made = cluster(tmp_path / "gpawjob", mongo, slurm)
    (made.place / "c.yaml").write_text(yaml.safe_dump(CAMPAIGN))
    path = made.place / "my_fworker.yaml"
    fworker = yaml.safe_load(path.read_text())
    fworker["category"] = ["gpaw"]
    fworker["env"] = {"gpaw_cmd": sys.executable, "stop_margin": 5}
    path.write_text(yaml.safe_dump(fworker))
    assert "1 calculation added" in made.lnmo("submit", "c.yaml").stdout
    assert "1 job submitted" in made.lnmo("launch").stdout
    made.wait_for_jobs(seconds=1800)
    (document,) = made.documents("lnmo_task_documents")
    assert document["state"] == "DONE", document["reason"]
    assert (document["engine"], document["task_label"]) == ("gpaw", "relax")
    assert document["engine_version"] == "gpaw 26.7.0"
    assert document["total_magnetization"] == pytest.approx(2, abs=0.05)
    (relax, *others) = sorted(
        made.documents("fireworks"), key=lambda each: -each["fw_id"]
    )
    states = {each["spec"]["step"]: each["state"] for each in (relax, *others)}
    assert states == {"relax": "COMPLETED", "static": "READY", "dos": "WAITING"}
