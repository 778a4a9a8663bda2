"""``lnmo figures``: draw every figure for a manuscript."""

from __future__ import annotations

from pathlib import Path

import click

from workflows.cli.examples import epilog
from workflows.cli.options import (
    PATH,
    engine_option,
    launchpad_option,
    maybe_campaign,
    selection,
    variant_option,
    x_option,
)


@click.command(epilog=epilog("figures"))
@maybe_campaign
@engine_option
@x_option
@variant_option
@click.option(
    "--output",
    "-o",
    type=PATH,
    default=Path("figures"),
    help="directory for the files",
    metavar="DIR",
)
@click.option(
    "--only",
    multiple=True,
    metavar="FIGURE",
    help="2d, 2e, 2f, voltage, pdos; repeatable",
)
@click.option("--width", help="width, such as 8.5cm or 3.3in", metavar="W")
@click.option(
    "--format",
    "formats",
    multiple=True,
    metavar="FORMAT",
    help="pdf, svg, png or eps; repeatable",
)
@click.option(
    "--style", metavar="STYLE", help="a .mplstyle file, or a style of matplotlib"
)
@launchpad_option
def figures(
    campaign: str | None,
    engine: str | None,
    x: tuple[float, ...],
    variant: str | None,
    output: Path,
    only: tuple[str, ...],
    width: str | None,
    formats: tuple[str, ...],
    style: str | None,
    launchpad: Path | None,
) -> None:
    """Draw the figures for a manuscript: PDF, SVG and PNG."""
    from workflows.cli.output import note
    from workflows.report.figure_files import write_figures
    from workflows.report.figure_request import figure_request

    asked = figure_request(only or (), width, formats or (), style)
    chosen = selection(
        campaign, engine, x, launchpad, variant=variant, or_embedded=True
    )
    for path in write_figures(chosen.results(), output, asked, note):
        click.echo(path)
