"""What a launcher puts before each line that a program prints.

``mpirun --tag-output`` prints ``[1,0]<stdout>:``, ``srun --label`` prints ``0:``, and
Intel MPI and MPICH with ``-l`` print ``[0]``.
"""

from __future__ import annotations

import re
from itertools import chain

_TIME = r"[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}"
LABEL = (
    rf"(?:{_TIME}(?=[<\[])(?:\[[^\]\n]*\])?"
    r"|(?:\[[^\]\n]*\]){1,2}|[\w.-]*\d(?=:))(?:<\w+>)?:?"
)
"""Any label, with the name of a host too, where the rest of the line is known to be
VASP's."""
_SURE = re.compile(
    rf"(?:{_TIME})?(?P<open>\[[^\]\s]*,[^\]\s]*\])(?:\[[^\]\s]*\])?<\w+>:? ?"
    rf"|{_TIME}<\w+>:? ?|(?P<intel>\[\d+\])(?: |$)| *(?P<srun>\d+):(?: |$)"
)
"""A label of a rank, whatever follows. ``vasp6:`` or ``[c1:12345]`` may be part of
what a program says."""


def without_label(line: str) -> str:
    """Return a line without the label of a rank; the line itself if it has none."""
    found = _SURE.match(line)
    return line[found.end() :] if found else line


def unlabelled(text: str) -> str:
    """Return a text without the labels of ranks.

    Of lines that follow each other, those of one rank are put together: the ranks print
    at once, and a box of one is cut by the lines of the others.
    """
    put: list[str] = []
    ranks: dict[str, list[str]] = {}
    for line in text.splitlines():
        if found := _SURE.match(line):
            rank = next(filter(None, found.groups()), "")
            ranks.setdefault(rank, []).append(line[found.end() :])
            continue
        put += chain.from_iterable(ranks.values())
        ranks = {}
        put.append(line)
    return "\n".join([*put, *chain.from_iterable(ranks.values())])
