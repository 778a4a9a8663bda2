"""``lnmo status``: steps, queue jobs, and a command for each problem."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from workflows.cli.selection import Chosen
from workflows.cli.tables import _table, coloured
from workflows.cluster.history import history
from workflows.cluster.overview import Overview, overview
from workflows.cluster.step_report import StepReport
from workflows.errors import LnmoError
from workflows.records.database import Database

if TYPE_CHECKING:
    from workflows.cluster.profile import Profile


def history_verb(launchpad: Any, chosen: Chosen, *, as_json: bool) -> None:
    """Print the launches of what was chosen, oldest first."""
    found = history(launchpad, chosen.of_fireworks(launchpad))
    if as_json:
        print(json.dumps([vars(each) for each in found], indent=1))
        return
    for each in found:
        job = f"job {each.job_id}" if each.job_id else "no queue job"
        times = ", ".join(f"{s.lower()} {when}" for s, when in each.since.items())
        why = f": {each.reason}" if each.reason else ""
        print(f"{each.fw_id} {each.name}: {job} on {each.worker}, {times}{why}")
    if not found:
        print("never launched")


STATES = (
    *("WAITING", "READY", "RESERVED", "RUNNING", "COMPLETED"),
    *("FIZZLED", "DEFUSED", "PAUSED", "ARCHIVED"),
)

MANY = 60
"""More calculations are counted, not listed."""


def status_verb(
    database: Database, chosen: Chosen, *, history: bool = False, as_json: bool
) -> None:
    """Print counts, jobs, and one line for each trouble; or every launch there was."""
    from workflows.launchpad.opening import reading

    with reading(database) as launchpad:
        if history:
            history_verb(launchpad, chosen, as_json=as_json)
            return
        profile, silence = _profile(database)
        found = overview(launchpad, database, chosen.of_fireworks(launchpad), profile)
    if as_json:
        print(json.dumps(plain(found), indent=1))
    else:
        _tell(found, silence)


def _profile(database: Database) -> tuple[Profile | None, str]:
    """Return the site profile, or why there is none."""
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
    problems = {t.fw_id: t for t in found.problems}
    rows = []
    for step in found.steps:
        job_id, listed = found.jobs.get(step["fw_id"], (None, None))
        told = problems.get(step["fw_id"])
        rows.append(
            {
                **step,
                "job_id": job_id,
                "job": None if listed is None else str(listed.job),
                "trouble": None if told is None else told.reason,
                "command": None if told is None else told.action,
            }
        )
    return rows


def _tell(found: Overview, silence: str) -> None:
    from workflows.cli.tables import console

    screen = console()
    if not found.steps:
        print("nothing submitted yet; lnmo submit paper, or lnmo run paper")
        return
    calculations = {step["calculation_id"] for step in found.steps}
    if len(calculations) <= MANY:
        screen.print(status_table(found.steps))
    screen.print(_counts(found, len(calculations)))
    if silence:
        print(silence)
    elif found.queue and " " in found.queue:
        print(f"the queue does not answer: {found.queue}")
    for command, same in _grouped(found.problems).items():
        for each in same[:10]:
            print(f"! {each.fw_id} {each.name}: {each.reason}")
        if len(same) > 10:
            print(f"! and {len(same) - 10} more like these; all: lnmo status --json")
        print(f"  -> {command}")


def _grouped(problems: Iterable[StepReport]) -> dict[str, list[StepReport]]:
    grouped: dict[str, list[StepReport]] = {}
    for each in problems:
        grouped.setdefault(each.action, []).append(each)
    return grouped


def _finished(found: Overview) -> int:
    """Count the calculations all of whose steps are COMPLETED."""
    open_ones = {s["calculation_id"] for s in found.steps if s["state"] != "COMPLETED"}
    return len({s["calculation_id"] for s in found.steps} - open_ones)


def _counts(found: Overview, calculations: int) -> Table:
    from rich.table import Table

    from workflows.cli.tables import coloured

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(f"{calculations} calculations, {_finished(found)} finished")
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


def status_table(steps: Iterable[Mapping[str, Any]]) -> Table:
    """Show the states of the Fireworks, one line a calculation."""
    table = _table("status")
    for name in ("calculation", "id", "steps"):
        table.add_column(name)
    grouped: dict[str, list[Mapping[str, Any]]] = {}
    for step in steps:
        grouped.setdefault(step["calculation_id"], []).append(step)
    for calculation_id, own in grouped.items():
        label = str(own[0]["name"]).rpartition(" ")[0]
        states = Text("  ").join(
            Text.assemble(f"{s['step']} ", coloured(str(s["state"]))) for s in own
        )
        table.add_row(label, calculation_id, states)
    return table
