"""What each verb of ``lnmo`` does, with the texts it prints."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflows.calculation import Calculation
from workflows.campaign import Campaign, load_campaign
from workflows.database import Database, read_database
from workflows.errors import LnmoError, ResultsError, StoreError
from workflows.plan import choices, plan
from workflows.tables import (
    console,
    ordering_row,
    orderings_table,
    plan_table,
    series_table,
    status_table,
    verdict_table,
    warn_once,
)

if TYPE_CHECKING:
    from workflows.results import Results


INTERRUPTED = 130
"""Exit code of a run ended by Ctrl-C or SIGTERM."""


def chosen_campaign(
    name: str, engine: str | None, x: Sequence[float] | None
) -> Campaign:
    """Load a campaign, with the command line's engine and x."""
    return load_campaign(name).override(engine=engine, x=x or ())


def show_plan(campaign: Campaign, *, as_json: bool) -> None:
    """Print the calculations of a campaign."""
    calculations = plan(campaign)
    if as_json:
        _print_json([_without_structure(c) for c in calculations])
        return
    screen = console()
    screen.print(plan_table(campaign, calculations))
    warn_once(screen, calculations)


def show_orderings(campaign: Campaign, *, as_json: bool) -> None:
    """Print how many Li arrangements there are at each x, and which were kept."""
    rows = [ordering_row(choice) for choice in choices(campaign)]
    if as_json:
        _print_json(rows)
    else:
        console().print(orderings_table(campaign, rows))


def write_inputs(campaign: Campaign, output: Path, *, as_json: bool) -> None:
    """Write VASP inputs and list them."""
    from workflows.writing import write_campaign

    written = write_campaign(campaign, output)
    if as_json:
        _print_json([str(path) for path in written])
        return
    print(f"{len(written)} run directories written under {output}")
    print(f"what is filled in at run time only: see {output / 'README.txt'}")


def submit_campaign(
    campaign: Campaign, launchpad: Path | None, *, as_json: bool
) -> None:
    """Add a campaign to the LaunchPad."""
    from workflows.flows import submit
    from workflows.launchpad import owned

    calculations = plan(campaign)
    database = read_database(launchpad)
    with owned(database, waiting=_tell) as (pad, _):
        done = submit(pad, calculations)
    if as_json:
        _print_json(
            {
                "added": [c.id for c in done.added],
                "present": [c.id for c in done.present],
            }
        )
        return
    print(
        f"{len(done.added)} calculations added, {len(done.present)} were there already"
    )
    if database.embedded:
        print("run them on this machine with: lnmo run")


def run_campaign(
    name: str | None,
    engine: str | None,
    x: Sequence[float] | None,
    launchpad: Path | None,
    *,
    jobs: int,
    retry: bool,
) -> int:
    """Submit and run; return the exit code."""
    from workflows.flows import fireworks_of, submit
    from workflows.launchpad import EmbeddedLaunchPad, owned
    from workflows.progress import Display
    from workflows.running import LocalRun, retry_failed, return_unrecorded

    database = read_database(launchpad)
    calculations = _planned(name, engine, x)
    _check_machine(database, calculations)
    with _terminable(), owned(database, waiting=_tell) as (pad, inherit):
        if calculations is not None:
            submit(pad, calculations)
        steps = fireworks_of(pad, calculations)
        if isinstance(pad, EmbeddedLaunchPad):
            if lost := pad.return_lost():
                _tell(f"{len(lost)} steps of an interrupted run will be taken up again")
            if gone := return_unrecorded(pad, database.root, steps):
                _tell(f"{gone} finished steps lost their documents; read again")
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
                _tell(
                    "interrupted; nothing is lost, the same command goes on from here"
                )
                return INTERRUPTED
        ended = fireworks_of(pad, calculations)
    show_results(
        chosen_results(name, engine, x, launchpad), as_json=False, as_csv=False
    )
    return _told_end(ended, name, engine, x)


def show_status(
    name: str | None,
    engine: str | None,
    x: Sequence[float] | None,
    launchpad: Path | None,
    *,
    as_json: bool,
) -> None:
    """Print the states of the Fireworks."""
    from workflows.flows import fireworks_of
    from workflows.launchpad import reading

    database = read_database(launchpad)
    steps = fireworks_of(reading(database), _planned(name, engine, x))
    if as_json:
        _print_json(steps)
        return
    console().print(status_table(steps))
    if not steps:
        print("nothing submitted yet; lnmo submit paper, or lnmo run paper")


def chosen_results(
    name: str | None,
    engine: str | None,
    x: Sequence[float] | None,
    launchpad: Path | None,
) -> Results:
    """Open the results, restricted as the command line says."""
    from workflows.results import Results
    from workflows.store import results_store

    store = results_store(read_database(launchpad))
    if name is None:
        return Results(store, engine=engine, x=tuple(x or ()))
    return Results(store, calculations=_planned(name, engine, x))


def show_results(results: Results, *, as_json: bool, as_csv: bool) -> None:
    """Print the series, and for people the verdicts."""
    series = results.series()
    if as_csv:
        series.to_csv(sys.stdout, index=False)
    elif as_json:
        print(series.to_json(orient="records", indent=1))
    elif not len(series):
        print("no results yet; lnmo run paper --engine chgnet needs no licence")
    else:
        screen = console()
        screen.print(series_table(series))
        screen.print(verdict_table(results.compare_to_paper()))


def write_report(
    name: str | None,
    engine: str | None,
    x: Sequence[float] | None,
    launchpad: Path | None,
    output: Path,
) -> None:
    """Write the HTML report."""
    from workflows.report import report_html

    results = chosen_results(name, engine, x, launchpad)
    if not results.documents():
        raise ResultsError(
            "nothing to report: no results are recorded"
            + (f" for {name} with this engine" if name else "")
            + "; run the campaign first"
        )
    campaign = None if name is None else chosen_campaign(name, engine, x)
    page = report_html(results, campaign)
    try:
        output.write_text(page, "utf-8")
    except OSError as error:
        raise StoreError(f"{output}: cannot be written ({error.strerror})") from None
    print(f"report: {output.resolve()}")


def show_parsed(directories: Iterable[Path], *, as_json: bool) -> int:
    """Print what run directories hold; 1 if any is not DONE."""
    from workflows.engines import parse_run

    found: list[dict[str, Any]] = []
    for directory in directories:
        try:
            found.append(parse_run(directory).model_dump(mode="json"))
        except LnmoError as error:
            found.append(
                {"dir_name": str(directory), "state": "FAILED", "reason": str(error)}
            )
    if as_json:
        _print_json(found)
    else:
        for document in found:
            energy = document.get("energy")
            shown = "" if energy is None else f"  {energy:.5f} eV/cell"
            reason = f"  {document['reason']}" if document["reason"] else ""
            print(f"{document['dir_name']}  {document['state']}{shown}{reason}")
    return 0 if all(document["state"] == "DONE" for document in found) else 1


def _planned(
    name: str | None, engine: str | None, x: Sequence[float] | None
) -> tuple[Calculation, ...] | None:
    if name is None:
        if engine is not None or x:
            return tuple(
                c for c in plan(chosen_campaign("paper", engine, x))
            )  # --engine and --x alone mean the paper's campaign
        return None
    return plan(chosen_campaign(name, engine, x))


def _check_machine(
    database: Database, calculations: tuple[Calculation, ...] | None
) -> None:
    """Refuse, before anything is written, what no step could do here."""
    from importlib.util import find_spec

    from workflows.engines.vasp_process import vasp_command
    from workflows.errors import MachineError
    from workflows.firetasks import machine
    from workflows.flows import fireworks_of
    from workflows.launchpad import reading

    steps = fireworks_of(reading(database), calculations)
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


def _told_end(
    steps: Sequence[dict[str, Any]],
    name: str | None,
    engine: str | None,
    x: Sequence[float] | None,
) -> int:
    failed = [step for step in steps if step["state"] in {"FIZZLED", "DEFUSED"}]
    if not failed:
        return 0
    options = f" {name}" if name else ""
    options += f" --engine {engine}" if engine else ""
    options += "".join(f" --x {value:g}" for value in x or ())
    print(
        f"{len(failed)} steps failed; after mending the cause: lnmo run{options} "
        "--retry"
    )
    for step in failed:
        print(f"  {step['name']}: {step['reason']}")
    return 1


def _without_structure(calculation: Calculation) -> dict[str, Any]:
    plain = calculation.as_dict()
    del plain["structure"]
    return plain


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=1))


def _tell(line: str) -> None:
    print(f"lnmo: {line}", file=sys.stderr)


def _terminable() -> Any:
    """Let SIGTERM (scancel, a wall time) end a run as Ctrl-C does, workers and all."""
    import signal
    from contextlib import contextmanager

    @contextmanager
    def handling() -> Any:
        def stop(*_: object) -> None:
            raise KeyboardInterrupt

        before = signal.signal(signal.SIGTERM, stop)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, before)

    return handling()
