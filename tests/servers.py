"""The real parts that tests share between processes: MongoDB and Slurm.

MongoDB is `mongod` where there is one, else the stand-in of `tests/mongo_standin`.
Slurm is Slurm. Whatever is started here ends with the process that started it, killed
or not: a guard waits at the other end of a pipe, in a session of its own, where neither
Ctrl-C nor the end of a process group reaches it.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

HERE = Path(__file__).parent
STANDIN = HERE / "mongo_standin" / "serve.py"
PATIENCE = 30.0
GUARD = 'cat >/dev/null; exec "$@"'


@dataclass
class Mongo:
    """A MongoDB server of one directory, always at the same port.

    Attributes
    ----------
    place
        Its directory.
    port
        On 127.0.0.1.
    """

    place: Path
    port: int = 0
    _process: subprocess.Popen[str] | None = field(default=None, repr=False)
    _guard: subprocess.Popen[str] | None = field(default=None, repr=False)

    @property
    def real(self) -> bool:
        """Tell whether it is MongoDB's own server."""
        return shutil.which("mongod") is not None

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> Mongo:
        """Start it, and wait until it answers."""
        self.place.mkdir(parents=True, exist_ok=True)
        self.port = self.port or free_port()
        command = [sys.executable, str(STANDIN), str(self.place / "store.sqlite")]
        if self.real:
            command = ["mongod", "--bind_ip", "127.0.0.1", "--quiet"]
            command += ["--dbpath", str(self.place), "--port"]
        with (self.place / "log").open("a") as log:
            self._process = subprocess.Popen(
                [*command, str(self.port)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        if self.real:  # the stand-in ends with its stdin by itself
            ends = ["sh", "-c", GUARD, "guard", "kill", str(self._process.pid)]
            self._guard = subprocess.Popen(
                ends,
                stdin=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                start_new_session=True,
            )
        deadline = time.monotonic() + PATIENCE
        while not listens(self.port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self.place / "log").read_text())
            time.sleep(0.02)
        return self

    def kill(self) -> None:
        """End it as kill -9 does."""
        assert self._process is not None
        self._process.kill()
        self.stop()

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            self._process.communicate()
        if self._guard is not None:
            self._guard.communicate()


@dataclass(frozen=True)
class Slurm:
    """A Slurm of this machine alone.

    Attributes
    ----------
    place
        Its directory; ``slurm.conf`` is in it.
    """

    place: Path

    @property
    def environment(self) -> Mapping[str, str]:
        """What ``sbatch`` and the others need to find it."""
        return {"SLURM_CONF": str(self.place / "slurm.conf")}

    def start(self, cpus: int = 2) -> None:
        """Start what of it is not running; jobs that run do not notice."""
        command = [str(HERE / "slurm" / "start.sh"), str(self.place), str(cpus)]
        started = subprocess.run(command, capture_output=True, check=False)
        if started.returncode:
            raise RuntimeError(started.stderr.decode())

    def stop_controller(self) -> None:
        """End slurmctld, as for an upgrade: jobs run on, every command fails.

        It saves its jobs first. Killed within seconds of a job's start, it would have
        forgotten the job, and would kill it when it is back.
        """
        process = psutil.Process(int((self.place / "slurmctld.pid").read_text()))
        process.terminate()
        with suppress(psutil.NoSuchProcess):
            while process.status() != psutil.STATUS_ZOMBIE:
                time.sleep(0.1)

    def call(self, *command: str) -> str:
        """Run one of Slurm's commands; what it prints."""
        environment = {**os.environ, **self.environment}
        return subprocess.check_output(command, env=environment, text=True).strip()


@contextmanager
def slurm_running(place: Path, *, cpus: int = 2) -> Iterator[Slurm]:
    """Start Slurm, and end it with all its jobs."""
    stop = str(HERE / "slurm" / "stop.sh")
    guard = subprocess.Popen(
        ["sh", "-c", GUARD, "guard", stop, str(place)],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        running = Slurm(place)
        running.start(cpus)
        yield running
    finally:
        guard.communicate()


def need(part: str, missing: str) -> None:
    """Skip without a part of the system, or fail where the environment requires it."""
    if not missing:
        return
    reason = f"{missing}: make system"
    if part in os.environ.get("LNMO_REQUIRE", "").split(","):
        pytest.fail(f"LNMO_REQUIRE asks for {part}, but {reason}")
    pytest.skip(reason)


def missing_for_slurm() -> str:
    """Name what keeps Slurm from running here; empty if nothing does."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    for program in ("munged", "slurmctld", "slurmd", "sbatch"):
        if shutil.which(program, path=path) is None:
            return f"{program} is not installed"
    return "" if os.geteuid() == 0 else "Slurm's own daemons have to be run by root"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
