"""Wall times in the notations of sbatch(1) and bsub(1)."""

from __future__ import annotations

import pytest

from workflows.cluster.walltime import deadline, seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90", 5400),
        ("10:30", 630),
        ("24:00:00", 86_400),
        ("1-12", 129_600),
        ("2-01:30", 178_200),
        ("1-00:00:01", 86_401),
    ],
)
def test_slurms_notations(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize(("text", "expected"), [("90", 5400), ("24:00", 86_400)])
def test_lsf_counts_hours_and_minutes(text: str, expected: float) -> None:
    assert seconds(text, lsf=True) == expected


@pytest.mark.parametrize(
    "text", ["", "a day", "1:2:3:4", "-5", "1-2:3:4:5", "٣:00", "1_0"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        seconds(text)


def test_what_slurm_says_comes_before_what_was_asked() -> None:
    found = {"SLURM_JOB_ID": "1", "SLURM_JOB_END_TIME": "1000"}
    assert deadline(found, walltime=60) == 1000
    assert deadline({}) is None


@pytest.mark.parametrize("text", ["", "soon", "1_0", "٣", "inf", "-5"])
def test_an_end_that_is_not_a_time_is_not_known(text: str) -> None:
    assert deadline({"SLURM_JOB_END_TIME": text}) is None
    assert deadline({"PBS_WALLTIME": text}) is None
