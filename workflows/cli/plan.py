"""``lnmo plan``: list the calculations of a campaign without running any."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.table import Table

from workflows.campaign.calculation import Calculation
from workflows.campaign.campaign import Campaign
from workflows.campaign.plan import plan
from workflows.cli.selection import Selection
from workflows.cli.tables import _print_json, _table, console, warn_once

if TYPE_CHECKING:
    pass


def show_plan(chosen: Selection, *, as_json: bool) -> None:
    """Print the calculations of a campaign."""
    campaign = chosen.campaign()
    calculations = plan(campaign)
    if as_json:
        _print_json([_without_structure(c) for c in calculations])
        return
    screen = console()
    screen.print(plan_table(campaign, calculations))
    warn_once(screen, calculations)


def _without_structure(calculation: Calculation) -> dict[str, Any]:
    plain = calculation.as_dict()
    del plain["structure"]
    return plain


def plan_table(campaign: Campaign, calculations: Sequence[Calculation]) -> Table:
    """Show what would be calculated."""
    table = _table(f"campaign {campaign.name}, engine {campaign.engine}")
    for name in ("calculation", "cell", "Li on"):
        table.add_column(name)
    for name in ("distinct", "of raw", "kept", "Ewald eV/cell"):
        table.add_column(name, justify="right")
    for name in ("steps", "id"):
        table.add_column(name)
    for c in calculations:
        if c.reference:
            table.add_row(c.label, c.formula, *[""] * 5, " ".join(c.steps), c.id)
            continue
        ordering = c.ordering
        kept = f"{ordering['rank'] + 1} of {ordering['kept']}"
        table.add_row(
            *(c.label, c.formula, ordering["role"]),
            *(str(ordering["distinct"]), str(ordering["raw"]), kept),
            *(f"{ordering['ewald_energy']:.2f}", " ".join(c.steps), c.id),
        )
    return table
