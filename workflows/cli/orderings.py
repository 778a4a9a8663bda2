"""A second opinion on kept orderings: CHGNet energies beside the Ewald ranking.

Of the seven orderings at x = 0.5, Ewald energies rank 0.90 (Spearman) with relaxed
CHGNet energies and unrelaxed CHGNet 0.64: so Ewald chooses, and this only advises. For
a verdict keep several orderings and relax them with ``--engine chgnet``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.table import Table

from workflows.campaign.arrangements import Choice, choices
from workflows.campaign.campaign import Campaign
from workflows.cli.selection import Selection
from workflows.cli.tables import _print_json, _table, console, warn_once

if TYPE_CHECKING:
    pass

DIGITS = 4


def with_chgnet(
    row: dict[str, Any], choice: Choice, campaign: Campaign
) -> dict[str, Any]:
    """Add the surrogate's energies of the kept orderings to a row.

    Parameters
    ----------
    row
        From ``workflows.tables.ordering_row``.
    choice
        Whose kept orderings are evaluated, as built, unrelaxed.
    campaign
        Names the weights.

    Returns
    -------
    dict
        The row with ``chgnet_energies``, eV per cell, in the order of ``kept_ids``.

    Raises
    ------
    MachineError
        CHGNet is not installed.
    """
    from workflows.engines.chgnet.model import load_model, predict

    model = load_model(campaign.chgnet.model)
    energies = [
        round(predict(ranked.structure, model=model).energy, DIGITS)
        for ranked in choice.found.ranked
    ]
    return {**row, "chgnet_energies": energies}


def show_orderings(chosen: Selection, *, chgnet: bool, as_json: bool) -> None:
    """Print how many Li arrangements there are at each x, and which were kept."""
    campaign = chosen.campaign()
    found = list(choices(campaign))
    rows = [ordering_row(choice) for choice in found]
    if chgnet:
        pairs = zip(rows, found, strict=True)
        rows = [with_chgnet(row, choice, campaign) for row, choice in pairs]
    if as_json:
        _print_json(rows)
    else:
        screen = console()
        screen.print(orderings_table(campaign, rows))
        warn_once(screen, found)


def ordering_row(choice: Choice) -> dict[str, Any]:
    """Describe the arrangements of one host at one x, in plain values.

    Energies are Ewald energies of formal charges, eV per cell.
    """
    found = choice.found
    energies = [ranked.ewald_energy for ranked in found.ranked]
    everything = [*energies, *found.dropped.energies]
    return {
        "x": found.x,
        "insertion": found.insertion,
        "host": choice.host_name,
        "host_weight": choice.host_weight,
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


def orderings_table(campaign: Campaign, rows: Sequence[Mapping[str, Any]]) -> Table:
    """Show which Li arrangement was taken, out of how many."""
    caption = "Ewald energies of formal charges, eV per cell, unrelaxed"
    table = _table(f"Li arrangements of campaign {campaign.name}", caption)
    for name in (
        "x",
        "insertion",
        "host",
        "on",
        "distinct",
        "of raw",
        "ranked",
        "kept",
    ):
        text = name in {"insertion", "host", "on"}
        table.add_column(name, justify="left" if text else "right")
    for name in ("lowest", "spread", "gap to dropped"):
        table.add_column(name, justify="right")
    if any("chgnet_energies" in row for row in rows):
        table.add_column("CHGNet (surrogate) of the kept, eV/cell")
    for row in rows:
        gap = row["ewald_gap_to_dropped"]
        ranked = f"{row['ranked']}{' sampled' if row['sampled'] else ''}"
        table.add_row(
            *(f"{row['x']:g}", row["insertion"], row["host"]),
            f"{row['occupied_sites']} {row['role']}",
            *(str(row["distinct"]), str(row["raw"]), ranked, str(row["kept"])),
            *(f"{row['ewald_lowest']:.3f}", f"{row['ewald_spread']:.3f}"),
            "" if gap is None else f"{gap:.3f}",
            *([_energies(row)] if "chgnet_energies" in row else []),
        )
    return table


def _energies(row: Mapping[str, Any]) -> str:
    return "  ".join(f"{energy:.3f}" for energy in row["chgnet_energies"])
