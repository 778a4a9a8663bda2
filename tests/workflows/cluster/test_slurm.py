"""Slurm's words, as squeue and sacct 22.05 print them."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from workflows.cluster.scheduler import Job, Listed, own_name
from workflows.cluster.slurm import HEADER, STATES, Slurm, read_sacct, read_squeue
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


SHORT_LIST = f"""#!/bin/sh
echo '{HEADER}'
case "$*" in
  *"-j 5"*) echo '5|RUNNING|None|lnmo-1-1' ;;
  *"-j 6"*) echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1 ;;
  *) [ -n "$SQUEUE_PARTITION$SQUEUE_NAMES" ] || echo '4|RUNNING|None|lnmo-4-4' ;;
esac
"""


@pytest.fixture
def squeue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A squeue whose list by user is short, as filters make it."""
    for name, text in (("squeue", SHORT_LIST), ("sacct", "#!/bin/sh\nexit 1\n")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")


def test_a_job_that_the_list_by_user_lacks_is_asked_for_by_its_id(
    squeue: None,
) -> None:
    found = Slurm().jobs(["5", "4"])
    assert found["5"] == Listed(Job.RUNNING, "lnmo-1-1")
    assert Slurm().jobs(["6"])["6"] == Listed(Job.UNKNOWN)


@pytest.mark.parametrize("name", ["SQUEUE_PARTITION", "SQUEUE_NAMES"])
def test_options_of_squeue_in_the_environment_hide_no_job(
    squeue: None, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "closed")
    assert Slurm().jobs(["4"])["4"].job is Job.RUNNING


def test_the_name_of_another_user_in_the_environment_is_not_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "nobody-else")
    assert own_name() == pwd.getpwuid(os.getuid()).pw_name
