"""Summaries on disk: a cache beside the run directories that may always be deleted.

A summary is valid only for the document it was made of, identified by size and times of
change; a document that was replaced, restored, copied or edited since is read again. So
is one whose summary was edited.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from workflows.atomic import read_regular
from workflows.errors import StoreError
from workflows.records.run_file import RUN_FILE
from workflows.records.summary import Summary, read_lines

SUMMARIES = "summaries"
"""Directory of the summaries, one file a step."""
UNREADABLE = "unreadable"
"""In the place of the steps of a directory that may not be read."""


class SummaryFiles:
    """Summaries of the documents of one data directory; each is read once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: dict[str, tuple[str, Summary]] = {}

    def read(self, directory: str, stamp: str) -> Summary | None:
        """Return the summary of a run directory if it has this stamp, or None."""
        known = self._known.get(directory)
        if known is not None and known[0] == stamp:
            return known[1]
        try:
            kept = read_regular(Path(self._path(directory)))
            first, _, rest = kept.partition("\n")
        except (OSError, UnicodeError):
            return None
        found = read_lines(rest) if first == _head(stamp, rest) else None
        if found is not None:
            self._known[directory] = (stamp, found)
        return found

    def write(self, directory: str, stamp: str, summary: Summary) -> None:
        """Write a summary completely or not at all; a full disk costs speed only.

        Not flushed to the disk, and under the name of this process: several may write
        the same one.
        """
        self._known[directory] = (stamp, summary)
        path = Path(self._path(directory))
        part = path.with_suffix(f".{os.getpid()}")
        with suppress(OSError):
            path.parent.mkdir(exist_ok=True)
            lines = summary.as_lines()
            part.write_text(f"{_head(stamp, lines)}\n{lines}", "utf-8")
            part.replace(path)

    def writable(self) -> bool:
        """Whether a summary made now can be kept."""
        kept = self._root / SUMMARIES
        return os.access(kept if kept.exists() else self._root, os.W_OK)

    def _path(self, directory: str) -> str:
        calculation, step = directory.split("/")[-2:]
        return f"{self._root}/{SUMMARIES}/{calculation}-{step}.json"


def _head(stamp: str, lines: str) -> str:
    """Return the first line: of which document, and the hash of what follows."""
    return f"{stamp} {hashlib.sha256(lines.encode()).hexdigest()[:16]}"


def stamp_of(directory: str, document: str) -> str:
    """Return a string that changes when a document or its run file is replaced.

    Raises
    ------
    OSError
        There is no document, or its directory cannot be searched.
    """
    stamp = _state_of(document)
    with suppress(OSError):
        stamp += " " + _state_of(f"{directory}/{RUN_FILE}")
    return stamp


def _state_of(path: str) -> str:
    """Return size and times; the second one no editor and no ``touch`` can set back."""
    found = os.stat(path)
    return f"{found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"


def run_directories(root: str) -> Iterator[str]:
    """Yield ``<root>/<calculation>/<step>``, sorted; set-aside runs excluded.

    Of a calculation whose directory may not be read it is not known which steps there
    are: one is yielded that cannot be read either.

    Raises
    ------
    StoreError
        ``root`` itself may not be read: it would seem that there are no results.
    """
    try:
        calculations = _inside(root)
    except OSError as error:
        raise StoreError(
            f"{root}: cannot be read ({error.strerror}): chmod u+rX, or ask its owner"
        ) from None
    for calculation in calculations:
        try:
            steps = _inside(calculation)
        except OSError:
            yield f"{calculation}/{UNREADABLE}"
            continue
        for step in steps:
            if "." not in step.rpartition("/")[2]:
                yield step


def _inside(directory: str) -> list[str]:
    with (
        suppress(FileNotFoundError, NotADirectoryError),
        os.scandir(directory) as entries,
    ):
        return sorted(entry.path for entry in entries if _is_directory(entry))
    return []


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself, a mount that is gone
        return False
