"""``lnmo check``: the findings of many directories, as text or as JSON."""

from __future__ import annotations

import json as json_format
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.exceptions import Exit

from workflows.cli.examples import epilog
from workflows.cli.options import directories_argument, json_option
from workflows.cli.output import note
from workflows.counts import count_of
from workflows.errors import printable

if TYPE_CHECKING:
    from workflows.checks.rules import LintFinding
    from workflows.checks.rules.comparison import Comparison
    from workflows.vasp.directory import VaspDirectory
    from workflows.vasp.read_directory import Run

CLEAN, ERRORS, NO_RUN = 0, 1, 2
"""Exit codes."""


@dataclass(frozen=True)
class Checked:
    """One run and its findings."""

    run: VaspDirectory
    findings: tuple[LintFinding, ...]


@click.command(epilog=epilog("check"))
@directories_argument
@click.option("--same", is_flag=True, help="also: may energies be subtracted?")
@json_option
def check(
    directories: tuple[Path, ...],
    same: bool,
    json: bool,
) -> None:
    """Check VASP inputs and finished runs, ours or not, in and below directories."""
    raise Exit(show_checked(directories, together=same, as_json=json))


def show_checked(
    directories: Sequence[Path], *, together: bool = False, as_json: bool = False
) -> int:
    """Check every run in and below the directories, print, return the exit code.

    1 if any rule of severity error is broken; else 2 if a directory holds no run, or
    one below may not be read, so that nobody knows; else 0. A directory without a run
    does not stop the others.
    """
    from workflows.checks.rules import check, check_together, find_runs, read_run

    runs, empty = [], []
    denied: list[OSError] = []
    for directory in directories:
        found = list(find_runs(directory, denied=denied.append))
        runs += found
        if not found:
            empty.append(directory)
    places: dict[tuple[str, str], Run] = {}
    for run in runs:
        places.setdefault((os.path.realpath(run.directory), run.suffix), run)
    runs = list(places.values())
    checked = [Checked(found, check(found)) for found in map(read_run, runs)]
    across = check_together([one.run for one in checked]) if together else ()
    answer = (
        _comparison(runs, checked, across) if together and len(checked) > 1 else None
    )
    for directory, reason in _unread(empty, denied).items():
        note(f"{directory}: {reason}")
    if as_json:
        record = as_record(checked, across, empty, answer, _unread([], denied))
        print(json_format.dumps(record, indent=2))
    elif checked:
        for line in _lines(checked, across, together=together):
            click.echo(printable(line))
        if answer is not None:
            click.echo(printable(f"{answer.sentence[0].upper()}{answer.sentence[1:]}."))
    if _count(checked, across)["error"]:
        return ERRORS
    return NO_RUN if empty or any(map(_forbids, denied)) else CLEAN


def _forbids(error: OSError) -> bool:
    return not isinstance(error, FileNotFoundError | NotADirectoryError)


def _unread(empty: Sequence[Path], denied: Sequence[OSError]) -> dict[Path, str]:
    """Return the directories without a readable run, and why."""
    reasons = {directory: _why_empty(directory) for directory in empty}
    for error in denied:
        if isinstance(error, PermissionError):
            why = "permission denied: chmod u+rX, or ask its owner"
            reasons[Path(error.filename)] = why
        else:
            reasons.setdefault(Path(error.filename), str(error.strerror))
    return reasons


def _why_empty(directory: Path) -> str:
    if not directory.exists():
        return "no such directory"
    if not directory.is_dir():
        return f"a file; give {directory.parent}"
    return "no VASP run here or below (no INCAR, OUTCAR or vasprun.xml, plain or .gz)"


def _count(checked: Sequence[Checked], across: Sequence[LintFinding]) -> Counter[str]:
    found = [finding for one in checked for finding in one.findings]
    return Counter(finding.severity for finding in (*found, *across))


def _comparison(
    places: Sequence[Run], checked: Sequence[Checked], across: Sequence[LintFinding]
) -> Comparison:
    """Judge whether the energies may be subtracted; reads the state of every run."""
    from workflows.checks.rules.comparison import comparison
    from workflows.engines.parse_tree import parse_suffix

    found = {
        one.run.name: parse_suffix(place.directory, place.suffix)
        for place, one in zip(places, checked, strict=True)
        if one.run.finished
    }
    return comparison(
        [one.run for one in checked],
        across,
        {one.run.name: one.findings for one in checked},
        {name: str(document.state) for name, document in found.items()},
        {name for name, document in found.items() if document.fake},
        {name: {f.id for f in document.findings} for name, document in found.items()},
    )


def as_record(
    checked: Sequence[Checked],
    across: Sequence[LintFinding],
    empty: Sequence[Path],
    answer: Comparison | None = None,
    unread: Mapping[Path, str] | None = None,
) -> dict[str, Any]:
    """Return the output of ``--json``; keys are added, never renamed."""
    count = _count(checked, across)
    return {
        "errors": count["error"],
        "warnings": count["warning"],
        "runs": [
            {
                "run": one.run.name,
                "files": list(one.run.files),
                "finished": one.run.finished,
                "unchecked": list(one.run.unchecked),
                "findings": [finding.model_dump() for finding in one.findings],
            }
            for one in checked
        ],
        "together": [finding.model_dump() for finding in across],
        "energies": None if answer is None else asdict(answer),
        "without_run": [str(directory) for directory in empty],
        "unreadable": {str(each): why for each, why in (unread or {}).items()},
    }


def _lines(
    checked: Sequence[Checked], across: Sequence[LintFinding], *, together: bool
) -> list[str]:
    lines: list[str] = []
    for one in checked:
        if one.findings:
            finished = "finished run" if one.run.finished else "inputs"
            lines.append(f"{one.run.name}  ({finished}: {', '.join(one.run.files)})")
            lines += map(_line, one.findings)
    if across:
        lines.append(f"the {len(checked)} runs together")
        lines += map(_line, across)
    explained = _explained([*(f for one in checked for f in one.findings), *across])
    return [*lines, *explained, *_summary(checked, across, together=together)]


def _line(finding: LintFinding) -> str:
    return f"  {finding.severity:<7} {finding.id}: {finding.message}"


def _explained(findings: Sequence[LintFinding]) -> list[str]:
    """Return reason and cure of each rule that was broken, once."""
    rules = {f.id: f for f in sorted(findings, key=lambda f: f.severity != "error")}
    lines = []
    for rule in rules.values():
        lines += [f"  {rule.id}: {rule.why}", f"    -> {rule.cure}"]
    return ["", "Why, and what to do:", *lines, ""] if lines else []


def _summary(
    checked: Sequence[Checked], across: Sequence[LintFinding], *, together: bool
) -> list[str]:
    clean = sum(not one.findings for one in checked)
    count = _count(checked, across)
    lines = [
        f"{count_of(len(checked), 'run')} checked, {clean} without a finding: "
        f"{count_of(count['error'], 'error')}, {count_of(count['warning'], 'warning')}"
    ]
    unchecked = Counter(what for one in checked for what in one.run.unchecked)
    lines += [f"Not checked in {n} of them: {what}" for what, n in unchecked.items()]
    if len(checked) > 1 and not together:
        lines.append("Add --same to check that their energies may be compared.")
    return lines
