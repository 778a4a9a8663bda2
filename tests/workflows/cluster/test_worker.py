"""What a worker knows of the job it is in; the rest is tried on a real queue."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from tests.servers import Mongo
from workflows.cluster.worker import (
    JOB_VARIABLES,
    _set_deadline,
    job_id,
    run_firework,
)
from workflows.errors import MachineError, StoreError
from workflows.launchpad.opening import owned
from workflows.records.database import Database


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"SLURM_JOB_ID": "7"}, "7"),
        ({"PBS_JOBID": "1234.pbs01"}, "1234"),
        ({"LSB_JOBID": "301"}, "301"),
        ({"JOB_ID": "231"}, "231"),
        ({}, ""),
    ],
)
def test_the_job_is_named_as_the_queues_listing_names_it(
    environment: dict[str, str], expected: str
) -> None:
    assert job_id(environment) == expected


@pytest.mark.parametrize(
    ("profile", "walltime", "expected"),
    [
        ("_fw_q_type: PBS", "3600", 3600),
        ("_fw_q_type: SLURM # before: LoadSharingFacility", "60", 3600),
        ("_fw_q_type: LoadSharingFacility", "1:00", 3600),
        ("_fw_q_type: [", "3600", 3600),  # half-written: the least of all queues
        (None, "3600", 3600),
    ],
)
def test_a_worker_reads_its_wall_time_as_its_queue_does(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    profile: str | None,
    walltime: str,
    expected: float,
) -> None:
    for name in (*JOB_VARIABLES, "SLURM_JOB_END_TIME", "PBS_WALLTIME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LNMO_DEADLINE", "0")  # restored afterwards
    database = Database(tmp_path / "launchpad.yaml", tmp_path, {})
    if profile is not None:
        (tmp_path / "my_qadapter.yaml").write_text(profile)
    end = _set_deadline(database, walltime)
    assert end == pytest.approx(time.time() + expected, abs=5)
    assert float(os.environ["LNMO_DEADLINE"]) == pytest.approx(end, abs=1)
    with pytest.raises(MachineError, match="--walltime soon is not a time of"):
        _set_deadline(database, "soon")


def test_a_worker_makes_no_data_directory_where_the_disk_is_not_mounted(
    mongo: Mongo, tmp_path: Path
) -> None:
    address = {"host": "127.0.0.1", "port": mongo.port, "name": "not_mounted"}
    database = Database(tmp_path / "launchpad.yaml", tmp_path / "data", address)
    with owned(database) as (pad, _):
        pad.launches.insert_one({"launch_id": 1})
    fworker = "name: here\ncategory: vasp\nquery: '{}'\nenv: {}\n"
    (tmp_path / "my_fworker.yaml").write_text(fworker)
    shutil.rmtree(database.root)
    with pytest.raises(StoreError, match="a disk that is not mounted"):
        run_firework(database, fw_id=1, launch_id=1, walltime=None)
    assert not database.root.exists()
