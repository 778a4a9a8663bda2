"""Recording documents of runs made elsewhere, each once, none over another result."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from workflows.campaign.calculation import Calculation
from workflows.engines.protocol import write_run_file
from workflows.engines.vasp.collect import Match, match_runs
from workflows.engines.vasp.foreign_runs import foreign_runs
from workflows.errors import CampaignError, LnmoError
from workflows.records.document import TaskDocument
from workflows.records.file_store import FileResults
from workflows.records.run_file import collected_from
from workflows.records.store import ResultsStore

Action = Literal["record", "recorded", "there", "kept", "refused", "unknown"]
"""Would be recorded; was; was before; another result stands; differs; not planned."""


@dataclass(frozen=True, eq=False)
class CollectResult:
    """What became of one run, or would.

    Attributes
    ----------
    match
        The run and the planned step.
    action
        See `Action`.
    reason
        Why it was not recorded.
    """

    match: Match
    action: Action
    reason: str = ""


def found_in(
    directories: Sequence[Path], calculations: Iterable[Calculation]
) -> tuple[Match, ...]:
    """Read runs made elsewhere and find the planned steps that they are.

    Raises
    ------
    CampaignError
        The campaign has no calculation of VASP.
    StoreError
        A directory is not there or holds no run.
    """
    planned = [c for c in calculations if c.engine == "vasp"]
    if not planned:
        raise CampaignError("collect: the campaign is not one of VASP; --engine vasp")
    runs = {
        (os.path.realpath(run.files.directory), run.files.suffix): run
        for directory in directories
        for run in foreign_runs(directory)
    }
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return match_runs(tuple(runs.values()), planned, now=now)


def recorded(
    matches: Iterable[Match],
    files: FileResults,
    store: ResultsStore | None,
    *,
    write: bool,
) -> Iterator[CollectResult]:
    """Record what was found; a result that is there stays.

    Parameters
    ----------
    matches
        From `found_in`.
    files
        Of the data directory.
    store
        A database beside it, or None.
    write
        False: say what would be recorded.
    """
    for match in matches:
        document = match.document
        if document is None or match.calculation is None:
            action: Action = "unknown" if match.calculation is None else "refused"
            yield CollectResult(match, action, match.reason)
            continue
        yield _record(match, document, match.calculation, files, store, write=write)


def _record(
    match: Match,
    document: TaskDocument,
    calculation: Calculation,
    files: FileResults,
    store: ResultsStore | None,
    *,
    write: bool,
) -> CollectResult:
    try:
        existing = files.get(calculation.id, match.step)
    except LnmoError as error:
        return CollectResult(match, "kept", f"its place cannot be read: {error}")
    if existing is None and store is not None:
        existing = store.get(calculation.id, match.step)
        if existing is not None and _is_of_the_files(existing, document):
            existing = None  # its file was lost, and is written again
    if existing is not None:
        return _standing(match, existing, document)
    directory = files.directory(calculation.id, match.step)
    own = directory.is_dir() and any(directory.iterdir())
    if own and not collected_from(directory):  # whose record was lost is filled again
        return CollectResult(
            match,
            "kept",
            f"{directory} holds a run of our own that has no result yet; finish it, or "
            "lnmo delete it",
        )
    if not write:
        return CollectResult(match, "record")
    directory.mkdir(parents=True, exist_ok=True)
    assert document.collected is not None
    write_run_file(
        directory,
        calculation,
        match.step,
        collected=document.collected.model_dump(mode="json"),
    )
    files.put(document)
    if store is not None:
        store.put(document)
    return CollectResult(match, "recorded")


def _is_of_the_files(existing: TaskDocument, new: TaskDocument) -> bool:
    """Whether a result was read from the files that another was read from."""
    old, own = existing.collected, new.collected
    assert own is not None
    return old is not None and old.files == own.files


def _standing(match: Match, existing: TaskDocument, new: TaskDocument) -> CollectResult:
    old = existing.collected
    if _is_of_the_files(existing, new):
        return CollectResult(match, "there")
    whose = "of our own run" if old is None else f"collected from {old.path}"
    return CollectResult(
        match,
        "kept",
        f"there is a result {whose} ({existing.state}), which is not replaced; lnmo "
        "delete the calculation to take this one",
    )
