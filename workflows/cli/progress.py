"""Live progress of a run: which x, which step, how long, what is left."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from workflows.cli.tables import coloured, console
from workflows.counts import count_of
from workflows.errors import printable
from workflows.launchpad.events import Event

_STATES = {
    "started": "RUNNING",
    "ended": "COMPLETED",
    "failed": "FIZZLED",
    "stopped": "READY",
}


class Display:
    """A live table on a terminal; one line an event elsewhere (logs, CI).

    Parameters
    ----------
    steps
        fw_id, calculation_id, step, state and name of every Firework.
    jobs
        Number of workers, for the estimate of what is left.
    """

    def __init__(self, steps: Sequence[Mapping[str, Any]], *, jobs: int) -> None:
        self._console = console()
        self._jobs = jobs
        self._began = time.monotonic()
        self._names = {_key(s): str(s["name"]) for s in steps}
        self._states = {_key(s): str(s["state"]) for s in steps}
        self._texts: dict[tuple[str, str], str] = {}
        self._running: dict[tuple[str, str], float] = {}
        self._took: list[float] = []
        self.printed: set[str] = set()
        self._live = Live(console=self._console, auto_refresh=False, transient=True)

    def __enter__(self) -> Display:
        """Start drawing."""
        left = sum(state != "COMPLETED" for state in self._states.values())
        self._console.print(
            f"{count_of(len(self._states), 'step')}, {left} to do, "
            f"{count_of(self._jobs, 'worker')}"
        )
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop drawing."""
        if self._console.is_terminal:
            self._live.stop()

    def show(self, event: Event) -> None:
        """Take an event in."""
        key = (event.calculation_id, event.step)
        if event.kind == "started":
            self._names.setdefault(key, event.name)  # a re-seed came while it ran
            self._running[key] = time.monotonic()
        elif event.kind in _STATES:
            self._running.pop(key, None)
        if event.kind == "ended":  # how long a failure took says nothing of the rest
            self._took.append(event.seconds)
        if event.kind in _STATES:
            self._states[key] = _STATES[event.kind]
        if event.text:
            self._texts[key] = event.text
        if self._console.is_terminal:
            self._live.update(self._drawing(), refresh=True)
        elif event.kind in _STATES:
            self._print(self._line(event))
            if event.kind == "failed":
                self.printed.add(event.text)

    def _print(self, line: str) -> None:
        self._console.print(
            printable(line), soft_wrap=True, highlight=False, markup=False
        )

    def _line(self, event: Event) -> str:
        name = self._names.get((event.calculation_id, event.step), event.calculation_id)
        took = "" if event.kind == "started" else f" after {event.seconds:.0f} s"
        why = f": {event.text}" if event.kind in {"failed", "stopped"} else ""
        so_far = _clock(time.monotonic() - self._began)
        return f"{so_far} {name} {event.kind}{took}{why}, {self._left()}"

    def _drawing(self) -> Group:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for head in ("calculation", "state", "time", "progress"):
            table.add_column(head, no_wrap=True)
        for key, state in self._states.items():
            since = self._running.get(key)
            took = "" if since is None else _clock(time.monotonic() - since)
            text = self._texts.get(key, "") if state != "COMPLETED" else ""
            table.add_row(self._names[key], coloured(state), took, text)
        return Group(
            table,
            Text(f"{self._left()}, {_clock(time.monotonic() - self._began)} so far"),
        )

    def _left(self) -> str:
        total = len(self._states)
        done = sum(state == "COMPLETED" for state in self._states.values())
        left = sum(
            state not in {"COMPLETED", "FIZZLED"} for state in self._states.values()
        )
        if not self._took or not left:
            return f"{done} of {total} done"
        mean = sum(self._took) / len(self._took)
        return f"{done} of {total} done, about {_clock(mean * left / self._jobs)} left"


def _key(step: Mapping[str, Any]) -> tuple[str, str]:
    return str(step["calculation_id"]), str(step["step"])


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d} min"
