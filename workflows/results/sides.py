"""Groups of results by the value of a setting that one table must share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from workflows.counts import count_of
from workflows.errors import printable
from workflows.records.document import TaskDocument

PLACES = ("first", "second", "third")
"""Names of the values that are shown; more are counted."""
MOST_NAMED = 3
"""Calculations of one side that are named; the others are counted."""
APART = (
    "Exclude the smaller group with --x or --variant (Python: .select). If it does not "
    "belong here, rename the directory of each of its steps, and of the steps after "
    "it, to NAME.aside: the next run computes them again"
)


class Side:
    """The documents that share a value."""

    def __init__(self, value: Any) -> None:
        self.value = value
        self._own: dict[str, TaskDocument] = {}

    def add(self, document: TaskDocument) -> None:
        """Add a document; a calculation is named by the first of its steps."""
        self._own.setdefault(document.calculation_id or document.dir_name, document)

    @property
    def size(self) -> int:
        """Number of calculations."""
        return len(self._own)

    def in_words(self) -> str:
        """Return how many calculations, and which: id, x, directory."""
        named = ", ".join(_name(d) for d in list(self._own.values())[:MOST_NAMED])
        more = self.size - MOST_NAMED
        rest = f" and {more} more" if more > 0 else ""
        return f"{count_of(self.size, 'calculation')}: {named}{rest}"


def _name(document: TaskDocument) -> str:
    at = document.reference or ("" if document.x is None else f"x = {document.x:g}")
    words = (document.calculation_id or "", at, document.dir_name)
    return printable(" ".join(word for word in words if word))


def sides_in_words(sides: Iterable[Side], shown: Sequence[str] | None = None) -> str:
    """Return all sides, that of the fewest calculations first, else as they came."""
    found = list(sides)
    words = [str(s.value) for s in found] if shown is None else shown
    pairs = sorted(zip(found, words, strict=True), key=lambda pair: pair[0].size)
    own = pairs[: len(PLACES)]
    values = " | ".join(word for _, word in own)
    named = "; ".join(
        f"the {place} in {side.in_words()}"
        for place, (side, _) in zip(PLACES, own, strict=False)
    )
    left = len(pairs) - len(own)
    more = f"; {count_of(left, 'more value')}" if left else ""
    return f"{values} ({named}{more})"
