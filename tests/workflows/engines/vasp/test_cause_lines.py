"""The line that a reason quotes is the cause, whatever is printed around it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.labels import LABELS, labelled
from workflows.engines.cause_lines import cause_of_silence
from workflows.engines.vasp.last_words import own_words
from workflows.engines.vasp.launcher_output import never_started

LOCALE = (
    "bash: warning: setlocale: LC_ALL: cannot change locale (en_US.UTF-8): "
    "No such file or directory\n"
)
PERL = (
    "perl: warning: Setting locale failed.\n"
    "perl: warning: Please check that your locale settings:\n"
    '\tLC_ALL = "en",\n    are supported and installed on your system.\n'
)
PRELOAD = (
    "ERROR: ld.so: object '/usr/lib/libxalt_init.so' from LD_PRELOAD cannot be "
    "preloaded (cannot open shared object file): ignored.\n"
)
COMPONENT = (
    "[c1:12345] mca_base_component_repository_open: unable to open mca_fabric_opa: "
    "libpsm2.so.2: cannot open shared object file: No such file (ignored)\n"
)
MOUNT = (
    "WARNING: Skipping mount /etc/localtime [binds]: /etc/localtime doesn't exist in "
    "container: no such file or directory\n"
)
LMOD = (
    "Lmod Warning: the module intel is deprecated, could not find its help file\n"
    "The following have been reloaded with a version change:\n  1) gcc/9 => gcc/11\n"
)
RULE = f"{'-' * 74}\n"
DEVICE = (
    f"{RULE}WARNING: There was an error initializing an OpenFabrics device.\n\n"
    f"  Local host:   c1\n  This may fail on other nodes.\n{RULE}"
)
NOT_FOUND = f"""\
{RULE}mpirun was unable to find the specified executable file, and therefore
did not launch the job.  This error was first reported for process
rank 0; it may have occurred for other processes as well.

NOTE: A common cause for this error is misspelling a mpirun command
      line parameter option (remember that mpirun interprets the first
      unrecognized command line token as the executable).

Node:       c1
Executable: vasp_std
{RULE}"""
EXITED = "srun: error: c1: tasks 0-3: Exited with exit code 127\n"
SHELL = "bash: line 3: vasp_std: command not found\n"
LICENCE = "License checkout failed: server down (-96,7)\n"
STEP_CREATION = "srun: error: Unable to create step for job 12: Job is completing\n"
ACCOUNT = "srun: error: Unable to allocate resources: Invalid account or partition\n"
EXECVE = "slurmstepd: error: execve(): vasp_std: No such file or directory\n"
MOTD = "Welcome. Report any failed job or license problem to help@hpc\n"
TRACEBACK = (
    'Traceback (most recent call last):\n  File "/sw/run", line 30, in main\n'
    "    check_license_or_abort()\n"
)
ERROR_STACK = (
    "Abort(1615503) on node 0 (rank 0 in comm 0): Fatal error in PMPI_Init: Other MPI "
    "error, error stack:\nMPIR_Init_thread(178)......: \nMPID_Init(1532): \n"
    "MPIDI_OFI_mpi_init_hook(1557):  OFI addrinfo() failed\n"
)
NO_START = {
    "a locale, then the shell": ("", LOCALE + SHELL, 127, SHELL),
    "a locale, then a licence": ("", LOCALE + LICENCE, 1, LICENCE),
    "Perl's locale": ("", PERL + "mpirun: could not allocate\n", 1, "mpirun: could"),
    "a preload": ("", PRELOAD * 3 + STEP_CREATION, 1, STEP_CREATION),
    "Open MPI 5": (
        "",
        NOT_FOUND.replace("mpirun", "prterun") + "4 total processes failed to start\n",
        1,
        "prterun was unable to find",
    ),
    "a component of Open MPI": ("", COMPONENT + NOT_FOUND, 134, "mpirun was unable to"),
    "a device of Open MPI": (
        "",
        f"{DEVICE}{RULE}There are not enough slots available\n{RULE}",
        1,
        "There are not enough slots",
    ),
    "a mount": ("", f"{MOUNT}FATAL:   mount error: driver\n", 255, "FATAL: mount"),
    "a module": ("", LMOD + EXECVE + EXITED, 2, EXECVE),
    "a variable": ("", f"srun: warning: LC not found\n{ACCOUNT}", 1, ACCOUNT),
    "a file that is removed": ("", f"rm: cannot remove 'x'\n{LICENCE}", 1, LICENCE),
    "only a file that is not there": ("Loading\n", "cp: no such file\n", 1, "cp: no"),
    "an import": (
        "",
        f"{TRACEBACK}ModuleNotFoundError: No module named 'mpi4py'\n",
        1,
        "ModuleNotFoundError: No module named 'mpi4py'",
    ),
    "a wrapper in Python": ("", f"{SHELL}{TRACEBACK}C: returned 1\n", 1, SHELL),
    "an exception of no known kind": ("", f"{TRACEBACK}X: why\n", 1, "X: why"),
    "a prologue": (
        "No error\n",
        "mpiexec: vasp could not be run\n",
        1,
        "mpiexec: vasp",
    ),
    "German": (
        "",
        "rm: y fehlt\nbash: vasp: Kommando nicht gefunden\n",
        127,
        "bash: v",
    ),
    "French": ("", "module: chargé\nvasp : commande introuvable\n", 127, "vasp : comm"),
    "the shell, then srun": ("", SHELL + EXITED, 127, SHELL),
    "an MPI library's stack": (
        "",
        ERROR_STACK,
        1,
        "Abort(1615503) on node 0 (rank 0 in comm 0): Fatal error in PMPI_Init: Other "
        "MPI error, error stack: OFI addrinfo() failed",
    ),
    "a message of the day": (
        MOTD,
        "mpirun: bad binary\nOpal init: PMIx is away\n",
        1,
        "mpirun: bad binary / Opal init: PMIx is away",
    ),
    "an error on standard output": (
        "ERROR: no queue\n",
        "intel is loaded\n",
        1,
        "ERROR: no queue / intel is loaded",
    ),
    "nothing that is known": ("a\nb\n", "c\nd\n", 1, "c / d"),
    "a warning and nothing else": ("", LOCALE, 1, LOCALE),
}


@pytest.mark.parametrize("kind", NO_START)
def test_no_warning_is_quoted_as_why_a_command_never_started(
    tmp_path: Path, kind: str
) -> None:
    output, errors, code, line = NO_START[kind]
    (tmp_path / "vasp.out").write_text(output)
    (tmp_path / "std_err.txt").write_text(errors)
    found = never_started(tmp_path, code)
    assert found.startswith(f"VASP never started: {line.strip()}")


@pytest.mark.parametrize("ranks", [1, 3])
@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("kind", NO_START)
def test_a_label_before_each_line_hides_no_cause(
    kind: str, label: str, ranks: int
) -> None:
    output, errors, code, _ = NO_START[kind]
    texts = [labelled(text, LABELS[label], ranks) for text in (errors, output)]
    plain = ranks * errors, ranks * output
    assert cause_of_silence(texts, code) == cause_of_silence(plain, code)


@pytest.mark.parametrize(
    "line",
    [
        "vasp6: licence not found",
        "[c1:12345] licence not found",
        "[proxy:0:0@c1] licence not found",
        "12:30:05 licence not found",
    ],
)
def test_what_is_no_label_is_quoted(line: str) -> None:
    assert cause_of_silence([line]) == line


STEP = "DAV:   1    -0.100E+02   -0.10000E+00   -0.10E+00   100   0.1E+00    0.1E+00\n"
SEGMENTATION = "forrtl: severe (174): SIGSEGV, segmentation fault occurred\n"
OOM = "slurmstepd: error: Detected 1 oom_kill event in StepId=1.0.\n"
PREEMPTED = (
    "slurmstepd: error: *** STEP 12.0 ON c1 CANCELLED AT 2026-12-01T00:00:00 DUE TO "
    "PREEMPTION ***\n"
)
SIGNAL = "mpirun noticed that process rank 3 on node c1 exited on signal 9 (Killed).\n"
CUDA = "FAILED: cuMemAlloc_v2 returned error 2 (CUDA_ERROR_OUT_OF_MEMORY)\n"
CHGCAR = " ERROR: charge density could not be read from file CHGCAR\n"
ADVICE = f"""\
 {RULE}|           W    W    AA    RRRRR   N    N  II  N    N   GGGG   !!!           |
|      a larger NCORE may fail                                                |
 {RULE}"""
ENDS = {
    "a preload": ("", PRELOAD + SEGMENTATION, "standard error says: forrtl: severe"),
    "a limit": (
        "",
        f"bash: ulimit: stack size: cannot modify limit\n{OOM}",
        f"standard error says: {OOM}",
    ),
    "a transport": (
        "",
        f"[c1:1] Error: btl could not be opened, using tcp\n{RULE}{SIGNAL}{RULE}",
        f"its launcher said: {SIGNAL}",
    ),
    "a fallback": (
        "",
        f"NCCL WARN Failed to find libcuda.so (using fallback)\n{CUDA}",
        f"standard error says: {CUDA}",
    ),
    "a preemption": (
        "",
        f"{PREEMPTED}srun: error: c1: task 0: Terminated\n",
        f"standard error says: {PREEMPTED}",
    ),
    "an advice": (ADVICE + CHGCAR, "", f"VASP said: {CHGCAR.strip()}"),
    "only an advice": (ADVICE, "", "VASP said before: a larger NCORE may fail"),
    "an error before the last step": (
        CHGCAR + STEP,
        "",
        f"VASP said before: {CHGCAR.strip()}",
    ),
    "a warning and nothing else": ("", LOCALE, "the last line of VASP: DAV: 1 "),
}


@pytest.mark.parametrize("kind", ENDS)
def test_no_warning_is_quoted_as_why_vasp_ended(tmp_path: Path, kind: str) -> None:
    output, errors, line = ENDS[kind]
    (tmp_path / "vasp.out").write_text(STEP + output)
    (tmp_path / "std_err.txt").write_text(errors)
    assert own_words(tmp_path).startswith(line.strip())
