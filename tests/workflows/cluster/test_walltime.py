"""Wall times in the notations of sbatch(1), qsub(1B), sge_types(1) and bsub(1)."""

from __future__ import annotations

import time

import pytest

from workflows.cluster.profile import SCHEDULERS
from workflows.cluster.walltime import NOTATIONS, deadline, least_seconds, seconds

SLURM, PBS, SGE, LSF = "SLURM", "PBS", "SGE", "LoadSharingFacility"


@pytest.mark.parametrize(
    ("queue", "text", "expected"),
    [
        (SLURM, "90", 5400),
        (SLURM, "10:30", 630),
        (SLURM, "24:00:00", 86_400),
        (SLURM, "1-12", 129_600),
        (SLURM, "2-01:30", 178_200),
        (SLURM, "1-00:00:01", 86_401),
        (PBS, "3600", 3600),
        (PBS, "10:30", 630),
        (PBS, "100:00:00", 360_000),
        (SGE, "3600", 3600),
        (SGE, "24:00:00", 86_400),
        (LSF, "90", 5400),
        (LSF, "24:00", 86_400),
    ],
)
def test_each_queue_has_a_notation_of_its_own(
    queue: str, text: str, expected: float
) -> None:
    assert seconds(text, queue) == expected


def test_every_queue_that_is_supported_has_a_notation() -> None:
    assert set(NOTATIONS) == set(SCHEDULERS)
    for queue, notation in NOTATIONS.items():
        assert seconds(notation.example, queue) == 86_400


@pytest.mark.parametrize("queue", NOTATIONS)
@pytest.mark.parametrize(
    "text",
    [
        *("", "a day", "1:2:3:4", "-5", "1-2:3:4:5", "٣:00", "1_0", "unlimited"),
        *("+24:+0:+0", "24:99:99", "24:99", " 24:00:00", "24:00:00\n", "1e3", "1-"),
        *("9" * 20, "9" * 5000, f"{'9' * 20}:00", "2-30:00:00"),
    ],
    ids=lambda text: repr(text)[:12],
)
def test_what_is_no_time_is_refused(text: str, queue: str) -> None:
    with pytest.raises(ValueError, match=r": give .*, such as '24:00") as error:
        seconds(text, queue)
    assert len(str(error.value)) < 300


@pytest.mark.parametrize(
    ("queue", "text"),
    [
        (PBS, "1-00:00:00"),
        (PBS, "1:00:00:00"),
        (SGE, "1-00:00:00"),
        (SGE, "10:30"),
        (SGE, "0600"),
        (LSF, "1-00:00"),
        (LSF, "24:00:00"),
    ],
)
def test_the_notation_of_another_queue_is_refused(queue: str, text: str) -> None:
    with pytest.raises(ValueError, match=f"not a time of {NOTATIONS[queue].queue}: "):
        seconds(text, queue)


def test_a_queue_that_is_not_known_has_the_least_time_of_all() -> None:
    assert least_seconds("3600", None) == 3600
    assert least_seconds("24:00", None) == 1440
    assert least_seconds("3600", SLURM) == 216_000
    with pytest.raises(ValueError, match="of any queue"):
        least_seconds("soon", None)


def test_what_slurm_says_comes_before_what_was_asked() -> None:
    found = {"SLURM_JOB_ID": "1", "SLURM_JOB_END_TIME": "1000"}
    assert deadline(found, walltime=60) == 1000
    assert deadline({}) is None


def test_a_wall_time_inherited_from_another_pbs_job_is_not_this_ones() -> None:
    for inherited, asked in (("90000", 3600.0), ("3600", 90_000.0), ("3600", None)):
        end = deadline({"PBS_WALLTIME": inherited}, walltime=asked)
        assert end is not None
        assert end - time.time() <= 3600


@pytest.mark.parametrize("text", ["", "soon", "1_0", "٣", "inf", "-5"])
def test_an_end_that_is_not_a_time_is_not_known(text: str) -> None:
    assert deadline({"SLURM_JOB_END_TIME": text}) is None
    assert deadline({"PBS_WALLTIME": text}) is None
