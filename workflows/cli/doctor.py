"""``lnmo doctor``: what this machine has, lacks, and how to get it; one line each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from workflows.cli.health import Check, Health
from workflows.cli.options import (
    EngineOption,
    JsonOption,
    LaunchpadOption,
    MaybeCampaign,
    selection,
)
from workflows.cli.output import print_json
from workflows.errors import printable


def doctor(
    campaign: MaybeCampaign = None,
    engine: EngineOption = None,
    start: Annotated[
        bool,
        typer.Option(
            "--start/--no-start", help="start VASP and GPAW for a moment, or do not"
        ),
    ] = True,
    launchpad: LaunchpadOption = None,
    json: JsonOption = False,
) -> None:
    """Look at this machine: what is there, what is missing, and its cure.

    With a campaign, what that campaign needs is an error where it is missing; without
    one, an engine is needed, no matter which. Exit code 1 if something needed is wrong.
    """
    from workflows.cli.doctor_engines import of_engines
    from workflows.cli.doctor_machine import of_machine
    from workflows.cli.doctor_places import of_places

    chosen = selection(campaign, engine, None, launchpad, or_embedded=True)
    calculations = chosen.calculations() or ()
    found = [
        *of_machine(),
        *of_engines(calculations, engine=engine, start=start),
        *of_places(chosen),
    ]
    if json:
        print_json([asdict(check) for check in found])
    else:
        show(found)
    raise typer.Exit(1 if any(c.health is Health.WRONG for c in found) else 0)


COLOURS = {Health.OK: "green", Health.ABSENT: "yellow", Health.WRONG: "red"}


def show(checks: Sequence[Check]) -> None:
    """Print one line for each part, in colour on a terminal, and the sum."""
    widest = max(len(check.part) for check in checks)
    for check in checks:
        mark = typer.style(f"{check.health:<6}", fg=COLOURS[check.health])
        cure = f" -> {check.cure}" if check.cure else ""
        typer.echo(f"{mark}  {check.part:<{widest}}  {printable(check.found + cure)}")
    wrong = sum(check.health is Health.WRONG for check in checks)
    typer.echo(
        f"{wrong} of {len(checks)} need you" if wrong else "nothing needed is missing"
    )
