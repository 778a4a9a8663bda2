"""What a caller gives as a path: a name, not empty, that a file can have."""

from __future__ import annotations

import errno
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
        zero byte or half a surrogate, or is too long. Python's own ``Path("")``
        is the current directory.
    """
    text = os.fspath(value) if isinstance(value, str | os.PathLike) else None
    if not isinstance(text, str) or not text.strip() or not _possible(text):
        raise error(
            f"{name} = {shown(value)}: give the path of a directory or file "
            "('.' is the current directory)"
        )
    return Path(text)


def _possible(text: str) -> bool:
    """Whether a file can have such a name; of other errors its reader tells."""
    try:
        os.lstat(text)
    except ValueError:  # a zero byte, half a surrogate
        return False
    except OSError as error:
        return error.errno != errno.ENAMETOOLONG
    return True
