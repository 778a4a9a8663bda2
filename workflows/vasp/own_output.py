"""Which part of a standard output VASP printed, and not the script that starts it.

A script may quote errors of VASP before VASP begins and after it ends. What cannot be
told apart is taken for VASP's: an error that is not seen is not mended.

- A rank that ends early may print before the first rank has: its lines come before
  VASP's first one. Fortran begins them with a blank, a box begins with a bar, and a
  launcher puts a label before them. Such lines are VASP's unless it has one rank.
- What follows the last line of a VASP that did not come to its end may be its error.
- A script may merge the two streams, so VASP may begin on either. On the other stream
  nothing tells when a line was printed: it is VASP's by its form alone, or by that of
  the Fortran library's message that memory is exhausted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from workflows.vasp.launcher_labels import without_label
from workflows.vasp.standard_output import (
    ELECTRONIC,
    IONIC,
    any_begins,
    begins,
    ranks_told,
    starts,
    steps_printed,
)

_DONE = "PROFILE, used timers:"
"""What VASP 6 prints when it is done."""
_NEAR_END = "writing wavefunctions"
"""What any VASP prints last, but for what ends it there."""
_MEMORY = "Allocation would exceed memory limit"
_LIBRARY = re.compile(rf"\s*(?:[\w.-]+: |Fortran runtime error: )*{_MEMORY}\.?\s*")
"""Of gfortran's library, which puts no blank before it; a launcher may name itself."""


@dataclass(frozen=True)
class Streams:
    """What a VASP command printed, and what is known of it.

    Attributes
    ----------
    output, errors
        Standard output and standard error.
    runs, ended_well
        As :func:`own_output` takes them.
    begun
        Whether VASP has opened a file of its own.
    """

    output: str
    errors: str
    runs: bool = False
    ended_well: bool = False
    begun: bool = False

    @cached_property
    def own_output(self) -> str:
        """Return what of standard output may be VASP's."""
        if self.merged and not _is_of_vasp(self.output):
            return _by_form(self.output)
        return own_output(self.output, runs=self.runs, ended_well=self.ended_well)

    @cached_property
    def own_errors(self) -> str:
        """Return what of standard error may be VASP's."""
        if self.merged:
            return own_output(self.errors, runs=self.runs, ended_well=self.ended_well)
        if _is_of_vasp(self.output):
            return _by_form(self.errors)
        return "" if self.runs and not self.begun else self.errors

    @cached_property
    def merged(self) -> bool:
        """Return whether standard error has what VASP prints on standard output."""
        return _is_of_vasp(self.errors)


def own_output(text: str, *, runs: bool = False, ended_well: bool = False) -> str:
    """Return the part of a standard output that may be VASP's.

    Parameters
    ----------
    text
        What the VASP command printed.
    runs
        Whether the command still runs. VASP may then be still to begin: nothing is
        VASP's before its first lines or a step. Once the command has ended, a text
        without these lines is that of a VASP that is not recognised, and VASP's.
    ended_well
        Whether OUTCAR shows that VASP came to its end. What follows its last step is
        then known not to be an error that ended it.
    """
    lines = text.split("\n")
    begun = [n for n, line in enumerate(lines) if begins(_bytes(line))]
    if not begun:
        return "" if runs and not steps_printed(text) else text
    first = begun[0]
    alone = (
        ranks_told(_bytes(lines[first])) == 1 and starts(map(_bytes, lines)).count == 1
    )
    end, done = _end(lines[begun[-1] :], ended_well)
    end += begun[-1]
    before = () if alone else _perhaps_of_a_rank(lines[:first])
    after = () if alone and done else _perhaps_of_a_rank(lines[end:])
    return "\n".join([*before, *lines[first:end], *after])


def _end(lines: list[str], ended_well: bool) -> tuple[int, bool]:
    """Return how many lines VASP had printed for sure, and whether those were all."""
    words = [without_label(line) for line in lines]
    marks = (_DONE, _NEAR_END) if ended_well else (_DONE,)
    last = [n for n, line in enumerate(words) if line.strip().startswith(marks)]
    if last:
        return last[-1] + 1, True
    steps = [n for n, line in enumerate(words) if _is_step(line)] if ended_well else []
    return (steps[-1] + 1 if steps else len(lines)), False


def _is_step(line: str) -> bool:
    return any(kind.match(line) for kind in (IONIC, ELECTRONIC))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _is_of_vasp(text: str) -> bool:
    return any_begins(_bytes(text)) or bool(steps_printed(text))


def _by_form(text: str) -> str:
    lines = text.split("\n")
    library = (line for line in lines if _MEMORY in line and _LIBRARY.fullmatch(line))
    return "\n".join([*_perhaps_of_a_rank(lines), *library])


def _perhaps_of_a_rank(lines: Iterable[str]) -> list[str]:
    return [
        line
        for line in lines
        if line[:1] in (" ", "\t", "|") or without_label(line) != line
    ]
