"""Which code raised an error; an error in our own code is reported as a bug in lnmo."""

from __future__ import annotations

import traceback
from pathlib import Path
from types import TracebackType

from workflows.errors import LnmoError, one_line

TOP = Path(__file__).resolve().parents[2]
OURS = ("workflows", "structures")
"""Packages there: of a checkout, or installed beside those of others."""
READER = "pymatgen"


def fault_message(error: Exception) -> str:
    """Return one line on what ended a step: the error, or the place of a bug in lnmo.

    An error of the operating system names its file.
    """
    words = one_line(error)
    if isinstance(error, (LnmoError, OSError)) and words:
        return words
    where, _ = place_of(error.__traceback__)
    shown = f"{type(error).__name__}: {words}" if words else type(error).__name__
    return (
        f"a bug in lnmo, not in the run: {shown}, at {where}; please report it with "
        "this line and the worker's log"
    )


def place_of(trace: TracebackType | None) -> tuple[str, bool]:
    """Return the place that raised, and whether the fault is ours.

    The fault is not ours where one of our readers called pymatgen.
    """
    frames = traceback.extract_tb(trace)
    mine = max((i for i, f in enumerate(frames) if _own(f.filename)), default=-1)
    if mine < 0:
        return "an unknown place", True
    below = [f for f in frames[mine + 1 :] if READER in Path(f.filename).parts]
    reading = "/workflows/vasp/" in Path(frames[mine].filename).as_posix()
    if below and reading:
        return _named(below[-1], READER), False
    return _named(frames[mine], *OURS), True


def _own(filename: str) -> bool:
    return any(Path(filename).is_relative_to(TOP / package) for package in OURS)


def _named(frame: traceback.FrameSummary, *tops: str) -> str:
    parts = Path(frame.filename).parts
    first = max(i for i, part in enumerate(parts) if part in tops)
    return f"{'/'.join(parts[first:])}:{frame.lineno} ({frame.name})"
