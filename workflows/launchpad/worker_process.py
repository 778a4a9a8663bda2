"""A worker process: executes the Fireworks that its owner sends, one at a time.

Started by ``launchpad.worker_pool``. It reads requests from stdin, one JSON line each,
and answers on a pipe of its own: progress lines, then the end. Whatever is printed goes
to the worker's log. When the owner dies, the lifeline closes, and the worker ends
immediately with all processes it started.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

import psutil
from fireworks import Firework

from workflows.engines.fault import fault_message
from workflows.engines.step import terminable
from workflows.errors import Terminated
from workflows.records.held_directory import identity


def main() -> None:
    """Serve until the owner closes stdin."""
    lifeline, answering = map(int, sys.argv[1:])
    os.set_inheritable(answering, False)
    threading.Thread(target=_end_with_owner, args=(lifeline,), daemon=True).start()
    answers = os.fdopen(answering, "w", buffering=1, encoding="utf-8")
    requests = os.fdopen(os.dup(0), encoding="utf-8")
    _read_nothing()
    _forward_progress(answers)
    for line in requests:
        request = json.loads(line)
        _answer(answers, {"ended": _answered(request)})


def _answered(request: dict[str, Any]) -> dict[str, Any]:
    """Execute a request in the data directory that the owner has, and in no other."""
    known, root = request.get("directory"), request["env"].get("root", "")
    if known and identity(Path(root)) != known:
        lost = f"{root} was moved, deleted or replaced; nothing was started"
        return {"state": "FIZZLED", "stored_data": {"_message": lost}}
    return _execute(request["firework"], request["env"])


def _read_nothing() -> None:
    """Give the engines an empty stdin: what one reads there would be a request."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)


def _execute(firework: dict[str, Any], env: dict[str, Any]) -> dict[str, Any]:
    """Run the Firetasks as FireWorks' Rocket does, without a LaunchPad."""
    try:
        unpacked = Firework.from_dict(firework)
        spec = {**unpacked.spec, "_fw_env": env}
        stored: dict[str, Any] = {}
        detours: list[Any] = []
        with terminable():
            for task in unpacked.tasks:
                action = task.run_task(spec)
                if action is not None:
                    stored.update(action.stored_data)
                    detours = action.to_dict()["detours"]
                    if action.skip_remaining_tasks:
                        break
    except Terminated as end:
        return {"state": "STOPPED", "stored_data": {"_message": str(end)}}
    except Exception as error:
        traceback.print_exc()
        return {"state": "FIZZLED", "stored_data": {"_message": fault_message(error)}}
    return {"state": "COMPLETED", "stored_data": stored, "detours": detours}


def _forward_progress(answers: TextIO) -> None:
    class Forward(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            _answer(answers, {"progress": record.getMessage()})

    logger = logging.getLogger("lnmo.progress")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(Forward())


def _answer(answers: TextIO, content: dict[str, Any]) -> None:
    answers.write(json.dumps(content, default=str) + "\n")


def _end_with_owner(lifeline: int) -> None:
    os.read(lifeline, 1)  # nothing is ever written: it returns when the owner is gone
    try:
        for child in psutil.Process().children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                child.kill()
    finally:
        os._exit(1)


if __name__ == "__main__":
    main()
