"""Warnings of libraries, shown as the user of a command can read them.

Python prints a warning with a path and a line of source code; matplotlib logs where it
could not keep its cache.
"""

from __future__ import annotations

import logging
import sys
import warnings
from contextlib import suppress
from typing import TextIO

from workflows.errors import one_line, printable


def prepare() -> None:
    """Show each warning in one line, and leave out matplotlib's on its own files."""
    warnings.showwarning = _show
    logging.getLogger("matplotlib").addFilter(_is_error)


def _show(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Stand in for :func:`warnings.showwarning`."""
    if sys.stderr is not None:  # print would take standard output for it
        with suppress(OSError):
            print(f"lnmo: warning: {printable(one_line(message))}", file=sys.stderr)


def _is_error(record: logging.LogRecord) -> bool:
    """Pass errors; its modules, such as that of fonts, have loggers of their own."""
    return record.levelno >= logging.ERROR
