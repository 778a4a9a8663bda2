"""The Fireworks of a local run: check out, complete, return to READY."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from fireworks import Firework, FWAction, FWorker, LaunchPad, Workflow
from pymongo.errors import PyMongoError

from workflows.campaign.calculation import Calculation
from workflows.errors import StoreBusy, StoreError
from workflows.firetasks import OURS, TURN, copy_if_current, is_current, new_detours
from workflows.launchpad.counters import turn_of
from workflows.launchpad.embedded import EmbeddedLaunchPad
from workflows.launchpad.guarded_rerun import end_and_rerun
from workflows.launchpad.launch_owner import LOCAL_RUN, this_process
from workflows.launchpad.owned_mongodb import FireworkTaken
from workflows.launchpad.steps import with_reseeds
from workflows.launchpad.worker_pool import Worker
from workflows.launchpad.workflow_lock import WorkflowLost
from workflows.records.calculations import fetch
from workflows.records.file_store import FileResults
from workflows.records.held_directory import identity

PING_SECONDS = 600.0
"""Interval of pings; a launch without one for hours counts as dead (``problems``)."""
LOOK_SECONDS = 3.0
"""Interval at which a run on a MongoDB looks for steps that were cancelled."""
CANCELLED = "cancelled while it ran"


class _Owner(FWorker):  # type: ignore[misc]
    """The FWorker of a local run; launches do not store its query, which is long."""

    def to_dict(self) -> dict[str, Any]:
        """Return the FWorker as a launch stores it."""
        return {**super().to_dict(), "query": "{}"}


class LocalQueue:
    """Fireworks of a LaunchPad that one local run executes.

    Parameters
    ----------
    launchpad
        Opened for changing.
    root
        Data directory.
    """

    def __init__(self, launchpad: LaunchPad, root: Path) -> None:
        self._launchpad = launchpad
        self._root, self._directory = root, identity(root)
        self._ids: list[str] | None = None
        self._looked = time.monotonic()
        self._fworker = self._owner()

    def restrict(self, calculations: Iterable[Calculation]) -> None:
        """Take only these calculations and their re-seeds."""
        self._ids = [c.id for c in calculations]
        self._fworker = self._owner()

    def _owner(self) -> FWorker:
        query: dict[str, Any] = OURS
        if self._ids is not None:
            ids = with_reseeds(self._launchpad, self._ids)
            query = {"spec.calculation_id": {"$in": ids}}
        return _Owner(name=LOCAL_RUN, query=query, env=this_process())

    def check_out(self) -> tuple[Firework | None, int]:
        """Return a READY Firework, now RUNNING, and its launch; None if none is."""
        while self._launchpad.run_exists(self._fworker):
            found = self._launchpad.checkout_fw(self._fworker, str(self._root))
            if found[0] is not None:  # else another process was faster
                return found  # type: ignore[no-any-return]
        return None, 0

    def request(self, firework: Firework, launch_id: int) -> dict[str, Any]:
        """Return the message that makes a worker execute a Firework.

        Its spec has the whole calculation, and no launches. ``directory`` tells the
        data directory from what may take its place before the worker has started.
        """
        plain: dict[str, Any] = json.loads(json.dumps(firework.to_dict(), default=str))
        plain.pop("launches", None)
        plain.pop("archived_launches", None)
        calculation = plain["spec"]["calculation"]
        plain["spec"]["calculation"] = fetch(self._launchpad.db, calculation)
        if not isinstance(self._launchpad, EmbeddedLaunchPad):
            plain["spec"][TURN] = turn_of(self._launchpad, launch_id)
        env = {"root": str(self._root)}
        return {"firework": plain, "env": env, "directory": self._directory}

    def is_ours(self, worker: Worker) -> bool:
        """Return whether no other run took the step over while its worker ran.

        That is possible only on a MongoDB, after ``lnmo rerun --dead``.
        """
        return isinstance(self._launchpad, EmbeddedLaunchPad) or is_current(
            self._launchpad,
            worker.firework.fw_id,  # type: ignore[union-attr]
            worker.launch_id,
        )

    def loss(self, worker: Worker) -> str:
        """Return how the step of a worker was lost meanwhile; empty if it was not."""
        if self.is_ours(worker):
            return ""
        one = {"fw_id": worker.firework.fw_id}  # type: ignore[union-attr]
        found = self._launchpad.fireworks.find_one(one, {"state": 1})
        if found is None:
            return "deleted while it ran"
        if found["state"] == "DEFUSED":
            return CANCELLED
        return "another run took this step over"

    def cancelled(self, workers: Sequence[Worker]) -> list[Worker]:
        """Return the workers whose step was cancelled since, looking now and then.

        A database that does not answer is asked again later: VASP runs meanwhile.
        """
        due = time.monotonic() - self._looked > LOOK_SECONDS
        if not workers or not due or isinstance(self._launchpad, EmbeddedLaunchPad):
            return []
        ids = [worker.firework.fw_id for worker in workers]  # type: ignore[union-attr]
        query = {"fw_id": {"$in": ids}, "state": "DEFUSED"}
        found: set[int] = set()
        with suppress(PyMongoError):
            defused = self._launchpad.fireworks.find(query, {"_id": 0, "fw_id": 1})
            found = {each["fw_id"] for each in defused}
        self._looked = time.monotonic()
        return [
            w for w in workers if w.firework is not None and w.firework.fw_id in found
        ]

    def end_cancelled(self, worker: Worker) -> None:
        """Record that a cancelled step has ended; taken up again, it is READY."""
        self.end_lost(worker, CANCELLED)
        one = {"fw_id": worker.firework.fw_id, "state": "DEFUSED"}  # type: ignore[union-attr]
        own = worker.launch_id
        self._launchpad.fireworks.update_one(
            {**one, "launches": own},
            {"$pull": {"launches": own}, "$push": {"archived_launches": own}},
        )

    def end_lost(self, worker: Worker, why: str) -> None:
        """End the launch of a worker, if nobody did, and nothing besides."""
        one = {"launch_id": worker.launch_id, "state": "RUNNING"}
        if self._launchpad.launches.find_one(one, {"launch_id": 1}) is not None:
            action = FWAction(stored_data={"_message": why}, exit=True)
            self._launchpad.complete_launch(worker.launch_id, action, "FIZZLED")

    def record(self, worker: Worker) -> str:
        """Copy the document to MongoDB; embedded, the run directory is the record.

        Returns why it could not be copied, in one line; empty if it was.

        Raises
        ------
        Superseded
            Another run took the step over; nothing was copied.
        """
        firework = worker.firework
        if firework is None or isinstance(self._launchpad, EmbeddedLaunchPad):
            return ""
        own = {"fw_id": firework.fw_id, "launch_id": worker.launch_id}
        try:
            copy_if_current(self._launchpad, self._root, firework.spec, **own)
        except StoreError as error:
            return str(error)
        return ""

    def complete(
        self,
        launch_id: int,
        state: str,
        stored: dict[str, Any],
        detours: Iterable[Mapping[str, Any]] = (),
    ) -> str:
        """Record the end of a launch, COMPLETED or FIZZLED, and add its detours.

        Returns why the Firework's state could not follow, if it could not.
        """
        if not self._launchpad.launches.find_one({"launch_id": launch_id}, {"_id": 1}):
            return (
                f"the LaunchPad has lost launch {launch_id}; the result is in the "
                "directory of the step: lnmo status"
            )
        new = new_detours(self._launchpad, (Workflow.from_dict(d) for d in detours))
        action = FWAction(stored_data=stored, exit=state == "FIZZLED", detours=new)
        try:
            self._launchpad.complete_launch(launch_id, action, state)
        except (WorkflowLost, FireworkTaken, StoreBusy) as error:
            return str(error)
        if new:
            self._fworker = self._owner()
        return ""

    def return_launch(self, launch_id: int, why: str) -> None:
        """Make READY a step that was checked out and reached no worker."""
        end_and_rerun(self._launchpad, launch_id, why)

    def return_interrupted(self, workers: Iterable[Worker]) -> None:
        """Make READY the steps that an interruption ended."""
        for worker in workers:
            end_and_rerun(self._launchpad, worker.launch_id, "lnmo run was interrupted")

    def give_back(self, workers: Iterable[Worker], why: str) -> None:
        """Make READY the steps of a lost data directory; embedded, it held them."""
        if isinstance(self._launchpad, EmbeddedLaunchPad):
            return
        for worker in workers:
            with suppress(StoreError, PyMongoError):  # the next run does it
                end_and_rerun(self._launchpad, worker.launch_id, why)

    def ping(self, worker: Worker) -> None:
        """Record that a launch is alive, as FireWorks' rockets do."""
        if time.monotonic() - worker.pinged > PING_SECONDS:
            self._launchpad.ping_launch(worker.launch_id)
            worker.pinged = time.monotonic()

    def directory(self, firework: Firework) -> Path:
        """Return the run directory of a Firework's step."""
        step = firework.spec["calculation_id"], firework.spec["step"]
        return FileResults(self._root).directory(*step)
