"""Slurm's words, as squeue and sacct 22.05 print them."""

from __future__ import annotations

import pytest

from workflows.cluster.scheduler import Job, Listed
from workflows.cluster.slurm import HEADER, STATES, read_sacct, read_squeue
from workflows.errors import QueueError

SQUEUE = """\
JOBID|STATE|REASON|NAME
4|COMPLETED|None|lnmo-1-1
5|PENDING|Resources|lnmo-2-3
6|TIMEOUT|TimeLimit|lnmo-3-4
7|COMPLETING|None|lnmo-4-5
8|CANCELLED|None|other|with|bars
9|A_LATER_STATE|None|lnmo-5-6
"""
SACCT = (
    "11|CANCELLED by 1000|lnmo-1-1\n12|NODE_FAIL|lnmo-2-2\n13|OUT_OF_MEMORY|lnmo-3\n"
)


def test_a_listing_of_squeue_is_read() -> None:
    assert read_squeue(SQUEUE) == {
        "4": Listed(Job.FINISHED, "lnmo-1-1"),
        "5": Listed(Job.PENDING, "lnmo-2-3", "Resources"),
        "6": Listed(Job.TIMEOUT, "lnmo-3-4", "TimeLimit"),
        "7": Listed(Job.ENDING, "lnmo-4-5"),
        "8": Listed(Job.CANCELLED, "other|with|bars"),
        "9": Listed(Job.RUNNING, "lnmo-5-6"),
    }


def test_an_empty_listing_holds_no_job() -> None:
    assert read_squeue(f"Welcome to the cluster\n{HEADER}\n") == {}


def test_the_lists_of_several_clusters_are_one() -> None:
    one = "CLUSTER: one"
    both = f"{one}\n{HEADER}\n4|RUNNING|None|a\n{one}\n{HEADER}\n5|RUNNING|None|b"
    assert set(read_squeue(both)) == {"4", "5"}


@pytest.mark.parametrize(
    "text", ["", "\n", "<html>504</html>", "5|RUNNING|None|lnmo-1"]
)
def test_an_answer_without_a_header_is_no_list_of_jobs(text: str) -> None:
    with pytest.raises(QueueError, match="it is not known which jobs there are"):
        read_squeue(text)


def test_a_listing_of_sacct_is_read() -> None:
    assert read_sacct(SACCT) == {
        "11": Listed(Job.CANCELLED, "lnmo-1-1", "by 1000"),
        "12": Listed(Job.NODE_FAIL, "lnmo-2-2"),
        "13": Listed(Job.OUT_OF_MEMORY, "lnmo-3"),
    }


def test_every_way_to_end_is_reported_apart() -> None:
    ended = {state for state in STATES.values() if state.over}
    assert ended == {job for job in Job if job.over} - {Job.UNKNOWN}
