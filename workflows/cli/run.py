"""``lnmo run``: submit, check the machine, run, show; and the exit code."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from workflows.cli.selection import Selection
from workflows.errors import LnmoError, MachineError

if TYPE_CHECKING:
    from fireworks import LaunchPad

    from workflows.campaign.calculation import Calculation
    from workflows.records.database import Database

INTERRUPTED = 130
"""Exit code of a run ended by Ctrl-C, SIGTERM, a wall time or a full disk."""


def run_campaign(chosen: Selection, *, jobs: int, retry: bool) -> int:
    """Submit a campaign and run it to its end.

    Parameters
    ----------
    chosen
        What to run; everything submitted if nothing is chosen.
    jobs
        Worker processes.
    retry
        Run failed steps again; a relaxation that was cut goes on where it was.

    Returns
    -------
    int
        0; 1 if a step failed; 130 if interrupted.

    Raises
    ------
    MachineError
        The engine cannot run here; nothing was written.
    """
    from workflows.cli.progress import Display
    from workflows.launchpad.local_run import LocalRun
    from workflows.launchpad.opening import owned
    from workflows.launchpad.recovery import retry_failed
    from workflows.launchpad.steps import fireworks_of
    from workflows.launchpad.submission import submission_lock, submit

    database = chosen.database()
    calculations = _chosen_calculations(chosen, database)
    _check_machine(database, calculations)
    with _terminable(), owned(database, waiting=tell) as (pad, inherit):
        if chosen.name is not None:
            with submission_lock(database, pad):
                submit(pad, calculations or ())
        steps = fireworks_of(pad, calculations)
        _take_up(pad, database, steps)
        if retry:
            retry_failed(pad, database.root, steps)
        steps = fireworks_of(pad, calculations)
        with Display(steps, jobs=jobs) as display:
            run = LocalRun(
                pad, database.root, jobs=jobs, inherit=inherit, watch=display.show
            )
            try:
                run.run(calculations)
            except KeyboardInterrupt:
                tell("interrupted; nothing is lost, the same command goes on from here")
                return INTERRUPTED
        if run.stopped:
            tell(f"stopped: {run.stopped}")
            return INTERRUPTED
        return _told_failures(fireworks_of(pad, calculations), chosen)


def _chosen_calculations(
    chosen: Selection, database: Database
) -> tuple[Calculation, ...] | None:
    """Plan the named campaign; without a name choose among what is submitted."""
    from workflows.launchpad.opening import reading
    from workflows.launchpad.steps import submitted

    if chosen.name is not None:
        return chosen.calculations()
    with reading(database) as pad:
        return submitted(pad, engine=chosen.engine, x=chosen.x)


def tell(line: str) -> None:
    """Say something beside the output proper."""
    print(f"lnmo: {line}", file=sys.stderr)


def _take_up(
    pad: LaunchPad, database: Database, steps: Sequence[Mapping[str, Any]]
) -> None:
    """Return to READY what an interrupted owner left behind."""
    from workflows.launchpad.embedded import EmbeddedLaunchPad
    from workflows.launchpad.recovery import return_unrecorded

    if not isinstance(pad, EmbeddedLaunchPad):
        return
    if lost := pad.return_lost():
        tell(f"{len(lost)} steps of an interrupted run will be taken up again")
    if gone := return_unrecorded(pad, database.root, steps):
        tell(f"{gone} finished steps lost their documents; read again")


def _check_machine(
    database: Database, calculations: tuple[Calculation, ...] | None
) -> None:
    """Refuse, before anything is written, what no step could do here."""
    from importlib.util import find_spec

    from workflows.campaign.inputs import potcar_notes
    from workflows.engines.machine import machine
    from workflows.engines.vasp.process import vasp_command
    from workflows.launchpad.opening import reading
    from workflows.launchpad.steps import fireworks_of

    with reading(database) as pad:
        steps = fireworks_of(pad, calculations)
    if not steps and not calculations:
        raise LnmoError("nothing to run: name a campaign, such as lnmo run paper")
    wanted = sum(len(c.steps) for c in calculations or ())
    if len(steps) >= wanted and all(step["state"] == "COMPLETED" for step in steps):
        return
    engines = {c.engine for c in calculations or ()}
    engines |= {str(s["engine"]) for s in steps if s["state"] != "COMPLETED"}
    if "chgnet" in engines and find_spec("chgnet") is None:
        raise MachineError(
            "the engine chgnet is not installed here: pip install torch==2.13.0, then "
            "pip install 'lnmo[chgnet]' (or, in a clone, make setup)"
        )
    if "vasp" in engines:
        vasp_command(machine({}).vasp_cmd)
        for note in potcar_notes(calculations or ()):
            tell(f"note: {note}")


def _told_failures(steps: Sequence[Mapping[str, Any]], chosen: Selection) -> int:
    failed = [step for step in steps if step["state"] in {"FIZZLED", "DEFUSED"}]
    away = [step for step in steps if step["state"] in {"RUNNING", "RESERVED"}]
    if away:
        print(
            f"{len(away)} steps run on another machine, or their worker was killed; if "
            "so: lnmo status says which, lnmo rerun --fw-id N --dead makes it READY"
        )
    if not failed:
        return 1 if away else 0
    command = f"lnmo run {chosen}".rstrip()
    print(f"{len(failed)} steps failed; after mending the cause: {command} --retry")
    for step in failed:
        print(f"  {step['name']}: {step['reason']}")
    return 1


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM (scancel, a wall time) end a run as Ctrl-C does, workers and all."""
    import signal

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
