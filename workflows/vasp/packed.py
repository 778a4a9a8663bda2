"""What a file holds, however it is compressed; told by its first bytes, not its name.

People rename files without packing them, and pack them without renaming. A packed
file that was cut gives what can be unpacked of it, and the word that it was cut; one
that is damaged within gives nothing, for no telling which digits are wrong.
"""

from __future__ import annotations

import bz2
import lzma
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from workflows.errors import StoreError

ENDINGS = (".gz", ".bz2", ".xz", ".z")
"""Of names, in lower or upper case; gzip once called its files ``.z``."""
LONGEST_MARK = 10
CHUNK = 65_536
READ: tuple[tuple[re.Pattern[bytes], str, Callable[[], Any]], ...] = (
    (re.compile(rb"\x1f\x8b\x08"), "gzip", lambda: zlib.decompressobj(wbits=31)),
    (re.compile(rb"BZh[1-9]1AY&SY"), "bzip2", bz2.BZ2Decompressor),
    (re.compile(rb"\xfd7zXZ\x00"), "xz", lzma.LZMADecompressor),
)
UNREAD = (
    (re.compile(rb"\x28\xb5\x2f\xfd"), "zstd", "unzstd"),
    (re.compile(rb"\x1f\x9d"), "compress", "uncompress"),
    (re.compile(rb"PK\x03\x04"), "zip", "unzip"),
)
_ENDING = re.compile(r"\.(?:gz|bz2|xz|zst|z)", re.IGNORECASE)


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


def unpack(content: bytes, *, name: str) -> Unpacked:
    """Unpack gzip, bzip2 and xz as far as it goes; anything else stays as it is.

    What follows the end of the packed data is left out, as gzip itself does.

    Raises
    ------
    StoreError
        It is compressed with a program that is not known here.
    """
    for mark, program, cure in UNREAD:
        if mark.match(content):
            raise StoreError(
                f"{name} is compressed with {program}, which is not read here: unpack "
                f"it ({cure} {name})"
            )
    for mark, program, opened in READ:
        if mark.match(content):
            return _members(content, mark, program, opened)
    return Unpacked(content)


def _members(
    content: bytes, mark: re.Pattern[bytes], program: str, opened: Callable[[], Any]
) -> Unpacked:
    """Unpack what one program packed, in one part or in several joined ones."""
    parts: list[bytes] = []
    place = 0
    while mark.match(content, place):
        stream = opened()
        while not stream.eof and place < len(content):
            chunk = content[place : place + CHUNK]
            try:
                parts.append(stream.decompress(chunk))
            except (zlib.error, lzma.LZMAError, OSError) as error:
                problem = f"is a damaged {program} file ({error}): copy it anew"
                return Unpacked(b"", problem)
            place += len(chunk)
        if not stream.eof:
            problem = f"is a {program} file that was cut: copy or pack it anew"
            return Unpacked(b"".join(parts), problem)
        place -= len(stream.unused_data)
    return Unpacked(b"".join(parts))
