"""``lnmo parse --table``: sites or lattice of any VASP runs, as tables."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflows.cli.finding_lines import finding_lines
from workflows.cli.output import note
from workflows.cli.result_tables import as_plain
from workflows.cli.tables import console
from workflows.cli.terminal_tables import plain_table
from workflows.engines.parse_tree import each_once, parse_all, reading_error
from workflows.errors import ResultsError, nearest, printable
from workflows.results.columns import Column, frame_of
from workflows.results.csv_text import csv_text
from workflows.results.parsed_runs_table import LATTICE, lattice_row
from workflows.results.site_table import SITES, site_rows

if TYPE_CHECKING:
    import pandas as pd

    from workflows.records.document import TaskDocument

TABLES = ("sites", "lattice")
PLACE = (
    Column("dir_name", shown=True),
    Column("run", "suffix of the run in its directory"),
)
"""Columns that say which run an atom belongs to."""
SHOWN = (
    *("dir_name", "state", "site", "element", "magnetization", "valence", "ambiguous"),
    *("valence_balanced", "eg_orbital", "eg_axis", "jt_mode", "elongation"),
)
"""Columns of the sites in a terminal: a foreign run has no planned place of Li."""


def show_tables(
    paths: Iterable[Path], table: str, *, as_json: bool, as_csv: bool
) -> int:
    """Print one table of all runs; 1 if any is not DONE, or has no structure.

    Raises
    ------
    ResultsError
        There is no such table.
    """
    if table not in TABLES:
        raise ResultsError(
            f"there is no table {table!r} of a directory{nearest(table, TABLES)}; "
            f"known: {', '.join(TABLES)}"
        )
    documents, failed = _read(paths)
    frame = parse_frame(documents, table)
    if as_csv:
        print(csv_text(frame), end="")
    elif as_json:
        from workflows.cli.output import print_json

        print_json({**as_plain(frame), "findings": _findings(documents)})
    else:
        screen = console()
        screen.print(plain_table(frame, table, screen))
    if not as_json:
        for line in _finding_lines(documents):
            # Beside a CSV they are notes: a program reads the table.
            print(printable(line), file=sys.stderr if as_csv else sys.stdout)
    bad = [d for d in documents if d.structure is None or str(d.state) != "DONE"]
    for document in bad:
        note(f"{document.dir_name}: {document.state} {document.reason}".rstrip())
    return 1 if failed or bad else 0


def _findings(documents: Sequence[TaskDocument]) -> list[dict[str, Any]]:
    """Return every finding of every run, with the run that it is of."""
    return [
        {
            "dir_name": document.dir_name,
            "run": document.task_label,
            **finding.model_dump(mode="json"),
        }
        for document in documents
        for finding in document.findings
    ]


def _finding_lines(documents: Sequence[TaskDocument]) -> Iterator[str]:
    """Yield the findings below the table, run by run; nothing of a run without."""
    for document in documents:
        found = [finding.model_dump() for finding in document.findings]
        lines = list(finding_lines(found, document.reason))
        if lines:
            yield f"{document.dir_name} ({document.task_label})"
            yield from lines


def _read(paths: Iterable[Path]) -> tuple[list[TaskDocument], bool]:
    """Return the runs at all paths, and whether some path could not be read."""
    found: list[TaskDocument] = []
    failed = False
    for path in paths:
        try:
            found += parse_all(path)
        except Exception as error:  # a bad path stops no other
            note(f"{path}: {reading_error(error)}")
            failed = True
    return list(each_once(found)), failed


def parse_frame(documents: Sequence[TaskDocument], table: str) -> pd.DataFrame:
    """Return the sites, or the lattices, of runs.

    Parameters
    ----------
    documents
        As ``lnmo parse`` reads them; those without a structure give no site.
    table
        ``sites`` or ``lattice``.
    """
    if table == "lattice":
        return frame_of([lattice_row(document) for document in documents], LATTICE)
    rows: list[dict[str, Any]] = [
        {"dir_name": document.dir_name, "run": document.task_label, **row}
        for document in documents
        for row in site_rows(document)
    ]
    frame = frame_of(rows, (*PLACE, *SITES))
    frame.attrs["shown"] = list(SHOWN)
    return frame
