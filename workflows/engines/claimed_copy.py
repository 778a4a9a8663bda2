"""A large file copied into a run directory: whole, and by the worker that has it."""

from __future__ import annotations

import shutil
import uuid
from contextlib import suppress
from pathlib import Path

from workflows.engines.claim import check_claim


def copy_whole(source: Path, target: Path) -> None:
    """Copy a file, whole or not at all; it may be gigabytes.

    Each copy has a part of its own, so that a worker that was given up and its
    successor do not write into one. What a killed copy left is removed.

    Raises
    ------
    OSError
        It cannot be copied.
    GivenUp
        Another worker took the step meanwhile; the target is as it was.
    """
    check_claim(target.parent)
    for left in target.parent.glob(f".{target.name}.*part"):
        left.unlink(missing_ok=True)
    part = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
    try:
        shutil.copyfile(source, part)
        check_claim(target.parent)
        part.replace(target)
    finally:
        with suppress(OSError):
            part.unlink()
