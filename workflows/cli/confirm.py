"""Ask before much is started: once, and never about what is there already."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from workflows.errors import LnmoError

MANY = 100
"""More new calculations than this are asked about."""

YesOption = Annotated[
    bool,
    typer.Option("--yes", help=f"do not ask about more than {MANY} new calculations"),
]


def confirm_many(new: int, size: str, *, yes: bool) -> None:
    """Ask whether so many new calculations shall be added.

    Parameters
    ----------
    new
        How many the LaunchPad does not hold yet.
    size
        What all of them are and take, one line.
    yes
        The answer was given already.

    Raises
    ------
    LnmoError
        There is nobody to ask.
    typer.Abort
        The answer was no.
    """
    if yes or new <= MANY:
        return
    what = f"{new} new calculations, more than {MANY} ({size})"
    if not sys.stdin.isatty():
        raise LnmoError(
            f"{what}: add --yes if you mean them all, or choose some with --x, "
            "orderings.keep or start.single; lnmo plan lists them"
        )
    typer.confirm(f"{what}. Go on?", abort=True, err=True)
