"""The wall time of the machine: ask VASP to stop while it can still end well."""

from __future__ import annotations

import time
from pathlib import Path

from workflows.atomic import read_regular
from workflows.engines.machine import Machine
from workflows.errors import Terminated

STEPS_AHEAD = 2.0
"""Ionic steps, as long as the longest so far, that have to fit before the deadline."""
LAST_SECONDS = 30.0
"""What is left for us to write down how it ended, at most half the margin."""


class Clock:
    """Watches one VASP run against the deadline.

    Parameters
    ----------
    directory
        The run; gets the STOPCAR.
    machine
        Has the deadline, if there is one, and the margin.
    relaxes
        Whether ions move. VASP obeys LSTOP between ionic steps: of a single point it
        would end nothing, which has all the time until it has to be killed.
    """

    def __init__(self, directory: Path, machine: Machine, *, relaxes: bool) -> None:
        self._directory, self._relaxes = directory, relaxes
        self._deadline = machine.deadline
        self._margin = machine.stop_margin
        self._steps, self._longest = 0, 0.0
        self._since = time.time()
        self.asked = False

    def refuse_to_start(self) -> None:
        """Raise if a run that starts now would be stopped at once.

        Raises
        ------
        Terminated
            The margin has begun.
        """
        if self._deadline is not None and self._left() <= self._margin:
            raise Terminated(self.reason)
        self._since = time.time()

    @property
    def reason(self) -> str:
        """Why the run ended, for the reader."""
        return (
            f"the wall time: stopped {max(0.0, self._left()):.0f} s before its end; "
            "run again, it goes on from the last whole structure"
        )

    def look(self) -> bool:
        """Ask VASP to stop if it is time; return whether it has to be killed."""
        if self._deadline is None:
            return False
        self._count_steps()
        margin = max(self._margin, STEPS_AHEAD * self._longest)
        if self._relaxes and not self.asked and self._left() <= margin:
            (self._directory / "STOPCAR").write_text("LSTOP = .TRUE.\n", "utf-8")
            self.asked = True
        over = self._left() <= min(LAST_SECONDS, self._margin / 2)
        self.asked = self.asked or over
        return over

    def _left(self) -> float:
        return (self._deadline or 0.0) - time.time()

    def _count_steps(self) -> None:
        """Measure ionic steps by when their line comes to OSZICAR."""
        try:
            text = read_regular(self._directory / "OSZICAR", "replace")
        except OSError:
            return
        self._longest = max(self._longest, time.time() - self._since)
        if (steps := text.count("F=")) != self._steps:
            self._steps, self._since = steps, time.time()
