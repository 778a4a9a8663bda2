"""``lnmo write``: VASP inputs on disk, or where each tag comes from."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from workflows.cli.examples import epilog
from workflows.cli.options import (
    PATH,
    campaign_or_paper,
    engine_option,
    json_option,
    selection,
    variant_option,
    x_option,
)
from workflows.cli.output import print_json
from workflows.counts import count_of

if TYPE_CHECKING:
    from rich.console import Console

    from workflows.campaign.explain import Explained
    from workflows.cli.selection import Selection


@click.command(epilog=epilog("write"))
@campaign_or_paper
@click.option(
    "--output",
    "-o",
    type=PATH,
    default=Path("inputs"),
    help="directory for the files",
    metavar="DIR",
)
@engine_option
@x_option
@variant_option
@json_option
@click.option(
    "--explain", is_flag=True, help="show where each tag comes from; write nothing"
)
def write(
    campaign: str,
    output: Path,
    engine: str | None,
    x: tuple[float, ...],
    variant: str | None,
    json: bool,
    explain: bool,
) -> None:
    """Write the VASP inputs of every calculation and step; runs nothing."""
    from workflows.campaign.write_tree import write_campaign

    chosen = selection(campaign, engine, x, variant=variant)
    if explain:
        show_explained(chosen, as_json=json)
        return
    written = write_campaign(chosen.campaign(), output)
    for note in written.notes:
        click.echo(f"note: {note}", err=True)
    if written.kept:
        click.echo(
            f"note: {count_of(len(written.kept), 'run directory', 'run directories')} "
            "with outputs of VASP left as before, the inputs being those that ran: "
            f"{written.kept[0]}{', ...' if len(written.kept) > 1 else ''}; for new "
            "inputs, name another directory with -o",
            err=True,
        )
    if json:
        print_json([str(path) for path in written.directories])
        return
    print(
        f"{count_of(len(written.directories), 'run directory', 'run directories')} "
        f"written under {output}"
    )
    print(f"what is filled in at run time only: see {output / 'README.txt'}")


def show_explained(chosen: Selection, *, as_json: bool) -> None:
    """Print where every tag comes from."""
    from workflows.campaign.explain import explained
    from workflows.cli.tables import console
    from workflows.engines.machine import machine

    rows = explained(chosen.campaign(), machine({}).incar)
    if as_json:
        print_json([asdict(row) for row in rows])
    else:
        _print_tables(rows, console())


def _print_tables(rows: tuple[Explained, ...], screen: Console) -> None:
    from workflows.cli.tables import make_table

    screen.print(
        "a later layer wins: step <- functional <- U <- campaign <- machine; "
        "P paper, S standard practice, C our choice",
        style="dim",
    )
    for group in dict.fromkeys((row.variant, row.of, row.step) for row in rows):
        table = make_table(" ".join(part for part in group if part))
        for head in ("tag", "value", "set by", "who and why"):
            table.add_column(head, no_wrap=head in {"tag", "set by"})
        for row in rows:
            if (row.variant, row.of, row.step) == group:
                table.add_row(row.tag, row.value, row.origin, row.source)
        screen.print(table)
