"""The LaunchPad of a queue job: its report survives an unreachable database.

FireWorks' Rocket does everything else. Without this, a finished calculation is lost if
its database is away for a minute (fireworks issue 396).
"""

from __future__ import annotations

import re
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from fireworks import Firework, FWAction, FWorker
from pymongo.errors import PyMongoError

from workflows.cluster.step_status import ENDED
from workflows.cluster.unsent import LaunchEnd, send, write_unsent
from workflows.errors import LnmoError, StoreBusy
from workflows.firetasks import TURN
from workflows.launchpad.counters import turn_of
from workflows.launchpad.owned_mongodb import FireworkTaken, MongoLaunchPad
from workflows.launchpad.workflow_lock import WorkflowLost
from workflows.records.calculations import fetch
from workflows.records.opened_data import OpenedData

TASK_FAILED = "runtime error during task"
"""FireWorks' message for every failure of a task; ours names the cause."""

INHERITED = ("_priority", "_category")
"""Keys of the spec that FireWorks does not copy to Fireworks added by an action."""
NEAR_SECONDS = 90.0
"""A SIGTERM this close to the deadline is the walltime's: Slurm checks every 30 s."""
MAX_PAUSE_SECONDS = 15.0
"""Longest pause between two attempts to report; the first is 1 s, then doubled."""


class ReportingLaunchPad(MongoLaunchPad):
    """FireWorks' LaunchPad, for one launch of one Firework.

    Set ``root``, ``directory``, ``job_id``, ``deadline`` and ``patience`` before use.

    Attributes
    ----------
    root
        Data directory.
    data
        It, as it was opened: what took its place is neither read nor written.
    directory
        Where an unsent result is saved.
    job_id
        Queue job; empty outside a queue.
    deadline
        Unix time at which the queue ends the job; None if unknown.
    patience
        Seconds to try to report before the job ends.
    ended
        Final state of the launch; None while it runs.
    sent
        Whether it was reported.
    """

    root: Path
    data: OpenedData | None = None
    directory: Path
    job_id: str = ""
    deadline: float | None = None
    patience: float = 120.0
    ended: str | None = None
    sent: bool = False
    firework: Firework | None = None

    def checkout_fw(
        self, fworker: FWorker, launch_dir: str, *args: Any, **kw: Any
    ) -> Any:
        """Check out; the document is recorded with the end, not by the Firetask."""
        firework, launch_id = super().checkout_fw(fworker, launch_dir, *args, **kw)
        if firework is not None:
            self.firework = firework
            firework.spec.pop("_add_launchpad_and_fw_id", None)
            plain = firework.spec.get("calculation")
            if plain is not None:  # the step asks no LaunchPad for the rest of it
                firework.spec["calculation"] = fetch(self.db, plain)
            firework.spec[TURN] = turn_of(self, launch_id)
        return firework, launch_id

    def restore_backup_data(self, launch_id: int, fw_id: int) -> None:
        """Leave the database as it is after an error.

        FireWorks puts the Firework and the launch back as they were at the check-out;
        a successor may have them by now.
        """

    def ping_launch(self, *args: Any, **kwargs: Any) -> None:
        """Ping; an unreachable database must not fail the calculation."""
        with suppress(PyMongoError):
            super().ping_launch(*args, **kwargs)

    def complete_launch(
        self, launch_id: int, action: FWAction | None = None, state: str = "COMPLETED"
    ) -> Any:
        """Report the end, or leave it in a file; once, whatever follows.

        FireWorks reports any error of a report as the failure of the step.
        """
        if self.sent:
            return {}
        done = action or FWAction()
        done.stored_data = self._with_reason(done.stored_data)
        self._pass_on_spec(done)
        spec = self.firework.spec if self.firework is not None else {}
        own = {name: spec[name] for name in ("calculation_id", "step")}
        fw_id = self.firework.fw_id if self.firework is not None else 0
        end = LaunchEnd(fw_id, launch_id, state, done.to_dict(), own)
        self.ended = state
        with _sigterm_postponed():
            path = None
            with suppress(OSError):  # a full disk: it is sent all the same
                path = None if self._lost() else write_unsent(self.directory, end)
            if self._send_with_retries(end, saved=path is not None):
                self.sent = True
                if path is not None and not self._lost():
                    with suppress(OSError):  # reconcile has sent and removed it
                        path.unlink()
        return {}

    def _lost(self) -> str:
        """Return how the data directory was lost since; empty if it was not."""
        return "" if self.data is None else self.data.problem()

    def _pass_on_spec(self, action: FWAction) -> None:
        """Give detours and additions the priority and category of their parent."""
        own = self.firework.spec if self.firework is not None else {}
        for new in (*action.detours, *action.additions):
            for firework in [new] if isinstance(new, Firework) else new.fws:
                for name in INHERITED:
                    if name in own:
                        firework.spec.setdefault(name, own[name])

    def _send_with_retries(self, launch_end: LaunchEnd, *, saved: bool) -> bool:
        end, pause = time.monotonic() + self.patience, 1.0
        while True:
            try:
                if lost := self._lost():
                    launch_end = without_data(launch_end, lost)
                    self.ended = launch_end.state
                send(self, launch_end, None if lost else self.root)
                return True
            except (WorkflowLost, FireworkTaken) as error:
                print(f"lnmo: {error}", file=sys.stderr)
                return False
            except (PyMongoError, StoreBusy) as error:
                if time.monotonic() + pause > end:
                    cure = (
                        f"the result is saved in {self.directory}; send it with: lnmo "
                        "reconcile --fix"
                        if saved
                        else f"{self.directory} cannot be written: free space, then "
                        "lnmo reconcile --fix; what has ended is read, not run again"
                    )
                    why = (
                        str(error)
                        if isinstance(error, StoreBusy)
                        else f"the database does not answer ({type(error).__name__})"
                    )
                    print(f"lnmo: {why}; {lost or cure}", file=sys.stderr)
                    return False
            time.sleep(pause)
            pause = min(2 * pause, MAX_PAUSE_SECONDS)

    def _with_reason(self, stored: dict[str, Any]) -> dict[str, Any]:
        """Replace FireWorks' message, the same for every failure, by the reason."""
        if stored.get("_message") != TASK_FAILED:
            return stored
        trace = str(stored.get("_exception", {}).get("_stacktrace", ""))
        kind, reason = last_error(trace)
        job = f", job {self.job_id}" if self.job_id else ""
        if kind == "Terminated":
            if "SIGTERM" in reason:
                reason = f"{reason} ({sigterm_cause(self.deadline, time.time())})"
            return {**stored, "_message": f"{reason}{job}", ENDED: "terminated"}
        if not told_by_us(kind):
            reason = f"{kind}: {reason}" if reason else kind
        return {**stored, "_message": f"{reason}{job}"}


def without_data(end: LaunchEnd, lost: str) -> LaunchEnd:
    """Return how a launch ends whose data directory was lost: it records nothing.

    A task that has failed has said why.
    """
    if end.state != "COMPLETED":
        return end
    action = FWAction(stored_data={"_message": lost}, exit=True)
    return replace(end, state="FIZZLED", action=action.to_dict())


def sigterm_cause(deadline: float | None, now: float) -> str:
    """Guess from the time left why a SIGTERM came; both are unix times."""
    if deadline is not None and now > deadline - NEAR_SECONDS:
        return "wall time"
    return "cancelled or preempted"


def told_by_us(kind: str) -> bool:
    """Return whether the message of a class of errors is all that a reader needs."""
    return kind in {each.__name__ for each in (*_below(LnmoError), *_below(OSError))}


def _below(kind: type[Exception]) -> Iterator[type[Exception]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _below(each)


def last_error(trace: str) -> tuple[str, str]:
    """Return class and message of the error at the end of a traceback."""
    lines = trace.strip().splitlines()
    for number in range(len(lines) - 1, -1, -1):
        if found := re.match(r"([A-Za-z_][\w.]*)(?:: (.*))?$", lines[number]):
            more = [line.strip() for line in lines[number + 1 :]]
            kind = found.group(1).rpartition(".")[2]
            return kind, " ".join([found.group(2) or "", *more]).strip()
    return "", ""


@contextmanager
def _sigterm_postponed() -> Iterator[None]:
    """Postpone a SIGTERM until the report is complete.

    By a handler, not a signal mask: another thread may receive the signal.
    """
    received: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: received.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        if received:
            signal.raise_signal(signal.SIGTERM)
