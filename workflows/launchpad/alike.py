"""Whether two messages say the same, whatever numbers and names they carry.

Launchers print a host, a process number, a job step, a time or a file of their own in
every line: ``[c1:17081] mca_base...``, ``(request 1)``, ``Tue Dec 1 12:30:01``.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from workflows.engines.exit_status import CODES, SIGNALS

LIKENESS = 0.9
"""Least share of common words: one may be cut off, or be a name without a digit."""
_CHANGING = re.compile(
    r"(?<![\w.])/[^\s:'\"]*|[\w.-]*\d[\w.-]*|"
    r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b"
)
"""A path, a word with a digit in it (a number, a pid, a host, a time, an address, a
file), or part of a date."""
_OURS = re.compile(
    "|".join(
        (
            r"^\w+ never started: ",
            r"^the VASP command wrote nothing of VASP here: .*?; it printed:? ",
            r"[;.] correct the (?:\w+ )?command.*",
            r"; there is no POTCAR here: .*",
            r": perhaps killed by signal \d+(?: \(\w+\))?",
            *(f": {re.escape(cure)}" for cure in (*SIGNALS.values(), *CODES.values())),
        )
    ),
    re.IGNORECASE,
)
"""Sentences of this program around the line of a launcher: the same for all causes."""


def alike(one: str, other: str) -> bool:
    """Return whether two messages are the same but for what changes each time.

    Only what a launcher said, and how it ended, is compared.
    """
    first, second = (_CHANGING.sub("#", _theirs(text)).split() for text in (one, other))
    likeness = SequenceMatcher(None, first, second, autojunk=False).ratio()
    return likeness >= LIKENESS


def _theirs(message: str) -> str:
    return _OURS.sub("", message).strip() or message
