"""The steps of a LaunchPad, a line a calculation: whose it is, and what differs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich.table import Table

from workflows.cli.tables import coloured, joined, make_table
from workflows.errors import StoreError, shortened
from workflows.records.calculations import fetch

Step = Mapping[str, Any]
NOT_SCIENCE = ("id", "structure", "campaign", "notes", "label", "variant")
"""Parts of a calculation in which no reader looks for the difference."""
SHOWN = 3
"""Differences of one row; lnmo plan --campaign has all."""


def status_table(
    steps: Iterable[Step],
    *,
    differences: Mapping[str, str] | None = None,
) -> Table:
    """Show the states of the Fireworks.

    Parameters
    ----------
    steps
        As ``workflows.launchpad.steps.steps_of`` returns them.
    differences
        What tells a calculation from those that are called the same.
    """
    grouped = _grouped(steps)
    table = make_table("status")
    for name in ("campaign", "calculation", "engine", "id", "steps"):
        table.add_column(name)
    if differences:
        table.add_column("what differs", overflow="fold")
    for calculation_id, own in grouped.items():
        states = joined((f"{s['step']} ", coloured(str(s["state"]))) for s in own)
        names = ", ".join(own[0].get("campaigns", ()))
        row = (names, label_of(own[0]), str(own[0]["engine"]), calculation_id)
        more = (differences.get(calculation_id, ""),) if differences else ()
        table.add_row(*row, states, *more)
    return table


def label_of(step: Step) -> str:
    """Return the name of a step's calculation: its own without the step."""
    return str(step["name"]).rpartition(" ")[0]


def _grouped(steps: Iterable[Step]) -> dict[str, list[Step]]:
    found: dict[str, list[Step]] = {}
    for step in steps:
        found.setdefault(step["calculation_id"], []).append(step)
    return found


def alike(steps: Iterable[Step]) -> list[list[str]]:
    """Return the ids of calculations that have engine and name in common."""
    found: dict[tuple[str, str], list[str]] = {}
    for calculation_id, own in _grouped(steps).items():
        key = (str(own[0]["engine"]), label_of(own[0]))
        found.setdefault(key, []).append(calculation_id)
    return [ids for ids in found.values() if len(ids) > 1]


def differences(db: Any, steps: Iterable[Step]) -> dict[str, str]:
    """Say what tells calculations of the same name apart.

    Parameters
    ----------
    db
        The LaunchPad's database.
    steps
        As ``workflows.launchpad.steps.steps_of`` returns them.
    """
    found: dict[str, str] = {}
    for ids in alike(steps):
        try:
            whole = {each: fetch(db, {"id": each, "campaign": ""}) for each in ids}
        except StoreError:
            continue  # deleted, or of an earlier version, which kept them elsewhere
        found |= what_differs(whole)
    return found


def what_differs(whole: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return, by id, the values in which calculations differ; shortest keys first."""
    flat = {each: dict(_leaves(plain)) for each, plain in whole.items()}
    keys = sorted({key for own in flat.values() for key in own}, key=len)
    differing = [k for k in keys if len({str(own.get(k)) for own in flat.values()}) > 1]
    if not differing:
        return dict.fromkeys(whole, "the starting structure")
    return {
        each: "; ".join(
            f"{key} {shortened(own.get(key, 'none'), 24)}" for key in differing[:SHOWN]
        )
        for each, own in flat.items()
    }


def _leaves(value: Any, key: str = "") -> Iterable[tuple[str, Any]]:
    if not isinstance(value, Mapping):
        yield key.removeprefix("settings."), value
        return
    for name, inner in value.items():
        if key or name not in NOT_SCIENCE:
            yield from _leaves(inner, f"{key}.{name}" if key else str(name))
