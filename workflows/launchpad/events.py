"""Progress of a local run, as its display receives it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Event:
    """Progress of a run, to be displayed.

    Attributes
    ----------
    kind
        ``started``, ``progress``, ``ended``, ``failed``, ``tick``, or ``stopped`` for a
        step that is READY again.
    calculation_id, step, name
        The step; empty for a tick.
    text
        Progress line, or the reason of a failure or a stop.
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
