"""What verbs print: notes on stderr, JSON on stdout, lines about Fireworks."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflows.errors import printable

if TYPE_CHECKING:
    from workflows.cluster.step_report import StepReport
    from workflows.launchpad.halves import Half


def note(line: str) -> None:
    """Print a line beside the output proper."""
    print(f"lnmo: {printable(line)}", file=sys.stderr)


def print_json(value: Any) -> None:
    """Print a value as JSON; paths become strings."""
    print(json.dumps(value, indent=1, default=str))


def tell_launchpad(launchpad: Path | None, commands: Iterable[str]) -> None:
    """Say with which option printed commands open the same LaunchPad.

    Nothing is printed if the option was not given, or no ``lnmo`` command was printed.
    """
    if launchpad is not None and any("lnmo " in each for each in commands):
        print(f"with each of these commands: --launchpad {shlex.quote(str(launchpad))}")


def print_reports(
    reports: Sequence[StepReport],
    *,
    as_json: bool,
    dry_run: bool,
    nothing: str,
    launchpad: Path | None = None,
) -> int:
    """Print what was done to each Firework; return 1 if something was refused.

    ``nothing`` is printed if there are no reports. ``launchpad`` is what was typed.
    """
    if as_json:
        print_json(
            [
                {
                    "fw_id": each.fw_id,
                    "name": each.name,
                    "did": each.action,
                    "refused": each.reason,
                }
                for each in reports
            ]
        )
    else:
        for each in reports:
            outcome = each.action if each.done else each.reason
            print(printable(f"{each.fw_id} {each.name}: {outcome}"))
        told = [each.action if each.done else each.reason for each in reports]
        tell_launchpad(launchpad, told)
        if not reports:
            print(nothing)
        elif dry_run:
            print("dry run: nothing was changed")
    return 0 if all(each.done for each in reports) else 1


def print_halves(halves: Iterable[Half]) -> bool:
    """Print what is left of Workflows, each with its cure; return whether any is."""
    found = list(halves)
    for half in found:
        print(printable(f"{half.fw_id} {half.name}: {half.why}"))
        print(f"  -> {half.cure}")
    return bool(found)
