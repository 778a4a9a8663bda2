"""The lock of a Workflow on a MongoDB, which only the process that took it releases."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any
from uuid import uuid4

from fireworks import LaunchPad
from fireworks.core.launchpad import LockedWorkflowError, WFLock

from workflows.atomic import parse_json
from workflows.errors import StoreBusy, StoreError
from workflows.launchpad.launch_owner import is_alive, this_process

MAX_PAUSE_SECONDS = 1.0
_HELD: set[str] = set()
"""The tokens of this process, while it has the locks."""


class WorkflowLost(StoreError):
    """A Firework is alone; FireWorks cannot change its state."""


def refuse_lost(launchpad: LaunchPad, fw_id: int) -> None:
    """Refuse to change a Firework that no Workflow holds.

    Raises
    ------
    WorkflowLost
        With the cure.
    """
    if launchpad.workflows.find_one({"nodes": fw_id}, {"_id": 1}) is None:
        raise WorkflowLost(
            f"no Workflow holds Firework {fw_id}: the collection workflows was lost, "
            "or is older than the rest. Records stay; type lnmo reconcile --fix, then "
            "submit again"
        )


def _token() -> str:
    return json.dumps({**this_process(), "lock": uuid4().hex})


def is_left(token: object) -> bool:
    """Return whether who had the lock has let go, as far as is known.

    Its process has ended, or is this one, which could not tell the database.
    """
    try:
        process = parse_json(token) if isinstance(token, str) else None
    except ValueError:
        return False
    if not isinstance(process, dict):
        return False
    ours = {name: process.get(name) for name in this_process()} == this_process()
    return (ours and token not in _HELD) or is_alive(process) is False


def locked_for_minutes(fw_id: int) -> StoreBusy:
    """Return the error of a Workflow that nobody unlocks."""
    return StoreBusy(
        f"the Workflow of Firework {fw_id} has been locked for minutes: another "
        "process changes it, or was killed while it did. If none does: "
        f"lpad admin unlock -i {fw_id}, then type this again"
    )


@dataclass
class WorkflowLock:
    """Keeps other processes from changing a Workflow, as FireWorks' lock does.

    FireWorks' locks are all alike, so a process that was stopped, and lost its lock,
    goes on as if it had it. This one has a token in the database.

    Attributes
    ----------
    launchpad, fw_id
        Any Firework of the Workflow.
    token
        What the Workflow has as ``locked`` meanwhile; it names the process.
    states
        The states of its Fireworks, by fw_id, as they were read under the lock.
    """

    launchpad: LaunchPad
    fw_id: int
    token: str = field(default_factory=_token)
    states: dict[int, str] = field(default_factory=dict)

    @property
    def patience(self) -> float:
        """Return how long it waits for another process, in seconds."""
        return float(WFLock(self.launchpad, self.fw_id).expire_secs)

    def __enter__(self) -> WorkflowLock:
        """Take the lock.

        Raises
        ------
        LockedWorkflowError
            Another process has had it for all that time.
        WorkflowLost
            No Workflow holds the Firework.
        """
        end, pause = time.monotonic() + self.patience, 0.05
        _HELD.add(self.token)
        try:
            while not self._take():
                refuse_lost(self.launchpad, self.fw_id)
                if time.monotonic() > end:
                    raise LockedWorkflowError(
                        f"Could not get workflow - LOCKED: {self.fw_id}"
                    )
                time.sleep(pause)
                pause = min(1.5 * pause, MAX_PAUSE_SECONDS)
        except BaseException:
            self._release()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Release the lock, unless it was taken away."""
        self._release()

    def _take(self) -> bool:
        """Take the lock if it is free, or if who has it was killed on this machine."""
        if self._set({"$exists": False}):
            return True
        one = {"nodes": self.fw_id}
        found: Any = self.launchpad.workflows.find_one(one, {"locked": 1}) or {}
        return is_left(found.get("locked")) and self._set(found["locked"])

    def _set(self, held: Any) -> bool:
        query = {"nodes": self.fw_id, "locked": held}
        own = {"$set": {"locked": self.token}}
        return self.launchpad.workflows.find_one_and_update(query, own) is not None

    def _release(self) -> None:
        _HELD.discard(self.token)  # also if the database does not answer now
        own = {"locked": self.token}
        self.launchpad.workflows.update_one(own, {"$unset": {"locked": True}})
