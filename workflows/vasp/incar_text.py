"""An INCAR as text: every tag as it was written, read the way VASP reads it.

pymatgen turns values into Python and keeps the last of two equal tags. A linter has
to see what was written (a dict, a tag given twice, a line without ``=``), and VASP
takes the first of two.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][-+]?\d+)?")
MAX_VALUES = 1_000_000
"""More numbers than that in one tag are a mistake, not a cell."""


@dataclass(frozen=True)
class IncarText:
    """Tags of one INCAR.

    Attributes
    ----------
    tags
        Upper-case tag -> its text, comments removed; the first where VASP meets two.
    later
        Tag given again -> the texts that VASP does not read.
    stray
        Lines without ``=``, comments removed.
    """

    tags: Mapping[str, str] = field(default_factory=dict)
    later: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    stray: tuple[str, ...] = ()

    def __contains__(self, tag: str) -> bool:
        """Tell whether a tag is set."""
        return tag in self.tags

    def numbers(self, tag: str) -> tuple[float, ...] | None:
        """Return the numbers of a tag, ``4*-2`` written out; None if it is not set.

        Reading stops at the first word that is no number, as VASP's does.
        """
        if tag not in self.tags:
            return None
        found: list[float] = []
        for word in self.tags[tag].replace(",", " ").split():
            values = _expanded(word)
            if values is None or len(found) + len(values) > MAX_VALUES:
                break
            found += values
        return tuple(found)

    def number(self, tag: str, default: float) -> float:
        """Return the first number of a tag, or VASP's default."""
        return (self.numbers(tag) or (default,))[0]

    def flag(self, tag: str, *, default: bool = False) -> bool:
        """Return a logical as Fortran reads it: ``.TRUE.``, ``T``, ``true``."""
        letter = self.tags.get(tag, "").lstrip(". ")[:1].upper()
        return {"T": True, "F": False}.get(letter, default)

    def word(self, tag: str, default: str = "") -> str:
        """Return the first word of a tag, upper case."""
        words = self.tags.get(tag, "").split()
        return words[0].upper() if words else default


def read_incar(text: str) -> IncarText:
    r"""Read an INCAR: comments (``#``, ``!``), ``;``, and ``\`` at line ends."""
    tags: dict[str, str] = {}
    later: dict[str, list[str]] = {}
    stray: list[str] = []
    for statement in _statements(text):
        tag, equals, value = statement.partition("=")
        tag, value = tag.strip().upper(), value.strip()
        if not equals:
            stray.append(statement.strip())
        elif tag in tags:
            later.setdefault(tag, []).append(value)
        else:
            tags[tag] = value
    again = {tag: tuple(values) for tag, values in later.items()}
    return IncarText(tags, again, tuple(stray))


def _statements(text: str) -> list[str]:
    lines = [re.split("[#!]", line, maxsplit=1)[0] for line in text.splitlines()]
    joined = re.sub(r"\\[ \t]*(\n|$)", " ", "\n".join(lines))
    # A quoted value may hold newlines and semicolons.
    quoted = re.findall(r'[^\n;"]*"[^"]*"?|[^\n;]+', joined)
    return [part.replace("\n", " ") for part in quoted if part.strip()]


def _expanded(word: str) -> list[float] | None:
    """Return the numbers of ``0.6`` or ``4*0.6`` or ``2*4*0.6``; None for a word."""
    *repeats, value = word.split("*")
    if not NUMBER.fullmatch(value) or not all(r.isdigit() for r in repeats):
        return None
    count = 1
    for repeat in repeats:
        count *= int(repeat[:9])
    if count > MAX_VALUES:
        return None
    return [float(value.upper().replace("D", "E"))] * count
