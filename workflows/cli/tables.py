"""Tables for the terminal. Imports rich, so ``lnmo --help`` must not reach it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from workflows.campaign.arrangements import HostArrangements
from workflows.campaign.calculation import Calculation
from workflows.errors import printable

COLOURS = {
    "DONE": "green",
    "COMPLETED": "green",
    "PASS": "green",
    "WARN": "yellow",
    "NEEDS_REVIEW": "yellow",
    "RUNNING": "cyan",
    "UNCONVERGED": "red",
    "TRUNCATED": "red",
    "NEVER_STARTED": "red",
    "FAILED": "red",
    "FAIL": "red",
    "FIZZLED": "red",
}

PIPED_WIDTH = 170
"""Columns of a table that goes to a file or a pipe: the widest table fits."""


def console() -> Console:
    """Return a console as wide as the terminal, or wide enough in a pipe.

    Text is printed as it is: what a launcher or a user wrote in brackets is no markup.
    """
    found = Screen(markup=False, emoji=False)
    if not found.is_terminal:
        found = Screen(width=PIPED_WIDTH, markup=False, emoji=False)
    return found


class Screen(Console):
    """A console that shows control characters of names, and sends only its own."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Render as rich does, with every text printable."""
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                lines = map(printable, segment.text.split("\n"))
                yield Segment("\n".join(lines), segment.style)


def print_notes(console: Console, notes: Iterable[str]) -> None:
    """Print each different note once."""
    for note in dict.fromkeys(notes):
        console.print(f"note: {printable(note)}", style="yellow", highlight=False)


def notes_of(planned: Iterable[Calculation | HostArrangements]) -> Iterable[str]:
    """Return the notes of calculations or arrangements."""
    return (note for each in planned for note in each.notes)


def coloured(state: str) -> Text:
    """Return a state, or a verdict, in the colour of its first word."""
    return Text(state, style=COLOURS.get(state.partition(" ")[0], ""))


def joined(parts: Iterable[tuple[str | Text, ...]]) -> Text:
    """Return texts of several parts, side by side."""
    return Text("  ").join(Text.assemble(*each) for each in parts)


def make_table(title: str | None = None, caption: str | None = None) -> Table:
    """Return an empty table without lines."""
    return Table(
        title=title, caption=caption, box=None, pad_edge=False, header_style="bold"
    )


def is_missing(value: Any) -> bool:
    """Return whether a cell has no value: None or not a number."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def number(value: Any, digits: int) -> str:
    """Return a number with so many decimals; empty if it is missing."""
    return "" if is_missing(value) else f"{value:.{digits}f}"
