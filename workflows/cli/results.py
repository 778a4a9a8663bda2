"""``lnmo results``: the table over x and the verdicts, or any other table."""

from __future__ import annotations

from typing import Annotated

import typer

from workflows.cli.options import (
    CsvOption,
    EngineOption,
    JsonOption,
    LaunchpadOption,
    MaybeCampaign,
    VariantOption,
    XOption,
    one_format,
    selection,
)
from workflows.cli.table_request import table_request


def results(
    campaign: MaybeCampaign = None,
    engine: EngineOption = None,
    x: XOption = None,
    variant: VariantOption = None,
    launchpad: LaunchpadOption = None,
    json: JsonOption = False,
    csv: CsvOption = False,
    table: Annotated[
        str | None,
        typer.Option(
            "--table",
            help="series, starts, sites, runs, voltage, hull, pdos, verdicts, context",
        ),
    ] = None,
    by: Annotated[
        str, typer.Option("--by", help="pdos: element, orbital, site or t2g_eg")
    ] = "element",
    smooth: Annotated[
        int,
        typer.Option("--smooth", min=0, help="pdos: points averaged, at most 0.3 eV"),
    ] = 10,
    window_ev: Annotated[
        float | None,
        typer.Option("--window-ev", help="pdos: width averaged, eV; any width"),
    ] = None,
    mode: Annotated[
        str, typer.Option("--mode", help="pdos: origin, strict or centred")
    ] = "origin",
    align: Annotated[
        str, typer.Option("--align", help="pdos: zero at efermi or vbm")
    ] = "efermi",
    boltzmann: Annotated[
        bool, typer.Option("--boltzmann", help="series: average over orderings, 300 K")
    ] = False,
) -> None:
    """Print the table over x and the verdicts against the paper, or another table."""
    from workflows.cli.result_tables import show_results, show_table

    one_format(json=json, csv=csv)
    chosen = selection(
        campaign, engine, x, launchpad, variant=variant, or_embedded=True
    )
    request = table_request(
        table,
        by=by,
        smooth=smooth,
        window_ev=window_ev,
        mode=mode,
        align=align,
        boltzmann=boltzmann,
    )
    if table is None and not boltzmann:
        show_results(chosen, as_json=json, as_csv=csv)
        return
    show_table(chosen, request, as_json=json, as_csv=csv)
