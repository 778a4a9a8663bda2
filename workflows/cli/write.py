"""``lnmo write``: VASP inputs on disk, or where each tag comes from."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from workflows.campaign.explain import Explained, explained
from workflows.cli.selection import Selection
from workflows.cli.tables import _print_json
from workflows.engines.machine import machine

if TYPE_CHECKING:
    from rich.console import Console


def write_inputs(chosen: Selection, output: Path, *, as_json: bool) -> None:
    """Write VASP inputs and list them."""
    from workflows.campaign.write_tree import write_campaign

    written = write_campaign(chosen.campaign(), output)
    for note in written.notes:
        print(f"note: {note}", file=sys.stderr)
    if as_json:
        _print_json([str(path) for path in written.directories])
        return
    print(f"{len(written.directories)} run directories written under {output}")
    print(f"what is filled in at run time only: see {output / 'README.txt'}")


def show_explained(chosen: Selection, *, as_json: bool) -> None:
    """Print where every tag comes from."""
    from workflows.cli.tables import console

    rows = explained(chosen.campaign(), machine({}).incar)
    if as_json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
    else:
        _print_tables(rows, console())


def _print_tables(rows: tuple[Explained, ...], screen: Console) -> None:
    from rich.table import Table

    screen.print(
        "a later layer wins: step <- functional <- U <- campaign <- machine; "
        "P paper, S standard practice, C our choice",
        style="dim",
    )
    for group in dict.fromkeys((row.variant, row.of, row.step) for row in rows):
        title = " ".join(part for part in group if part)
        table = Table(title=title, box=None, pad_edge=False, header_style="bold")
        for head in ("tag", "value", "set by", "who and why"):
            table.add_column(head, no_wrap=head in {"tag", "set by"})
        for row in rows:
            if (row.variant, row.of, row.step) == group:
                table.add_row(row.tag, row.value, row.origin, row.source)
        screen.print(table)
