"""What a launcher puts before each line that a program prints.

``mpirun --tag-output`` prints ``[1,0]<stdout>:``, ``srun --label`` prints ``0:``, and
Intel MPI and MPICH with ``-l`` print ``[0]``.
"""

from __future__ import annotations

import re

_TIME = r"[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}"
LABEL = (
    rf"(?:{_TIME}(?=[<\[])(?:\[[^\]\n]*\])?"
    r"|\[[^\]\n]*\]|[\w.-]*\d(?=:))(?:<\w+>)?:?"
)
"""Any label, with the name of a host too, where the rest of the line is known to be
VASP's."""
_SURE = re.compile(
    rf"(?:{_TIME})?\[[^\]\s]*,[^\]\s]*\](?:\[[^\]\s]*\])?<\w+>:? ?"
    rf"|{_TIME}<\w+>:? ?|\[\d+\](?: |$)| *\d+:(?: |$)"
)
"""A label of a rank, whatever follows. ``vasp6:`` or ``[c1:12345]`` may be part of
what a program says."""


def without_label(line: str) -> str:
    """Return a line without the label of a rank; the line itself if it has none."""
    return _SURE.sub("", line, count=1) if _SURE.match(line) else line
