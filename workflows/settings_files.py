"""Settings files that libraries open by themselves, looked at before they do.

A library reads its own file while it is imported, or at its first use. There a FIFO
waits for ever, and a damaged file is an error of whatever was being done.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

from workflows.atomic import read_regular
from workflows.errors import MachineError, one_line, printable, shortened


def first_of(*places: str | os.PathLike[str]) -> Path | None:
    """Return the first of some places where something is, of whatever kind."""
    paths = (Path(os.path.expanduser(place)) for place in places)
    return next((path for path in paths if os.path.exists(path)), None)


def cure(path: Path, variable: str) -> str:
    """Say what to do about a settings file that an environment variable may name."""
    given = os.environ.get(variable)
    if given and str(path) in os.path.expanduser(given).split(os.pathsep):
        return f"correct it, or unset {variable}"
    return "correct or remove it"


def read_settings(
    path: Path, library: str, read: Callable[[], object], variable: str
) -> None:
    """Let a library read its settings, which are in a file of text.

    What the library prints meanwhile goes to standard error: standard output may be
    JSON.

    Parameters
    ----------
    path
        The file that the library will open.
    library
        Its name, for messages.
    read
        Makes the library read it.
    variable
        The environment variable that may name it.

    Raises
    ------
    MachineError
        It is no file of text, or the library raises anything.
    """
    try:
        read_regular(path)
        with redirect_stdout(sys.stderr):
            read()
    except MachineError:
        raise
    except Exception as error:  # a parser may raise anything
        told = one_line(getattr(error, "strerror", None) or error)
        raise MachineError(
            f"{printable(path)}: {library} reads its settings there, and cannot "
            f"({printable(shortened(told or type(error).__name__, 200))}): "
            f"{cure(path, variable)}"
        ) from None
