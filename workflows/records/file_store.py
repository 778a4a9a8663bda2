"""Task documents as files: one in each step's run directory."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from workflows.atomic import parse_json, part_of, write_part
from workflows.errors import StoreError
from workflows.records.all_cores import WORTH_IT, on_all_cores
from workflows.records.document import TaskDocument
from workflows.records.identity import problem_of_directory, problem_of_document
from workflows.records.recordable import check_size, refuse_unfit
from workflows.records.run_file import SEAL, read_run_file
from workflows.records.seal import seal_of
from workflows.records.summary import Summary, summarize
from workflows.records.summary_cache import SummaryFiles, run_directories, stamp_of
from workflows.records.unreadable import (
    DOCUMENT_FILE,
    failed_row,
    plan_of,
    read_document,
    what_is_wrong,
)

CALCULATIONS = "calculations"
"""Directory of all run directories, in the data directory."""


class FileResults:
    """One JSON file in each step's directory, written atomically.

    Parameters
    ----------
    root
        Data directory; documents lie in ``calculations/<id>/<step>/``.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._summaries = SummaryFiles(root)

    def directory(self, calculation_id: str, step: str) -> Path:
        """Return the run directory of a step."""
        return self.root / CALCULATIONS / calculation_id / step

    def put(
        self, document: TaskDocument, *, confirm: Callable[[], None] = lambda: None
    ) -> None:
        """Record a document in its run directory.

        Parameters
        ----------
        document
            Of a run that has ended.
        confirm
            Called last; what it raises leaves everything as it was.

        Raises
        ------
        StoreError
            It has no calculation id, has not ended or has numbers that no run has,
            or the directory belongs to another calculation; nothing was written.
        """
        refuse_unfit(document)
        calculation_id, step = str(document.calculation_id), document.task_label
        directory = self.directory(calculation_id, step)
        if problem := problem_of_directory(directory, calculation_id, step, None):
            raise StoreError(f"not recorded: {problem}")
        plain = document.model_dump(mode="json")
        check_size(plain, f"document of {document.dir_name}")
        path = directory / DOCUMENT_FILE
        text = document.model_dump_json(indent=1)
        inode = _replace(path, _sealed(text), confirm)
        with suppress(ValueError, OSError):  # a result is never lost to its summary
            stamp = stamp_of(str(directory), str(path))
            if path.stat().st_ino == inode:  # still this very document
                self._summaries.write(
                    str(directory), stamp, summarize(_as_stored(text))
                )

    def get(self, calculation_id: str, step: str) -> TaskDocument | None:
        """Return one document, or None.

        Raises
        ------
        StoreError
            It cannot be read, or is that of another calculation.
        """
        directory = self.directory(calculation_id, step)
        return _checked(directory, calculation_id, step)

    def documents(self) -> Iterator[TaskDocument]:
        """Yield all documents, in the order of their paths; set-aside runs excluded.

        One that cannot be read, or is that of another calculation, is FAILED.
        """
        for directory in run_directories(str(self.root / CALCULATIONS)):
            found = _checked_or_failed(directory)
            if found is not None:
                yield found

    def summaries(self) -> Iterator[Summary]:
        """Yield what the tables need, in the order of the paths.

        A summary counts only if document and run file are those it was made of, by
        size and times, and if today's code made it; otherwise both are read, and the
        summary is kept for the next time if the disk allows. Where a thousand have to
        be made, all cores make them.
        """
        directories = list(run_directories(str(self.root / CALCULATIONS)))
        missing = islice(filter(self._is_missing, directories), WORTH_IT)
        if sum(1 for _ in missing) == WORTH_IT and self._summaries.writable():
            on_all_cores(self.root)
        for directory in directories:
            if (found := self._summary(directory)) is not None:
                yield found

    def summary(self, calculation_id: str, step: str) -> Summary | None:
        """Return the summary of one step, as :meth:`summaries`; None without one."""
        return self._summary(str(self.directory(calculation_id, step)))

    def make_summaries(self, share: int, of: int) -> None:
        """Make and keep the summaries of every ``of``-th step, from one on."""
        for directory in [*run_directories(str(self.root / CALCULATIONS))][share::of]:
            self._summary(directory)

    def _summary(self, directory: str) -> Summary | None:
        stamp = _stamp(directory)
        if stamp is None:
            return None
        if stamp and (found := self._summaries.read(directory, stamp)) is not None:
            return found
        document = _checked_or_failed(directory)
        if document is None:
            return None  # removed since
        made = summarize(document)
        if stamp and document.engine != "unknown":
            with suppress(ValueError):
                self._summaries.write(directory, stamp, made)
        return made

    def _is_missing(self, directory: str) -> bool:
        stamp = _stamp(directory) or ""
        return stamp != "" and self._summaries.read(directory, stamp) is None


def _replace(path: Path, text: str, confirm: Callable[[], None]) -> int:
    """Replace a document; return the inode of the new one.

    The part is this writer's own: another that was given up may still write.
    """
    own = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
    try:
        confirm()
        part = write_part(own, text)
        inode = part.stat().st_ino
        confirm()
        part.replace(path)
    except BaseException:
        with suppress(OSError):
            part_of(own).unlink()
        raise
    with suppress(OSError):
        for left in path.parent.glob(f".{path.name}*.part"):  # by a kill
            left.unlink()
    return inode


def _stamp(directory: str) -> str | None:
    """Return what tells a document from its successor; None without a document.

    Empty for one that cannot be looked at: nothing is kept of it.
    """
    try:
        return stamp_of(directory, f"{directory}/{DOCUMENT_FILE}")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        return ""


def _as_stored(text: str) -> TaskDocument:
    """Return a document as a reader will have it: an infinite number is no number."""
    return TaskDocument.model_validate_json(text)


def _sealed(text: str) -> str:
    """Write the seal behind the last field of a document."""
    seal = seal_of(parse_json(text))
    return f'{text.rstrip().removesuffix("}").rstrip()},\n "{SEAL}": "{seal}"\n}}'


def _checked(directory: Path, calculation_id: str, step: str) -> TaskDocument | None:
    """Read the document of a directory, if any, and check that it belongs there."""
    path = directory / DOCUMENT_FILE
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise StoreError(f"{path}: {what_is_wrong(error, path)}") from None
    if problem := problem_of_directory(directory, calculation_id, step, None):
        raise StoreError(problem)
    document = read_document(path)
    found = read_run_file(directory)
    planned = None if found is None else found[0]
    if problem := problem_of_document(
        document, calculation_id, step, planned, beside=True
    ):
        raise StoreError(f"{path}: {problem}")
    return document


def _checked_or_failed(directory: str) -> TaskDocument | None:
    place = Path(directory)
    calculation_id, step = directory.split("/")[-2:]
    try:
        return _checked(place, calculation_id, step)
    except StoreError as error:
        return failed_row(
            plan_of(place, calculation_id),
            calculation_id,
            step,
            str(error),
            f"{CALCULATIONS}/{calculation_id}/{step}",
        )
