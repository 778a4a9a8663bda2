"""``lnmo`` without the start of an interpreter: forked off one that has imported it.

A server process imports the command once; each call is a process of its own, with its
own arguments, directory, environment and output, as from a shell. The workers that it
starts are forked too, each a process of its own with its own group, pipes and files:
importing custodian's handlers alone takes seconds. What is about the start itself
(imports, a package that is missing, whose modules are found) takes a real one.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from multiprocessing import get_context
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from types import SimpleNamespace
from typing import IO
from unittest import mock

import psutil

PATIENCE = 900.0
"""Seconds; no command of a test takes longer."""
WORKER = "lnmo-worker"
"""Name of a forked worker; its command line and environment are the server's."""
PRELOADED = (
    "workflows.cli",
    "workflows.cli.progress",
    "workflows.cli.result_tables",
    "workflows.cluster.launch",
    "workflows.cluster.overview",
    "workflows.cluster.reconcile",
    "workflows.engines.vasp.engine",
    "workflows.engines.vasp.handlers",
    "workflows.launchpad.local_run",
    "workflows.launchpad.worker_process",
    "workflows.report.page",
    "tests.forked",
)


def lnmo(
    *words: str, cwd: Path, env: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run ``lnmo`` with some words to its end; safe to call from several threads."""
    if any(name.startswith("PMG_") for name in env):  # read once, by an import
        return _started(words, cwd, env)
    started = start(*words, cwd=cwd, env=env)
    told, errors = started.communicate(PATIENCE)
    ended = started.returncode
    assert ended >= 0, f"lnmo {words} was killed:\n{told}\n{errors}"
    return subprocess.CompletedProcess(["lnmo", *words], ended, told, errors)


def start(*words: str, cwd: Path, env: Mapping[str, str]) -> Started:
    """Start ``lnmo`` with some words, as `subprocess.Popen` does."""
    scratch = Path(tempfile.mkdtemp(prefix="forked"))
    out, err, code = (scratch / name for name in ("out", "err", "code"))
    with _STARTING:
        process = _server().Process(
            target=_command, args=(words, cwd, dict(env), out, err, code)
        )
        process.start()
    return Started(process, scratch, words)


class Started:
    """A command that was forked off; it has what `subprocess.Popen` has.

    Attributes
    ----------
    pid
        Of the process.
    """

    def __init__(
        self,
        process: ForkServerProcess,
        scratch: Path,
        words: tuple[str, ...],
    ) -> None:
        self._process, self._scratch, self._words = process, scratch, words
        weakref.finalize(self, shutil.rmtree, scratch, ignore_errors=True)
        assert process.pid is not None
        self.pid: int = process.pid

    @property
    def returncode(self) -> int:
        """Exit code; -9 if it was killed before it could leave one."""
        # Not Process.exitcode: another thread that starts a process may have read it.
        left = self._scratch / "code"
        return int(left.read_text()) if left.exists() else -signal.SIGKILL

    def poll(self) -> int | None:
        """Return its exit code, or None while it runs."""
        return self.returncode if wait([self._process.sentinel], 0) else None

    def wait(self, timeout: float = PATIENCE) -> int:
        """Wait for its end; return its exit code."""
        if not wait([self._process.sentinel], timeout):
            self.kill()
            raise subprocess.TimeoutExpired(["lnmo", *self._words], timeout)
        return self.returncode

    def communicate(self, timeout: float = PATIENCE) -> tuple[str, str]:
        """Wait for its end; return what it printed."""
        self.wait(timeout)
        files = [self._scratch / name for name in ("out", "err")]
        told, errors = (f.read_text("utf-8") if f.exists() else "" for f in files)
        return told, errors

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)


def _started(
    words: tuple[str, ...], cwd: Path, env: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "workflows.cli", *words]
    return subprocess.run(
        command, cwd=cwd, env=dict(env), capture_output=True, text=True, check=False
    )


_STARTING = threading.Lock()


@cache
def _server() -> ForkServerContext:
    """Start the server; one thread, so that nothing is held while it forks."""
    context = get_context("forkserver")
    context.set_forkserver_preload(list(PRELOADED))
    with mock.patch.dict(os.environ, {"OMP_NUM_THREADS": "1"}):
        ready = context.Process(target=int)
        ready.start()
        ready.join()
    return context


def _command(
    words: tuple[str, ...],
    cwd: Path,
    env: dict[str, str],
    out: Path,
    err: Path,
    code: Path,
) -> None:
    """Be the command: in the child."""
    streams = []
    for number, path in ((1, out), (2, err)):
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(opened, number)
        os.close(opened)
        streams.append(os.fdopen(number, "w", 1, "utf-8", closefd=False))
    sys.stdout, sys.stderr = streams
    # A shell that starts the tests in the background has them ignore it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.argv = ["lnmo", *words]
    ended: object = 1
    try:
        ended = _main()
    except BaseException:
        traceback.print_exc()
    finally:
        code.write_text(str(ended))


def _main() -> int:
    from workflows import cli
    from workflows.launchpad import worker_pool

    forking = SimpleNamespace(Popen=ForkedWorker, PIPE=subprocess.PIPE)
    try:
        with mock.patch.object(worker_pool, "subprocess", forking):
            cli.main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def is_worker(process: psutil.Process) -> bool:
    """Whether a process is a worker of a run, forked or started."""
    with suppress(psutil.Error):
        started = "workflows.launchpad.worker_process" in process.cmdline()
        return started or process.name() == WORKER
    return False


def processes_in(place: Path) -> list[psutil.Process]:
    """Return every process whose working directory is in or below a directory.

    Whatever works on a campaign is there, forked or started, and VASP too.
    """
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if Path(process.cwd()).is_relative_to(place.resolve()):
                found.append(process)
    return found


class ForkedWorker:
    """A worker, as `subprocess.Popen` gives it to `launchpad.worker_pool`.

    Parameters
    ----------
    command
        Of which the last two words alone count: the worker's file descriptors.
    stdin, process_group
        As the pool asks for: a pipe, a group of its own.
    stdout, stderr
        The worker's log.
    pass_fds
        File descriptors that stay open in the worker.
    env
        Its environment.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        stdin: int,
        stdout: IO[bytes],
        stderr: IO[bytes],
        pass_fds: Sequence[int],
        process_group: int,
        env: Mapping[str, str],
    ) -> None:
        assert stdin == subprocess.PIPE
        requests, ours = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.setpgid(0, process_group)
            Path("/proc/self/comm").write_text(WORKER)
            streams = (requests, stdout.fileno(), stderr.fileno())
            _work(command[-2:], streams, pass_fds, dict(env))
        os.close(requests)
        self.ended: int | None = None
        self.stdin = os.fdopen(ours, "wb")

    def wait(self) -> int:
        """Wait for its end; return its exit code, or less than 0 for a signal."""
        if self.ended is None:
            self.ended = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.ended


def _work(
    words: Sequence[str],
    streams: Sequence[int],
    kept: Sequence[int],
    env: dict[str, str],
) -> None:
    """Be the worker: in the child; never returns."""
    code = 1
    try:
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        for number in sorted(int(name) for name in os.listdir("/proc/self/fd")):
            if number > 2 and number not in kept:
                with suppress(OSError):
                    os.close(number)
        for ours in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(ours, signal.SIG_DFL)
        sys.stdin = os.fdopen(0, "r", encoding="utf-8", closefd=False)
        sys.stdout, sys.stderr = (
            os.fdopen(n, "w", 1, "utf-8", closefd=False) for n in (1, 2)
        )
        os.environ.clear()
        os.environ.update(env)
        sys.argv = ["worker_process", *words]
        from workflows.launchpad import worker_process

        worker_process.main()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)
