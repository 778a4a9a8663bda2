"""Summaries on disk: a cache beside the run directories that may always be deleted.

A summary is valid only for the document it was made of, identified by size and time of
change; a document that was replaced, restored or edited since is read again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from workflows.records.run_file import RUN_FILE
from workflows.records.summary import Summary, read_lines

SUMMARIES = "summaries"
"""Directory of the summaries, one file a step."""


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
            with open(self._path(directory), encoding="utf-8") as file:
                first, _, rest = file.read().partition("\n")
        except (OSError, UnicodeError):
            return None
        found = read_lines(rest) if first == stamp else None
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
            part.write_text(f"{stamp}\n{summary.as_lines()}", "utf-8")
            part.replace(path)

    def _path(self, directory: str) -> str:
        calculation, step = directory.split("/")[-2:]
        return f"{self._root}/{SUMMARIES}/{calculation}-{step}.json"


def stamp_of(directory: str, document: str) -> str:
    """Return a string that changes when a document or its run file is replaced.

    Raises
    ------
    OSError
        There is no document, or its directory cannot be searched.
    """
    found = os.stat(document)
    stamp = f"{found.st_size} {found.st_mtime_ns}"
    with suppress(OSError):
        run_file = os.stat(f"{directory}/{RUN_FILE}")
        stamp += f" {run_file.st_size} {run_file.st_mtime_ns}"
    return stamp


def run_directories(root: str) -> Iterator[str]:
    """Yield ``<root>/<calculation>/<step>``, sorted; set-aside runs excluded.

    A directory that cannot be read counts as empty and hides no other.
    """
    for calculation in _inside(root):
        for step in _inside(calculation):
            if "." not in step.rpartition("/")[2]:
                yield step


def _inside(directory: str) -> list[str]:
    try:
        with os.scandir(directory) as entries:
            return sorted(entry.path for entry in entries if _is_directory(entry))
    except OSError:
        return []


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself, a mount that is gone
        return False
