"""The reason of a VASP that ended is the first line that says the cause."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.labels import LABELS, labelled
from tests.places import FAKE_VASP
from tests.vasp_commands import failed
from workflows.campaign.calculation import Calculation
from workflows.engines.cause_lines import cause_of_silence
from workflows.engines.vasp.last_words import line_with, own_words
from workflows.errors import Terminated
from workflows.launchpad.local_run import machine_failure
from workflows.records.document import State

REFUSES = "I REFUSE TO CONTINUE WITH THIS SICK JOB ... BYE!!!"
RULE = f" {'-' * 77}\n"
BOX = f"""\
{RULE}|                                                                             |
|     EEEEEEE  RRRRRR   RRRRRR   OOOOOOO  RRRRRR      ###     ###     ###     |
|     E        R     R  R     R  O     O  R     R     ###     ###     ###     |
|     EEEEE    RRRRRR   RRRRRR   O     O  RRRRRR       #       #       #      |
|                                                                             |
|     M_divide: can not subdivide           4 nodes by           3            |
|                                                                             |
|       ---->  {REFUSES} <----       |
|                                                                             |
{RULE}"""
ADVICE = f"""\
{RULE}|     W    W   AA    RRRRR   N    N  II  N    N   GGGG   !!!                   |
|     You enforced a specific xc type; an error may come of it.                |
{RULE}"""
STEP = "DAV:   1    -0.100E+02   -0.10000E+00   -0.10E+00   100   0.1E+00    0.1E+00\n"
NEWS = "VERY BAD NEWS! internal error in subroutine INVGRP: inverse not found 2\n"
SRUN = "srun: error: c1: tasks 0-3: Exited with exit code 1\n"
OPEN_MPI = """\
--------------------------------------------------------------------------
MPI_ABORT was invoked on rank 0 in communicator MPI_COMM_WORLD
with errorcode 1.
--------------------------------------------------------------------------
"""
HYDRA = """\
===================================================================================
=   BAD TERMINATION OF ONE OF YOUR APPLICATION PROCESSES
=   EXIT CODE: 1
===================================================================================
"""
FORTRAN = """\
forrtl: severe (174): SIGSEGV, segmentation fault occurred
Image              PC                Routine            Line        Source
vasp_std           0000000001B3C5F4  Unknown               Unknown  Unknown
"""
OOM = "slurmstepd: error: Detected 1 oom_kill event in StepId=1.0. Some were killed.\n"
SIGNAL = "mpirun noticed that process rank 0 on node c1 exited on signal 9 (Killed).\n"
DIVIDE = "VASP said: M_divide: can not subdivide 4 nodes by 3"
ENDS = {
    "a box": (BOX, "", DIVIDE),
    "a box, then Slurm": (BOX, SRUN, DIVIDE),
    "a box, then Intel MPI": (BOX + HYDRA, "", DIVIDE),
    "four boxes": (4 * BOX, OPEN_MPI, DIVIDE),
    "a box on standard error": ("", BOX + SRUN, DIVIDE),
    "an advice, then a box": (ADVICE + STEP + BOX, "", DIVIDE),
    "VASP 5": (STEP + NEWS + HYDRA, SRUN, f"VASP said: {NEWS.strip()}"),
    "VASP 5 refuses": (NEWS + f" {REFUSES}\n", OPEN_MPI, f"VASP said: {NEWS.strip()}"),
    "a crash": (
        STEP,
        FORTRAN + SRUN,
        f"standard error says: {FORTRAN.splitlines()[0]}",
    ),
    "no memory": (STEP, OOM + SRUN, f"standard error says: {OOM.strip()}"),
    "a signal": (STEP, RULE + SIGNAL, f"its launcher said: {SIGNAL.strip()}"),
    "an error it went on from": (
        "error reading a hint\n" + STEP,
        OOM,
        f"standard error says: {OOM.strip()}",
    ),
    "nothing that names a cause": (STEP + "bye\n", "", "the last line of VASP: bye"),
    "nothing": ("", "", ""),
}


@pytest.mark.parametrize("kind", ENDS)
def test_what_vasp_said_comes_before_what_others_said_of_its_end(
    tmp_path: Path, kind: str
) -> None:
    output, errors, expected = ENDS[kind]
    (tmp_path / "vasp.out").write_text(output)
    (tmp_path / "std_err.txt").write_text(errors)
    assert own_words(tmp_path) == expected


@pytest.mark.parametrize("ranks", [1, 3])
@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("kind", ENDS)
def test_a_label_before_each_line_hides_nothing_that_vasp_said(
    tmp_path: Path, kind: str, label: str, ranks: int
) -> None:
    output, errors, expected = ENDS[kind]
    for name, text in (("vasp.out", output), ("std_err.txt", errors)):
        (tmp_path / name).write_text(labelled(text, LABELS[label], ranks))
    assert own_words(tmp_path) == expected


@pytest.mark.parametrize("label", LABELS)
def test_the_box_of_a_known_error_is_told_without_labels(
    tmp_path: Path, label: str
) -> None:
    box = BOX.replace("M_divide:", "Error reading item 'X':")
    (tmp_path / "vasp.out").write_text(labelled(STEP + box, LABELS[label], 3))
    said = line_with(tmp_path, ["Error reading item"])
    assert said.startswith("Error reading item 'X': can not subdivide 4 nodes by 3")


def test_an_error_that_is_known_is_told_in_its_own_words(tmp_path: Path) -> None:
    (tmp_path / "vasp.out").write_text(
        STEP + BOX.replace("M_divide:", "Error reading item 'X':") + STEP
    )
    said = line_with(tmp_path, ["Error reading item"])
    assert said.startswith("Error reading item 'X': can not subdivide 4 nodes by 3")
    assert line_with(tmp_path, ["BRMIX"]) == line_with(tmp_path, []) == ""


def test_what_a_script_quotes_is_not_told_as_the_words_of_vasp(tmp_path: Path) -> None:
    head, quote = " running on    4 total cores\n", "Beware of BRMIX: very serious\n"
    said = " BRMIX: very serious problems\n"
    (tmp_path / "vasp.out").write_text(quote + head + STEP + said)
    assert line_with(tmp_path, ["BRMIX: very serious"]) == said.strip()


@pytest.mark.parametrize(
    "line",
    [
        "\x1b[1;31mlicence not found\x1b[0m",
        "\x1b]0;title\x07licence not found",
        "licence \x1b[2Jnot found\x1b(",
        "licence not\x08\x08\x08 found\x07",
    ],
)
def test_nothing_in_a_reason_commands_a_terminal(tmp_path: Path, line: str) -> None:
    (tmp_path / "std_err.txt").write_text(line)
    for said in (own_words(tmp_path), cause_of_silence([line])):
        assert said.isprintable()
        assert "licence" in said
        assert "found" in said
        assert "31m" not in said


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ("echo 'mpirun was unable to find the executable' >&2", "mpirun was unable to"),
        (":", "the command printed nothing"),
        ("echo FlexNet: licence denied | iconv -t UTF-16", "FlexNet: licence denied"),
    ],
)
def test_a_vasp_that_no_longer_starts_after_a_correction_never_started(
    one: Calculation, tmp_path: Path, second: str, said: str
) -> None:
    fails = f"FAKE_VASP_FAIL=brmix exec {sys.executable} {FAKE_VASP}"
    once = f"if ! test -e {tmp_path}/once; then touch {tmp_path}/once; {fails}; fi"
    found = failed(one, tmp_path, f"{once}\n{second}\nexit 1")
    assert found.state is State.NEVER_STARTED
    assert found.reason.startswith(f"VASP never started: {said}")
    assert machine_failure(found.reason)
    assert [each["errors"] for each in found.corrections] == [["brmix"]]


def test_an_error_is_named_where_the_handler_that_found_it_fails(
    one: Calculation, tmp_path: Path
) -> None:
    told = "Error EDDDAV: Call to ZHEGV failed. Returncode = 1 2 128"
    found = failed(one, tmp_path, f": >OUTCAR; : >OSZICAR; echo '{told}'; exit 1")
    assert f"VASP said: {told}" in found.reason
    assert "no cure for VaspErrorHandler" not in found.reason


def test_a_full_disk_elsewhere_is_why_a_command_never_started(
    one: Calculation, tmp_path: Path
) -> None:
    told = "open /dev/shm/vader_segment.c1.1: No space left on device"
    found = failed(one, tmp_path, f"echo '{told}' >&2; exit 1")
    assert found.state is State.NEVER_STARTED
    assert told in found.reason


def test_a_word_on_quotas_does_not_hide_what_vasp_said(
    one: Calculation, tmp_path: Path
) -> None:
    tip = 'Tip of the day: "Disk quota exceeded" means that your home is full.'
    told = "Error EDDDAV: Call to ZHEGV failed. Returncode = 1 2 128"
    files = ": >OUTCAR; : >OSZICAR"
    found = failed(one, tmp_path, f"echo '{tip}'; {files}; echo '{told}'; exit 1")
    assert f"VASP said: {told}" in found.reason


def test_a_disk_that_is_full_keeps_what_vasp_said(
    one: Calculation, tmp_path: Path
) -> None:
    told = "forrtl: No space left on device"
    with pytest.raises(Terminated, match=f"the disk .{told}.*TRUNCATED: .*{told}"):
        failed(one, tmp_path, f": >OUTCAR; echo '{told}' >&2; exit 38")


def test_no_reason_holds_an_address_of_this_process(
    one: Calculation, tmp_path: Path
) -> None:
    found = failed(one, tmp_path, "rm -f OUTCAR; mkfifo OUTCAR; exit 0")
    assert "OUTCAR is a FIFO" in found.reason
    assert "Bad" not in found.reason
    assert "object at 0x" not in found.model_dump_json()
