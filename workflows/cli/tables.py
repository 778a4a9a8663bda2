"""Tables for the terminal."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from workflows.campaign.calculation import Calculation

if TYPE_CHECKING:
    from rich.console import Console

    from workflows.campaign.arrangements import Choice

COLOURS = {
    "DONE": "green",
    "COMPLETED": "green",
    "PASS": "green",
    "WARN": "yellow",
    "NEEDS_REVIEW": "yellow",
    "RUNNING": "cyan",
    "UNCONVERGED": "red",
    "TRUNCATED": "red",
    "FAILED": "red",
    "FAIL": "red",
    "FIZZLED": "red",
}

PIPED_WIDTH = 170
"""Columns of a table that goes to a file or a pipe."""


def console() -> Console:
    """Return a console as wide as the terminal, or wide enough in a pipe."""
    from rich.console import Console

    found = Console()
    return found if found.is_terminal else Console(width=PIPED_WIDTH)


def warn_once(console: Console, calculations: Iterable[Calculation | Choice]) -> None:
    """Print every note once."""
    for note in dict.fromkeys(note for c in calculations for note in c.notes):
        console.print(f"note: {note}", style="yellow", highlight=False)


def coloured(state: str) -> Text:
    """Colour a state, or a verdict by its first word."""
    return Text(state, style=COLOURS.get(state.partition(" ")[0], ""))


def _table(title: str, caption: str = "") -> Table:
    return Table(
        title=title, caption=caption, box=None, pad_edge=False, header_style="bold"
    )


def _number(value: float, digits: int) -> str:
    return "" if value != value else f"{value:.{digits}f}"


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=1))
