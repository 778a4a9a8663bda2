"""Two messages are alike but for the numbers in them, and no others are."""

from __future__ import annotations

from itertools import combinations
from signal import SIGKILL

import pytest

from workflows.engines.exit_status import CODES, SIGNALS
from workflows.engines.vasp.launcher_output import NO_POTCAR
from workflows.launchpad.alike import alike
from workflows.launchpad.local_run import machine_failure

END = "; correct the VASP command or its environment"
STARTED = "VASP never started: "
LEFT = "the VASP command ended before VASP (exit code 0), which ran on; process "
SAME = [
    ("/tmp/prolog.aBcDeF: not found", "/tmp/prolog.uVwXyZ: not found"),
    ("[c1:17081] mca_base: unable to open", "[c12:99] mca_base: unable to open"),
    (
        "srun: error: Unable to create step for job 77: busy (request 1)",
        "srun: error: Unable to create step for job 77: busy (request 12)",
    ),
    (
        "Mon Nov 30 23:59:59 UTC 2026 LICENSE server not reachable",
        "Tue Dec  1 00:00:02 UTC 2026 LICENSE server not reachable",
    ),
    ("error at 0x7f4cef5d5150 in libfoo.so.2", "error at 0x7f00aa01 in libfoo.so.2"),
    (
        "no write to /tmp/tmp.aB3xd/OUTCAR [3f2c1a9e-77aa]",
        "no write to /tmp/tmp.Qz81p/OUTCAR [a81bcd02-01ff]",
    ),
]
DIFFERENT = [
    ("vasp_std: command not found", "License checkout failed: no such feature exists"),
    ("the command printed nothing", "mpirun has detected an attempt to run as root"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_messages_that_differ_by_what_changes_each_time_are_alike(
    one: str, other: str
) -> None:
    assert alike(STARTED + one + END, STARTED + other + END)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_messages_of_two_causes_are_not_alike(one: str, other: str) -> None:
    assert not alike(STARTED + one + END, STARTED + other + END)


WROTE = (
    "the VASP command wrote nothing of VASP here: no OUTCAR, OSZICAR, vasprun.xml "
    "(exit code 0); it printed: "
)
WAIT = (
    ". Correct the command: it must wait until VASP ends (srun or mpirun in the "
    "foreground; no &, no sbatch), in this directory, or copy all files back before it "
    "ends; a retry first reads files that come later"
)
FRAMES = {
    "wrote nothing": (WROTE, WAIT),
    "exit code 127": (STARTED, f" (exit code 127: {CODES[127]}){END}"),
    "a signal": (STARTED, f"; killed by signal 9 (SIGKILL): {SIGNALS[SIGKILL]}"),
    "a code of a signal": (
        STARTED,
        f"; exit code 137: perhaps killed by signal 9 (SIGKILL): {SIGNALS[SIGKILL]}",
    ),
    "no POTCAR": (
        "custodian: incomplete output; standard error says: ",
        f"; {NO_POTCAR}: set PMG_VASP_PSP_DIR for a real VASP",
    ),
}
CAUSES = (
    "License checkout failed",
    "srun: all nodes down, call the operator",
    "vasp_std: 未找到命令",
    "许可证: 已过期失败",
)


@pytest.mark.parametrize("kind", FRAMES)
def test_our_own_sentences_make_no_two_causes_alike(kind: str) -> None:
    before, after = FRAMES[kind]
    for one, other in combinations(CAUSES, 2):
        assert not alike(before + one + after, before + other + after)
        assert alike(f"{before}{one} [c1]{after}", f"{before}{one} [c2]{after}")


def test_what_vasp_said_without_a_potcar_is_the_cause_that_is_compared() -> None:
    start = "TRUNCATED in a/b: no OUTCAR"
    end = f"; {NO_POTCAR}: set PMG_VASP_PSP_DIR for a real VASP"
    said = "custodian: incomplete output; standard error says: Segmentation fault"
    assert machine_failure(f"{start}{end}") == end.removeprefix("; ")
    assert machine_failure(f"{start}; {said}{end}") == said + end


def test_the_processes_that_a_command_left_behind_do_not_tell_two_apart() -> None:
    rest = " still writes here: end it. Correct the command: it must wait until VASP "
    assert alike(f"{LEFT}20061{rest}", f"{LEFT}20077, 20078{rest}")


def test_nothing_is_not_alike_to_something() -> None:
    assert not alike("", "VASP never started")
