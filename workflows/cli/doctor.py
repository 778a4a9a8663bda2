"""``lnmo doctor``: what this machine has, lacks, and how to get it; one line each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click
from click.exceptions import Exit

from workflows.cli.examples import epilog
from workflows.cli.health import Check, Health
from workflows.cli.options import (
    engine_option,
    json_option,
    launchpad_option,
    maybe_campaign,
    selection,
)
from workflows.cli.output import print_json
from workflows.errors import printable


@click.command(epilog=epilog("doctor"))
@maybe_campaign
@engine_option
@click.option(
    "--start/--no-start",
    default=True,
    help="test whether VASP and GPAW start (default: yes)",
)
@launchpad_option
@json_option
def doctor(
    campaign: str | None,
    engine: str | None,
    start: bool,
    launchpad: Path | None,
    json: bool,
) -> None:
    """Check this machine: what is installed, what is missing, and the cure.

    With a campaign, everything that it needs must be there. Without one, any engine is
    enough. Exit code 1 if something needed is wrong.
    """
    from workflows.cli.doctor_engines import of_engines
    from workflows.cli.doctor_machine import of_machine
    from workflows.cli.doctor_places import of_places

    chosen = selection(campaign, engine, (), launchpad, or_embedded=True)
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
    raise Exit(1 if any(c.health is Health.WRONG for c in found) else 0)


COLOURS = {Health.OK: "green", Health.ABSENT: "yellow", Health.WRONG: "red"}


def show(checks: Sequence[Check]) -> None:
    """Print one line for each part, in colour on a terminal, and the sum."""
    widest = max(len(check.part) for check in checks)
    for check in checks:
        mark = click.style(f"{check.health:<6}", fg=COLOURS[check.health])
        cure = f" -> {check.cure}" if check.cure else ""
        click.echo(f"{mark}  {check.part:<{widest}}  {printable(check.found + cure)}")
    wrong = sum(check.health is Health.WRONG for check in checks)
    click.echo(
        f"{wrong} of {len(checks)} need a fix" if wrong else "nothing needed is missing"
    )
