"""``lnmo orderings``: how many Li arrangements there are at each x, and which are kept.

``--chgnet`` adds CHGNet energies of the kept ones as a second opinion. Of the seven
orderings at x = 0.5, Ewald energies rank 0.90 (Spearman) with relaxed CHGNet energies
and unrelaxed CHGNet 0.64: so Ewald selects, and CHGNet only advises. For a verdict keep
several orderings and relax them with ``--engine chgnet``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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

    from workflows.campaign.arrangements import HostArrangements
    from workflows.campaign.campaign import Campaign

DIGITS = 4
"""Decimals of a CHGNet energy, eV per cell: far below its error."""


@click.command(epilog=epilog("orderings"))
@campaign_or_paper
@engine_option
@x_option
@variant_option
@click.option(
    "--chgnet", is_flag=True, help="also print CHGNet energies of the kept orderings"
)
@json_option
def orderings(
    campaign: str,
    engine: str | None,
    x: tuple[float, ...],
    variant: str | None,
    chgnet: bool,
    json: bool,
) -> None:
    """Count the Li arrangements at each x: distinct, raw, kept, Ewald spread."""
    from workflows.campaign.arrangements import all_arrangements
    from workflows.cli.tables import console, notes_of, print_notes

    chosen = selection(campaign, engine, x, variant=variant).campaign()
    found = list(all_arrangements(chosen))
    rows = [ordering_row(arranged) for arranged in found]
    if chgnet:
        pairs = zip(rows, found, strict=True)
        rows = [with_chgnet(row, arranged, chosen) for row, arranged in pairs]
    if json:
        print_json(rows)
        return
    screen = console()
    screen.print(orderings_table(chosen, rows))
    print_notes(screen, notes_of(found))


def with_chgnet(
    row: dict[str, Any], arranged: HostArrangements, campaign: Campaign
) -> dict[str, Any]:
    """Return the row with ``chgnet_energies``, eV per cell, in order of ``kept_ids``.

    The row then says that it is a surrogate's: Ewald energies are of no engine.

    The structures are evaluated as built, unrelaxed, by the model of the campaign.

    Raises
    ------
    MachineError
        CHGNet is not installed.
    """
    from workflows.engines.chgnet.model import load_model, predict

    model = load_model(campaign.chgnet.model)
    energies = [
        round(predict(ranked.structure, model=model).energy, DIGITS)
        for ranked in arranged.found.ranked
    ]
    return {**row, "chgnet_energies": energies, "surrogate": True}


def ordering_row(arranged: HostArrangements) -> dict[str, Any]:
    """Describe the arrangements of one host at one x, in plain values.

    Energies are Ewald energies of formal charges, eV per cell.
    """
    found = arranged.found
    energies = [ranked.ewald_energy for ranked in found.ranked]
    everything = [*energies, *found.dropped.energies]
    return {
        "x": found.x,
        "insertion": found.insertion,
        "host": arranged.host_name,
        "host_weight": arranged.host_weight,
        "role": found.role,
        "occupied_sites": found.n_occupied,
        "distinct": found.distinct,
        "raw": found.raw,
        "sampled": found.sampled,
        "ranked": len(everything),
        "kept": len(energies),
        "kept_ids": [list(ranked.occupied) for ranked in found.ranked],
        "degeneracies": [ranked.degeneracy for ranked in found.ranked],
        "ewald_lowest": min(everything),
        "ewald_spread": round(max(everything) - min(everything), 6),
        "ewald_gap_to_dropped": found.dropped.gap if found.dropped.count else None,
    }


def _ion(campaign: Campaign) -> str:
    from structures.formula import parse_formula

    return parse_formula(campaign.host.formula).ion


def orderings_table(campaign: Campaign, rows: Sequence[Mapping[str, Any]]) -> Table:
    """Show which Li arrangement was taken, out of how many."""
    from workflows.cli.tables import make_table

    caption = "Ewald energies of formal charges, eV per cell, unrelaxed"
    table = make_table(
        f"{_ion(campaign)} arrangements of campaign {campaign.name}", caption
    )
    for name in ("x", "insertion", "host", "on", "distinct", "of raw", "ranked"):
        text = name in {"insertion", "host", "on"}
        table.add_column(name, justify="left" if text else "right")
    for name in ("kept", "lowest", "spread", "gap to dropped"):
        table.add_column(name, justify="right")
    if any("chgnet_energies" in row for row in rows):
        table.add_column("CHGNet (surrogate) of the kept, eV/cell")
    for row in rows:
        gap = row["ewald_gap_to_dropped"]
        ranked = f"{row['ranked']}{' sampled' if row['sampled'] else ''}"
        table.add_row(
            f"{row['x']:g}",
            row["insertion"],
            row["host"],
            f"{row['occupied_sites']} {row['role']}",
            str(row["distinct"]),
            str(row["raw"]),
            ranked,
            str(row["kept"]),
            f"{row['ewald_lowest']:.3f}",
            f"{row['ewald_spread']:.3f}",
            "" if gap is None else f"{gap:.3f}",
            *([_energies(row)] if "chgnet_energies" in row else []),
        )
    return table


def _energies(row: Mapping[str, Any]) -> str:
    return "  ".join(f"{energy:.3f}" for energy in row["chgnet_energies"])
