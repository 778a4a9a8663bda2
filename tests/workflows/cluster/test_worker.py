"""What a worker knows of the job it is in; the rest is tried on a real queue."""

from __future__ import annotations

import pytest

from workflows.cluster.worker import job_id


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
