"""``lnmo status``: database and queue side by side, and a command for each trouble."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workflows.database import Database
from workflows.errors import LnmoError, QueueError
from workflows.queue.chosen import Chosen
from workflows.queue.job import Listed
from workflows.queue.troubles import Trouble, trouble, unrouted

if TYPE_CHECKING:
    from rich.table import Table

    from workflows.queue.profile import Profile
    from workflows.queue.standing import Standing

STATES = (
    *("WAITING", "READY", "RESERVED", "RUNNING", "COMPLETED"),
    *("FIZZLED", "DEFUSED", "PAUSED", "ARCHIVED"),
)
MANY = 60
"""More calculations are counted, not listed."""


@dataclass(frozen=True)
class Overview:
    """What the status is made of.

    Attributes
    ----------
    steps
        fw_id, calculation_id, engine, step, state, name, reason, category; by x.
    jobs
        Queue jobs by fw_id.
    troubles
        What needs somebody.
    queue
        Name of the scheduler, or why it does not answer; empty without one.
    """

    steps: Sequence[Mapping[str, Any]]
    jobs: Mapping[int, tuple[str, Listed]] = field(default_factory=dict)
    troubles: Sequence[Trouble] = ()
    queue: str = ""


def status_verb(
    database: Database, chosen: Chosen, *, history: bool = False, as_json: bool
) -> None:
    """Print counts, jobs, and one line for each trouble; or every launch there was."""
    from workflows.launchpad import reading
    from workflows.queue.history import history_verb

    with reading(database) as launchpad:
        if history:
            history_verb(launchpad, chosen, as_json=as_json)
            return
        profile, silence = _profile(database)
        found = overview(launchpad, database, chosen, profile)
    if as_json:
        print(json.dumps(plain(found), indent=1))
    else:
        _tell(found, silence)


def overview(
    launchpad: Any, database: Database, chosen: Chosen, profile: Profile | None
) -> Overview:
    """Read database and queue.

    Parameters
    ----------
    launchpad
        For reading.
    database
        Where it is.
    chosen
        Whose steps.
    profile
        Of this machine's queue; None if it has none.
    """
    from workflows.flows import steps_of
    from workflows.queue.haunted import haunted
    from workflows.queue.standing import standings

    wanted = chosen.of_fireworks(launchpad)
    steps = steps_of(launchpad, wanted)
    if database.embedded:
        return Overview(steps)
    scheduler = None if profile is None else profile.scheduler()
    queue = "" if scheduler is None else scheduler.name
    worker = None if profile is None else profile.name
    limit = 5 if profile is None else profile.max_returns

    def look(whom: Any) -> list[Standing]:
        return standings(
            launchpad, scheduler=whom, worker=worker, max_returns=limit, wanted=wanted
        )

    try:
        found = look(scheduler)
        ghosts = haunted(launchpad, scheduler, worker, wanted)
    except QueueError as error:
        queue, found, ghosts = str(error), look(None), {}
    jobs = {s.fw_id: (s.job_id, s.listed) for s in found if s.job_id and s.listed}
    troubles = [t for s in found for t in trouble(s)]
    names = {step["fw_id"]: str(step["name"]) for step in steps}
    troubles += [
        Trouble(
            fw_id,
            names.get(fw_id, "?"),
            f"job {job} of an earlier launch still lives; not launched until it ends",
            f"lnmo cancel --fw-id {fw_id}",
        )
        for fw_id, job in ghosts.items()
    ]
    troubles += unrouted(launchpad, steps, profile)
    return Overview(steps, jobs, troubles, queue)


def _profile(database: Database) -> tuple[Profile | None, str]:
    """Return the site profile, or why there is none."""
    from workflows.queue.profile import ADAPTER_FILE, read_profile

    if database.embedded:
        return None, ""
    if not database.path.with_name(ADAPTER_FILE).exists():
        return None, f"no {ADAPTER_FILE} here: the queue was not asked"
    try:
        return read_profile(database), ""
    except LnmoError as error:
        return None, f"the queue was not asked: {error}"


def plain(found: Overview) -> list[dict[str, Any]]:
    """Return the steps with their jobs and troubles, for JSON."""
    troubles = {t.fw_id: t for t in found.troubles}
    rows = []
    for step in found.steps:
        job_id, listed = found.jobs.get(step["fw_id"], (None, None))
        told = troubles.get(step["fw_id"])
        rows.append(
            {
                **step,
                "job_id": job_id,
                "job": None if listed is None else str(listed.job),
                "trouble": None if told is None else told.reason,
                "command": None if told is None else told.command,
            }
        )
    return rows


def _tell(found: Overview, silence: str) -> None:
    from workflows.tables import console, status_table

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
    for command, same in _grouped(found.troubles).items():
        for each in same[:10]:
            print(f"! {each.fw_id} {each.name}: {each.reason}")
        if len(same) > 10:
            print(f"! and {len(same) - 10} more like these; all: lnmo status --json")
        print(f"  -> {command}")


def _grouped(troubles: Iterable[Trouble]) -> dict[str, list[Trouble]]:
    grouped: dict[str, list[Trouble]] = {}
    for each in troubles:
        grouped.setdefault(each.command, []).append(each)
    return grouped


def _finished(found: Overview) -> int:
    """Count the calculations all of whose steps are COMPLETED."""
    open_ones = {s["calculation_id"] for s in found.steps if s["state"] != "COMPLETED"}
    return len({s["calculation_id"] for s in found.steps} - open_ones)


def _counts(found: Overview, calculations: int) -> Table:
    from rich.table import Table

    from workflows.tables import coloured

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
