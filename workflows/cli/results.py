"""``lnmo results``: the table over x and the verdicts, or any other table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

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
from workflows.errors import ResultsError, nearest


class TableName(StrEnum):
    """Names of the tables."""

    SERIES = "series"
    STARTS = "starts"
    SITES = "sites"
    RUNS = "runs"
    VOLTAGE = "voltage"
    HULL = "hull"
    PDOS = "pdos"
    VERDICTS = "verdicts"
    CONTEXT = "context"


@dataclass(frozen=True)
class TableRequest:
    """A table and its options.

    Attributes
    ----------
    table
        Name.
    by, smooth, mode, align, window_ev
        Of the density of states, see ``Results.pdos``.
    boltzmann
        Average the series over orderings at 300 K.
    """

    table: TableName
    by: str = "element"
    smooth: int = 10
    mode: str = "origin"
    align: str = "efermi"
    window_ev: float | None = None
    boltzmann: bool = False


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
    chosen = selection(campaign, engine, x, launchpad, variant=variant)
    if table is None and not boltzmann:
        show_results(chosen, as_json=json, as_csv=csv)
        return
    request = table_request(
        table,
        by=by,
        smooth=smooth,
        window_ev=window_ev,
        mode=mode,
        align=align,
        boltzmann=boltzmann,
    )
    show_table(chosen, request, as_json=json, as_csv=csv)


def table_request(table: str | None, **options: Any) -> TableRequest:
    """Check the name of a table; the series if None.

    Raises
    ------
    ResultsError
        There is no such table.
    """
    try:
        return TableRequest(TableName(table or "series"), **options)
    except ValueError:
        raise ResultsError(
            f"there is no table {table!r}{nearest(str(table), tuple(TableName))}; "
            f"known: {', '.join(TableName)}"
        ) from None
