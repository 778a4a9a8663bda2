"""``lnmo report DIR...``: the page of any VASP runs, ours or not."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from workflows.campaign.campaign import packaged_campaigns
from workflows.checks.rules import check, check_together, find_runs, read_run
from workflows.checks.rules.comparison import comparison
from workflows.engines.parse_tree import parse_all, reading_error, run_place
from workflows.errors import ResultsError, StoreError, printable
from workflows.results.any_run import AnyRun, told_apart
from workflows.vasp.read_directory import Run
from workflows.vasp.run_files import run_of

if TYPE_CHECKING:
    from workflows.records.document import TaskDocument

TITLED = 3
"""Places that the head of a page names."""


@dataclass
class Reading:
    """Runs of some places, and what could not be read there.

    Attributes
    ----------
    runs
        In order of place.
    unread
        A place and why, one line each.
    """

    runs: list[AnyRun] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


def directories_of(names: Sequence[str]) -> list[Path] | None:
    """Return the places of runs that a command line means; None for a campaign.

    The name of a packaged campaign and a YAML file are a campaign, whatever else is
    called so.

    Raises
    ------
    ResultsError
        Several names, and one is no place of runs.
    """
    if not names or (len(names) == 1 and not _is_place(names[0])):
        return None
    wrong = [name for name in names if not _is_place(name)]
    if wrong:
        raise ResultsError(
            f"{wrong[0]}: {_what(wrong[0])}; lnmo report takes one campaign, or "
            "directories of VASP runs"
        )
    return [Path(name) for name in names]


def _is_place(name: str) -> bool:
    path = Path(name)
    if name in packaged_campaigns():
        return False
    if path.is_dir():
        return True
    try:
        return path.is_file() and bool(run_of(path))
    except (StoreError, OSError):
        return False


def _what(name: str) -> str:
    if name in packaged_campaigns():
        return f"a packaged campaign (./{name} is a directory)"
    if Path(name).is_file():
        return "a file, but not of a VASP run"
    return "no such directory"


def read_runs(places: Sequence[Path]) -> Reading:
    """Read every run in and below the places, and check it.

    A place that holds none is told of and stops no other.

    Raises
    ------
    ResultsError
        No place holds a run.
    """
    found = Reading()
    seen: set[tuple[str, str]] = set()
    for place in places:
        try:
            documents = parse_all(place)
        except Exception as error:  # a bad path stops no other
            found.unread.append(reading_error(error))
            continue
        linted = _linted(place)
        for document in documents:
            if (key := run_place(document)) not in seen:
                seen.add(key)
                found.runs.append(_any_run(document, linted))
    if not found.runs:
        raise ResultsError(
            f"nothing to report: {'; '.join(found.unread)}. lnmo report takes a "
            "campaign, or directories of VASP runs"
        )
    found.runs[:] = told_apart(found.runs)
    return found


def _linted(place: Path) -> list[Run]:
    """List the runs that the rules find in and below a place."""
    return list(find_runs(place if place.is_dir() else place.parent))


def _any_run(document: TaskDocument, linted: Sequence[Run]) -> AnyRun:
    """Put together what the readers and the rules say of one run."""
    run = next(_same(document, linted), None)
    if run is None:
        return AnyRun(document)
    directory = read_run(run)
    return AnyRun(document, directory, check(directory))


def _same(document: TaskDocument, linted: Sequence[Run]) -> Iterator[Run]:
    """Yield the run of the rules that a document is of, the best first.

    A chain of ours stands for its last member.
    """
    top = Path(os.path.realpath(document.dir_name))
    here = [run for run in linted if Path(os.path.realpath(run.directory)) == top]
    for run in here:
        if run.suffix.lstrip("._-") == document.task_label:
            yield run
    yield from (run for run in here if not run.suffix)
    below = [r for r in linted if top in Path(os.path.realpath(r.directory)).parents]
    if document.calculation_id is not None:
        members = [r for r in below if r.directory.name.rpartition("-")[2].isdigit()]
        yield from sorted(
            members, key=lambda r: -int(r.directory.name.rpartition("-")[2])
        )


def title_of(places: Sequence[Path]) -> str:
    """Return the head of the page, such as ``VASP runs in old, new and 4 more``."""
    shown = ", ".join(path.resolve().name for path in places[:TITLED])
    more = f" and {len(places) - TITLED} more" if len(places) > TITLED else ""
    return f"VASP runs in {printable(shown)}{more}"


def sentence_of(runs: Sequence[AnyRun]) -> str:
    """Return whether the energies of runs may be subtracted; empty for one run."""
    if len(runs) < 2:
        return ""
    read = [run.directory for run in runs if run.directory is not None]
    if len(read) < len(runs):
        return (
            f"whether these {len(runs)} energies may be subtracted is not known: the "
            f"inputs of {len(runs) - len(read)} are not read"
        )
    documents = {run.directory.name: run for run in runs if run.directory is not None}
    return comparison(
        read,
        check_together(read),
        {name: run.lint for name, run in documents.items()},
        {name: str(run.document.state) for name, run in documents.items()},
        {name for name, run in documents.items() if run.document.fake},
        {n: {f.id for f in run.document.findings} for n, run in documents.items()},
    ).sentence
