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
from workflows.queue.decide import Action
from workflows.queue.job import Job, Listed

if TYPE_CHECKING:
    from rich.table import Table

    from workflows.queue.profile import Profile
    from workflows.queue.standing import Standing

STATES = (
    *("WAITING", "READY", "RESERVED", "RUNNING", "COMPLETED"),
    *("FIZZLED", "DEFUSED", "PAUSED", "ARCHIVED"),
)
HOPELESS = (
    *("JobHeldUser", "JobHeldAdmin", "PartitionTimeLimit", "PartitionNodeLimit"),
    *("BadConstraints", "DependencyNeverSatisfied", "InvalidAccount", "InvalidQOS"),
    *("AssocMaxWallDurationPerJobLimit", "QOSMaxWallDurationPerJobLimit"),
)
"""Slurm's reasons with which a job waits until somebody does something."""
SILENT_SECONDS = 4 * 3600.0
"""What runs outside the queue gives a sign every hour, as FireWorks' rockets do."""
MANY = 60
"""More calculations are counted, not listed."""


@dataclass(frozen=True)
class Trouble:
    """A step that will not go on by itself.

    Attributes
    ----------
    fw_id, name, reason
        Which, and why.
    command
        What mends it.
    """

    fw_id: int
    name: str
    reason: str
    command: str


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

    launchpad = reading(database)
    try:
        if history:
            history_verb(launchpad, chosen, as_json=as_json)
            return
        profile, silence = _profile(database)
        found = overview(launchpad, database, chosen, profile)
    finally:
        launchpad.connection.close()
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
    troubles += _unrouted(launchpad, steps, profile)
    return Overview(steps, jobs, troubles, queue)


def trouble(standing: Standing) -> list[Trouble]:
    """Return what is wrong with a Firework, and the command that mends it."""
    from workflows.queue.mending import reason

    s = standing

    def one(why: str, command: str) -> list[Trouble]:
        return [Trouble(s.fw_id, s.name, why, command)]

    if s.action.acts:
        return one(reason(s), "lnmo reconcile --fix")
    if s.job is Job.PENDING and s.listed is not None and s.listed.why in HOPELESS:
        return one(
            f"job {s.job_id} will not start by itself: {s.listed.why}",
            f"correct my_qadapter.yaml, lnmo cancel --fw-id {s.fw_id}, lnmo rerun "
            f"--fw-id {s.fw_id}",
        )
    if s.action is not Action.TELL:
        return []
    if s.state == "FIZZLED" and s.ended:
        return one(
            f"ended from outside {s.returns + 1} times, last: {s.message}",
            f"give the step {s.step} more walltime in my_qadapter.yaml, lnmo rerun "
            f"--fw-id {s.fw_id}",
        )
    if s.state == "FIZZLED":
        return one(s.message or "failed", f"lnmo rerun --fw-id {s.fw_id}")
    if s.state == "DEFUSED":
        return one(
            f"cancelled, but job {s.job_id} is {s.job}",
            f"lnmo cancel --fw-id {s.fw_id}",
        )
    if s.job is not None:
        return one(
            f"job {s.job_id} ended ({s.job}), and so did {s.returns} before it",
            f"mend the cause, lnmo rerun --fw-id {s.fw_id}",
        )
    return _outside(s)


def _outside(standing: Standing) -> list[Trouble]:
    """Tell of what runs outside the queue only once it is silent."""
    import time

    silent = time.time() - standing.pinged
    if silent < SILENT_SECONDS:
        return []
    why = (
        f"runs outside the queue on {standing.host}, no sign for {silent / 3600:.0f} h"
    )
    command = f"make sure it is dead, lnmo rerun --fw-id {standing.fw_id} --dead"
    return [Trouble(standing.fw_id, standing.name, why, command)]


def _unrouted(
    launchpad: Any, steps: Iterable[Mapping[str, Any]], profile: Profile | None
) -> list[Trouble]:
    """Tell which READY steps no known worker takes."""
    from workflows.queue.routing import known_categories, untakeable

    known = known_categories(launchpad)
    known |= set() if profile is None else set(profile.categories)
    if not known:
        return []  # no worker is known yet: nothing was launched
    ready = [step for step in steps if step["state"] == "READY"]
    return [
        Trouble(
            *(step["fw_id"], step["name"]),
            f"no known worker takes category {step['category'] or '(none)'}; they take "
            f"{', '.join(sorted(known))}",
            "add it to category in my_fworker.yaml, lnmo launch (or, on one machine, "
            "lnmo run)",
        )
        for step in untakeable(ready, known)
    ]


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
