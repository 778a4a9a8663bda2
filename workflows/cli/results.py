"""``lnmo results``: the table over x and the verdicts, or any other table."""

from __future__ import annotations

from pathlib import Path

import click

from workflows.cli.examples import epilog
from workflows.cli.options import (
    Count,
    Real,
    csv_option,
    engine_option,
    json_option,
    launchpad_option,
    maybe_campaign,
    one_format,
    selection,
    variant_option,
    x_option,
)
from workflows.cli.table_request import table_request


@click.command(epilog=epilog("results"))
@maybe_campaign
@engine_option
@x_option
@variant_option
@launchpad_option
@json_option
@csv_option
@click.option(
    "--table",
    metavar="TABLE",
    help="series, starts, sites, runs, voltage, hull, pdos, verdicts, context",
)
@click.option(
    "--by",
    metavar="PART",
    default="element",
    help="pdos: element, orbital, site or t2g_eg",
)
@click.option(
    "--smooth",
    metavar="N",
    type=Count(min=0),
    default=10,
    help="pdos: points of the average, at most 0.3 eV wide",
)
@click.option(
    "--window-ev",
    type=Real(),
    metavar="EV",
    help="pdos: width of the average, eV; no limit",
)
@click.option(
    "--mode", metavar="MODE", default="origin", help="pdos: origin, strict or centred"
)
@click.option(
    "--align",
    metavar="ZERO",
    default="efermi",
    help="pdos: zero of energy, efermi or vbm",
)
@click.option("--boltzmann", is_flag=True, help="series: average over orderings, 300 K")
def results(
    campaign: str | None,
    engine: str | None,
    x: tuple[float, ...],
    variant: str | None,
    launchpad: Path | None,
    json: bool,
    csv: bool,
    table: str | None,
    by: str,
    smooth: int,
    window_ev: float | None,
    mode: str,
    align: str,
    boltzmann: bool,
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
