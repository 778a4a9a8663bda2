"""``lnmo run``: check the machine, submit a campaign, run it here, show the results."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.exceptions import Exit

from workflows.cli.confirm import MANY, confirm_many, yes_option
from workflows.cli.examples import epilog
from workflows.cli.options import (
    Count,
    engine_option,
    launchpad_option,
    maybe_campaign,
    selection,
    variant_option,
    x_option,
)
from workflows.cli.output import note
from workflows.cli.run_end import (
    report_failures,
    report_halves,
    report_refused,
    report_review,
)
from workflows.cli.verb_group import INTERRUPTED
from workflows.counts import count_of
from workflows.errors import FULL, StoreUnwritable
from workflows.signals import Interrupted

if TYPE_CHECKING:
    from fireworks import LaunchPad

    from workflows.campaign.calculation import Calculation
    from workflows.cli.selection import Selection
    from workflows.launchpad.submission import Submission
    from workflows.records.database import Database

MOST_JOBS = 1024
"""Worker processes; 0.2 GB each, and no machine runs so many VASP at once."""


@click.command(epilog=epilog("run"))
@maybe_campaign
@engine_option
@x_option
@variant_option
@click.option(
    "--jobs",
    "-j",
    type=Count(1, MOST_JOBS, "each worker is a process, and starts a VASP"),
    metavar="N",
    default=1,
    help="worker processes",
)
@click.option("--retry", is_flag=True, help="run failed steps again")
@yes_option
@launchpad_option
def run(
    campaign: str | None,
    engine: str | None,
    x: tuple[float, ...],
    variant: str | None,
    jobs: int,
    retry: bool,
    yes: bool,
    launchpad: Path | None,
) -> None:
    """Submit a campaign and run it here; if killed, the same command continues it."""
    from workflows.cli.result_tables import show_outcome

    chosen = selection(
        campaign, engine, x, launchpad, variant=variant, or_embedded=True
    ).once_read()
    try:
        code = run_campaign(chosen, jobs=jobs, retry=retry, yes=yes)
    except StoreUnwritable as error:
        if error.errno not in FULL:
            raise
        note(f"stopped: {error}")
        code = INTERRUPTED
    if code != INTERRUPTED:
        code = max(code, show_outcome(chosen))
    raise Exit(code)


def run_campaign(
    chosen: Selection, *, jobs: int, retry: bool, yes: bool = False
) -> int:
    """Submit a campaign, or take everything submitted, and run it to its end.

    ``yes`` starts more than a hundred new calculations without asking.

    Returns the exit code: 0; 1 if a step failed, needs a look, or its record is
    refused; 130 if stopped by a wall time or a disk.

    Raises
    ------
    Interrupted
        Ctrl-C, SIGTERM or SIGHUP; the same command continues it.
    MachineError
        The engine cannot run here; nothing was written.
    """
    from pymongo.errors import PyMongoError

    from workflows.cli.machine_check import check_machine
    from workflows.cli.progress import Display
    from workflows.engines.directory_check import refuse_outside
    from workflows.launchpad.deleted import put_back, told
    from workflows.launchpad.local_run import LocalRun
    from workflows.launchpad.opening import owned
    from workflows.launchpad.recovery import retry_failed
    from workflows.launchpad.steps import fireworks_of
    from workflows.launchpad.submission import submission_lock, submit
    from workflows.records.file_store import CALCULATIONS

    database = chosen.database()
    calculations = _chosen_calculations(chosen, database)
    check_machine(database, calculations)
    refuse_outside(database.root, database.root / CALCULATIONS)
    if chosen.name is not None:
        _confirm(database, calculations or (), yes=yes)
    ids = {c.id for c in calculations or ()}
    with owned(database, waiting=note) as (pad, inherit):
        if back := told(put_back(database, pad, also=ids)):
            note(back)
        if chosen.name is not None:
            with submission_lock(database, pad) as confirm:
                done = submit(pad, calculations or (), confirm=confirm)
            _tell_removed(done)
            chosen.keep(calculations or ())
        _finish(pad, fireworks_of(pad, calculations))
        _recover(pad, database, fireworks_of(pad, calculations))
        if retry:
            retry_failed(pad, database.root, fireworks_of(pad, calculations))
        steps = fireworks_of(pad, calculations)
        _tell_cost(calculations or (), steps, jobs)
        with Display(steps, jobs=jobs) as display:
            local = LocalRun(
                pad, database.root, jobs=jobs, inherit=inherit, watch=display.show
            )
            try:
                local.run(calculations)
            except KeyboardInterrupt:
                raise Interrupted(
                    "interrupted; nothing is lost, the same command continues it"
                ) from None
            except PyMongoError as error:
                note(f"{database.unreachable(error)}; the same command continues it")
                raise Exit(1) from None  # there is nobody to ask for a table
        if local.stopped:
            note(f"stopped: {local.stopped}")
            return INTERRUPTED
        if local.given_up:
            note(
                "stopped: two steps in a row could not run on this machine; the other "
                "steps were not tried"
            )
        planned = {step["fw_id"] for step in steps}
        steps = fireworks_of(pad, calculations)
        if gone := planned - {step["fw_id"] for step in steps}:
            note(f"{count_of(len(gone), 'step')} deleted while this ran")
        code = report_failures(steps, chosen, display.printed)
        refused = report_refused(pad, database, steps)
        refused = max(refused, report_review(database, steps))
        return max(code, refused, 1 if gone else 0, report_halves(pad))


def _chosen_calculations(
    chosen: Selection, database: Database
) -> tuple[Calculation, ...] | None:
    """Plan the named campaign; without a name select among what is submitted."""
    from workflows.launchpad.opening import reading
    from workflows.launchpad.steps import submitted

    if chosen.name is not None:
        return chosen.calculations(keep=False)
    with reading(database) as pad:
        return submitted(pad, engine=chosen.engine, x=chosen.x)


def _confirm(
    database: Database, calculations: Sequence[Calculation], *, yes: bool
) -> None:
    """Ask about many new calculations, before the LaunchPad is locked."""
    from workflows.cli.plan_sum import plan_sum
    from workflows.launchpad.opening import reading
    from workflows.launchpad.submission import planned_submission

    if len(calculations) <= MANY:
        return
    with reading(database) as pad:
        new = planned_submission(pad, calculations).added
    confirm_many(len(new), plan_sum(new, database), yes=yes)


def _finish(pad: LaunchPad, steps: Sequence[Mapping[str, Any]]) -> None:
    """Finish what processes that were killed had begun to write."""
    from workflows.launchpad.embedded import EmbeddedLaunchPad
    from workflows.launchpad.interrupted_runs import return_interrupted_runs
    from workflows.launchpad.unfinished_updates import finish_updates

    if isinstance(pad, EmbeddedLaunchPad):
        return
    finish_updates(pad)
    if count := return_interrupted_runs(pad, steps):
        note(f"{count_of(count, 'step')} of an interrupted run will be resumed")


def _recover(
    pad: LaunchPad, database: Database, steps: Sequence[Mapping[str, Any]]
) -> None:
    """Make READY what an interrupted owner left behind."""
    from workflows.launchpad.copies import copy_again, lost_copies
    from workflows.launchpad.embedded import EmbeddedLaunchPad
    from workflows.launchpad.recovery import return_recorded, return_unrecorded

    if not isinstance(pad, EmbeddedLaunchPad):
        uncopied = lost_copies(pad, database.root, steps)
        if again := sum(copy_again(pad, database.root, step) for step in uncopied):
            note(
                count_of(
                    again,
                    "record was missing in the database, and was copied there again",
                    "records were missing in the database, and were copied there again",
                )
            )
        if recorded := return_recorded(pad, database.root, steps):
            note(_ready_again(recorded))
        return
    if pad.lost:
        note(pad.lost)
    if lost := pad.return_lost():
        note(f"{count_of(len(lost), 'step')} of an interrupted run will be resumed")
    if gone := return_unrecorded(pad, database.root, steps):
        note(_ready_again(gone))


def _ready_again(count: int) -> str:
    return count_of(
        count,
        "step is READY again; its directory is read first",
        "steps are READY again; their directories are read first",
    )


def _tell_cost(
    calculations: Sequence[Calculation], steps: Sequence[Mapping[str, Any]], jobs: int
) -> None:
    """Print what GPAW will cost, and that MPI and workers share the cores."""
    from workflows.engines.gpaw.estimate import estimate
    from workflows.engines.gpaw.process import processes
    from workflows.engines.machine import machine

    left = {s["calculation_id"] for s in steps if s["state"] != "COMPLETED"}
    found = estimate(c for c in calculations if c.id in left)
    if not found.steps:
        return
    note(found.in_words(jobs))
    each, cores = processes(machine({}).gpaw_cmd), os.cpu_count() or 1
    if each * jobs > cores:
        note(
            f"warning: {count_of(jobs, 'worker')} of "
            f"{count_of(each, 'process', 'processes')} need more "
            f"than {count_of(cores, 'core')}: take -j {max(1, cores // each)}"
        )


def _tell_removed(done: Submission) -> None:
    """Name the campaigns that have to be submitted again, and were not now."""
    if names := done.to_submit_again:
        note(
            f"{count_of(len(done.removed), 'broken Workflow')} removed; submit again: "
            f"{', '.join(names)}"
        )
