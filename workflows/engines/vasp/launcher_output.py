"""What a launcher or VASP printed, if no file of VASP's own is there.

Launchers frame their messages with rules and say the same thing several times;
`engines/cause_lines.py` says which line is the cause.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from workflows.engines.cause_lines import (
    MOST_CHARACTERS,
    cause_of_silence,
    started_nothing,
)
from workflows.engines.exit_status import ended_by, was_killed
from workflows.errors import StoreError
from workflows.vasp.log_text import read_log, shown
from workflows.vasp.standard_output import starts, steps_printed

NEVER_STARTED = "VASP never started"
"""First words of the reason; the state of such a step is NEVER_STARTED."""
ELSEWHERE = "VASP ran, but not in its directory"
"""First words of the reason of a run whose files VASP wrote to another place."""
LEFT_BEHIND = "the VASP command ended before VASP"
"""First words of the reason of a run whose VASP was started in the background."""
WROTE_NOTHING = "the VASP command wrote nothing of VASP here"
"""First words of the reason of a run that has no output, and perhaps had a VASP."""
NO_POTCAR = "there is no POTCAR here"
"""In the reason of a VASP that ended before it had read one."""
STARTED = ("OUTCAR", "OSZICAR", "vasprun.xml")
"""Files that VASP opens before it reads its inputs, and keeps open until it ends."""
LOGS = ("std_err.txt", "vasp.out")
"""Standard error and output of VASP, as custodian names them."""
CORRECT = "correct the VASP command or its environment"
MUST_WAIT = (
    "it must wait until VASP ends (srun or mpirun in the foreground; no &, no sbatch)"
)
LATE = "a retry first reads files that come later"
HEAD_BYTES = 50_000
"""Read of a log at its head, and as many at its tail."""
LONGEST_LINE = 2_000

_RULE = re.compile(r"[\W_]*$")


def never_started(directory: Path, returncode: int | None = None) -> str:
    """Return why no file of VASP is in a directory; empty if there is one.

    It says that VASP never started only if the command failed before VASP printed.

    Parameters
    ----------
    directory
        Of a run whose launcher has ended.
    returncode
        Of the launcher, as ``Popen`` has it; None if it is unknown.
    """
    if any((directory / name).exists() for name in STARTED):
        return ""
    texts = [_ends(directory / name) for name in LOGS]
    nothing = started_nothing(texts, returncode)
    ended = ended_by(returncode, started_nothing=nothing)
    told = f" ({ended})" if ended else ""
    files = ", ".join(STARTED)
    if printed := steps_printed("\n".join(texts)):
        return (
            f"{ELSEWHERE}: its output here has {printed}, but there is no {files}{told}"
            "; correct the VASP command: it must stay where it starts (no cd, no "
            f"--chdir), or copy all files back before it ends; {LATE}"
        )
    said = cause_of_silence(texts, returncode)
    words = said or "the command printed nothing"
    if returncode == 0 or began(directory):
        shown = f"it printed: {said}" if said else "it printed nothing"
        return (
            f"{WROTE_NOTHING}: no {files}{told}; {shown}. Correct the "
            f"command: {MUST_WAIT}, in this directory, or copy all files back before "
            f"it ends; {LATE}"
        )
    if was_killed(returncode) and not nothing:
        return f"{NEVER_STARTED}: {words}; {ended}"
    return f"{NEVER_STARTED}: {words}{told}; {CORRECT}"


def began(directory: Path) -> bool:
    """Return whether a VASP printed the lines with which every one begins."""
    ends = (_ends(directory / name).encode() for name in LOGS)
    return any(starts(text.splitlines()).count for text in ends)


def left_behind(pids: Iterable[int]) -> str:
    """Say that a command ended, with code 0, and left VASP running.

    ``pids``: processes that still write there, and that are not ours to end.
    """
    others = ", ".join(map(str, pids))
    still = f"process {others} still writes here: end it" if others else "it was ended"
    return (
        f"{LEFT_BEHIND} (exit code 0), which ran on; {still}. Correct the command: "
        f"{MUST_WAIT}"
    )


def last_meaningful_line(path: Path) -> str:
    """Return the last line of a log that is not a rule of dashes; empty for none."""
    try:
        lines = read_log(path, 4_000).text.splitlines()
    except (OSError, StoreError):
        return ""
    said = [words for line in lines if not _RULE.match(words := shown(line))]
    return said[-1][:MOST_CHARACTERS] if said else ""


def _ends(path: Path) -> str:
    """Return head and tail of what a launcher printed, without endless lines."""
    try:
        text = read_log(path, 2 * HEAD_BYTES).text
    except (OSError, StoreError):
        return ""
    return "\n".join(line[:LONGEST_LINE] for line in text.splitlines())
