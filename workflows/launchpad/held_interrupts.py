"""Signals wait while a step changes hands, so that none is left RUNNING by nobody."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from workflows.signals import ENDING


@contextmanager
def held_interrupts() -> Iterator[None]:
    """Handle a Ctrl-C, SIGTERM or SIGHUP that comes inside when the block is left.

    Only the main thread receives signals; elsewhere nothing is held.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = {
        each: signal.signal(each, lambda number, _: came.append(number))
        for each in ENDING
        if signal.getsignal(each) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    for number in came:
        signal.raise_signal(number)
