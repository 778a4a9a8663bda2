"""What a file holds, however it is compressed, as a stream of bounded memory.

The first bytes decide how a file is packed, not its name: people rename files without
packing them, and pack them without renaming. A packed file that was cut gives what can
be unpacked of it and a note that it was cut. One that is damaged inside gives nothing,
because nobody can say which digits are wrong.

VASP writes text. A zero byte in it means that a disk lost what was written, as after a
power cut; a sparse file of zeros may claim any size. Reading ends there.

A few MB of gzip can hold many GB of zeros. What is read as a stream may hold up to
:data:`MAX_UNPACKED`, what is held in memory up to :data:`MAX_HELD`.
"""

from __future__ import annotations

import bz2
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from workflows.errors import StoreError
from workflows.vasp.file_kinds import odd_kind

ENDINGS = (".gz", ".bz2", ".xz", ".z")
"""Endings of names, in lower or upper case; gzip once wrote ``.z``."""
LONGEST_MARK = 10
CHUNK = 65_536
"""Bytes read at a time."""
PIECE = 1_048_576
"""Bytes unpacked at a time."""
MAX_UNPACKED = 32_000_000_000
"""Bytes that one file may unpack to where it is read as a stream."""
MAX_HELD = 2_000_000_000
"""Bytes of one file that are held in memory at once, packed or not."""
MAX_RATIO = 100
"""Unpacked over packed size of a file held in memory; VASP's text reaches 5 to 30."""
FREE = 64_000_000
"""Bytes that any packed file may unpack to, whatever its ratio."""
UNREAD = (
    (re.compile(rb"\x28\xb5\x2f\xfd"), "zstd", "unzstd"),
    (re.compile(rb"\x1f\x9d"), "compress", "uncompress"),
    (re.compile(rb"PK\x03\x04"), "zip", "unzip"),
    (re.compile(rb"\x5d\x00\x00"), "lzma", "unlzma"),
    (re.compile(rb"\x04\x22\x4d\x18|\x02\x21\x4c\x18"), "lz4", "unlz4"),
    (re.compile(rb"LZIP"), "lzip", "lzip -d"),
    (re.compile(rb"7z\xbc\xaf\x27\x1c"), "7-Zip", "7z x"),
)
"""First bytes, program and cure of what is compressed in a way that is not read."""
OTHER_TEXT = (
    (re.compile(rb"\xff\xfe\x00\x00"), "UTF-32LE"),
    (re.compile(rb"\x00\x00\xfe\xff"), "UTF-32BE"),
    (re.compile(rb"\xff\xfe"), "UTF-16LE"),
    (re.compile(rb"\xfe\xff"), "UTF-16BE"),
    (re.compile(rb"(?:[\t\n\r\x20-\x7e]\x00\x00\x00){2}"), "UTF-32LE"),
    (re.compile(rb"(?:\x00\x00\x00[\t\n\r\x20-\x7e]){2}"), "UTF-32BE"),
    (re.compile(rb"(?:[\t\n\r\x20-\x7e]\x00){4}"), "UTF-16LE"),
    (re.compile(rb"(?:\x00[\t\n\r\x20-\x7e]){4}"), "UTF-16BE"),
)
"""First bytes of text in another encoding, with a mark of its order or without."""
ZEROS = (
    "holds zero bytes, from byte {place} on, and is not text of VASP there: a disk "
    "lost what was written; copy it again, or run again"
)
_ENDING = re.compile(r"\.(?:gz|bz2|xz|zst|z|lzma|lz4|lz|zip|7z)", re.IGNORECASE)


class _Gzip:
    """``zlib`` with the interface of the two others."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=31)

    def decompress(self, data: bytes, length: int) -> bytes:
        return self._stream.decompress(self._stream.unconsumed_tail + data, length)

    @property
    def needs_input(self) -> bool:
        return not self._stream.unconsumed_tail

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data


READ: tuple[tuple[re.Pattern[bytes], str, Callable[[], Any]], ...] = (
    (re.compile(rb"\x1f\x8b\x08"), "gzip", _Gzip),
    (re.compile(rb"BZh[1-9]1AY&SY"), "bzip2", bz2.BZ2Decompressor),
    (re.compile(rb"\xfd7zXZ\x00"), "xz", lzma.LZMADecompressor),
)


class PackingError(StoreError):
    """A packed file that cannot be unpacked to its end.

    Parameters
    ----------
    problem
        What is wrong, as a phrase that follows the name of the file.
    cut
        Whether what was unpacked so far can be believed.
    """

    def __init__(self, problem: str, *, cut: bool = False) -> None:
        super().__init__(problem)
        self.cut = cut


@dataclass(frozen=True)
class Unpacked:
    """The content of a file, and what is wrong with its packing; empty for nothing."""

    content: bytes
    problem: str = ""


def bare_name(name: str) -> str:
    """Return a file's name without the ending that its compression gave it."""
    stem, dot, ending = name.rpartition(".")
    return stem if _ENDING.fullmatch(dot + ending) else name


def is_packed(head: bytes) -> bool:
    """Tell by the first bytes of a file whether it is compressed in a way we know."""
    return any(mark.match(head) for mark, *_ in (*READ, *UNREAD))


def stream(path: Path, *, limit: int = MAX_UNPACKED) -> Iterator[bytes]:
    """Yield the content of a file, packed or not, in pieces of a MB at most.

    What follows the end of the packed data is left out, as gzip itself does.

    Parameters
    ----------
    path
        The file.
    limit
        Bytes; a file that holds more is refused.

    Raises
    ------
    PackingError
        The file is damaged or cut, or has a zero byte.
    StoreError
        It holds more than `limit`, is compressed with a program that is not known
        here, or is text in another encoding.
    """
    seen = 0
    if odd := odd_kind(path):
        raise StoreError(f"{path.name} is {odd}, not a file")
    with path.open("rb") as file:
        head = file.read(LONGEST_MARK)
        raw = chain([head], iter(partial(file.read, CHUNK), b""))
        for piece in _unpacked(raw, head, path.name):
            if not seen:
                _refuse_other_text(piece[:LONGEST_MARK], path.name)
            if (zero := piece.find(b"\0")) >= 0:
                yield piece[:zero]
                raise PackingError(ZEROS.format(place=seen + zero), cut=True)
            seen += len(piece)
            if seen > limit:
                raise StoreError(
                    f"{path.name} holds more than {limit / 1e6:.0f} MB, more than is "
                    "read here: shorten it, or remove it if it is not text of VASP"
                )
            yield piece


def _refuse_other_text(head: bytes, name: str) -> None:
    for mark, encoding in OTHER_TEXT:
        if mark.match(head):
            raise StoreError(
                f"{name} is text in {encoding}, and VASP reads and writes ASCII: "
                f"convert it (iconv -f {encoding} -t UTF-8)"
            )


def held_limit(path: Path) -> int:
    """Return how many bytes of a file may be held in memory."""
    with path.open("rb") as file:
        if not is_packed(file.read(LONGEST_MARK)):
            return MAX_HELD
    return min(MAX_HELD, max(FREE, MAX_RATIO * path.stat().st_size))


def hold(path: Path) -> Unpacked:
    """Return the whole content of a file, packed or not, and what is wrong with it.

    Raises
    ------
    StoreError
        As :func:`stream`; it holds more than :func:`held_limit`.
    """
    parts: list[bytes] = []
    try:
        for piece in stream(path, limit=held_limit(path)):
            parts.append(piece)
    except PackingError as error:
        return Unpacked(b"".join(parts) if error.cut else b"", str(error))
    return Unpacked(b"".join(parts))


def _unpacked(raw: Iterator[bytes], head: bytes, name: str) -> Iterator[bytes]:
    for mark, program, cure in UNREAD:
        if mark.match(head):
            raise StoreError(
                f"{name} is compressed with {program}, which is not read here: unpack "
                f"it ({cure} {name})"
            )
    for mark, program, opened in READ:
        if mark.match(head):
            return _members(raw, mark, program, opened)
    return raw


def _members(
    raw: Iterator[bytes],
    mark: re.Pattern[bytes],
    program: str,
    opened: Callable[[], Any],
) -> Iterator[bytes]:
    """Unpack what one program packed, in one part or in several joined ones."""
    data = next(raw, b"")
    while True:
        while len(data) < LONGEST_MARK and (more := next(raw, b"")):
            data += more
        if not mark.match(data):
            return
        part = opened()
        while not part.eof:
            if part.needs_input and not data and not (data := next(raw, b"")):
                problem = f"is a {program} file that was cut: copy or pack it again"
                raise PackingError(problem, cut=True)
            try:
                yield part.decompress(data, PIECE)
            except (zlib.error, lzma.LZMAError, OSError) as error:
                problem = f"is a damaged {program} file ({error}): copy it again"
                raise PackingError(problem) from None
            data = b""
        data = part.unused_data
