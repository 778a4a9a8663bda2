"""The environment variables that steer this program; main.py documents them."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from workflows.fake_vasp.errors import MESSAGES
from workflows.fake_vasp.inputs import Inputs
from workflows.fake_vasp.refusal import Refusal

FAILURES = (
    *("unconverged", "unconverged_algo", "unconverged_ionic", "unconverged_ibrion"),
    *("nonconv", "positive_energy", "potim", "zbrent"),
    *("crash", "kill", "kill_wavecar", "disk_full", "hang", "walltime"),
    "wrong_valence",
    *MESSAGES,
)


@dataclass(frozen=True)
class Switches:
    """The six variables, as given."""

    seconds: float
    until: str
    ledger: str
    failure: str
    once: str
    seed: str

    def pause(self, steps: int) -> None:
        """Take the wall time of one of so many ionic steps."""
        time.sleep(self.seconds / steps)
        while self.until and not Path(self.until).exists():
            time.sleep(0.05)

    def failure_of(self, inputs: Inputs) -> str:
        """Name the failure this run has to show, or return an empty string."""
        if not self.failure or not _can_show(self.failure, inputs):
            return ""
        if not self._is_first():
            return ""
        self.record(f"fail:{self.failure}")
        return self.failure

    def _is_first(self) -> bool:
        """Exactly one of several runs with the same marker file is the first."""
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
        raise Refusal(f"FAKE_VASP_FAIL = {failure} is not one of {known}")
    return Switches(
        seconds=float(os.environ.get("FAKE_VASP_SECONDS", "0")),
        until=os.environ.get("FAKE_VASP_UNTIL", ""),
        ledger=os.environ.get("FAKE_VASP_LEDGER", ""),
        failure=failure,
        once=os.environ.get("FAKE_VASP_FAIL_ONCE", ""),
        seed=os.environ.get("FAKE_VASP_SEED", "0"),
    )


def _can_show(failure: str, inputs: Inputs) -> bool:
    """Whether this run is of the sort that can fail so, and not yet cured."""
    if failure in MESSAGES:
        return MESSAGES[failure].shows(inputs)
    algo = str(inputs.get("ALGO"))[0].upper()
    long_steps = inputs.relaxes and inputs.get("POTIM") > 0.29
    atoms = inputs.cell.composition
    shown = {
        "zbrent": inputs.relaxes
        and inputs.get("IBRION") == 2
        and inputs.get("NELMIN") < 8,
        "unconverged_ionic": inputs.relaxes,
        "unconverged_ibrion": inputs.relaxes and inputs.get("IBRION") == 2,
        "unconverged_algo": algo not in "AC",
        "nonconv": inputs.relaxes and algo not in "AC",
        "potim": long_steps,
        "positive_energy": algo != "N" or long_steps,
        "wrong_valence": 4 * atoms["Li"] > atoms["O"] > 0,
    }
    return bool(shown.get(failure, True))
