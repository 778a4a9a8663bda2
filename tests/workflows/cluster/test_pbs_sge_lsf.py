"""Listings of PBS, SGE and LSF in the formats of their manuals."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from workflows.cluster.pbs_sge_lsf import (
    Batch,
    held_because,
    lsf,
    pbs,
    read_lsf,
    read_pbs,
    read_sge,
    sge,
)
from workflows.cluster.problems import problems_of
from workflows.cluster.scheduler import Job, Listed
from workflows.cluster.step_status import StepStatus
from workflows.errors import QueueError

PBS_USER = """
pbs01:
                                                            Req'd  Req'd   Elap
Job ID          Username Queue    Jobname    SessID NDS TSK Memory Time  S Time
--------------- -------- -------- ---------- ------ --- --- ------ ----- - -----
1234.pbs01      anna     workq    lnmo-1-1     8122   1  32    --  24:00 R 00:12
1235.pbs01      anna     workq    lnmo-2-2      --    1  32    --  24:00 Q   --
1236.pbs01      anna     workq    lnmo-3-3     8122   1  32    --  24:00 E 00:12
"""
SGE = """\
job-ID  prior   name       user         state submit/start at     queue   slots ja-task
---------------------------------------------------------------------------------------
    231 0.55500 lnmo-1-1   anna         r     11/24/2026 10:00:00 all.q@n1   32
    232 0.00000 lnmo-2-2   anna         qw    11/24/2026 10:00:01            32
    233 0.00000 lnmo-3-3   anna         Eqw   11/24/2026 10:00:01            32
    234 0.55500 lnmo-4-4   anna         dr    11/24/2026 10:00:02 all.q@n2   32
"""
LSF = "301 RUN lnmo-1-1\n302 PEND lnmo-2-2\n303 DONE lnmo-3-3\n304 EXIT lnmo-4-4\n"


def test_a_listing_of_pbs_is_read() -> None:
    assert read_pbs(PBS_USER) == {
        "1234": Listed(Job.RUNNING, "lnmo-1-1", "R"),
        "1235": Listed(Job.PENDING, "lnmo-2-2", "Q"),
        "1236": Listed(Job.ENDING, "lnmo-3-3", "E"),
    }


def test_a_listing_of_sge_is_read() -> None:
    assert read_sge(SGE) == {
        "231": Listed(Job.RUNNING, "lnmo-1-1", "r"),
        "232": Listed(Job.PENDING, "lnmo-2-2", "qw"),
        "233": Listed(Job.PENDING, "lnmo-3-3", "Eqw"),
        "234": Listed(Job.ENDING, "lnmo-4-4", "dr"),
    }


def test_a_listing_of_lsf_is_read() -> None:
    assert read_lsf(LSF) == {
        "301": Listed(Job.RUNNING, "lnmo-1-1", "RUN"),
        "302": Listed(Job.PENDING, "lnmo-2-2", "PEND"),
        "303": Listed(Job.FINISHED, "lnmo-3-3", "DONE"),
        "304": Listed(Job.FAILED, "lnmo-4-4", "EXIT"),
    }


def command(place: Path, name: str, lines: str) -> None:
    path = place / name
    path.write_text(f"#!/bin/sh\n{lines}\n")
    path.chmod(0o755)


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A submission script, in a directory that is first on the path."""
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    found = tmp_path / "FW_submit.script"
    found.write_text("#BSUB -n 1\n")
    return found


def test_lsf_reads_the_script_from_its_input(script: Path) -> None:
    command(
        script.parent, "bsub", 'grep -q BSUB && echo "Job <301> is submitted to queue"'
    )
    assert lsf().submit(script) == "301"


def test_a_queue_of_lsf_without_jobs_is_empty_and_not_silent(script: Path) -> None:
    command(script.parent, "bjobs", 'echo "No job found" >&2; exit 255')
    assert lsf().jobs(["301"]) == {"301": Listed(Job.UNKNOWN)}


def test_the_words_of_a_refusal_are_kept(script: Path) -> None:
    command(script.parent, "qsub", 'echo "qsub: Unknown queue" >&2; exit 1')
    with pytest.raises(QueueError, match=r"qsub FW_submit.script: qsub: Unknown queue"):
        pbs().submit(script)


def test_only_what_lives_is_cancelled(script: Path) -> None:
    place = script.parent
    gone = 'echo "qstat: Unknown Job Id 99.pbs01" >&2; exit 153'
    command(place, "qstat", f'[ "$1" = -u ] || {{ {gone}; }}; cat {place}/listing')
    (place / "listing").write_text(PBS_USER.replace("lnmo-2-2", "another "))
    command(place, "qdel", f'echo "$@" > {place}/deleted')
    refused = pbs().cancel(["1234", "1235", "99"])
    assert (place / "deleted").read_text() == "1234\n"
    assert refused == {"1235": "it is not a job of lnmo: its name is ''"}


@pytest.mark.parametrize("queue", [pbs, sge, lsf])
def test_a_refusal_to_cancel_is_told_of_its_job_alone(
    script: Path, queue: Callable[[], Batch]
) -> None:
    place, own = script.parent, queue()
    listings = {"PBS": PBS_USER.replace("123", ""), "SGE": SGE.replace("23", "")}
    first, second = {"PBS": "45", "SGE": "12", "LSF": ("301", "302")}[own.name]
    name, delete = ("bjobs", "bkill") if own.name == "LSF" else ("qstat", "qdel")
    (place / "listing").write_text(listings.get(own.name, LSF))
    command(place, name, f"cat {place}/listing")
    denied = f'echo "{delete}: not permitted: {second}" >&2; exit 1'
    test = f'case " $* " in *" {second} "*) {denied};; esac; echo "$@" >> done'
    command(place, delete, f"cd {place}; {test}")
    refused = own.cancel([first, second])
    assert refused == {second: f"{delete} {second}: {delete}: not permitted: {second}"}
    assert (place / "done").read_text() == f"{first}\n"


BANNER = "INFO: project 2026A has 5120 core hours left, 3 of them today\n"


@pytest.mark.parametrize(
    ("queue", "name", "answer", "job_id"),
    [
        (pbs, "qsub", "1234.pbs01", "1234"),
        (pbs, "qsub", "1234[].pbs01", "1234"),
        (pbs, "qsub", "1234", "1234"),
        (sge, "qsub", 'Your job 231 ("lnmo-1-1") has been submitted', "231"),
        (sge, "qsub", "231", "231"),
        (lsf, "bsub", "Job <301> is submitted to queue <normal>.", "301"),
    ],
)
def test_the_id_of_a_job_is_read_below_any_banner(
    script: Path, queue: Callable[[], Batch], name: str, answer: str, job_id: str
) -> None:
    command(script.parent, name, f"cat << 'END'\n{BANNER}{answer}\nEND")
    assert queue().submit(script) == job_id
    command(script.parent, name, f"cat << 'END'\n{BANNER}END")
    with pytest.raises(QueueError, match="without a job id: 'INFO: project 2026A"):
        queue().submit(script)


OF_ONE_JOB = {
    "qstat": ("1234.pbs01  lnmo-1-1  anna  00:12  R workq", "Unknown Job Id 1234"),
    "qstat -j": (
        "job_number:       1234\nowner:    anna\njob_name:      lnmo-1-1",
        "Following jobs do not exist or permissions are not sufficient:\n1234",
    ),
    "bjobs": ("1234 RUN lnmo-1-1", "Job <1234> is not found"),
}


@pytest.mark.parametrize(
    ("queue", "words"), [(pbs, "qstat"), (sge, "qstat -j"), (lsf, "bjobs")]
)
def test_a_job_that_the_list_lacks_is_asked_for_by_its_id(
    script: Path, queue: Callable[[], Batch], words: str
) -> None:
    place, name = script.parent, words.partition(" ")[0]
    known, forgotten = OF_ONE_JOB[words]
    by_id = (
        f"for word; do last=$word; done; [ $last = 1234 ] || exit 0; cat {place}/one"
    )
    command(place, name, by_id)
    (place / "one").write_text(f"{known}\n")
    found = queue().jobs(["1234"])["1234"]
    assert (found.job, found.name) == (Job.RUNNING, "lnmo-1-1")
    (place / "one").write_text("the cluster is in maintenance until 12:34\n")
    with pytest.raises(QueueError, match="it is not known whether it runs"):
        queue().jobs(["1234"])
    (place / "one").write_text(f"{forgotten}\n")
    command(place, name, f"{by_id} >&2; exit 1")
    assert queue().jobs(["1234"]) == {"1234": Listed(Job.UNKNOWN)}


def test_a_machine_without_the_queue_is_reported(
    script: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(QueueError, match="is this a login node of the cluster"):
        pbs().jobs()


DETAILS = {
    "SGE": (
        "error reason    1:          11/24/2026 10:00:02 [500:81]: can't chdir to "
        "/scratch/anna: No such file or directory\n",
        "can't chdir to /scratch/anna: No such file or directory",
    ),
    "PBS": ("    Hold_Types = s\n    comment = Job held by root\n", "Job held by root"),
    "LSF": (
        "Job <301>, Status <PSUSP>\n PENDING REASONS:\n The job was suspended by its "
        "owner or admin while pending;\n",
        "The job was suspended by its owner or admin while pending",
    ),
}


@pytest.mark.parametrize("name", DETAILS)
def test_why_a_job_is_held_is_read_from_its_details(name: str) -> None:
    text, expected = DETAILS[name]
    assert expected in held_because(text)
    assert held_because("nothing of it\n") == ""


def test_a_held_job_of_ours_carries_the_words_of_the_scheduler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing, (details, expected) = tmp_path / "listing", DETAILS["SGE"]
    listing.write_text(SGE.replace("lnmo-1-1", "theirs-1"))
    (tmp_path / "details").write_text(details)
    command(
        tmp_path,
        "qstat",
        f'if [ "$1" = -j ]; then cat {tmp_path}/details; else cat {listing}; fi',
    )
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    found = sge().jobs()
    assert found["233"].why.startswith("Eqw: ")
    assert expected in found["233"].why
    assert found["232"].why == "qw"


@pytest.mark.parametrize(
    ("why", "job", "cure"),
    [
        ("Eqw", Job.PENDING, "qmod -cj 7"),
        ("Eqw: can't chdir to /scratch", Job.PENDING, "qmod -cj 7"),
        ("hqw", Job.PENDING, "qrls 7"),
        ("hRqw", Job.PENDING, "qrls 7"),
        ("EhRqw", Job.PENDING, "qmod -cj 7"),
        ("H", Job.PENDING, "qrls 7"),
        ("PSUSP", Job.PENDING, "bresume 7"),
        ("USUSP", Job.RUNNING, "bresume 7"),
        ("JobHeldUser", Job.PENDING, "correct my_qadapter.yaml"),
        ("qw", Job.PENDING, ""),
        ("Q", Job.PENDING, ""),
        ("PEND", Job.PENDING, ""),
        ("SSUSP", Job.RUNNING, ""),
        ("r", Job.RUNNING, ""),
        ("Priority", Job.PENDING, ""),
        ("Resources", Job.PENDING, ""),
        ("", Job.PENDING, ""),
    ],
)
def test_what_a_queue_holds_back_is_a_problem_with_its_words(
    why: str, job: Job, cure: str
) -> None:
    status = StepStatus(
        5,
        "x=1 relax",
        "RESERVED",
        "abc",
        "relax",
        job_id="7",
        listed=Listed(job, "", why),
    )
    found = problems_of(status)
    if not cure:
        assert found == []
        return
    (problem,) = found
    assert cure in problem.action
    assert "lnmo rerun --fw-id 5" in problem.action
    assert why.partition(": ")[0] in problem.reason
    assert why.partition(": ")[2] in problem.reason
