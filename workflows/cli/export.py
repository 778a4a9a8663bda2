"""``lnmo export``: results for other people's tools."""

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


def export(
    directory: Annotated[
        Path, typer.Argument(help="new, empty, or of an earlier export", metavar="DIR")
    ],
    form: Annotated[
        str,
        typer.Option(
            "--format",
            "-f",
            help="ase-db, entries, optimade-json or cif",
            metavar="FORMAT",
        ),
    ],
    campaign: MaybeCampaign = None,
    engine: EngineOption = None,
    x: XOption = None,
    variant: VariantOption = None,
    launchpad: LaunchpadOption = None,
) -> None:
    """Write finished results for ASE, pymatgen, OPTIMADE or a viewer of crystals.

    Every record says what made it: engine, surrogate, fake, functional, U, state, and
    where lithium ended. Files of others are never replaced.
    """
    from workflows.exchange.export import check_format
    from workflows.exchange.export import export as write

    check_format(form)
    chosen = selection(
        campaign, engine, x, launchpad, variant=variant, or_embedded=True
    )
    for path in write(chosen.results(), form, directory):
        typer.echo(path)
