"""A table that fits the terminal: text is folded, numbers are whole or not shown.

What does not fit is named below the table, with the way to see it. State, insertion
model, what lithium ended as and notes are always shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from workflows.errors import printable

GAP = 2
"""Columns of space between two columns of a table."""
SMALLEST = 4
"""Columns that folded text gets at the least, on a terminal that is too narrow."""
NARROW = 12
"""Columns that folded text needs, as NEEDS_REVIEW; a longer single word is folded."""


@dataclass(frozen=True)
class Part:
    """One column of a table on a screen.

    Attributes
    ----------
    head
        Its name.
    cells
        One for each row; a number is never cut.
    folds
        Whether the cells are text, which is folded.
    rank
        0 for what is always shown; the largest is hidden first.
    """

    head: str
    cells: tuple[str | Text, ...]
    folds: bool = False
    rank: int = 0

    def __post_init__(self) -> None:
        """Make every cell one line of printable characters."""
        object.__setattr__(self, "cells", tuple(map(_one_line, self.cells)))

    @property
    def whole(self) -> int:
        """Width without folding."""
        return max((len(str(cell)) for cell in (self.head, *self.cells)), default=0)

    @property
    def least(self) -> int:
        """Smallest width that is read easily."""
        if not self.folds:
            return self.whole
        words = [
            word for cell in (self.head, *self.cells) for word in str(cell).split()
        ]
        longest = max(map(len, words), default=0)
        return min(self.whole, max(min(longest, NARROW), len(self.head)))


def _one_line(cell: str | Text) -> str | Text:
    if isinstance(cell, str):
        return printable(cell)
    plain = printable(cell.plain)
    return cell if plain == cell.plain else Text(plain, style=cell.style)


def fitted(
    parts: Sequence[Part], screen: Console, *, title: str, caption: str = ""
) -> Table:
    """Return a table of the columns that fit a screen.

    Parameters
    ----------
    parts
        In order; all have as many cells.
    screen
        Its width counts.
    title, caption
        Above and below; what is hidden is added to the caption.
    """
    shown = list(parts)
    while _width(shown) > screen.width and any(part.rank for part in shown):
        shown.remove(max(reversed(shown), key=lambda part: part.rank))
    hidden = [part.head for part in parts if part not in shown]
    if hidden:
        way = "a wider terminal, --csv or --json shows them"
        note = f"hidden at {screen.width} columns: {', '.join(hidden)}; {way}"
        caption = f"{caption}\n{note}" if caption else note
    table = Table(
        title=title, caption=caption, box=None, pad_edge=False, header_style="bold"
    )
    for part, width in zip(shown, _widths(shown, screen.width), strict=True):
        table.add_column(
            part.head,
            justify="left" if part.folds else "right",
            overflow="fold",
            width=width,
        )
    for row in zip(*(part.cells for part in shown), strict=True):
        table.add_row(*row)
    return table


def _width(parts: Sequence[Part]) -> int:
    """Return the width as rich counts it: with padding at both edges."""
    return sum(part.least + GAP for part in parts)


def _widths(parts: Sequence[Part], width: int) -> list[int]:
    """Share a width: numbers are whole, text gets the rest, a column at a time."""
    found = [part.least for part in parts]
    left = width - _width(parts)
    texts = [n for n, part in enumerate(parts) if part.folds]
    while left > 0:
        short = [n for n in texts if found[n] < parts[n].whole]
        if not short:
            break
        widest = max(short, key=lambda n: parts[n].whole / found[n])
        found[widest] += 1
        left -= 1
    while left < 0 and any(found[n] > SMALLEST for n in texts):
        widest = max(texts, key=lambda n: found[n])
        found[widest] -= 1
        left += 1
    return found
