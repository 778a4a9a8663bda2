"""The environment variables that steer this program; vasp_std documents them."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from inputs import Inputs
from refusal import Refusal

FAILURES = (
    "unconverged",
    "unconverged_ionic",
    "crash",
    "walltime",
    "zbrent",
    "wrong_valence",
)


@dataclass(frozen=True)
class Switches:
    """The four variables, as given."""

    seconds: float
    ledger: str
    failure: str
    once: str

    def failure_of(self, inputs: Inputs) -> str:
        """Name the failure this run has to show, or return an empty string."""
        if not self.failure or not _can_show(self.failure, inputs):
            return ""
        return self.failure if self._is_first() else ""

    def _is_first(self) -> bool:
        """Of several runs with the same marker file, exactly one is the first."""
        if not self.once:
            return True
        try:
            os.close(os.open(self.once, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
        except FileExistsError:
            return False
        return True

    def record(self, event: str) -> None:
        """Append one line to the ledger, in one write."""
        if not self.ledger:
            return
        line = f"{event} {Path.cwd()} {os.getpid()} {time.time():.6f}\n"
        flags = os.O_CREAT | os.O_APPEND | os.O_WRONLY
        ledger = os.open(self.ledger, flags, 0o644)
        os.write(ledger, line.encode())
        os.close(ledger)


def read_switches() -> Switches:
    """Read the environment; an unknown failure is refused."""
    failure = os.environ.get("FAKE_VASP_FAIL", "")
    if failure and failure not in FAILURES:
        known = ", ".join(FAILURES)
        raise Refusal(f"FAKE_VASP_FAIL = {failure} is none of {known}")
    return Switches(
        seconds=float(os.environ.get("FAKE_VASP_SECONDS", "0")),
        ledger=os.environ.get("FAKE_VASP_LEDGER", ""),
        failure=failure,
        once=os.environ.get("FAKE_VASP_FAIL_ONCE", ""),
    )


def _can_show(failure: str, inputs: Inputs) -> bool:
    """Whether this run is of the sort that can fail so."""
    if failure == "zbrent":
        cured = inputs.get("IBRION") != 2 or inputs.get("NELMIN") >= 8
        return inputs.relaxes and not cured
    if failure == "unconverged_ionic":
        return inputs.relaxes
    if failure == "wrong_valence":
        atoms = inputs.cell.composition
        return 4 * atoms["Li"] > atoms["O"] > 0
    return True
