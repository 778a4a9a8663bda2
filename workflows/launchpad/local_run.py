"""``lnmo run``: one owner of the LaunchPad, N worker processes.

The owner checks Fireworks out, hands them to workers, and completes them; the
workers know no database. Killed at any instant, the next run returns what was
RUNNING to READY, and the record in the run directories keeps finished work from
being done again.
"""

from __future__ import annotations

import itertools
import json
import os
import selectors
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fireworks import Firework, FWAction, FWorker, LaunchPad, Workflow

from workflows.campaign.calculation import Calculation
from workflows.engines.orphans import end_orphans
from workflows.engines.step import record_end
from workflows.engines.vasp.launcher_output import NEVER_STARTED, NO_POTCAR
from workflows.errors import StoreError, Terminated
from workflows.firetasks import OURS, copy_document, is_current, new_detours
from workflows.launchpad.embedded import EmbeddedLaunchPad, in_one_save
from workflows.launchpad.file_lock import OwnershipLost
from workflows.launchpad.python_command import PYTHON, importable
from workflows.launchpad.steps import with_reseeds
from workflows.records.calculations import fetch
from workflows.records.file_store import FileResults

MAX_DEATHS = 3
"""A Firework whose worker dies this often is left FIZZLED."""
PING_SECONDS = 600.0
MOST_ALIKE = 2
"""Steps in a row that fail because of this machine, after which the rest is left."""


@dataclass(frozen=True)
class Event:
    """Something a watcher may show.

    Attributes
    ----------
    kind
        ``started``, ``progress``, ``ended``, ``failed`` or ``tick``.
    calculation_id, step, name
        Whose; empty for a tick.
    text
        Progress line, or the reason of a failure.
    seconds
        Since the step started.
    """

    kind: str
    calculation_id: str = ""
    step: str = ""
    text: str = ""
    seconds: float = 0.0
    name: str = ""


Watch = Callable[[Event], None]


@dataclass
class _Worker:
    process: subprocess.Popen[bytes]
    lifeline: int
    log: Path
    buffer: bytes = b""
    firework: Firework | None = None
    launch_id: int = 0
    started: float = 0.0
    pinged: float = field(default_factory=time.monotonic)


class _Owner(FWorker):  # type: ignore[misc]
    """Who checks Fireworks out. A launch keeps no copy of the query: it is long."""

    def to_dict(self) -> dict[str, Any]:
        """Return what a launch stores."""
        return {**super().to_dict(), "query": "{}"}


class LocalRun:
    """Runs what is READY until nothing is.

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
        Told every event.

    Attributes
    ----------
    stopped
        Why no more work was handed out (a wall time, SIGTERM, a full disk, a lock that
        was lost), or empty.
    given_up
        Why no more work was handed out although it could be: VASP cannot start here,
        or lacks its POTCAR; empty otherwise.
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
        self._root = root
        self._jobs = jobs
        self._inherit = inherit
        self._watch = watch
        self._workers: list[_Worker] = []
        self._numbers = itertools.count(1)
        self._deaths: dict[int, int] = {}
        self._ids: list[str] | None = None
        self._fworker = FWorker(name="lnmo run")
        self.stopped = ""
        self.given_up = ""
        self._alike: list[str] = []
        self._lost = False
        self._selector = selectors.DefaultSelector()

    def run(self, calculations: Iterable[Calculation] | None = None) -> None:
        """Run to the end; leaves no worker behind, however it ends."""
        if calculations is not None:
            self._ids = [c.id for c in calculations]
        self._fworker = self._query()
        try:
            while self._assign_work() or self._busy():
                self._read_messages()
                self._watch(Event("tick"))
        except KeyboardInterrupt:
            self._note_interruption()
            interrupted = [w for w in self._workers if w.firework is not None]
            self._stop_workers()
            self._return(interrupted)
            raise
        finally:
            self._stop_workers()
            self._selector.close()

    def _stop_workers(self) -> None:
        for worker in list(self._workers):
            self._stop_worker(worker)

    def _return(self, interrupted: Iterable[_Worker]) -> None:
        """Make READY what an interruption ended, so that nobody sees it RUNNING."""
        stored = {"_message": "lnmo run was interrupted"}
        with suppress(OwnershipLost), in_one_save(self._launchpad):
            for worker in interrupted:
                if not self._is_ours(worker):
                    continue
                action = FWAction(stored_data=stored, exit=True)
                self._launchpad.complete_launch(worker.launch_id, action, "FIZZLED")
                self._launchpad.rerun_fw(worker.firework.fw_id)  # type: ignore[union-attr]

    def _check_ownership(self) -> None:
        """Stop where the data directory may have another owner; see file_lock.

        What runs may come to its end as long as nobody else can own the directory:
        its document is the record, which the next run finds.
        """
        owner = getattr(self._launchpad, "owner", None)
        if owner is None or self._lost or not (problem := owner.problem()):
            return
        self._lost, self.stopped = True, problem
        if not owner.directory_is_ours:
            for worker in list(self._workers):
                worker.firework = None
                self._stop_worker(worker)

    def _busy(self) -> bool:
        return any(worker.firework is not None for worker in self._workers)

    def _query(self) -> FWorker:
        """Return who takes the wanted calculations, and their re-seeds."""
        query: dict[str, Any] = OURS
        if self._ids is not None:
            ids = with_reseeds(self._launchpad, self._ids)
            query = {"spec.calculation_id": {"$in": ids}}
        return _Owner(name="lnmo run", query=query)

    def _assign_work(self) -> bool:
        """Give every idle worker a Firework; tell whether any was given."""
        self._check_ownership()
        if self.stopped or self.given_up:
            return False
        given = False
        idle = [worker for worker in self._workers if worker.firework is None]
        for _ in range(self._jobs - len(self._workers) + len(idle)):
            firework, launch_id = self._check_out()
            if firework is None:
                break
            worker = idle.pop() if idle else self._start_worker()
            self._assign(worker, firework, launch_id)
            given = True
        return given

    def _check_out(self) -> tuple[Firework | None, int]:
        if not self._launchpad.run_exists(self._fworker):
            return None, 0
        try:
            return self._launchpad.checkout_fw(self._fworker, str(self._root))  # type: ignore[no-any-return]
        except OwnershipLost:  # it was lost just now; the file says READY
            self._check_ownership()
            return None, 0

    def _start_worker(self) -> _Worker:
        logs = self._root / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        log = logs / f"worker-{next(self._numbers)}.log"
        theirs, ours = os.pipe()
        with log.open("ab") as errors:
            process = subprocess.Popen(
                [*PYTHON, "-m", "workflows.launchpad.worker_process", str(theirs)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                pass_fds=(theirs, *self._inherit),
                process_group=0,  # Ctrl-C is for the owner, which then ends them
                env=importable(_one_thread(os.environ)),
            )
        os.close(theirs)
        worker = _Worker(process, ours, log)
        self._workers.append(worker)
        self._selector.register(process.stdout, selectors.EVENT_READ, worker)  # type: ignore[arg-type]
        return worker

    def _assign(self, worker: _Worker, firework: Firework, launch_id: int) -> None:
        worker.firework, worker.launch_id = firework, launch_id
        worker.started = worker.pinged = time.monotonic()
        env = {"root": str(self._root)}
        plain = _without_launches(firework)
        plain["spec"]["calculation"] = fetch(
            self._launchpad.db, plain["spec"]["calculation"]
        )
        request = {"firework": plain, "env": env}
        try:
            worker.process.stdin.write(json.dumps(request).encode() + b"\n")  # type: ignore[union-attr]
            worker.process.stdin.flush()  # type: ignore[union-attr]
        except BrokenPipeError:
            pass  # it died; its stdout tells so next
        self._tell("started", worker)

    def _read_messages(self) -> None:
        for key, _ in self._selector.select(timeout=0.5):
            worker: _Worker = key.data
            if worker not in self._workers:
                continue  # stopped because of what another one said
            received = os.read(key.fd, 65536)
            if not received:
                self._handle_death(worker)
                continue
            *lines, worker.buffer = (worker.buffer + received).split(b"\n")
            for line in lines:
                self._handle_message(worker, json.loads(line))
        self._check_ownership()
        for worker in self._workers:
            self._ping(worker)

    def _handle_message(self, worker: _Worker, answer: Mapping[str, Any]) -> None:
        if "progress" in answer:
            self._tell("progress", worker, answer["progress"])
            return
        if worker.firework is None:
            return  # it was ended in between
        if not self._is_ours(worker):
            self._let_go(worker)
            return
        state, stored = answer["ended"]["state"], answer["ended"]["stored_data"]
        try:
            self._end(worker, state, stored, answer["ended"].get("detours", ()))
        except OwnershipLost:
            self._check_ownership()
            self._end_unsaved(worker, state, stored)

    def _end(
        self,
        worker: _Worker,
        state: str,
        stored: dict[str, Any],
        detours: Iterable[Mapping[str, Any]],
    ) -> None:
        """Record the end of a step in the LaunchPad."""
        if self._lost:
            self._end_unsaved(worker, state, stored)
            return
        if state == "STOPPED":
            self.stopped = stored["_message"]
            with in_one_save(self._launchpad):
                fw_id = worker.firework.fw_id  # type: ignore[union-attr]
                self._complete(worker, "FIZZLED", stored)
                self._launchpad.rerun_fw(fw_id)
            return
        if (problem := self._record(worker)) and state == "COMPLETED":
            state, stored = "FIZZLED", {"_message": problem}
        self._complete(worker, state, stored, detours)

    def _end_unsaved(
        self, worker: _Worker, state: str, stored: Mapping[str, Any]
    ) -> None:
        """Show the end of a step whose document alone records it."""
        kind = "ended" if state == "COMPLETED" else "failed"
        self._tell(kind, worker, stored.get("_message", ""))
        worker.firework = None

    def _is_ours(self, worker: _Worker) -> bool:
        """Tell whether a step was not given to another run while its worker was at it.

        Only on a MongoDB can it be: ``lnmo rerun --dead`` there gives up on us.
        """
        return isinstance(self._launchpad, EmbeddedLaunchPad) or is_current(
            self._launchpad,
            worker.firework.fw_id,  # type: ignore[union-attr]
            worker.launch_id,
        )

    def _let_go(self, worker: _Worker) -> None:
        """Forget a step that another run has taken over; record nothing of it."""
        self._tell("failed", worker, "another run took this step over; not recorded")
        worker.firework = None

    def _note_interruption(self) -> None:
        """Leave in the directories of the running steps why they are ended."""
        end = Terminated("lnmo run was interrupted")
        for worker in self._workers:
            if worker.firework is not None:
                record_end(self._step_directory(worker.firework), end)

    def _step_directory(self, firework: Firework) -> Path:
        step = firework.spec["calculation_id"], firework.spec["step"]
        return FileResults(self._root).directory(*step)

    def _record(self, worker: _Worker) -> str:
        """Copy the document to MongoDB; embedded, the run directory is the record.

        Returns why it could not be copied, in one line; empty if all is well.
        """
        if worker.firework is None or isinstance(self._launchpad, EmbeddedLaunchPad):
            return ""
        try:
            copy_document(self._launchpad, self._root, worker.firework.spec)
        except StoreError as error:
            return str(error)
        return ""

    def _complete(
        self,
        worker: _Worker,
        state: str,
        stored: dict[str, Any],
        detours: Iterable[Mapping[str, Any]] = (),
    ) -> None:
        new = new_detours(self._launchpad, (Workflow.from_dict(d) for d in detours))
        action = FWAction(stored_data=stored, exit=state == "FIZZLED", detours=new)
        self._launchpad.complete_launch(worker.launch_id, action, state)
        if new:
            self._fworker = self._query()
        self._note_alike(state, str(stored.get("_message", "")))
        kind = "ended" if state == "COMPLETED" else "failed"
        self._tell(kind, worker, stored.get("_message", ""))
        worker.firework = None

    def _note_alike(self, state: str, message: str) -> None:
        """Stop handing out once VASP cannot start here: no step would fare better."""
        cause = machine_failure(message) if state == "FIZZLED" else ""
        self._alike = [*self._alike, cause] if cause in self._alike else [cause]
        if cause and len(self._alike) >= MOST_ALIKE:
            self.given_up = cause

    def _handle_death(self, worker: _Worker) -> None:
        """Return a dead worker's Firework, unless it has cost too many workers."""
        firework = worker.firework
        if firework is not None and self._lost:
            self._end_unsaved(worker, "FIZZLED", {"_message": "its worker ended"})
        elif firework is not None and not self._is_ours(worker):
            self._let_go(worker)
        elif firework is not None:
            try:
                self._record_death(worker, firework)
            except OwnershipLost:
                self._end_unsaved(worker, "FIZZLED", {"_message": "its worker ended"})
                self._check_ownership()
        if worker in self._workers:
            self._stop_worker(worker)

    def _record_death(self, worker: _Worker, firework: Firework) -> None:
        deaths = self._deaths[firework.fw_id] = self._deaths.get(firework.fw_id, 0) + 1
        code = worker.process.wait()
        reason = f"its worker ended with code {code} ({deaths} times); see {worker.log}"
        end_orphans(self._step_directory(firework))
        with in_one_save(self._launchpad):
            self._complete(worker, "FIZZLED", {"_message": reason})
            if deaths < MAX_DEATHS:
                self._launchpad.rerun_fw(firework.fw_id)

    def _stop_worker(self, worker: _Worker) -> None:
        self._selector.unregister(worker.process.stdout)  # type: ignore[arg-type]
        self._workers.remove(worker)
        os.close(worker.lifeline)
        for pipe in (worker.process.stdin, worker.process.stdout):
            try:
                pipe.close()  # type: ignore[union-attr]
            except BrokenPipeError:
                continue
        worker.process.wait()

    def _ping(self, worker: _Worker) -> None:
        """Tell FireWorks that the launch is alive, as its own rockets do."""
        if (
            worker.firework is not None
            and time.monotonic() - worker.pinged > PING_SECONDS
        ):
            self._launchpad.ping_launch(worker.launch_id)
            worker.pinged = time.monotonic()

    def _tell(self, kind: str, worker: _Worker, text: str = "") -> None:
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
    """Return the reason of a failure that every other step would have; else empty.

    Parameters
    ----------
    message
        Of a FIZZLED launch.
    """
    for words in (NEVER_STARTED, NO_POTCAR):
        if (place := message.find(words)) >= 0:
            return message[place:]
    return ""


def _without_launches(firework: Firework) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(firework.to_dict(), default=str))
    plain.pop("launches", None)
    plain.pop("archived_launches", None)
    return plain


def _one_thread(environment: Mapping[str, str]) -> dict[str, str]:
    # Workers fill the cores; threads of numpy or torch below them only get in the way.
    # VASP's own OMP_NUM_THREADS is left as the user set it.
    return {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", **environment}
