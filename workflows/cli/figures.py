"""``lnmo figures``: draw every figure for a manuscript."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workflows.cli.options import (
    EngineOption,
    LaunchpadOption,
    MaybeCampaign,
    VariantOption,
    XOption,
    selection,
)


def figures(
    campaign: MaybeCampaign = None,
    engine: EngineOption = None,
    x: XOption = None,
    variant: VariantOption = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="directory to fill", metavar="DIR")
    ] = Path("figures"),
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="2d, 2e, 2f, voltage, pdos; repeatable"),
    ] = None,
    width: Annotated[
        str | None, typer.Option("--width", help="such as 8.5cm, 3.3in", metavar="W")
    ] = None,
    formats: Annotated[
        list[str] | None,
        typer.Option("--format", help="pdf, svg, png or eps; repeatable"),
    ] = None,
    style: Annotated[
        str | None,
        typer.Option("--style", help="a .mplstyle file, or one of matplotlib's"),
    ] = None,
    launchpad: LaunchpadOption = None,
) -> None:
    """Draw the figures for a manuscript: PDF, SVG and PNG.

    Example: lnmo figures --only 2e --width 8.5cm --format pdf --style mine.mplstyle
    """
    from workflows.report.figure_files import write_figures
    from workflows.report.figure_request import figure_request

    asked = figure_request(only or (), width, formats or (), style)
    chosen = selection(
        campaign, engine, x, launchpad, variant=variant, or_embedded=True
    )
    for path in write_figures(chosen.results(), output, asked):
        typer.echo(path)
