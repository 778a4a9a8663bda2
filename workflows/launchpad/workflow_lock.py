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

from workflows.errors import StoreError
from workflows.launchpad.launch_owner import is_alive, this_process

MAX_PAUSE_SECONDS = 1.0


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


def is_of_the_dead(token: object) -> bool:
    """Return whether the process that made a token has ended, as far as is known."""
    try:
        process = json.loads(token) if isinstance(token, str) else None
    except ValueError:
        return False
    return isinstance(process, dict) and is_alive(process) is False


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
        return is_of_the_dead(found.get("locked")) and self._set(found["locked"])

    def _set(self, held: Any) -> bool:
        query = {"nodes": self.fw_id, "locked": held}
        own = {"$set": {"locked": self.token}}
        return self.launchpad.workflows.find_one_and_update(query, own) is not None

    def _release(self) -> None:
        own = {"locked": self.token}
        self.launchpad.workflows.update_one(own, {"$unset": {"locked": True}})
