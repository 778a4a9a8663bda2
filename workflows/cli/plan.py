"""``lnmo plan``: list the calculations of a campaign; runs nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from workflows.cli.examples import epilog
from workflows.cli.options import (
    campaign_or_paper,
    engine_option,
    json_option,
    selection,
    variant_option,
    x_option,
)
from workflows.cli.output import print_json

if TYPE_CHECKING:
    from rich.table import Table

    from workflows.campaign.calculation import Calculation
    from workflows.campaign.campaign import Campaign


@click.command(epilog=epilog("plan"))
@campaign_or_paper
@engine_option
@x_option
@variant_option
@json_option
@click.option(
    "--campaign",
    "show_campaign",
    is_flag=True,
    help="print the campaign with every default",
)
def plan(
    campaign: str,
    engine: str | None,
    x: tuple[float, ...],
    variant: str | None,
    json: bool,
    show_campaign: bool,
) -> None:
    """Show what a campaign would calculate; runs nothing."""
    chosen = selection(campaign, engine, x, variant=variant)
    if show_campaign:
        click.echo(chosen.campaign().as_yaml(), nl=False)
        return
    calculations = chosen.planned()
    if json:
        print_json([c.without_structure() for c in calculations])
        return
    from workflows.cli.plan_sum import plan_sum
    from workflows.cli.tables import console, notes_of, print_notes

    screen = console()
    screen.print(plan_table(chosen.campaign(), calculations))
    print_notes(screen, [*notes_of(calculations), *sampling_notes(calculations)])
    screen.print(plan_sum(calculations), highlight=False)


def sampling_notes(calculations: Sequence[Calculation]) -> Iterator[str]:
    """Yield where a sample stands for all arrangements, and how large it is."""
    for c in calculations:
        own = c.ordering
        if own.get("sampled"):
            yield (
                f"x={c.x:g} {c.insertion}: {own['kept'] + own['dropped']:,} of "
                f"{own['distinct']:.3g} distinct arrangements were drawn and ranked: "
                "the lowest may not be among them; orderings.max_enumerate draws more"
            )


def _sample(ordering: Mapping[str, Any]) -> str:
    if not ordering["sampled"]:
        return ""
    return f", {ordering['kept'] + ordering['dropped']:,} sampled"


def plan_table(campaign: Campaign, calculations: Sequence[Calculation]) -> Table:
    """Show what would be calculated."""
    from structures.formula import parse_formula
    from workflows.cli.tables import make_table

    ion = parse_formula(campaign.host.formula).ion
    table = make_table(f"campaign {campaign.name}, engine {campaign.engine}")
    for name in ("calculation", "cell", f"{ion} on"):
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
        table.add_row(
            c.label,
            c.formula,
            ordering["role"],
            str(ordering["distinct"]),
            str(ordering["raw"]),
            f"{ordering['rank'] + 1} of {ordering['kept']}{_sample(ordering)}",
            f"{ordering['ewald_energy']:.2f}",
            " ".join(c.steps),
            c.id,
        )
    return table
