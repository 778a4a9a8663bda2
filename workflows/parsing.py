"""``lnmo parse``: what any directory with VASP files holds, one document per run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from workflows.engines import parse_run
from workflows.engines.base import read_run_file
from workflows.engines.vasp_files import run_files
from workflows.engines.vasp_parse import parse_files
from workflows.errors import LnmoError, StoreError
from workflows.taskdoc import State, TaskDocument


def parse_all(path: str | Path) -> tuple[TaskDocument, ...]:
    """Read every run at a path.

    Parameters
    ----------
    path
        A step's directory as ``lnmo`` makes it: one document, a chain of relaxations
        by its last member. Any other directory: one for each suffix (``OUTCAR.relax1``,
        ``OUTCAR.relax2``), in order. One without a run of its own: all runs below it.
        One of a run's files: that run.

    Raises
    ------
    StoreError
        There is nothing there that VASP left.
    """
    place = Path(path)
    if not place.exists():
        raise StoreError(f"{place}: no such file or directory")
    if place.is_file() or read_run_file(place) is not None:
        return (parse_run(place),)
    documents = tuple(_here(place))
    if documents:
        return documents
    below = sorted(p for p in place.rglob("*") if p.is_dir() and _is_run(p))
    if not below:
        return (parse_run(place),)  # which says that there is none
    return tuple(document for directory in below for document in _here(directory))


def _is_run(directory: Path) -> bool:
    """Tell a run from the members of a chain, which their chain stands for."""
    ours = read_run_file(directory) is not None
    member = read_run_file(directory.parent) is not None
    return (ours or bool(run_files(directory))) and not member


def _here(directory: Path) -> Iterator[TaskDocument]:
    if read_run_file(directory) is not None:
        yield parse_run(directory)
        return
    for files in run_files(directory):
        yield parse_files(files)


def parse_verb(paths: Iterable[Path], *, as_json: bool) -> int:
    """Print what is at each path; 1 if any is not DONE. A bad one stops no other."""
    found: list[dict[str, Any]] = []
    for path in paths:
        try:
            found += [d.model_dump(mode="json") for d in parse_all(path)]
        except (LnmoError, OSError) as error:
            found.append(
                {"dir_name": str(path), "state": "FAILED", "reason": str(error)}
            )
    if as_json:
        print(json.dumps(found, indent=1))
    else:
        for document in found:
            print("\n".join(_lines(document)))
    return 0 if all(document["state"] == "DONE" for document in found) else 1


def _lines(document: dict[str, Any]) -> Iterator[str]:
    name, label = document["dir_name"], document.get("task_label", "")
    several = label and label != Path(name).name and not document.get("calculation_id")
    parts = [f"{name} ({label})" if several else name, document["state"]]
    energy = document.get("energy")
    if energy is not None:
        at_end = State(document["state"]).at_its_end
        parts.append(f"{'' if at_end else 'last whole step '}{energy:.5f} eV/cell")
    if document["reason"]:
        parts.append(document["reason"])
    yield "  ".join(parts)
    for finding in document.get("findings", ()):
        told = finding["message"]
        if finding["severity"] != "info" and told != document["reason"]:
            yield f"    {finding['severity']} {finding['id']}: {told}"
