"""Worker processes of the local run, and the pipes between them and their owner."""

from __future__ import annotations

import itertools
import json
import os
import selectors
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fireworks import Firework

from workflows.launchpad.python_command import PYTHON, importable

WORKER = "workflows.launchpad.worker_process"
SELECT_SECONDS = 0.5
"""Longest wait for messages; the display of a run is redrawn this often."""
PIPE_BYTES = 65_536
"""Read at once; the capacity of a pipe on Linux."""


@dataclass(eq=False)
class Worker:
    """A worker process, and the launch it executes.

    Attributes
    ----------
    process
        With a pipe for requests.
    answers
        File descriptor of its messages. Its own, since anything may print on standard
        output while Python starts.
    lifeline
        File descriptor; when it closes, the worker ends.
    log
        File with the output of the engines.
    buffer
        Start of a message whose rest has not arrived.
    firework, launch_id
        What it executes; None and 0 while idle.
    started, pinged
        Monotonic times of its start and of the last ping of its launch.
    """

    process: subprocess.Popen[bytes]
    answers: int
    lifeline: int
    log: Path
    buffer: bytes = b""
    firework: Firework | None = None
    launch_id: int = 0
    started: float = 0.0
    pinged: float = field(default_factory=time.monotonic)


class WorkerPool:
    """Up to ``size`` worker processes, each started when it is first needed.

    Parameters
    ----------
    root
        Data directory; the logs are in it.
    size
        Number of worker processes.
    inherit
        File descriptors that the workers keep open (the LaunchPad's lock).
    """

    def __init__(self, root: Path, *, size: int, inherit: tuple[int, ...] = ()) -> None:
        self._root = root
        self._size = size
        self._inherit = inherit
        self._numbers = itertools.count(1)
        self._selector = selectors.DefaultSelector()
        self.workers: list[Worker] = []

    @property
    def busy(self) -> list[Worker]:
        """Workers that execute a Firework."""
        return [worker for worker in self.workers if worker.firework is not None]

    @property
    def room(self) -> int:
        """Number of Fireworks that could be assigned now."""
        return self._size - len(self.busy)

    def assign(
        self, request: Mapping[str, Any], firework: Firework, launch_id: int
    ) -> Worker:
        """Send a Firework to an idle worker, started if there is none."""
        idle = [worker for worker in self.workers if worker.firework is None]
        worker = idle[-1] if idle else self._start()
        worker.firework, worker.launch_id = firework, launch_id
        worker.started = worker.pinged = time.monotonic()
        try:
            worker.process.stdin.write(json.dumps(request).encode() + b"\n")  # type: ignore[union-attr]
            worker.process.stdin.flush()  # type: ignore[union-attr]
        except BrokenPipeError:
            pass  # it died, and its pipe will close
        return worker

    def messages(self) -> Iterator[tuple[Worker, Mapping[str, Any] | None]]:
        """Yield the messages that have arrived; None from a worker that died."""
        for key, _ in self._selector.select(timeout=SELECT_SECONDS):
            worker: Worker = key.data
            if worker not in self.workers:
                continue  # stopped because of a message of another one
            received = os.read(key.fd, PIPE_BYTES)
            if not received:
                yield worker, None
                continue
            *lines, worker.buffer = (worker.buffer + received).split(b"\n")
            for line in lines:
                yield worker, json.loads(line)

    def _start(self) -> Worker:
        logs = self._root / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        log = logs / f"worker-{next(self._numbers)}.log"
        theirs, ours = os.pipe()
        answers, to_us = os.pipe()
        with log.open("ab") as errors:
            process = subprocess.Popen(
                [*PYTHON, "-m", WORKER, str(theirs), str(to_us)],
                stdin=subprocess.PIPE,
                stdout=errors,
                stderr=errors,
                pass_fds=(theirs, to_us, *self._inherit),
                process_group=0,  # Ctrl-C is for the owner, which then ends them
                env=importable(_one_thread(os.environ)),
            )
        os.close(theirs)
        os.close(to_us)
        worker = Worker(process, answers, ours, log)
        self.workers.append(worker)
        self._selector.register(answers, selectors.EVENT_READ, worker)
        return worker

    def stop(self, worker: Worker) -> None:
        """End a worker, and all that it has started."""
        self._selector.unregister(worker.answers)
        self.workers.remove(worker)
        os.close(worker.lifeline)
        os.close(worker.answers)
        with suppress(BrokenPipeError):
            worker.process.stdin.close()  # type: ignore[union-attr]
        worker.process.wait()

    def stop_all(self) -> None:
        """End every worker."""
        for worker in list(self.workers):
            self.stop(worker)

    def close(self) -> None:
        """End every worker and free the selector."""
        self.stop_all()
        self._selector.close()


def _one_thread(environment: Mapping[str, str]) -> dict[str, str]:
    # Workers fill the cores; more threads of numpy or torch would only slow them down.
    # An OMP_NUM_THREADS that the user set, for VASP, is kept.
    return {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", **environment}
