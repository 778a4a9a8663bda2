"""Whether two messages say the same, whatever numbers and names they carry.

Launchers print a host, a process number, a job step, a time or a file of their own in
every line: ``[c1:17081] mca_base...``, ``(request 1)``, ``Tue Dec 1 12:30:01``.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher

LIKENESS = 0.9
"""Least share of common words: one may be cut off, or be a name without a digit."""
_CHANGING = re.compile(r"[\w.-]*\d[\w.-]*")
"""A word with a digit in it: a number, a pid, a host, a time, an address, a file."""


def alike(one: str, other: str) -> bool:
    """Return whether two messages are the same but for what changes each time."""
    first, second = (_CHANGING.sub("#", text).split() for text in (one, other))
    likeness = SequenceMatcher(None, first, second, autojunk=False).ratio()
    return likeness >= LIKENESS
