"""Whether the data directory is still the one that was opened.

A process asks when it opens a project, and again before everything it hands out, starts
or records: meanwhile the directory may have been moved, or another project's put there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from workflows.errors import StoreError
from workflows.records.held_directory import hold, leads_away, leads_to, path_of
from workflows.records.project import FILE, own_id


@dataclass(frozen=True)
class OpenedData:
    """A data directory as it was opened.

    Attributes
    ----------
    root
        Its path.
    descriptor
        It, open; None if it was not there: whatever is made there then is this one's.
    own
        Its project's id; None if it had none.
    named
        Its path as the project names it, perhaps a link.
    """

    root: Path
    descriptor: int | None
    own: str | None
    named: Path | None = None

    def problem(self) -> str:
        """Return why nothing more may be handed out or started; empty if it may."""
        if (problem := self._lost()) or self.descriptor is None:
            return problem
        return leads_away(self.named, self.descriptor)

    def _lost(self) -> str:
        """Return why nothing more may be recorded; empty if it may."""
        if self.descriptor is None:
            return ""
        if not leads_to(self.root, self.descriptor):
            now = path_of(self.descriptor)
            moved = now if now and now != os.path.realpath(self.root) else ""
            return (
                f"{self.root} was moved, deleted, replaced or mounted anew while this "
                "ran; nothing more is started or recorded. Nothing is lost: put the "
                f"right one in its place{f', it is now {moved}' if moved else ''}, and "
                "type this again"
            )
        if self.own is not None and self._other_id():
            return (
                f"{self.root / FILE} was removed or changed while this ran: the data "
                "directory may be another project's now; nothing more is started or "
                f"recorded. If it is still this one's: write {self.own} into the file, "
                "and type this again"
            )
        return ""

    @property
    def directory_is_ours(self) -> bool:
        """Whether what still runs there may end there."""
        return not self._lost()

    def check(self) -> None:
        """Make sure that it is still the same.

        Raises
        ------
        StoreError
            With :meth:`problem`.
        """
        if problem := self.problem():
            raise StoreError(problem)

    def _other_id(self) -> bool:
        try:
            return own_id(self.root) != self.own
        except StoreError:  # a disk that does not answer says nothing
            return False


@contextmanager
def opened_data(root: Path, named: Path | None = None) -> Iterator[OpenedData]:
    """Open a data directory.

    Raises
    ------
    StoreError
        It cannot be read.
    """
    try:
        descriptor = hold(root)
    except FileNotFoundError:
        yield OpenedData(root, None, None, named)
        return
    except OSError as error:
        raise StoreError(
            f"{root}: cannot be opened ({error.strerror}); correct that, or choose "
            "another data directory with LNMO_ROOT"
        ) from None
    try:
        yield OpenedData(root, descriptor, own_id(root), named)
    finally:
        os.close(descriptor)
