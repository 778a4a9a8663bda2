"""What VASP prints on its standard output, and how many VASPs printed it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from workflows.counts import count_of
from workflows.vasp.launcher_labels import LABEL

IONIC = re.compile(r"^ *\d+ (?:F=|T=).*$", re.MULTILINE)
ELECTRONIC = re.compile(r"^ *[A-Z]{3}: +\d+ ", re.MULTILINE)
"""Lines of OSZICAR and of standard output."""
_LABELS = re.compile(f"^ *{LABEL}", re.MULTILINE)
_NUMBER = rb"[ \d]{4}\d"
_RUNNING = rb"(?:(?<= )running|running(?= on  |  ))"
"""Of VASP, which leaves a blank before it; numbers of four digits have no other mark.
"""
_RANKS = re.compile(
    rb"%b on%b (?:total cores|nodes)"
    rb"|%b%b mpi-ranks, with%b threads/rank(?:, on%b nodes)?"
    % (_RUNNING, _NUMBER, _RUNNING, _NUMBER, _NUMBER, _NUMBER)
)
_VERSION = re.compile(
    rb"vasp\.\d[\d.]*[ .]\d\d?[A-Z][a-z]{2}\d\d\S* +\(build [^)\n]*\) +"
    rb"(?:complex|gamma-only)\b"
)
"""The two lines with which every VASP begins; a serial build prints the second only."""
_LOOP = b"entering main loop"
_BEGIN = re.compile(
    rb"^(?: *(?:%b)? *(?:%b|%b|distrk?:[^:\n]*groups|%b))+\s*$"
    % (LABEL.encode(), _RANKS.pattern, _VERSION.pattern, _LOOP)
)
"""Several VASPs may share a line, but a line that says more is not VASP's: wrappers
and modules print ranks and versions too."""
_MARK = re.compile(rb"running|vasp\.|%b" % _LOOP)
"""In every first line."""
_LONGEST_FIRST_LINE = 10_000
"""Characters; the lines of many VASPs may come as one, rubbish as a longer one."""
_NOT_AT_ONCE = re.compile(rb"vasp\.\d|running|POSCAR|[A-Z]{3}: +\d+ | F= ")
"""Of two VASPs that enter their loops at once, none prints this in between."""


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
    """Count the VASPs that printed a text.

    Each VASP of an MPI build tells its ranks, so that its versions need not be counted.
    VASPs that enter their loops side by side are several, whatever else is printed.
    """
    ranks = versions = together = side_by_side = 0
    overlap, loop = False, False
    for line in lines:
        own = begins(line)
        begun = len(_RANKS.findall(line)) if own else 0
        named = len(_VERSION.findall(line)) if own else 0
        ranks, versions = ranks + begun, versions + named
        if begun or named:
            loop = False
        if _NOT_AT_ONCE.search(line):
            side_by_side = 0
        if loops := line.count(_LOOP):
            overlap = overlap or loop or loops > 1
            loop = True
            side_by_side += loops if own else 0
            together = max(together, side_by_side)
    count = ranks or versions
    at_once = together > 1 or (overlap and count > 1)
    return Starts(max(count, together) if at_once else count, at_once=at_once)


def begins(line: bytes) -> bool:
    """Return whether a line is one of those with which every VASP begins."""
    if _MARK.search(line) is None or len(line) > _LONGEST_FIRST_LINE:
        return False
    return _BEGIN.match(line) is not None


def any_begins(text: bytes) -> bool:
    """Return whether a line of a text is one with which every VASP begins."""
    return bool(_MARK.search(text)) and any(map(begins, text.split(b"\n")))


def ranks_told(line: bytes) -> int | None:
    """Return how many ranks a VASP has by its first line; None if it is another."""
    found = _RANKS.search(line) if begins(line) else None
    digits = re.search(rb"\d+", found[0]) if found else None
    return int(digits[0]) if digits else None


def steps_printed(text: str) -> str:
    """Return how many steps VASP printed, in words; empty for none."""
    text = _LABELS.sub("", text)
    ionic, electronic = len(IONIC.findall(text)), len(ELECTRONIC.findall(text))
    if not (ionic or electronic):
        return ""
    return f"{count_of(ionic, 'ionic step')}, {count_of(electronic, 'electronic step')}"
