"""What a program printed, whatever its bytes are and however much it is.

VASP prints a few MB. A launcher, a module system or a damaged disk adds bytes of any
encoding and lines without an end. What a log tells is at its head and at its tail; the
middle of a longer one is left out.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from workflows.atomic import open_regular
from workflows.errors import printable
from workflows.vasp.packed import LONGEST_MARK, PackingError, is_packed, stream
from workflows.vasp.run_files import unix_text

MOST_BYTES = 16_000_000
"""Read of one log: half from its head, half from its tail."""
LONGEST_LINE = 10_000
"""Bytes; a longer line comes as several."""
_TERMINAL = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\^_]"
)
"""Sequences that colour or command a terminal (ECMA-48)."""
_MARKS = (b"\xff\xfe", b"\xfe\xff")
"""First bytes of UTF-16."""


@dataclass(frozen=True)
class Log:
    """What is read of a log.

    Attributes
    ----------
    text
        Its head and its tail, on lines of their own if something is left out.
    left_out
        Bytes between the two; 0 mostly.
    """

    text: str
    left_out: int = 0


def read_log(path: Path, most: int | None = None) -> Log:
    """Read a log, packed or not: all of it, or its head and its tail.

    A byte that is not UTF-8 becomes a replacement mark. Zero bytes are left out: of
    ASCII in UTF-16 the text is left.

    Parameters
    ----------
    path
        The log.
    most
        Bytes that are read of it at most, half of them from its end; by default
        :data:`MOST_BYTES`.

    Raises
    ------
    OSError
        It is not there, or not a regular file.
    StoreError
        It is compressed in a way that is not read here.
    """
    most = MOST_BYTES if most is None else most
    with open_regular(path) as file:
        if is_packed(file.read(LONGEST_MARK)):
            return _log(*_unpacked_ends(path, most))
        size = path.stat().st_size
        file.seek(0)
        if size <= most:
            return _log(file.read(most), b"", 0)
        head = file.read(most - most // 2)
        file.seek(size - most // 2)
        return _log(head, file.read(most // 2), size - most)


def log_lines(path: Path, most: int | None = None) -> Iterator[bytes]:
    """Yield the lines of :func:`read_log`, none longer than :data:`LONGEST_LINE`."""
    for line in read_log(path, most).text.encode("utf-8", "replace").split(b"\n"):
        for start in range(0, max(len(line), 1), LONGEST_LINE):
            yield line[start : start + LONGEST_LINE].strip() + b"\n"


def shown(line: str) -> str:
    """Return a line as a reason may hold it: without colours, nothing that acts."""
    return printable(" ".join(_TERMINAL.sub("", line).split()))


def _log(head: bytes, tail: bytes, left_out: int) -> Log:
    for mark in _MARKS:
        head = head.removeprefix(mark)
    between = b"\n" if tail else b""
    content = (head + between + tail).replace(b"\0", b"")
    return Log(unix_text(content).decode("utf-8", "replace"), left_out)


def _unpacked_ends(path: Path, most: int) -> tuple[bytes, bytes, int]:
    """Return head, tail and the bytes between them of a packed file."""
    head, tail, kept, seen = bytearray(), deque[bytes](), 0, 0
    half = most // 2
    with suppress(PackingError):  # what comes before the damage is told
        for piece in stream(path):
            seen += len(piece)
            room = most - half - len(head)
            head += piece[:room]
            tail.append(piece[room:] if room > 0 else piece)
            kept += len(tail[-1])
            while kept - len(tail[0]) >= half:
                kept -= len(tail.popleft())
    end = b"".join(tail)[-half:] if kept else b""
    left_out = max(0, seen - len(head) - len(end))
    return (bytes(head), end, left_out) if left_out else (bytes(head) + end, b"", 0)
