"""``lnmo status``: steps, queue jobs, and a command for each problem."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workflows.cli.examples import epilog
from workflows.cli.options import (
    engine_option,
    fw_id_option,
    id_option,
    json_option,
    launchpad_option,
    maybe_campaign,
    step_selection,
    variant_option,
    x_option,
)
from workflows.cli.output import note, print_json, tell_launchpad
from workflows.counts import count_of
from workflows.errors import LnmoError, printable

if TYPE_CHECKING:
    from fireworks import LaunchPad
    from rich.table import Table

    from workflows.cli.selection import StepSelection
    from workflows.cluster.history import LaunchRecord
    from workflows.cluster.overview import Overview
    from workflows.cluster.profile import Profile
    from workflows.cluster.step_report import StepReport
    from workflows.records.database import Database

STATES = (
    "WAITING",
    "READY",
    "RESERVED",
    "RUNNING",
    "COMPLETED",
    "FIZZLED",
    "DEFUSED",
    "PAUSED",
    "ARCHIVED",
)
"""FireWorks' states, in the order of the table."""
NOTHING_YET = "nothing submitted yet; lnmo submit paper, or lnmo run paper"
MAX_LISTED = 60
"""More calculations are counted, not listed: more lines than a screen has."""
MAX_ALIKE = 10
"""So many problems with the same solution are listed; --json gives all."""


@click.command(epilog=epilog("status"))
@maybe_campaign
@engine_option
@x_option
@variant_option
@id_option
@fw_id_option
@click.option("--history", is_flag=True, help="every launch, and how it ended")
@launchpad_option
@json_option
def status(
    campaign: str | None,
    engine: str | None,
    x: tuple[float, ...],
    variant: str | None,
    ids: tuple[str, ...],
    fw_ids: tuple[int, ...],
    history: bool,
    launchpad: Path | None,
    json: bool,
) -> None:
    """Show database and queue side by side, and a command for each problem."""
    from workflows.cluster import history as launches
    from workflows.cluster.overview import overview
    from workflows.launchpad.opening import reading

    chosen = step_selection(
        campaign, engine, x, launchpad, variant, ids, fw_ids, or_embedded=True
    )
    database = chosen.selection.database()
    with reading(database) as pad:
        if lost := getattr(pad, "lost", ""):
            note(lost)
        if history:
            records = launches.history(pad, chosen.of_fireworks(pad))
            _print_history(records, as_json=json)
            return
        profile, not_asked = _profile(database)
        found = overview(pad, database, chosen.of_fireworks(pad), profile)
        table = _table(pad, found.steps)
        nothing = _nothing_chosen(chosen, pad, found.steps)
    if json:
        print_json(plain(found))
    else:
        _print_overview(found, table, not_asked, nothing)
        tell_launchpad(launchpad, (each.action for each in found.problems))


def _print_history(records: Iterable[LaunchRecord], *, as_json: bool) -> None:
    """Print launches, oldest first."""
    found = list(records)
    if as_json:
        print_json([vars(each) for each in found])
        return
    for each in found:
        job = f"job {each.job_id}" if each.job_id else "no queue job"
        times = ", ".join(f"{s.lower()} {when}" for s, when in each.since.items())
        why = f": {each.reason}" if each.reason else ""
        line = f"{each.fw_id} {each.name}: {job} on {each.worker}, {times}{why}"
        print(printable(line))
    if not found:
        print("never launched")


def _profile(database: Database) -> tuple[Profile | None, str]:
    """Return the site profile, or why the queue was not asked."""
    from workflows.cluster.profile import ADAPTER_FILE, read_profile

    if database.embedded:
        return None, ""
    if not database.path.with_name(ADAPTER_FILE).exists():
        return None, f"no {ADAPTER_FILE} here: the queue was not asked"
    try:
        return read_profile(database), ""
    except LnmoError as error:
        return None, f"the queue was not asked: {error}"


def plain(found: Overview) -> list[dict[str, Any]]:
    """Return the steps with their jobs and problems, for JSON."""
    problems = {problem.fw_id: problem for problem in found.problems}
    rows = []
    for step in found.steps:
        job_id, listed = found.jobs.get(step["fw_id"], (None, None))
        problem = problems.get(step["fw_id"])
        rows.append(
            {
                **step,
                "job_id": job_id,
                "job": None if listed is None else str(listed.job),
                "trouble": None if problem is None else problem.reason,
                "command": None if problem is None else problem.action,
            }
        )
    return rows


def _nothing_chosen(
    chosen: StepSelection, pad: LaunchPad, steps: Sequence[Mapping[str, Any]]
) -> str:
    """Say what there is instead, if a selection holds none of it; else empty."""
    from workflows.campaign.sections import same_x

    ours = {"metadata.calculation_id": {"$exists": True}}
    there = pad.workflows.find(ours, {"_id": 0, "metadata": 1})
    own = [w["metadata"] for w in there]
    asked = chosen.selection.x
    at = [w["x"] for w in own if w["x"] is not None]
    if not own or chosen.everything or (steps and not asked):
        return ""
    if steps and any(same_x(one, other) for one in asked for other in at):
        return ""  # else only a reference, which belongs to every x
    names = sorted({name for w in own for name in w["campaigns"]})
    engines = sorted({str(w["engine"]) for w in own})
    xs = sorted({w["x"] for w in own if w["x"] is not None})
    return (
        f"nothing of {chosen.selection} is submitted; there is: campaign "
        f"{', '.join(names)}, engine {', '.join(engines)}, "
        f"x = {', '.join(f'{x:g}' for x in xs)}"
    )


def _table(pad: LaunchPad, steps: Sequence[Mapping[str, Any]]) -> Table | None:
    """Return the table of the calculations; None of more than are listed."""
    from workflows.cli.status_table import differences, status_table

    ids = {step["calculation_id"] for step in steps}
    if len(ids) > MAX_LISTED:
        return None
    return status_table(steps, differences=differences(pad.db, steps))


def _print_overview(
    found: Overview, table: Table | None, not_asked: str, nothing: str = ""
) -> None:
    from workflows.cli.tables import console

    screen = console()
    if nothing or not found.steps:
        if nothing or not found.problems:
            print(nothing or NOTHING_YET)
        _print_problems(found.problems)
        return
    calculations = {step["calculation_id"] for step in found.steps}
    if table is not None:
        screen.print(table)
    screen.print(_counts(found, len(calculations)))
    if not_asked:
        print(not_asked)
    elif found.queue and " " in found.queue:
        print(f"the queue does not answer: {found.queue}")
    _print_problems(found.problems)


def _print_problems(problems: Iterable[StepReport]) -> None:
    for command, alike in _by_command(problems).items():
        for each in alike[:MAX_ALIKE]:
            print(printable(f"! {each.fw_id} {each.name}: {each.reason}"))
        if len(alike) > MAX_ALIKE:
            more = len(alike) - MAX_ALIKE
            print(f"! and {more} more like these; all: lnmo status --json")
        print(f"  -> {command}")


def _by_command(problems: Iterable[StepReport]) -> dict[str, list[StepReport]]:
    grouped: dict[str, list[StepReport]] = {}
    for each in problems:
        grouped.setdefault(each.action, []).append(each)
    return grouped


def _finished(found: Overview) -> int:
    """Count the calculations all of whose steps are COMPLETED."""
    unfinished = {s["calculation_id"] for s in found.steps if s["state"] != "COMPLETED"}
    return len({s["calculation_id"] for s in found.steps} - unfinished)


def _counts(found: Overview, calculations: int) -> Table:
    from workflows.cli.tables import coloured, make_table

    table = make_table()
    table.add_column(
        f"{count_of(calculations, 'calculation')}, {_finished(found)} finished"
    )
    table.add_column("steps", justify="right")
    table.add_column("their jobs")
    states = Counter(str(step["state"]) for step in found.steps)
    state_of = {step["fw_id"]: str(step["state"]) for step in found.steps}
    jobs: dict[str, Counter[str]] = {}
    for fw_id, (_, listed) in found.jobs.items():
        jobs.setdefault(state_of.get(fw_id, ""), Counter())[str(listed.job)] += 1
    for state in STATES:
        if states[state]:
            own = jobs.get(state, Counter())
            shown = ", ".join(f"{n} {job}" for job, n in own.most_common())
            table.add_row(coloured(state), str(states[state]), shown)
    return table
