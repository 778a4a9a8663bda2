"""Verbs on directories of VASP runs, ours or anybody's."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workflows.cli.options import JsonOption

Directories = Annotated[list[Path], typer.Argument(metavar="DIR...", readable=False)]
"""typer's own check would refuse all for one that cannot be read."""


def parse(
    paths: Directories,
    json: JsonOption = False,
) -> None:
    """Read run directories, ours or any VASP's, and say what they hold."""
    from workflows.cli.parse import parse_verb as parse

    raise typer.Exit(parse(paths, as_json=json))


def check(
    directories: Directories,
    same: Annotated[
        bool, typer.Option("--same", help="also: may their energies be compared")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Lint VASP inputs and finished runs, ours or any, in and below directories."""
    from workflows.cli.check import show_checked

    raise typer.Exit(show_checked(directories, together=same, as_json=json))
