"""``lnmo collect``: runs made elsewhere become results of a campaign."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.exceptions import Exit

from workflows.cli.examples import epilog
from workflows.cli.options import (
    NAME_OR_FILE,
    directories_argument,
    dry_run_option,
    json_option,
    launchpad_option,
    selection,
    variant_option,
    x_option,
)
from workflows.cli.output import print_json
from workflows.counts import count_of
from workflows.errors import printable

if TYPE_CHECKING:
    from workflows.engines.collect import CollectResult
    from workflows.engines.vasp.collect import Match
    from workflows.records.document import Finding

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


@click.command(epilog=epilog("collect"))
@directories_argument
@click.option(
    "--campaign",
    "-c",
    type=NAME_OR_FILE,
    metavar="CAMPAIGN",
    help="packaged campaign or YAML file; default: campaign.yaml beside the runs, "
    "else paper",
)
@click.option("--record", is_flag=True, help="keep the matching runs as results")
@dry_run_option
@x_option
@variant_option
@launchpad_option
@json_option
def collect(
    directories: tuple[Path, ...],
    campaign: str | None,
    record: bool,
    dry_run: bool,
    x: tuple[float, ...],
    variant: str | None,
    launchpad: Path | None,
    json: bool,
) -> None:
    """Match VASP runs made elsewhere to planned steps; --record keeps them.

    A run matches a step if its inputs are those of the plan, and if it starts where the
    plan starts or where the step before ended. The order of atoms does not matter. The
    runs are never changed. Exit code 1 if a run is no result.
    """
    from workflows.engines.collect import found_in

    name = _campaign(campaign, directories)
    chosen = selection(name, None, x, launchpad, variant, or_embedded=True)
    database = chosen.database()
    planned = chosen.calculations() or ()
    matches = found_in(directories, planned)
    write = record and not dry_run
    outcomes = _carried_out(matches, database, write=write)
    if json:
        print_json([_plain(outcome) for outcome in outcomes])
    else:
        print(f"campaign {chosen.name}, {count_of(len(planned), 'calculation')}")
        for line in lines_of(outcomes, write=write):
            print(printable(line))
    raise Exit(0 if all(each.action in WELL for each in outcomes) else 1)


def _campaign(name: str | None, paths: Sequence[Path]) -> str:
    """Return the campaign asked for, or the one that was written beside the runs."""
    if name is not None:
        return name
    places = (p / CAMPAIGN_FILE for path in paths for p in (path, path.parent))
    found = next((place for place in places if place.is_file()), None)
    return "paper" if found is None else str(found)


def _carried_out(matches: Any, database: Any, *, write: bool) -> list[CollectResult]:
    from workflows.engines.collect import recorded
    from workflows.launchpad.opening import locked, owned
    from workflows.records.file_store import FileResults
    from workflows.records.store import results_store

    files = FileResults(database.root)
    if not write:
        return list(recorded(matches, files, None, write=False))
    if not database.embedded:
        with owned(database):
            store = results_store(database)
            return list(recorded(matches, files, store, write=True))
    with locked(database, waiting=click.echo):
        return list(recorded(matches, files, None, write=True))


def _plain(outcome: CollectResult) -> dict[str, Any]:
    match = outcome.match
    return {
        "directory": match.run.name,
        "state": str(match.state),
        "calculation": None if match.calculation is None else match.calculation.label,
        "calculation_id": None if match.calculation is None else match.calculation.id,
        "step": match.step or None,
        "action": outcome.action,
        "reason": outcome.reason,
        "differs": [
            {"severity": f.severity, "message": f.message} for f in match.differing
        ],
        "findings": [
            {"id": f.id, "severity": f.severity, "message": f.message}
            for f in _warnings(match)
        ],
        "rivals": list(match.rivals),
    }


def _warnings(match: Match) -> list[Finding]:
    """Return what speaks against a result."""
    own = () if match.document is None else match.document.findings
    return [finding for finding in own if finding.severity != "info"]


def lines_of(outcomes: Sequence[CollectResult], *, write: bool) -> Iterator[str]:
    """Yield what is said of each run: its step, what differs, what else fitted."""
    for outcome in outcomes:
        match = outcome.match
        step = f"{match.calculation.label} {match.step}" if match.calculation else ""
        parts = [match.run.name, str(match.state), *([f"= {step}"] if step else [])]
        what = WORDS[outcome.action]
        why = f": {outcome.reason}" if outcome.reason else ""
        yield f"{'  '.join(parts)}  {what}{why}"
        for finding in (*match.differing, *_warnings(match)):
            yield f"    {finding.severity}: {finding.message}"
        yield from (f"    rival: {rival}" for rival in match.rivals)
    number = sum(
        outcome.action == ("recorded" if write else "record") for outcome in outcomes
    )
    if write:
        yield f"{count_of(number, 'result')} recorded; lnmo results shows them"
    elif number:
        yield (
            f"{count_of(number, 'result')} found, nothing was recorded; to record: "
            "--record"
        )
    else:
        yield "nothing to record"
