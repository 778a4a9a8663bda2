"""``lnmo collect``: runs made elsewhere become results of a campaign."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workflows.cli.options import (
    Directories,
    DryRunOption,
    JsonOption,
    LaunchpadOption,
    VariantOption,
    XOption,
    selection,
)
from workflows.cli.output import print_json
from workflows.errors import printable

if TYPE_CHECKING:
    from workflows.engines.collect import Outcome

CAMPAIGN_FILE = "campaign.yaml"
"""What ``lnmo write`` leaves beside the inputs."""
WORDS = {
    "record": "would be recorded",
    "recorded": "recorded",
    "there": "recorded before",
    "kept": "not recorded",
    "refused": "not recorded",
    "unknown": "not recorded",
}
WELL = ("record", "recorded", "there")


def collect(
    paths: Directories,
    campaign: Annotated[
        str | None,
        typer.Option(
            "--campaign",
            "-c",
            help="packaged campaign or YAML file; campaign.yaml beside the runs, else "
            "paper",
            metavar="CAMPAIGN",
        ),
    ] = None,
    record: Annotated[
        bool, typer.Option("--record", help="record what is found")
    ] = False,
    dry_run: DryRunOption = False,
    x: XOption = None,
    variant: VariantOption = None,
    launchpad: LaunchpadOption = None,
    json: JsonOption = False,
) -> None:
    """Find planned steps among VASP runs made elsewhere; --record keeps them.

    A run is one of a step if it starts where the plan starts, or where the step before
    ended, in any order of atoms, with the inputs of the plan. Nothing is changed where
    the runs are. 1 if a run is no result.
    """
    from workflows.engines.collect import found_in

    name = _campaign(campaign, paths)
    chosen = selection(name, None, x, launchpad, variant, or_embedded=True)
    database = chosen.database()
    planned = chosen.calculations() or ()
    matches = found_in(paths, planned)
    write = record and not dry_run
    outcomes = _carried_out(matches, database, write=write)
    if json:
        print_json([_plain(outcome) for outcome in outcomes])
    else:
        print(f"campaign {chosen.name}, {len(planned)} calculations")
        for line in _lines(outcomes, write=write):
            print(printable(line))
    raise typer.Exit(0 if all(each.action in WELL for each in outcomes) else 1)


def _campaign(name: str | None, paths: Sequence[Path]) -> str:
    """Return the campaign asked for, or the one that was written beside the runs."""
    if name is not None:
        return name
    places = (p / CAMPAIGN_FILE for path in paths for p in (path, path.parent))
    found = next((place for place in places if place.is_file()), None)
    return "paper" if found is None else str(found)


def _carried_out(matches: Any, database: Any, *, write: bool) -> list[Outcome]:
    from workflows.engines.collect import recorded
    from workflows.launchpad.file_lock import lock
    from workflows.launchpad.opening import LOCK_FILE
    from workflows.records.file_store import FileResults
    from workflows.records.store import results_store

    files = FileResults(database.root)
    if not write:
        return list(recorded(matches, files, None, write=False))
    if not database.embedded:
        store = results_store(database)
        return list(recorded(matches, files, store, write=True))
    database.root.mkdir(parents=True, exist_ok=True)
    held = lock(database.root / LOCK_FILE, typer.echo)
    try:
        return list(recorded(matches, files, None, write=True))
    finally:
        held.release()


def _plain(outcome: Outcome) -> dict[str, Any]:
    match = outcome.match
    document = match.document
    return {
        "directory": match.run.name,
        "state": str(document.state if document else match.run.verdict[0]),
        "calculation": None if match.calculation is None else match.calculation.label,
        "calculation_id": None if match.calculation is None else match.calculation.id,
        "step": match.step or None,
        "action": outcome.action,
        "reason": outcome.reason,
        "differs": [
            {"severity": f.severity, "message": f.message} for f in match.differing
        ],
    }


def _lines(outcomes: Sequence[Outcome], *, write: bool) -> Iterator[str]:
    for outcome in outcomes:
        match = outcome.match
        state = match.document.state if match.document else match.run.verdict[0]
        step = f"{match.calculation.label} {match.step}" if match.calculation else ""
        parts = [match.run.name, str(state), *([f"= {step}"] if step else [])]
        what = WORDS[outcome.action]
        why = f": {outcome.reason}" if outcome.reason else ""
        yield f"{'  '.join(parts)}  {what}{why}"
        for finding in match.differing:
            yield f"    {finding.severity}: {finding.message}"
    number = sum(
        outcome.action == ("recorded" if write else "record") for outcome in outcomes
    )
    if write:
        yield f"{number} results recorded; lnmo results shows them"
    elif number:
        yield f"{number} results found, nothing was recorded; to record: --record"
    else:
        yield "nothing to record"
