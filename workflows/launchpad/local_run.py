"""The local run: one owner of the LaunchPad, N worker processes.

The owner checks Fireworks out, sends them to workers and completes them; the workers do
not use the database. If the run is killed at any time, the next run makes READY what
was RUNNING, and the documents in the run directories prevent that finished work is
repeated.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from fireworks import Firework, LaunchPad

from workflows.campaign.calculation import Calculation
from workflows.counts import count_of
from workflows.engines.chgnet.imported import NEVER_STARTED as NO_CHGNET
from workflows.engines.claim import Superseded
from workflows.engines.gpaw.process import NEVER_STARTED as NO_GPAW
from workflows.engines.orphans import end_orphans
from workflows.engines.step import DISK_CURES, record_end
from workflows.engines.vasp.launcher_output import (
    ELSEWHERE,
    LEFT_BEHIND,
    NEVER_STARTED,
    NO_POTCAR,
    WROTE_NOTHING,
)
from workflows.errors import StoreError, StoreUnwritable, Terminated, unwritable
from workflows.launchpad.alike import alike
from workflows.launchpad.embedded import in_one_save
from workflows.launchpad.events import Event, Watch
from workflows.launchpad.file_lock import OwnershipLost
from workflows.launchpad.guarded_rerun import rerun_if
from workflows.launchpad.held_interrupts import held_interrupts
from workflows.launchpad.local_queue import CANCELLED, LocalQueue
from workflows.launchpad.worker_pool import Worker, WorkerPool

MAX_DEATHS = 3
"""A Firework is left FIZZLED after so many deaths of its worker: it is the cause."""
MAX_SAME_CAUSE = 2
"""After so many steps in a row that fail because of this machine, stop."""
MACHINE_FAILURES = (
    NEVER_STARTED,
    WROTE_NOTHING,
    ELSEWHERE,
    LEFT_BEHIND,
    NO_GPAW,
    NO_CHGNET,
    NO_POTCAR,
)
"""Words of a reason with which every step would fail here."""
KINDS = {"COMPLETED": "ended", "FIZZLED": "failed", "STOPPED": "stopped"}
"""Event by the end of a step."""
SAID = "; custodian: "
"""Begins what VASP said before it had a POTCAR: the cause, if it is there."""


class LocalRun:
    """Runs Fireworks until none is READY.

    Parameters
    ----------
    launchpad
        Opened for changing.
    root
        Data directory.
    jobs
        Number of worker processes.
    inherit
        File descriptors the workers keep open (the LaunchPad's lock).
    watch
        Called with every event.

    Attributes
    ----------
    stopped
        Why no more steps were assigned (a walltime, SIGTERM, a full disk, a LaunchPad
        that cannot be written, a lost lock); empty otherwise.
    given_up
        Why no more steps were assigned although it was possible: VASP cannot start
        here, or a POTCAR is missing; empty otherwise.
    """

    def __init__(
        self,
        launchpad: LaunchPad,
        root: Path,
        *,
        jobs: int,
        inherit: tuple[int, ...] = (),
        watch: Watch = lambda _: None,
    ) -> None:
        self._launchpad = launchpad
        self._queue = LocalQueue(launchpad, root)
        self._watch = watch
        self._pool = WorkerPool(root, size=jobs, inherit=inherit)
        self._deaths: dict[int, int] = {}
        self.stopped = ""
        self.given_up = ""
        self._same_cause: list[str] = []
        self._lost = self._unwritable = False

    def run(self, calculations: Iterable[Calculation] | None = None) -> None:
        """Run to the end; leaves no worker process behind."""
        if calculations is not None:
            self._queue.restrict(calculations)
        try:
            while self._assign_work() or self._pool.busy:
                self._read_messages()
                self._watch(Event("tick"))
        except KeyboardInterrupt:
            self._note_interruption()
            interrupted = self._pool.busy
            self._pool.stop_all()
            with suppress(OwnershipLost, StoreUnwritable):
                self._queue.return_interrupted(interrupted)
            raise
        finally:
            self._pool.close()

    def _check_ownership(self) -> None:
        """Stop if the data directory may have another owner.

        See ``file_lock``; on a MongoDB, ``opened_data``. Running steps may finish as
        long as no other process can own the directory: their documents are the record
        that the next run finds.
        """
        owner = getattr(self._launchpad, "owner", None)
        if owner is None or self._lost or not (problem := owner.problem()):
            return
        self._lost, self.stopped = True, problem
        if not owner.directory_is_ours:
            busy = self._pool.busy
            for worker in busy:
                worker.firework = None
            self._pool.stop_all()
            self._queue.give_back(busy, problem)

    def _stop_saving(self, error: StoreError) -> None:
        """Assign no more: the LaunchPad was not written, and its file is as before.

        Running steps may finish: the next run finds their documents.
        """
        if isinstance(error, OwnershipLost):
            self._check_ownership()
        else:
            self._unwritable, self.stopped = True, str(error)

    @property
    def _unsaved(self) -> bool:
        """Whether the LaunchPad is not written any more."""
        return self._lost or self._unwritable

    def _assign_work(self) -> bool:
        """Assign a Firework to every idle worker; return whether any was assigned."""
        self._check_ownership()
        if self.stopped or self.given_up:
            return False
        given = False
        for _ in range(self._pool.room):
            with held_interrupts():
                worker = self._assign_one()
            if worker is None:
                break
            self._report("started", worker)
            given = True
        return given

    def _assign_one(self) -> Worker | None:
        """Check a Firework out and send it to a worker; None if there is none."""
        firework, launch_id = self._check_out()
        if firework is None:
            return None
        try:
            request = self._queue.request(firework, launch_id)
            return self._pool.assign(request, firework, launch_id)
        except OSError as error:
            if error.errno not in DISK_CURES:
                raise
            self.stopped = unwritable(error.filename or "a worker's log", error)
            with suppress(StoreUnwritable):  # the next run does it
                self._queue.return_launch(launch_id, self.stopped)
            return None

    def _check_out(self) -> tuple[Firework | None, int]:
        try:
            return self._queue.check_out()
        except (OwnershipLost, StoreUnwritable) as error:  # the file says READY
            self._stop_saving(error)
            return None, 0

    def _read_messages(self) -> None:
        for worker, message in self._pool.messages():
            if message is None:
                self._handle_death(worker)
            else:
                self._handle_message(worker, message)
        self._check_ownership()
        for worker in self._pool.busy:
            self._queue.ping(worker)
        for worker in self._queue.cancelled(self._pool.busy):
            self._end_cancelled(worker)

    def _handle_message(self, worker: Worker, answer: Mapping[str, Any]) -> None:
        if "progress" in answer:
            self._report("progress", worker, answer["progress"])
            return
        self._check_ownership()
        if worker.firework is None:
            return  # it was ended in between
        if lost := self._queue.loss(worker):
            self._let_go(worker, lost)
            return
        state, stored = answer["ended"]["state"], answer["ended"]["stored_data"]
        try:
            self._end(worker, state, stored, answer["ended"].get("detours", ()))
        except (OwnershipLost, StoreUnwritable) as error:
            self._stop_saving(error)
            self._end_unsaved(worker, state, stored)

    def _end(
        self,
        worker: Worker,
        state: str,
        stored: dict[str, Any],
        detours: Iterable[Mapping[str, Any]],
    ) -> None:
        """Record the end of a step in the LaunchPad."""
        if self._unsaved:
            self._end_unsaved(worker, state, stored)
            return
        if state == "STOPPED":
            self.stopped = stored["_message"]
            self._complete(worker, "FIZZLED", stored, again=True)
            return
        try:
            problem = self._queue.record(worker)
        except Superseded:
            self._let_go(worker, self._queue.loss(worker))
            return
        if problem and state == "COMPLETED":
            state, stored = "FIZZLED", {"_message": problem}
        self._complete(worker, state, stored, detours)

    def _end_unsaved(
        self, worker: Worker, state: str, stored: Mapping[str, Any]
    ) -> None:
        """Report the end of a step that is recorded by its document only."""
        self._let_end(worker, KINDS.get(state, "failed"), stored)

    def _let_end(self, worker: Worker, kind: str, stored: Mapping[str, Any]) -> None:
        """Report an end, unless the worker was stopped meanwhile."""
        if worker.firework is not None:
            self._report(kind, worker, stored.get("_message", ""))
            worker.firework = None

    def _let_go(self, worker: Worker, why: str) -> None:
        """Drop a step that is no longer this run's; record no result."""
        self._queue.end_lost(worker, why)
        self._report("failed", worker, f"{why}; not recorded")
        worker.firework = None

    def _end_cancelled(self, worker: Worker) -> None:
        """End a worker whose step was cancelled; first of all its processes."""
        ours = self._queue.is_ours(worker)
        directory = self._queue.directory(worker.firework)
        if ours:
            record_end(directory, Terminated("the step was cancelled"))
        self._pool.stop(worker)
        if ours and self._queue.is_ours(worker):  # its end may have taken long
            end_orphans(directory)
        self._queue.end_cancelled(worker)
        self._report("failed", worker, f"{CANCELLED}; its VASP was ended")
        worker.firework = None

    def _note_interruption(self) -> None:
        """Record in the directories of the running steps why they end."""
        self._check_ownership()
        end = Terminated("lnmo run was interrupted")
        for worker in self._pool.busy:
            record_end(self._queue.directory(worker.firework), end)

    def _complete(
        self,
        worker: Worker,
        state: str,
        stored: dict[str, Any],
        detours: Iterable[Mapping[str, Any]] = (),
        *,
        again: bool = False,
    ) -> None:
        """Record the end of a launch; ``again`` makes its step READY, in one save."""
        with in_one_save(self._launchpad):
            lost = self._queue.complete(worker.launch_id, state, stored, detours)
            if again and not lost:
                fw_id = worker.firework.fw_id  # type: ignore[union-attr]
                rerun_if(self._launchpad, fw_id, may=_has_failed)
        self._note_same_cause(state, str(stored.get("_message", "")))
        stored = {**stored, "_message": lost} if lost else stored
        self._let_end(worker, "stopped" if again else KINDS[state], stored)

    def _note_same_cause(self, state: str, message: str) -> None:
        """Stop assigning once VASP cannot start here: every step would fail."""
        cause = machine_failure(message) if state == "FIZZLED" else ""
        same = any(alike(cause, other) for other in self._same_cause)
        self._same_cause = [*self._same_cause, cause] if same else [cause]
        if cause and len(self._same_cause) >= MAX_SAME_CAUSE:
            self.given_up = cause

    def _handle_death(self, worker: Worker) -> None:
        """Make a dead worker's Firework READY unless too many workers died of it."""
        self._check_ownership()
        firework = worker.firework
        if firework is not None and self._unsaved:
            self._end_unsaved(worker, "FIZZLED", {"_message": "its worker ended"})
        elif firework is not None and (lost := self._queue.loss(worker)):
            self._let_go(worker, lost)
        elif firework is not None:
            try:
                self._record_death(worker, firework)
            except (OwnershipLost, StoreUnwritable) as error:
                self._end_unsaved(worker, "FIZZLED", {"_message": "its worker ended"})
                self._stop_saving(error)
        if worker in self._pool.workers:
            self._pool.stop(worker)

    def _record_death(self, worker: Worker, firework: Firework) -> None:
        deaths = self._deaths[firework.fw_id] = self._deaths.get(firework.fw_id, 0) + 1
        code = worker.process.wait()
        reason = (
            f"its worker ended with code {code} ({count_of(deaths, 'time')}); see "
            f"{worker.log}"
        )
        end_orphans(self._queue.directory(firework))
        again = deaths < MAX_DEATHS
        self._complete(worker, "FIZZLED", {"_message": reason}, again=again)

    def _report(self, kind: str, worker: Worker, text: str = "") -> None:
        spec = worker.firework.spec if worker.firework is not None else {}
        seconds = time.monotonic() - worker.started
        self._watch(
            Event(
                kind,
                spec.get("calculation_id", ""),
                spec.get("step", ""),
                text,
                seconds,
                worker.firework.name if worker.firework is not None else "",
            )
        )


def machine_failure(message: str) -> str:
    """Return, from the message of a FIZZLED launch, a cause that every step shares.

    Empty if there is none.
    """
    for words in MACHINE_FAILURES:
        if (place := message.find(words)) >= 0:
            said = message.find(SAID) if words is NO_POTCAR else -1
            return message[said + 2 if said >= 0 else place :]
    return ""


def _has_failed(state: str) -> bool:
    return state == "FIZZLED"
