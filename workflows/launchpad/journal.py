"""The file of the embedded LaunchPad: a snapshot, and a journal of what changed since.

``launchpad.json`` holds every document at one moment; ``launchpad.<n>.jsonl`` one line
for each change of state since then. A change costs a line, however large the campaign
is. When the journal has grown larger than the snapshot, a new snapshot is written and
journal n + 1 begins.

A line counts once it ends in a newline: a process killed while it wrote one leaves the
state before it. A snapshot replaces the earlier one at once, and names its journal, so
that no change is read twice. Plain files without locks for readers, so that a node may
read while another writes, on a network file system too.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bson import json_util

from workflows.atomic import (
    parse_json,
    read_regular,
    read_regular_bytes,
    write_atomically,
)
from workflows.errors import StoreError, StoreUnwritable, one_line, unwritable
from workflows.vasp.file_kinds import refuse_link_to_nothing

FORMAT = "lnmo embedded launchpad 2"
FIRST_FORMAT = "lnmo embedded launchpad 1"
"""Format of lnmo 0.1.0: a snapshot alone."""

ROOM = 1_000_000
"""Bytes that a journal may have before it is compared with the snapshot."""

Collections = dict[str, dict[Any, dict[str, Any]]]
"""Collection -> ``_id`` -> document."""


class Journal:
    """Reads and writes the two files.

    Parameters
    ----------
    path
        ``launchpad.json``.
    names
        The collections there are.

    Attributes
    ----------
    lost
        What a disk lost of it, as last read; empty for nothing.
    """

    def __init__(self, path: Path, names: Iterable[str]) -> None:
        self.path = path
        self.names = tuple(names)
        self.lost = ""
        self._number = 0
        self._size = 0
        self._snapshot_size = 0

    def read(self) -> Collections | None:
        """Return every document; None if there is no LaunchPad yet.

        Raises
        ------
        StoreError
            A file is damaged, unreadable, or of a later lnmo.
        """
        for _ in range(100):
            content = self._snapshot()
            number = 0 if content is None else int(content.get("journal", 0))
            later = self._later_than(number)
            if later and self._moved_on(number):
                continue
            self.lost = self._without(later, there=content is not None)
            if content is None:
                return None
            lines = self._lines(number)
            if lines is not None:
                self._number = number
                return self._joined(content["collections"], lines)
        raise StoreError(
            f"{self.path}: another process kept replacing it during reading; try again"
        )

    def _snapshot(self) -> dict[str, Any] | None:
        try:
            text = read_regular(self.path)
        except (FileNotFoundError, NotADirectoryError):
            refuse_link_to_nothing(self.path)
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise self._damaged(self.path, error) from None
        try:
            content: dict[str, Any] = _decoded(text)
            if content["format"] not in {FORMAT, FIRST_FORMAT}:
                raise ValueError(f"format is {content['format']!r}")
            if content["format"] == FIRST_FORMAT:  # it had fewer collections
                content["collections"] = {
                    name: content["collections"].get(name, []) for name in self.names
                }
            for name in self.names:
                content["collections"][name]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise self._damaged(self.path, error) from None
        self._snapshot_size = len(text)
        return content

    def _lines(self, number: int) -> list[dict[str, Any]] | None:
        """Read a journal; None if its snapshot was replaced meanwhile."""
        if number == 0:
            return []
        path = self._journal(number)
        try:
            text = read_regular_bytes(path)
        except FileNotFoundError:
            refuse_link_to_nothing(path)
            return None if self._moved_on(number) else []
        except OSError as error:
            raise self._damaged(path, error) from None
        *whole, cut = text.split(b"\n")
        self.lost = self.lost or self._lost(path, cut)
        try:
            found = [_decoded(line) for line in whole]
        except ValueError as error:
            raise self._damaged(path, error) from None
        self._size = sum(len(line) + 1 for line in whole)
        return found

    def _later_than(self, number: int) -> str:
        """Return the name of the latest journal that is later than this; or nothing.

        Earlier ones were left by a process killed before it removed them.
        """
        stem = f"{self.path.stem}."
        found = [p.name.removeprefix(stem).partition(".")[0] for p in self._others()]
        later = [int(n) for n in found if n.isdecimal() and int(n) > number]
        return self._journal(max(later)).name if later else ""

    def _without(self, later: str, *, there: bool) -> str:
        """Say what is lost if the snapshot of a later journal is not there."""
        state = f"is older than {later}" if there else f"is missing, but {later} is not"
        return later and (
            f"{self.path} {state}: pauses and cancellations recorded since are lost; "
            "finished steps are taken from their directories"
        )

    def _lost(self, path: Path, cut: bytes) -> str:
        """Say what a disk lost; a line that a killed process did not end is none.

        File systems leave zeros, or nothing, where a computer stopped before it wrote.
        """
        if not cut.strip(b"\0"):
            told = f"{len(cut)} bytes of zeros" if cut else ""
        else:
            told = "a record with zeros in it" if b"\0" in cut else ""
        return told and (
            f"{path} ends in {told}: the disk lost what was written last (a power cut, "
            "a full or failing disk); what came before counts, and finished steps are "
            "taken from their directories"
        )

    def _moved_on(self, number: int) -> bool:
        content = self._snapshot()
        return content is not None and int(content.get("journal", 0)) != number

    def _joined(
        self, collections: Mapping[str, Any], lines: Iterable[Mapping[str, Any]]
    ) -> Collections:
        found: Collections = {
            name: {document["_id"]: document for document in collections[name]}
            for name in self.names
        }
        try:
            for line in lines:
                for name, documents in line["set"].items():
                    for document in documents:
                        found[name][document["_id"]] = document
                for name, keys in line["unset"].items():
                    for each in keys:
                        found[name].pop(each, None)
        except (KeyError, TypeError, AttributeError) as error:
            raise self._damaged(self._journal(self._number), error) from None
        return found

    def append(self, changes: Mapping[str, Any]) -> None:
        """Add one line: all of a change, or after a kill none of it.

        Parameters
        ----------
        changes
            ``set``: collection -> documents; ``unset``: collection -> ``_id``.

        Raises
        ------
        StoreUnwritable
            The journal cannot be written; it is as it was.
        """
        path = self._journal(self._number)
        with _as_it_was(path):
            self._append(path, _encoded(changes).encode() + b"\n")

    def _append(self, path: Path, line: bytes) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            os.ftruncate(descriptor, self._size)  # what a killed writer left of a line
            _write_all(descriptor, line)
            os.fsync(descriptor)
        except OSError:
            with suppress(OSError):
                os.ftruncate(descriptor, self._size)
            raise
        finally:
            os.close(descriptor)
        self._size += len(line)

    @property
    def full(self) -> bool:
        """Whether a new snapshot is due.

        Also where a hard link shares the journal, as in a backup: what is appended
        would be in both.
        """
        with suppress(OSError):
            if self._journal(self._number).stat().st_nlink > 1:
                return True
        return self._number == 0 or self._size > max(ROOM, self._snapshot_size)

    def snapshot(self, collections: Mapping[str, list[dict[str, Any]]]) -> None:
        """Write every document, and begin the next journal.

        Raises
        ------
        StoreUnwritable
            The directory cannot be written; what is there is as it was.
        """
        number = self._number + 1
        following = self._journal(number)
        with _as_it_was(following), suppress(FileNotFoundError):
            following.unlink()  # left by a kill at this very place
        content = {"format": FORMAT, "journal": number, "collections": collections}
        text = _encoded(content)
        write_atomically(self.path, text)
        self._number, self._size, self._snapshot_size = number, 0, len(text)
        for other in self._others():
            with suppress(OSError):
                other.unlink()

    def _others(self) -> Iterator[Path]:
        own = self._journal(self._number)
        pattern = f"{self.path.stem}.*.jsonl"
        return (path for path in self.path.parent.glob(pattern) if path != own)

    def _journal(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.stem}.{number}.jsonl")

    def _damaged(self, path: Path, error: Exception) -> StoreError:
        if isinstance(error, PermissionError):
            return StoreError(
                f"{path}: permission denied: chmod u+rX, or ask its owner"
            )
        return StoreError(
            f"{path}: not a readable LaunchPad ({type(error).__name__}: "
            f"{one_line(error)}); it was not changed. Rename {self.path.name} and run "
            "again: finished calculations are found in their directories"
        )


@contextmanager
def _as_it_was(path: Path) -> Iterator[None]:
    """Name the file that a disk, or its rights, refused to change."""
    try:
        yield
    except OSError as error:
        told = f"{unwritable(path, error)}. The file is as it was"
        raise StoreUnwritable(told, error.errno) from None


def _encoded(content: Any) -> str:
    return json.dumps(content, default=json_util.default, separators=(",", ":"))


def _decoded(text: str | bytes) -> dict[str, Any]:
    found: dict[str, Any] = parse_json(text, json_util.object_hook)
    return found


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
