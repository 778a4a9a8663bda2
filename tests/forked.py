"""``lnmo`` without the start of an interpreter: forked off one that has imported it.

A server process imports the command once; each call is a process of its own, with its
own arguments, directory, environment and output, as from a shell. What is about the
start itself (imports, a package that is missing, who is whose child) takes a real one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Mapping
from functools import cache
from multiprocessing import get_context
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerContext
from pathlib import Path
from unittest import mock

PATIENCE = 900.0
"""Seconds; no command of a test takes longer."""
PRELOADED = (
    "workflows.cli",
    "workflows.cli.progress",
    "workflows.cli.result_tables",
    "workflows.cluster.launch",
    "workflows.cluster.overview",
    "workflows.cluster.reconcile",
    "workflows.engines.vasp.engine",
    "workflows.launchpad.local_run",
    "workflows.report.page",
    "tests.forked",
)


def lnmo(
    *words: str, cwd: Path, env: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run ``lnmo`` with some words to its end; safe to call from several threads."""
    if any(name.startswith("PMG_") for name in env):  # read once, by an import
        return _started(words, cwd, env)
    with tempfile.TemporaryDirectory() as scratch:
        out, err, code = (Path(scratch, name) for name in ("out", "err", "code"))
        with _STARTING:
            process = _server().Process(
                target=_command, args=(words, cwd, dict(env), out, err, code)
            )
            process.start()
        if not wait([process.sentinel], PATIENCE):
            process.kill()
            raise subprocess.TimeoutExpired(["lnmo", *words], PATIENCE)
        told, errors = out.read_text("utf-8"), err.read_text("utf-8")
        # Not Process.exitcode: another thread that starts a process may have read it.
        assert code.exists(), f"lnmo {words} was killed:\n{told}\n{errors}"
        ended = int(code.read_text())
    return subprocess.CompletedProcess(["lnmo", *words], ended, told, errors)


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

    try:
        cli.main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0
