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
    launchpad: LaunchpadOption = None,
) -> None:
    """Draw every figure for a manuscript: PDF, SVG and PNG."""
    from workflows.report.figure_files import write_figures

    chosen = selection(
        campaign, engine, x, launchpad, variant=variant, or_embedded=True
    )
    for path in write_figures(chosen.results(), output):
        typer.echo(path)
