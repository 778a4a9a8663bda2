"""What VASP prints on its standard output, and how many VASPs printed it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from workflows.counts import count_of

IONIC = re.compile(r"^ *\d+ (?:F=|T=).*$", re.MULTILINE)
ELECTRONIC = re.compile(r"^ *[A-Z]{3}: +\d+ ", re.MULTILINE)
"""Lines of OSZICAR and of standard output."""
_RANK = (
    rb"running on +\d+ (?:total cores|nodes)"
    rb"|running +\d+ mpi-ranks, with +\d+ threads/rank(?:, on +\d+ nodes)?"
)
_RANKS = re.compile(rb"^(?: *(?:%b|distrk?:[^:]*groups))+\s*$" % _RANK)
_EACH_RANK = re.compile(_RANK)
_VERSION = re.compile(rb"^ *vasp\.\d[^(\n]*?\d\d?[A-Z][a-z]{2}\d\d\b")
"""The two lines with which every VASP begins; a serial build prints the second only.
Two VASPs may share a line, but a launcher's line that says more is not VASP's."""
_LOOP = b"entering main loop"


@dataclass(frozen=True)
class Starts:
    """How many VASPs began to print to one standard output.

    Attributes
    ----------
    count
        How many.
    at_once
        Whether two of them computed at the same time. Otherwise one may have begun
        after the other, or their lines are not in the order of time.
    """

    count: int
    at_once: bool


def starts(lines: Iterable[bytes]) -> Starts:
    """Count the VASPs that printed a text."""
    ranks = versions = 0
    at_once = loop = False
    for line in lines:
        begun = len(_EACH_RANK.findall(line)) if _RANKS.match(line) else 0
        ranks += begun
        versions += _VERSION.match(line) is not None
        if begun or _VERSION.match(line):
            loop = False
        elif _LOOP in line:
            at_once = at_once or loop or line.count(_LOOP) > 1
            loop = True
    count = max(ranks, versions)
    return Starts(count, at_once=at_once and count > 1)


def steps_printed(text: str) -> str:
    """Return how many steps VASP printed, in words; empty for none."""
    ionic, electronic = len(IONIC.findall(text)), len(ELECTRONIC.findall(text))
    if not (ionic or electronic):
        return ""
    return f"{count_of(ionic, 'ionic step')}, {count_of(electronic, 'electronic step')}"
