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


def own_command(
    place: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    """Put a command where it is found first."""
    (place / name).write_text(text)
    (place / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(place), prepend=":")


@pytest.fixture
def squeue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A squeue whose list by user is short, as filters make it."""
    for name, text in (("squeue", SHORT_LIST), ("sacct", "#!/bin/sh\nexit 1\n")):
        own_command(tmp_path, monkeypatch, name, text)


def test_a_job_that_the_list_by_user_lacks_is_asked_for_by_its_id(
    squeue: None,
) -> None:
    found = Slurm().jobs(["5", "4"])
    assert found["5"] == Listed(Job.RUNNING, "lnmo-1-1")
    assert Slurm().jobs(["6"])["6"] == Listed(Job.UNKNOWN)


CANCEL = """#!/bin/sh
code=0
for job; do case $job in
  7) echo 'scancel: error: Kill job error on job id 7: Access denied' >&2; code=1 ;;
  8) echo 'scancel: error: Invalid job id specified' >&2; code=1 ;;
esac; done
exit $code
"""


def test_a_job_that_slurm_forgot_hides_no_refusal_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_command(tmp_path, monkeypatch, "scancel", CANCEL)
    assert Slurm().cancel([]) == Slurm().cancel(["6"]) == {}
    refused = Slurm().cancel(["6", "7", "8"])
    assert set(refused) == {"7", "8"}
    assert refused["7"].endswith("Kill job error on job id 7: Access denied")
    assert "id 7" not in refused["8"]


def test_the_bare_id_of_a_parsable_answer_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "FW_submit.script"
    for answer in ("7", "Submitted batch job 7", "Welcome, 5\nSubmitted batch job 7"):
        own_command(tmp_path, monkeypatch, "sbatch", f"#!/bin/sh\necho '{answer}'\n")
        assert Slurm().submit(script) == "7"
    for answer in ("7;other", "7 hours left", "5\n7", ""):
        own_command(tmp_path, monkeypatch, "sbatch", f"#!/bin/sh\necho '{answer}'\n")
        with pytest.raises(QueueError, match=r"without a job id.*cancel those called"):
            Slurm().submit(script)


@pytest.mark.parametrize("code", [0, 1])
@pytest.mark.parametrize("separator", ["x", " ", "\n"])
def test_of_a_long_answer_only_start_and_end_are_quoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, separator: str, code: int
) -> None:
    text = separator.join(["first", *(["text"] * 100_000), "last"])
    (tmp_path / "answer").write_text(text)
    fake = f"#!/bin/sh\ncat {tmp_path}/answer {'>&2' if code else ''}\nexit {code}\n"
    own_command(tmp_path, monkeypatch, "sbatch", fake)
    with pytest.raises(QueueError) as error:
        Slurm().submit(tmp_path / "FW_submit.script")
    assert len(str(error.value)) < 900
    assert "first" in str(error.value)
    assert "last" in str(error.value)


def test_words_that_say_that_a_job_is_gone_are_found_in_a_long_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = "slurm_load_jobs error: Invalid job id specified"
    long = f"{'banner ' * 200}{gone}{' banner' * 200}"
    squeue = f"case $* in *-j*) echo '{long}' >&2; exit 1;; *) echo '{HEADER}';; esac"
    own_command(tmp_path, monkeypatch, "sacct", "#!/bin/sh\nexit 1\n")
    own_command(tmp_path, monkeypatch, "squeue", f"#!/bin/sh\n{squeue}\n")
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
