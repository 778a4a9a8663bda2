"""``lnmo run``: check the machine, submit a campaign, run it here, show the results."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workflows.cli.confirm import MANY, YesOption, confirm_many
from workflows.cli.options import (
    EngineOption,
    LaunchpadOption,
    MaybeCampaign,
    VariantOption,
    XOption,
    selection,
)
from workflows.cli.output import note
from workflows.errors import printable

if TYPE_CHECKING:
    from fireworks import LaunchPad

    from workflows.campaign.calculation import Calculation
    from workflows.cli.selection import Selection
    from workflows.records.database import Database

INTERRUPTED = 130
"""Exit code of a run ended by Ctrl-C, SIGTERM, a wall time or a full disk."""


def run(
    campaign: MaybeCampaign = None,
    engine: EngineOption = None,
    x: XOption = None,
    variant: VariantOption = None,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", min=1, help="worker processes")
    ] = 1,
    retry: Annotated[
        bool, typer.Option("--retry", help="run failed steps again")
    ] = False,
    yes: YesOption = False,
    launchpad: LaunchpadOption = None,
) -> None:
    """Submit a campaign and run it here; if killed, the same command continues it."""
    from workflows.cli.result_tables import show_outcome

    chosen = selection(
        campaign, engine, x, launchpad, variant=variant, or_embedded=True
    )
    code = run_campaign(chosen, jobs=jobs, retry=retry, yes=yes)
    if code != INTERRUPTED:
        show_outcome(chosen)
    raise typer.Exit(code)


def run_campaign(
    chosen: Selection, *, jobs: int, retry: bool, yes: bool = False
) -> int:
    """Submit a campaign, or take everything submitted, and run it to its end.

    ``yes`` starts more than a hundred new calculations without asking.

    Returns the exit code: 0; 1 if a step failed; 130 if interrupted.

    Raises
    ------
    MachineError
        The engine cannot run here; nothing was written.
    """
    from workflows.cli.machine_check import check_machine
    from workflows.cli.progress import Display
    from workflows.launchpad.local_run import LocalRun
    from workflows.launchpad.opening import owned
    from workflows.launchpad.recovery import retry_failed
    from workflows.launchpad.steps import fireworks_of
    from workflows.launchpad.submission import submission_lock, submit

    database = chosen.database()
    calculations = _chosen_calculations(chosen, database)
    check_machine(database, calculations)
    if chosen.name is not None:
        _confirm(database, calculations or (), yes=yes)
    with _terminable(), owned(database, waiting=note) as (pad, inherit):
        if chosen.name is not None:
            with submission_lock(database, pad):
                submit(pad, calculations or ())
            chosen.keep(calculations or ())
        steps = fireworks_of(pad, calculations)
        _recover(pad, database, steps)
        if retry:
            retry_failed(pad, database.root, steps)
        steps = fireworks_of(pad, calculations)
        _tell_cost(calculations or (), steps, jobs)
        with Display(steps, jobs=jobs) as display:
            local = LocalRun(
                pad, database.root, jobs=jobs, inherit=inherit, watch=display.show
            )
            try:
                local.run(calculations)
            except KeyboardInterrupt:
                note("interrupted; nothing is lost, the same command continues it")
                return INTERRUPTED
        if local.stopped:
            note(f"stopped: {local.stopped}")
            return INTERRUPTED
        if local.given_up:
            note(
                "stopped: two steps in a row could not run on this machine; the other "
                "steps were not tried"
            )
        steps = fireworks_of(pad, calculations)
        return _report_failures(steps, chosen, display.printed)


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
    confirm_many(len(new), plan_sum(new), yes=yes)


def _recover(
    pad: LaunchPad, database: Database, steps: Sequence[Mapping[str, Any]]
) -> None:
    """Make READY what an interrupted owner left behind."""
    from workflows.launchpad.embedded import EmbeddedLaunchPad
    from workflows.launchpad.recovery import return_unrecorded

    if not isinstance(pad, EmbeddedLaunchPad):
        return
    if lost := pad.return_lost():
        note(f"{len(lost)} steps of an interrupted run will be resumed")
    if gone := return_unrecorded(pad, database.root, steps):
        note(f"{gone} finished steps lost their documents; read again")


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
            f"warning: {jobs} workers of {each} processes share {cores} cores: take "
            f"-j {max(1, cores // each)}"
        )


def _report_failures(
    steps: Sequence[Mapping[str, Any]], chosen: Selection, printed: Set[str]
) -> int:
    """List the failed steps by reason; one that was printed is not repeated."""
    failed = [step for step in steps if step["state"] in {"FIZZLED", "DEFUSED"}]
    away = [step for step in steps if step["state"] in {"RUNNING", "RESERVED"}]
    if away:
        print(
            f"{len(away)} steps run on another machine, or their worker was killed. If "
            "so: lnmo status lists them, lnmo rerun --fw-id N --dead makes one READY"
        )
    if not failed:
        return 1 if away else 0
    command = f"lnmo run {chosen}".rstrip()
    print(f"{len(failed)} steps failed; after correcting the cause: {command} --retry")
    for step in failed:
        reason = str(step["reason"])
        why = "" if not reason or reason in printed else f": {reason}"
        print(printable(f"  {step['name']}{why}"))
    return 1


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM (scancel, a walltime) end a run as Ctrl-C does, workers included."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
