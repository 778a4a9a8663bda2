"""What a caller gives as a path: a name, not empty, that a file can have."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from structures.values import shown
from workflows.errors import LnmoError, StoreError


def given_path(value: Any, name: str, error: type[LnmoError] = StoreError) -> Path:
    """Return a path.

    Parameters
    ----------
    value
        What the caller gave.
    name
        Of the argument, for the message.
    error
        Class of what is raised.

    Raises
    ------
    LnmoError
        Of the class `error`: it is neither text nor a ``Path``, is empty, or holds a
        zero byte. Python's own ``Path("")`` is the current directory.
    """
    text = os.fspath(value) if isinstance(value, str | os.PathLike) else None
    if not isinstance(text, str) or not text.strip() or "\0" in text:
        raise error(
            f"{name} = {shown(value)}: give the path of a directory or file "
            "('.' is the current directory)"
        )
    return Path(text)
