"""``lnmo export``: results for other people's tools."""

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


@click.command(epilog=epilog("export"))
@click.argument(
    "directory", type=PATH, help="new, empty, or of an earlier export", metavar="DIR"
)
@click.option(
    "--format",
    "-f",
    "form",
    required=True,
    help="ase-db, entries, optimade-json or cif",
    metavar="FORMAT",
)
@maybe_campaign
@engine_option
@x_option
@variant_option
@launchpad_option
def export(
    directory: Path,
    form: str,
    campaign: str | None,
    engine: str | None,
    x: tuple[float, ...],
    variant: str | None,
    launchpad: Path | None,
) -> None:
    """Write finished results for ASE, pymatgen, OPTIMADE or a crystal viewer.

    Every record says how it was made: engine, surrogate, fake, functional, U, state,
    and where lithium ended. Files that lnmo did not write are never replaced.
    """
    from workflows.exchange.export import check_format
    from workflows.exchange.export import export as write

    check_format(form)
    chosen = selection(
        campaign, engine, x, launchpad, variant=variant, or_embedded=True
    )
    for path in write(chosen.results(), form, directory):
        click.echo(path)
