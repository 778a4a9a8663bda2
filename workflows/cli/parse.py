"""``lnmo parse``: the state and the numbers of VASP runs found below directories."""

from __future__ import annotations

import json as json_format
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.exceptions import Exit

from workflows.cli.examples import epilog
from workflows.cli.options import (
    csv_option,
    directories_argument,
    json_option,
    one_format,
)
from workflows.errors import InputError

if TYPE_CHECKING:
    from workflows.records.document import TaskDocument

WRITTEN = ("OUTCAR", "OSZICAR", "vasprun.xml")
"""Files that a running VASP writes continuously."""

RECENT = 3600.0
"""Seconds since the last output after which a VASP elsewhere counts as ended."""

AT_ONCE = 60.0
"""Seconds within which the files of a copied run are written; VASP takes longer."""


@click.command(epilog=epilog("parse"))
@directories_argument
@click.option(
    "--explain", is_flag=True, help="show which file proves the state of each run"
)
@json_option
@csv_option
@click.option(
    "--table",
    metavar="TABLE",
    help="sites (moments, valences, octahedra, orbitals) or lattice",
)
def parse(
    directories: tuple[Path, ...],
    explain: bool,
    json: bool,
    csv: bool,
    table: str | None,
) -> None:
    """Read VASP run directories, ours or not, and show their results."""
    if explain and table is not None:
        raise InputError("lnmo parse: choose either --explain or --table")
    if csv and table is None:
        raise InputError("lnmo parse --csv needs --table sites or --table lattice")
    if table is not None:
        from workflows.cli.parse_tables import show_tables

        one_format(json=json, csv=csv)
        raise Exit(show_tables(directories, table, as_json=json, as_csv=csv))
    if explain:
        raise Exit(show_evidence(directories, as_json=json))
    raise Exit(show_runs(directories, as_json=json))


def show_evidence(paths: Iterable[Path], *, as_json: bool) -> int:
    """Print the grounds of the state of each run; 1 if any is not DONE."""
    from workflows.cli.evidence_table import evidence_record, print_evidence

    documents = list(_all(paths))
    if as_json:
        records = [evidence_record(document) for document in documents]
        print(json_format.dumps(records, indent=1, allow_nan=False))
    else:
        for document in documents:
            print_evidence(document)
    return 0 if all(document.state == "DONE" for document in documents) else 1


def show_runs(paths: Iterable[Path], *, as_json: bool) -> int:
    """Print the runs at each path; 1 if any is not DONE. A bad one stops no other."""
    from workflows.errors import printable

    found = [_record(document) for document in _all(paths)]
    if as_json:
        print(json_format.dumps(found, indent=1, allow_nan=False))
    else:
        for document in found:
            for line in _lines(document):
                print(printable(line))
    return 0 if all(document["state"] == "DONE" for document in found) else 1


def _all(paths: Iterable[Path]) -> Iterator[TaskDocument]:
    """Read every run at some paths, each once."""
    from workflows.engines.parse_tree import each_once

    return each_once(document for path in paths for document in _read(path))


def _read(path: Path) -> tuple[TaskDocument, ...]:
    """Read every run at a path; FAILED with the reason for one that has none."""
    from workflows.engines.parse_tree import parse_all, reading_error
    from workflows.records.document import State, TaskDocument

    try:
        return parse_all(path)
    except Exception as error:
        known = {"task_label": path.name, "formula": "unknown", "engine": "unknown"}
        reason = reading_error(error)
        failed = TaskDocument(
            state=State.FAILED, reason=reason, dir_name=str(path), **known
        )
        return (failed,)


def _record(document: TaskDocument) -> dict[str, Any]:
    """Return the fields of a run that are printed."""
    from workflows.records.document import State

    record = document.plain()
    if document.state is State.TRUNCATED and not _by_suffix(record):
        written = _last_written(Path(document.dir_name))
        record["reason"] += may_run(time.time() - written)
    return record


def _last_written(directory: Path) -> float:
    """Return when a run, or a member of a chain, was last written to; 0 for never.

    A copy, written all at once with its INCAR, does not count.
    """
    places = (directory, *directory.glob("relax-*"))
    stamps = [(_stamp(p, "INCAR"), _stamp(p, *WRITTEN)) for p in places]
    return max(out if 0 < asked < out - AT_ONCE else 0.0 for asked, out in stamps)


def _stamp(directory: Path, *names: str) -> float:
    paths = [directory / name for name in names]
    stamps = [0.0]
    for path in paths:
        with suppress(OSError):  # removed meanwhile
            stamps.append(path.stat().st_mtime if path.is_file() else 0.0)
    return max(stamps)


def may_run(seconds: float) -> str:
    """Return a note that VASP may still run elsewhere, by the age (s) of its output."""
    if abs(seconds) > RECENT:
        return ""
    minutes = max(0, round(seconds / 60))
    return f"; last written {minutes} min ago: it may still run on another machine"


def _by_suffix(document: dict[str, Any]) -> bool:
    """Whether the run is one of several of its directory, named by its label."""
    label = document.get("task_label", "")
    named = label and label != Path(document["dir_name"]).name
    return bool(named and not document.get("calculation_id"))


def _lines(document: dict[str, Any]) -> Iterator[str]:
    from workflows.cli.finding_lines import finding_lines
    from workflows.records.document import State

    name = document["dir_name"]
    label = f" ({document['task_label']})" if _by_suffix(document) else ""
    parts = [f"{name}{label}", document["state"]]
    energy = document.get("energy")
    if energy is not None:
        first = any(f["id"] == "finite_differences" for f in document["findings"])
        at_end = first or State(document["state"]).at_its_end
        parts.append(f"{'' if at_end else 'last whole step '}{energy:.5f} eV/cell")
    if document["reason"]:
        parts.append(document["reason"])
    yield "  ".join(parts)
    yield from finding_lines(document.get("findings", ()), document["reason"])
