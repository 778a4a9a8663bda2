"""``lnmo compare``: the variants of a campaign side by side."""

from __future__ import annotations

import json as json_format
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from workflows.cli.options import (
    CampaignName,
    CsvOption,
    EngineOption,
    JsonOption,
    LaunchpadOption,
    XOption,
    one_format,
    selection,
)
from workflows.cli.output import print_json
from workflows.errors import CampaignError

if TYPE_CHECKING:
    from workflows.cli.selection import Selection
    from workflows.results.variants import Comparison


def compare(
    campaign: CampaignName,
    engine: EngineOption = None,
    x: XOption = None,
    launchpad: LaunchpadOption = None,
    json: JsonOption = False,
    csv: CsvOption = False,
) -> None:
    """Print the variants of a study beside each other, against the first."""
    one_format(json=json, csv=csv)
    show_comparison(selection(campaign, engine, x, launchpad), as_json=json, as_csv=csv)


def show_comparison(chosen: Selection, *, as_json: bool, as_csv: bool) -> None:
    """Print the comparison of all variants of a campaign."""
    from workflows.cli.compare_tables import comparison_tables
    from workflows.cli.tables import console, print_notes

    found = compare_results(replace(chosen, variant=None))
    if as_csv:
        found.cells.to_csv(sys.stdout, index=False)
        return
    if as_json:
        print_json(
            {
                "cells": json_format.loads(found.cells.to_json(orient="records")),
                "voltages": json_format.loads(found.voltages.to_json(orient="records")),
                "missing": list(found.missing),
            }
        )
        return
    screen = console()
    for table in comparison_tables(found):
        screen.print(table)
    print_notes(screen, found.missing)


def compare_results(chosen: Selection) -> Comparison:
    """Open the results of every variant of a campaign and compare them.

    Raises
    ------
    CampaignError
        The campaign has no two variants.
    """
    from workflows.results.variants import compare_variants

    each = [one for one in chosen.one_by_one() if one.variant is not None]
    if len(each) < 2:
        raise CampaignError(
            f"campaign {chosen.campaign().name} has no two variants to compare; "
            "lnmo results shows its table"
        )
    planned = {str(one.variant): one.calculations() or () for one in each}
    results = {str(one.variant): one.results() for one in each}
    return compare_variants(results, planned)
