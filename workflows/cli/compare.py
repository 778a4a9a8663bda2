"""``lnmo compare``: the variants of a campaign side by side."""

from __future__ import annotations

import json as json_format
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from workflows.cli.examples import epilog
from workflows.cli.options import (
    csv_option,
    engine_option,
    json_option,
    launchpad_option,
    named_campaign,
    one_format,
    selection,
    x_option,
)
from workflows.cli.output import print_json
from workflows.errors import CampaignError

if TYPE_CHECKING:
    from workflows.campaign.campaign import Campaign
    from workflows.cli.selection import Selection
    from workflows.results.variants import Comparison


@click.command(epilog=epilog("compare"))
@named_campaign
@engine_option
@x_option
@launchpad_option
@json_option
@csv_option
def compare(
    campaign: str,
    engine: str | None,
    x: tuple[float, ...],
    launchpad: Path | None,
    json: bool,
    csv: bool,
) -> None:
    """Print the variants of a study side by side, compared with the first."""
    one_format(json=json, csv=csv)
    show_comparison(
        selection(campaign, engine, x, launchpad, or_embedded=True),
        as_json=json,
        as_csv=csv,
    )


def show_comparison(chosen: Selection, *, as_json: bool, as_csv: bool) -> None:
    """Print the comparison of all variants of a campaign."""
    from workflows.cli.compare_tables import comparison_tables
    from workflows.cli.tables import console, print_notes
    from workflows.results.csv_text import csv_text

    found = compare_results(replace(chosen, variant=None))
    if as_csv:
        print(csv_text(found.cells), end="")
        return
    if as_json:
        print_json(
            {
                "cells": json_format.loads(found.cells.to_json(orient="records")),
                "voltages": json_format.loads(found.voltages.to_json(orient="records")),
                "statements": json_format.loads(
                    found.statements.to_json(orient="records")
                ),
                "missing": list(found.missing),
            }
        )
        return
    screen = console()
    for table in comparison_tables(found, screen):
        screen.print(table)
    print_notes(screen, found.missing)


def compare_results(chosen: Selection) -> Comparison:
    """Open the results of every variant of a campaign and compare them.

    Raises
    ------
    CampaignError
        The campaign has no two variants, or none that the engine tells apart.
    """
    from workflows.cli.running_steps import marked_by_variant
    from workflows.results.variants import compare_variants, same_as_before

    each = [one for one in chosen.one_by_one() if one.variant is not None]
    if len(each) < 2:
        raise CampaignError(
            f"campaign {chosen.campaign().name} has fewer than two variants, so there "
            "is nothing to compare; lnmo results shows its table"
        )
    planned = {str(one.variant): one.calculations() or () for one in each}
    same = same_as_before(planned)
    notes = _not_compared(chosen.campaign(), same)
    if len(planned) - len(same) < 2:
        raise CampaignError("; ".join(notes))
    kept = [one for one in each if one.variant not in same]
    results = {str(one.variant): one.results() for one in kept}
    found = compare_variants(results, {name: planned[name] for name in results})
    cells = marked_by_variant(found.cells, kept)
    return replace(found, cells=cells, missing=(*notes, *found.missing))


def _not_compared(campaign: Campaign, same: Mapping[str, str]) -> tuple[str, ...]:
    """Return which variants change nothing, and what their engine does not know."""
    from workflows.results.variants import keys_of

    if not same:
        return ()
    changes = [campaign.variants[name] for name in (*same, *same.values())]
    keys = dict.fromkeys(key for change in changes for key in keys_of(change))
    why, cure = (
        f"engine {campaign.engine} ignores {', '.join(keys)}",
        "take an engine that uses these keys, such as --engine vasp",
    )
    if campaign.engine == "vasp":
        why = f"{', '.join(keys) or 'no key'} changes no calculation"
        cure = "give these variants other values"
    return (
        f"campaign {campaign.name}: {why}, so the variants {', '.join(same)} repeat "
        f"the calculations of {', '.join(dict.fromkeys(same.values()))}; {cure}",
    )
